"""The few Linux calls that Python's standard library does not offer before 3.12."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

_MNT_DETACH = 2
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 0x1
_SYS_MOUNT_SETATTR = 442  # the same number on every architecture

_TCP_MD5SIG = 14

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _checked(result: int, call: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Nothing; the calling thread is in new namespaces afterwards (unshare(2)). Raises `OSError`."""
    _checked(_libc.unshare(flags), "unshare")


def setns(namespace_fd: int, kind: int) -> None:
    """Nothing; the calling thread is in the namespace of the file descriptor (setns(2)). Raises `OSError`."""
    _checked(_libc.setns(namespace_fd, kind), "setns")


def mount(source: str | Path, target: str | Path, kind: str, flags: int, options: str = "") -> None:
    """Nothing; see mount(2). Raises `OSError` that names the target."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _checked(_libc.mount(*arguments), f"mount {kind or source} on {target}")


def detach(target: str | Path) -> None:
    """Nothing; what is mounted there is not any more (umount2(2) with MNT_DETACH). Raises `OSError`."""
    _checked(_libc.umount2(os.fsencode(target), ctypes.c_int(_MNT_DETACH)), f"umount {target}")


def make_read_only(root: str) -> None:
    """Nothing; every mount at and below `root` is read-only (mount_setattr(2), Linux 5.12). Raises `OSError`."""
    wanted = _MountAttr(attr_set=_MOUNT_ATTR_RDONLY)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    path, at, recursive = root.encode(), ctypes.c_long(_AT_FDCWD), ctypes.c_long(_AT_RECURSIVE)
    number = ctypes.c_long(_SYS_MOUNT_SETATTR)
    _checked(_libc.syscall(number, at, path, recursive, ctypes.byref(wanted), size), f"mount_setattr {root}")


def has_tcp_md5() -> bool:
    """True where the kernel signs TCP segments with a password (`struct tcp_md5sig`; RFC 2385)."""
    peer = struct.pack("=HH4s120x", socket.AF_INET, 0, socket.inet_aton("127.0.0.1"))
    option = struct.pack("=128sBBHI80s", peer, 0, 0, 1, 0, b"x")
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.IPPROTO_TCP, _TCP_MD5SIG, option)
        except OSError:
            return False
    return True
