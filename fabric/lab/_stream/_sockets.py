"""Many packets a call: sendmmsg(2) to many ports, recvmmsg(2) with the kernel's times of arrival."""

from __future__ import annotations

import ctypes
import socket
import struct
from array import array

from fabric.config import Address
from fabric.lab._agent._probe_sockets import bound_socket, dropped

_SO_TIMESTAMPNS = 35
_CONTROL_BYTES = 64
_AT_ONCE = 64
PAYLOAD = struct.Struct("=IIQ")
"""Number of the run, number of the packet, time of sending."""
_TIMESPEC = struct.Struct("=qq")
_CMSG_HEADER_BYTES = 16
_libc = ctypes.CDLL(None, use_errno=True)


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct mmsghdr` of recvmmsg(2); the last field is of 4 bytes, and 4 of padding."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("parts", ctypes.c_void_p),
        ("part_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("_padding", ctypes.c_uint32),
        ("length", ctypes.c_uint64),
    )


class Sender:
    """A socket from which one packet goes to each of some consecutive ports at a time. Made in its namespace."""

    def __init__(self, source: Address, target: Address, first_port: int, flows: int) -> None:
        self.socket = bound_socket(source, 0)
        self._payload = ctypes.create_string_buffer(PAYLOAD.size)
        part = _IoVec(ctypes.addressof(self._payload), PAYLOAD.size)
        names = [_socket_address(target, first_port + flow) for flow in range(flows)]
        self._kept = (part, [ctypes.create_string_buffer(name, len(name)) for name in names])
        self._headers = (_Header * flows)()
        for header, name in zip(self._headers, self._kept[1], strict=True):
            header.name, header.name_length = ctypes.addressof(name), len(name.raw)
            header.parts, header.part_count = ctypes.addressof(part), 1

    def send(self, run: int, number: int, now_ns: int) -> None:
        """Nothing; one packet to each port, as far as the kernel has a route."""
        PAYLOAD.pack_into(self._payload, 0, run, number, now_ns)
        descriptor, done, total = self.socket.fileno(), 0, len(self._headers)
        while done < total:
            sent = _libc.sendmmsg(
                descriptor, ctypes.byref(self._headers, done * ctypes.sizeof(_Header)), total - done, 0
            )
            done += sent if sent > 0 else 1


class Receiver:
    """The sockets of one pair's flows, one each, and when each packet arrived. Made in their namespace."""

    def __init__(self, target: Address, first_port: int, flows: int) -> None:
        self.sockets = [bound_socket(target, first_port + flow) for flow in range(flows)]
        for opened in self.sockets:
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.arrived = [array("q") for _ in range(flows)]

    def dropped(self) -> int:
        """How many packets the sockets' own buffers dropped."""
        return sum(map(dropped, self.sockets))


class Drain:
    """Buffers for reading many packets of one socket at once."""

    def __init__(self) -> None:
        self._payloads = ctypes.create_string_buffer(PAYLOAD.size * _AT_ONCE)
        self._controls = ctypes.create_string_buffer(_CONTROL_BYTES * _AT_ONCE)
        self._parts = (_IoVec * _AT_ONCE)()
        self._headers = (_Header * _AT_ONCE)()
        for n, (part, header) in enumerate(zip(self._parts, self._headers, strict=True)):
            part.base, part.length = ctypes.addressof(self._payloads) + n * PAYLOAD.size, PAYLOAD.size
            header.parts, header.part_count = ctypes.addressof(part), 1
            header.control = ctypes.addressof(self._controls) + n * _CONTROL_BYTES
            header.control_length = _CONTROL_BYTES
        self._fresh = bytes(self._headers)

    def read(self, opened: socket.socket, run: int, arrived: array[int]) -> int:
        """How many packets were read, each one's arrival noted at its number; several hundred at most."""
        ctypes.memmove(self._headers, self._fresh, len(self._fresh))
        count = int(_libc.recvmmsg(opened.fileno(), self._headers, _AT_ONCE, socket.MSG_DONTWAIT, None))
        for n in range(max(0, count)):
            of_run, number, _ = PAYLOAD.unpack_from(self._payloads, n * PAYLOAD.size)
            if of_run != run:
                continue
            seconds, nanoseconds = _TIMESPEC.unpack_from(self._controls, n * _CONTROL_BYTES + _CMSG_HEADER_BYTES)
            if number >= len(arrived):
                arrived.extend([0] * (number + 1 - len(arrived)))
            arrived[number] = seconds * 1_000_000_000 + nanoseconds
        return max(0, count)

    @property
    def most(self) -> int:
        """How many packets one call reads at most."""
        return _AT_ONCE


def _socket_address(address: Address, port: int) -> bytes:
    """`struct sockaddr_in` or `sockaddr_in6`."""
    if address.version == 4:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + address.packed + bytes(8)
    return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + address.packed + bytes(4)
