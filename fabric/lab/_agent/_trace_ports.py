"""The sockets of a trace: one for each flow at the source, one at the destination, all behind one epoll."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from fabric.lab._agent._probe_model import ProbePair
from fabric.lab._agent._probe_sockets import QueuedError, bound_socket, queued_errors
from fabric.lab._netns import inside

DESTINATION_PORT = 33434  # as traceroute(8) has it
FIRST_SOURCE_PORT = 41000
MOST_HOPS = 64
_PATIENCE_S = 0.3
_TAG = struct.Struct("=IHH")
"""Which run, flow and question a packet belongs to; routers quote it in their answers."""
_HEADERS_BYTES = {4: 28, 6: 48}
_HOPS_OPTION = {4: (socket.IPPROTO_IP, socket.IP_TTL), 6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}

Answer = QueuedError | None
"""What somebody said about a packet; `None` for one that arrived."""


class TracePorts:
    """All sockets of one pair."""

    def __init__(self, namespaces: Mapping[str, Path], pair: ProbePair, stack: ExitStack) -> None:
        self._namespaces = namespaces
        self._pair = pair
        self._stack = stack
        self._run = int.from_bytes(os.urandom(4), "big")
        self._question = 0
        self._epoll = stack.enter_context(select.epoll())
        with inside(namespaces[pair.destination]):
            self._goal = stack.enter_context(bound_socket(pair.destination_address, DESTINATION_PORT))
        self._epoll.register(self._goal.fileno(), select.EPOLLIN)
        self._flows: dict[int, socket.socket] = {}
        self._numbers: dict[int, int] = {}

    def open(self, flows: Iterable[int]) -> None:
        """Nothing; these flows have sockets."""
        with inside(self._namespaces[self._pair.source]):
            for number in flows:
                address, port = self._pair.source_address, FIRST_SOURCE_PORT + number
                opened = self._stack.enter_context(bound_socket(address, port))
                self._flows[number] = opened
                self._numbers[opened.fileno()] = number
                self._epoll.register(opened.fileno(), 0)  # errors are reported unasked

    def ask(self, flows: Collection[int], hops: int, packet_bytes: int) -> dict[int, Answer]:
        """What came of one packet of each flow that may pass so many hops; flows of which nothing is heard lack."""
        self._question = (self._question + 1) % (1 << 16)
        heard: dict[int, Answer] = {}
        for number in flows:
            self._send(number, hops, packet_bytes, heard)
        until = time.monotonic() + _PATIENCE_S
        while len(heard) < len(flows) and (left := until - time.monotonic()) > 0:
            for descriptor, _ in self._epoll.poll(left):
                if descriptor == self._goal.fileno():
                    heard.update(dict.fromkeys(set(self._arrived()) & set(flows)))
                else:
                    self._take_errors(self._numbers[descriptor], heard)
        return heard

    def _send(self, number: int, hops: int, packet_bytes: int, heard: dict[int, Answer]) -> None:
        opened, address = self._flows[number], self._pair.destination_address
        opened.setsockopt(*_HOPS_OPTION[address.version], hops)
        padding = max(0, packet_bytes - _HEADERS_BYTES[address.version] - _TAG.size)
        content = _TAG.pack(self._run, number, self._question) + bytes(padding)
        try:
            opened.sendto(content, (str(address), DESTINATION_PORT))
        except OSError:  # perhaps what was heard late of an earlier packet: a socket tells that first
            self._take_errors(number, heard)
            try:
                opened.sendto(content, (str(address), DESTINATION_PORT))
            except OSError as error:
                self._take_errors(number, heard)
                heard.setdefault(number, QueuedError(error.errno or 0, None, None, True, b"", False))

    def _arrived(self) -> Iterator[int]:
        while True:
            try:
                run, number, question = _TAG.unpack_from(self._goal.recv(65535))
            except (BlockingIOError, struct.error):
                return
            if (run, question) == (self._run, self._question):
                yield number

    def _take_errors(self, number: int, heard: dict[int, Answer]) -> None:
        for error in queued_errors(self._flows[number]):
            if self._is_current(error, number):
                heard[number] = error

    def _is_current(self, error: QueuedError, number: int) -> bool:
        """True for what is said of the packet that was sent last; of an earlier one it may come late."""
        quoted = error.payload[: _TAG.size]
        return error.local or (len(quoted) == _TAG.size and _TAG.unpack(quoted) == (self._run, number, self._question))
