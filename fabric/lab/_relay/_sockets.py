"""Packet sockets that read what arrives at a port before any filter, and send from it (packet(7))."""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct

from fabric.lab._bpf import Instruction, attach
from fabric.lab._relay._plan import MARK

_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_IGNORE_OUTGOING = 263, 23
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE = 35, 33
_BUFFER_BYTES = 8 << 20
_SIOCETHTOOL = 0x8946
_SETTINGS = {"checksums": 0x17, "scatter": 0x19, "tso": 0x1F, "gso": 0x24}
"""`ETHTOOL_STXCSUM`, `_SSG`, `_STSO` and `_SGSO` of linux/ethtool.h."""
_TIMESPEC = struct.Struct("=qq")


def port_socket(interface: str) -> socket.socket:
    """A socket of the current namespace: gives each frame that arrives at the port, save those with `MARK`."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        opened.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        attach(opened, _unmarked())
        try:
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        except PermissionError:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        opened.bind((interface, _ETH_P_ALL))
    except OSError:
        opened.close()
        raise
    return opened


def _unmarked() -> list[Instruction]:
    """The classic BPF program that leaves out frames with `MARK`: load two octets of the source, compare, return."""
    return [(0x28, 0, 0, 6), (0x15, 0, 1, int.from_bytes(MARK, "big")), (0x06, 0, 0, 0), (0x06, 0, 0, 0x40000)]


def arrival_ns(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """When the kernel got the frame, by CLOCK_REALTIME."""
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(content)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return None


def set_offloads(interface: str, *, on: bool) -> None:
    """Nothing; the port of the current namespace sends frames as a wire carries them, or (`on`) as Linux likes to.

    With them on, a veth carries up to 64 KB at a time without checksums, which no real link does.
    """
    order = _SETTINGS if on else dict(reversed(_SETTINGS.items()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        for command in order.values():
            value = ctypes.create_string_buffer(struct.pack("=II", command, int(on)))
            request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(control.fileno(), _SIOCETHTOOL, request)
