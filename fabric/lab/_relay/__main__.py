"""`python -m fabric.lab._relay [PID…]`: takes directions, one line of JSON for all of them, and relays.

Each line replaces the one before, and is answered with one: how late the timer was when it was tried, how many frames
passed since the last line, and how late they were. Lines come on standard input and are answered on standard output
until the input ends; or, where processes are named, from visitors of the listening socket that the input is, until the
last of these processes has ended.
"""

from __future__ import annotations

import ctypes
import heapq
import json
import os
import random
import select
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from fabric.config import Port
from fabric.lab._netns import RUN_NETNS, inside
from fabric.lab._relay._fate import Lane
from fabric.lab._relay._orders import Door, Orders, Pipe
from fabric.lab._relay._plan import MARK, Direction, directions_from
from fabric.lab._relay._sockets import arrival_ns, port_socket, set_offloads

_LONGEST_FRAME = 65_550
_READ_AT_ONCE = 32
_TRIES, _TRY_S = 100, 0.001
_PR_SET_TIMERSLACK = 29
_LONGEST_FLUSH_NS = 1_000_000_000
_LATENESS_KEPT = 20_000


class Relay:
    """All lanes of a lab, their sockets, and the frames that wait."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._sockets: dict[Port, socket.socket] = {}
        self._lanes: dict[int, tuple[socket.socket, Lane, socket.socket]] = {}
        self._senders: set[Port] = set()
        self._epoll = select.epoll()
        for number in orders.numbers:
            self._epoll.register(number, select.EPOLLIN)
        self._waiting: list[tuple[int, int, socket.socket, bytes]] = []
        self._count = 0
        self._late_ns: list[int] = []
        self._timer_ms: tuple[float, float, float] | None = None
        self._chance = random.Random()  # noqa: S311 - the lottery of a bad link

    def serve(self) -> None:
        """Nothing; relays until no more orders can come."""
        while True:
            for number, _ in self._ready():
                if number not in self._orders.numbers:
                    self._read(number)
                elif not self._orders.take(number, self._answer):
                    return
            self._send_due()

    def _ready(self) -> list[tuple[int, int]]:
        """What can be read now, or when the first frame is due. select(2) counts microseconds, epoll milliseconds."""
        if self._waiting:
            wait_s = (self._waiting[0][0] - time.time_ns()) / 1e9
            if wait_s > 0:
                select.select([self._epoll], [], [], wait_s)
            return self._epoll.poll(0)
        return self._epoll.poll()

    def _answer(self, line: str) -> str:
        try:
            passed, late = self._count, sorted(self._late_ns)
            self._count, self._late_ns = 0, []
            if not self._lanes:  # trying the timer holds up what waits
                self._timer_ms = _timer_ms()
            if line.strip():
                self._set(directions_from(json.loads(line)))
            answer: dict[str, Any] = {"timer_ms": self._timer_ms, "frames": passed, "late_ms": _three(late)}
        except OSError as error:
            answer = {"error": str(error)}
        return json.dumps(answer)

    def _set(self, directions: tuple[Direction, ...]) -> None:
        self._send_all()
        wanted = {port for d in directions for port in (d.sender, d.receiver)}
        for port in self._sockets.keys() - wanted:
            self._epoll.unregister(self._sockets[port].fileno())
            self._sockets.pop(port).close()
        for port in sorted(wanted - self._sockets.keys()):
            with inside(RUN_NETNS / port.device):
                self._sockets[port] = port_socket(port.interface)
            self._epoll.register(self._sockets[port].fileno(), select.EPOLLIN)
        self._lanes = {
            self._sockets[d.receiver].fileno(): (
                self._sockets[d.receiver],
                Lane(d, self._chance),
                self._sockets[d.sender],
            )
            for d in directions
        }
        self._set_offloads({d.sender for d in directions})

    def _send_all(self) -> None:
        """Nothing; what waits is sent when it is due, if that is soon: a change loses nothing that is under way."""
        end = time.time_ns() + _LONGEST_FLUSH_NS
        while self._waiting and self._waiting[0][0] < end:
            time.sleep(max(0.0, (self._waiting[0][0] - time.time_ns()) / 1e9))
            self._send_due()

    def _set_offloads(self, senders: set[Port]) -> None:
        for port in sorted(senders ^ self._senders):
            with inside(RUN_NETNS / port.device):
                set_offloads(port.interface, on=port not in senders)
        self._senders = senders

    def _read(self, number: int) -> None:
        for _ in range(_READ_AT_ONCE):
            try:
                if number not in self._lanes:  # the far end of a cable that is impaired one way
                    os.read(number, _LONGEST_FRAME)
                    continue
                receiver, lane, sender = self._lanes[number]
                frame, ancillary, _, _ = receiver.recvmsg(_LONGEST_FRAME, 64)
            except OSError:  # nothing more, or the port went down
                return
            now = arrival_ns(ancillary) or time.time_ns()
            if (due := lane.due_ns(frame, now)) is not None:
                marked = bytearray(frame)
                marked[6:8] = MARK
                lane.damaged(marked)
                self._count += 1
                heapq.heappush(self._waiting, (due, self._count, sender, bytes(marked)))

    def _send_due(self) -> None:
        while self._waiting and (late := time.time_ns() - self._waiting[0][0]) >= 0:
            _, _, sender, frame = heapq.heappop(self._waiting)
            with suppress(OSError):  # the sending port is down: what is under way is lost
                sender.send(frame)
            if len(self._late_ns) < _LATENESS_KEPT:
                self._late_ns.append(late)


def _timer_ms() -> tuple[float, float, float]:
    """How late a wait of 1 ms ended: median, 99th percentile and worst of 100."""
    late = []
    for _ in range(_TRIES):
        began = time.monotonic_ns()
        select.select([], [], [], _TRY_S)
        late.append(time.monotonic_ns() - began - round(_TRY_S * 1e9))
    found = _three(sorted(late))
    assert found is not None
    return found


def _three(sorted_ns: list[int]) -> tuple[float, float, float] | None:
    if not sorted_ns:
        return None
    middle, high = sorted_ns[len(sorted_ns) // 2], sorted_ns[len(sorted_ns) * 99 // 100]
    return middle / 1e6, high / 1e6, sorted_ns[-1] / 1e6


def _be_prompt() -> None:
    """Nothing; the kernel wakes this process as early as it may: before others where that is permitted."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def _orders(employers: list[str]) -> Orders:
    return Door(socket.socket(fileno=os.dup(sys.stdin.fileno())), map(int, employers)) if employers else Pipe()


if __name__ == "__main__":
    _be_prompt()
    Relay(_orders(sys.argv[1:])).serve()
