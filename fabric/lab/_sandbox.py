"""The sandbox of a lab: namespaces of its own, a host filesystem that is read-only, and a few writable places."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fabric.errors import MachineError
from fabric.lab._kernel import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    make_read_only,
    mount,
    unshare,
)
from fabric.lab._places import (
    CONFIG_DIRECTORY,
    LOG_DIRECTORY,
    NETNS_DIRECTORY,
    RUN_DIRECTORY,
    UTS_DIRECTORY,
    WORK_DIRECTORY,
)

_NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC
_WRITABLE = (Path("/run"), Path("/var/tmp"), CONFIG_DIRECTORY, LOG_DIRECTORY)  # noqa: S108 - a fresh tmpfs goes there
_WRITABLE_IF_THERE = (Path("/var/lib/frr"),)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
"""What is left of /dev. A read-only mount keeps nobody from writing to a disk through its device node."""
_DEVICE_LINKS = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "fd/0",
    "stdout": "fd/1",
    "stderr": "fd/2",
}
_SHARED_BY_ALL = ("sys/abi", "sys/debug", "sys/dev", "sys/fs", "sys/kernel", "sys/user", "sys/vm", "sysrq-trigger")
"""What is the whole machine's below /proc, read-only here; `sys/net` is each device's own."""
# FRR's programs insist that their user is in these groups. Gid 0 is the one group that a user namespace always has.
_GROUPS = "root:x:0:\nfrr:x:0:root\nfrrvty:x:0:root\nnogroup:x:65534:\n"


def enter_namespaces() -> bool:
    """True when a user namespace was needed; the process has new namespaces, and its next child will be PID 1 of them.

    A privileged process does without: zebra then gets the netlink buffer it asks for. Raises `MachineError`.
    """
    try:
        unshare(_NAMESPACES)
    except PermissionError:
        _enter_user_namespace()
        return True
    return False


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWUSER | _NAMESPACES)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    except OSError as error:
        raise MachineError(refusal(error, _sysctl)) from error


def _sysctl(key: str) -> str | None:
    try:
        return Path("/proc/sys", key.replace(".", "/")).read_text().strip()
    except OSError:
        return None


def refusal(error: OSError, sysctl: Callable[[str], str | None]) -> str:
    """Why an ordinary user got no sandbox, and the way out, judged by the kernel settings that can forbid it."""
    fault = f"No lab can be started: the kernel refuses an unprivileged user namespace ({error.strerror})."
    if sysctl("user.max_user_namespaces") == "0":
        return f"{fault} Allow some with `sysctl -w user.max_user_namespaces=10000`, or run as root."
    if sysctl("kernel.unprivileged_userns_clone") == "0":
        return f"{fault} Allow them with `sysctl -w kernel.unprivileged_userns_clone=1`, or run as root."
    if sysctl("kernel.apparmor_restrict_unprivileged_userns") == "1":
        return f"{fault} Allow them with `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or run as root."
    if error.errno == errno.ENOSPC:
        return f"{fault} `user.max_user_namespaces` or the nesting depth is exhausted; end other sandboxes first."
    container = "Inside a container, give it CAP_SYS_ADMIN and an unmasked /proc"
    return f"{fault} {container} (`--privileged`); outside of one, run as root."


def furnish(name: str) -> None:
    """Nothing; PID 1 of the new namespaces gets its mounts and its host name. Raises `MachineError`."""
    try:
        _mount_all()
    except OSError as error:
        raise MachineError(refusal(error, _sysctl)) from error
    with suppress(OSError):  # a host name only decorates the prompt
        socket.sethostname(name)


def _mount_all() -> None:
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    make_read_only("/")
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for shared in (Path("/proc") / name for name in _SHARED_BY_ALL):
        if shared.exists():
            mount(shared, shared, "", MS_BIND)
            make_read_only(str(shared))
    for place in (*_WRITABLE, *filter(Path.is_dir, _WRITABLE_IF_THERE)):
        mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    _mount_devices()
    if not Path("/var/run").is_symlink():
        mount("/run", "/var/run", "", MS_BIND)
    for directory in (RUN_DIRECTORY, NETNS_DIRECTORY, UTS_DIRECTORY, WORK_DIRECTORY, Path("/var/tmp/frr")):  # noqa: S108 - in the fresh tmpfs
        directory.mkdir(mode=0o700)
    groups = Path("/run/group")
    groups.write_text(_GROUPS)
    mount(groups, "/etc/group", "", MS_BIND)


def _mount_devices() -> None:
    """Nothing; /dev has the harmless devices, terminals of its own and a place for shared memory."""
    fresh = Path("/run/dev")
    fresh.mkdir()
    mount("tmpfs", fresh, "tmpfs", MS_NOSUID, "mode=755")
    for node in (Path("/dev") / name for name in _DEVICES):
        if node.exists():
            place = fresh / node.relative_to("/dev")
            place.parent.mkdir(exist_ok=True)
            place.touch()
            mount(node, place, "", MS_BIND)
    for directory in ("pts", "shm"):
        (fresh / directory).mkdir()
    mount("devpts", fresh / "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    for name, target in _DEVICE_LINKS.items():
        (fresh / name).symlink_to(target)
    mount("tmpfs", fresh / "shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    mount(fresh, "/dev", "", MS_BIND | MS_REC)
    mount("none", "/dev", "", MS_BIND | MS_REMOUNT | MS_RDONLY)  # that mount alone
