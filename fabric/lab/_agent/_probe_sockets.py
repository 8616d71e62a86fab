"""The UDP sockets of the prober: never fragmenting, and told of every ICMP error (`IP_RECVERR`, ip(7), ipv6(7))."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from fabric.config import Address

_IP_MTU_DISCOVER, _IP_RECVERR = 10, 11
_IPV6_MTU_DISCOVER, _IPV6_RECVERR = 23, 25
# DF without the cache: each packet is sent whole and judged by the path of now, not by an answer of ten minutes ago.
_PMTUDISC_PROBE = 3
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE, _SO_MEMINFO = 32, 33, 55
_BUFFER_BYTES = 8 << 20
_MEMINFO = struct.Struct("=9I")
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_ORIGIN_LOCAL = 1
_EXCEEDED = ((2, 11), (3, 3))  # SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6, with the type that means it
_RECVERR = ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR))


class QueuedError(NamedTuple):
    """An error about a packet sent earlier."""

    number: int
    mtu: int | None
    reporter: Address | None
    local: bool
    """True when this kernel refused it, False when a router reported it."""
    payload: bytes
    """The start of the packet's payload, as far as the router quoted it."""
    exceeded: bool
    """A router took the packet's last hop (ICMP type 11, ICMPv6 type 3)."""


def bound_socket(address: Address, port: int) -> socket.socket:
    """A non-blocking UDP socket on `address` and `port`, with the largest buffers that this process may have."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        _prepare(opened, family)
        opened.bind((str(address), port))
    except OSError:
        opened.close()
        raise
    return opened


def _prepare(opened: socket.socket, family: int) -> None:
    if family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
        opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    for force, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            opened.setsockopt(socket.SOL_SOCKET, force, _BUFFER_BYTES)
        except PermissionError:  # no CAP_NET_ADMIN: the kernel caps it at net.core.[rw]mem_max
            opened.setsockopt(socket.SOL_SOCKET, plain, _BUFFER_BYTES)


def queued_errors(opened: socket.socket) -> Iterator[QueuedError]:
    """The errors that wait on a socket, each taken off its queue."""
    while True:
        try:
            payload, ancillary, _, _ = opened.recvmsg(64, 256, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return
        for level, kind, content in ancillary:
            if (level, kind) in _RECVERR:
                yield _queued_error(content, payload)


def _queued_error(content: bytes, payload: bytes) -> QueuedError:
    """`struct sock_extended_err` and the address of whoever reported it behind it (ip(7))."""
    number, origin, kind, _, _, value, _ = _EXTENDED_ERROR.unpack_from(content)
    reporter = _socket_address(content[_EXTENDED_ERROR.size :])
    return QueuedError(number, value or None, reporter, origin == _ORIGIN_LOCAL, payload, (origin, kind) in _EXCEEDED)


def _socket_address(content: bytes) -> Address | None:
    family = struct.unpack_from("=H", content)[0] if len(content) >= 8 else 0
    if family == socket.AF_INET:
        return IPv4Address(content[4:8])
    return IPv6Address(content[8:24]) if family == socket.AF_INET6 and len(content) >= 24 else None


def dropped(opened: socket.socket) -> int:
    """How many packets the kernel dropped because this socket's buffer was full (`SK_MEMINFO_DROPS`)."""
    return int(_MEMINFO.unpack(opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[8])
