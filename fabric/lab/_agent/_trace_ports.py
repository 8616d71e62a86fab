"""The sockets of a trace: one for each flow at the source, one where it may arrive, all behind one epoll."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from fabric.lab._agent._probe_sockets import QueuedError, bound_socket, queued_errors
from fabric.lab._agent._trace_model import TraceRequest
from fabric.lab._netns import inside

DESTINATION_PORT = 33434  # as traceroute(8) has it
FIRST_SOURCE_PORT = 41000
MOST_HOPS = 64
_PATIENCE_S = 0.3
_TAG = struct.Struct("=IHH")
"""Which run, flow and question a packet belongs to; routers quote it in their answers."""
_HEADERS_BYTES = {4: 28, 6: 48}
_HOPS_OPTION = {4: (socket.IPPROTO_IP, socket.IP_TTL), 6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}


class Arrived(NamedTuple):
    """A packet arrived at this device."""

    device: str


Answer = QueuedError | Arrived
"""What came of a packet: what somebody said about it, or that it arrived."""


class TracePorts:
    """All sockets of one pair, at the destination's end one at each device that has the address."""

    def __init__(self, request: TraceRequest, stack: ExitStack) -> None:
        self._namespaces = request.namespaces
        self._pair = pair = request.pair
        self._stack = stack
        self._run = int.from_bytes(os.urandom(4), "big")
        self._question = 0
        self._epoll = stack.enter_context(select.epoll())
        self._goals: dict[int, tuple[socket.socket, Arrived]] = {}
        for owner in dict.fromkeys((pair.destination, *request.owners)):
            with inside(self._namespaces[owner]):
                goal = stack.enter_context(bound_socket(pair.destination_address, DESTINATION_PORT))
            self._goals[goal.fileno()] = (goal, Arrived(owner))
            self._epoll.register(goal.fileno(), select.EPOLLIN)
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
                if descriptor in self._goals:
                    goal, arrived = self._goals[descriptor]
                    heard.update(dict.fromkeys(set(self._arrived(goal)) & set(flows), arrived))
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

    def _arrived(self, goal: socket.socket) -> Iterator[int]:
        while True:
            try:
                run, number, question = _TAG.unpack_from(goal.recv(65535))
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
