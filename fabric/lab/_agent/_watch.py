"""Waiting until kernels forward as expected: events say which device to read again, so quiet devices cost nothing."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from fabric.errors import LabError
from fabric.lab._agent._fib import FibReader
from fabric.lab._agent._fib_messages import AwaitFibRequest, AwaitFibResult, FibDifferences
from fabric.lab._fib_model import RouteDifference, differences, hop
from fabric.lab._netns import in_each

# RTNLGRP_LINK, _IPV4_ROUTE, _IPV6_ROUTE and _NEXTHOP; a bind mask has bit n-1 for group n. Links are there because the
# kernel marks next hops dead without a word about the route.
_GROUPS = 1 << 0 | 1 << 6 | 1 << 10 | 1 << 31
_DEBOUNCE_S = 0.02
_SAFETY_S = 2.0
_MOST_DEBOUNCE_S = 0.3
_EVENT_BYTES = 4096
_REPORTED_DIFFERENCES = 20


def await_fib(request: AwaitFibRequest) -> AwaitFibResult:
    """The outcome of waiting for `request.expected`: given as soon as it holds, or at the deadline."""
    namespaces = {device: _namespace(request.namespaces, device) for device in request.expected}
    # Subscribed before the first read: a change between the two is seen twice, never missed.
    with _RouteEvents(namespaces) as events, FibReader(namespaces) as reader:
        return _Comparison(request, events, reader).until_equal()


def _namespace(namespaces: Mapping[str, Path], device: str) -> Path:
    if device not in namespaces:
        raise LabError(
            f"{device}: routes are expected of it, but the request names no namespace for it. Add it to `devices`."
        )
    return namespaces[device]


class _Comparison:
    """The running comparison of all devices with what is expected of them."""

    def __init__(self, request: AwaitFibRequest, events: _RouteEvents, reader: FibReader) -> None:
        self._expected = {
            device: {prefix: frozenset(hop(*member) for member in hops) for prefix, hops in routes.items()}
            for device, routes in request.expected.items()
        }
        self._protocols = request.protocols
        self._started = time.monotonic()
        self._deadline = self._started + request.timeout_ms / 1000
        self._events = events
        self._reader = reader
        self._wrong: dict[str, tuple[RouteDifference, ...]] = {}
        self._reads = 0

    def until_equal(self) -> AwaitFibResult:
        stale: Iterable[str] = self._expected
        while True:
            busy_s = self._read(stale)
            if not self._wrong and not self._events.changed(0):
                return self._result()
            if time.monotonic() >= self._deadline:
                return self._result()
            stale = self._next_stale(busy_s)

    def _next_stale(self, busy_s: float) -> set[str]:
        """The devices to read next: those with events, or all that differ when events stayed out or the time is up."""
        wait_s = min(_SAFETY_S, self._remaining())
        if not self._events.changed(wait_s):
            return set(self._wrong)
        # Let a burst of changes end; the longer reading takes, the longer the devices have the processor to themselves.
        pause_s = min(max(_DEBOUNCE_S, 2 * busy_s), _MOST_DEBOUNCE_S)
        self._events.gather(min(pause_s, self._remaining()))
        stale = self._events.take()
        return stale if self._remaining() else stale | set(self._wrong)

    def _remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _read(self, devices: Iterable[str]) -> float:
        """Read and compare `devices` again; returns the seconds that took."""
        started = time.monotonic()
        for device in devices:
            found = self._reader.read(device).forwarding(self._protocols)
            self._wrong.pop(device, None)
            if wrong := differences(self._expected[device], found):
                self._wrong[device] = wrong
            self._reads += 1
        return time.monotonic() - started

    def _result(self) -> AwaitFibResult:
        return AwaitFibResult(
            converged=not self._wrong,
            waited_ms=round((time.monotonic() - self._started) * 1000, 3),
            reads=self._reads,
            differences={d: FibDifferences(len(w), w[:_REPORTED_DIFFERENCES]) for d, w in sorted(self._wrong.items())},
        )


class _RouteEvents:
    """Which devices' routes changed; a context manager that holds one socket per device.

    The content of an event is of no interest, so a burst that overflows a socket loses nothing: the socket is emptied
    first, the device is read after that, and whatever changes later makes a new event.
    """

    def __init__(self, namespaces: Mapping[str, Path]) -> None:
        self._stack = ExitStack()
        with ExitStack() as opened:
            self._epoll = opened.enter_context(select.epoll())
            self._sockets = in_each(namespaces, lambda _: opened.enter_context(_event_socket()))
            self._devices = {link.fileno(): device for device, link in self._sockets.items()}
            for number in self._devices:
                self._epoll.register(number, select.EPOLLIN | select.EPOLLONESHOT)
            self._stack = opened.pop_all()
        self._changed: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def changed(self, timeout_s: float) -> bool:
        """True when some device changed since it was last taken; waits at most `timeout_s` for one."""
        if not self._changed:
            self._note(timeout_s)
        return bool(self._changed)

    def gather(self, duration_s: float) -> None:
        """Note further changes for `duration_s`. Each device reports once, so this wakes up rarely."""
        end = time.monotonic() + duration_s
        while (remaining := end - time.monotonic()) > 0:
            self._note(remaining)

    def take(self) -> set[str]:
        """The changed devices, which from now on can report again."""
        taken, self._changed = self._changed, set()
        for device in taken:
            link = self._sockets[device]
            _empty(link)
            self._epoll.modify(link.fileno(), select.EPOLLIN | select.EPOLLONESHOT)
        return taken

    def _note(self, timeout_s: float) -> None:
        self._changed.update(self._devices[number] for number, _ in self._epoll.poll(timeout_s))


def _event_socket() -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    link = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    try:
        link.bind((0, _GROUPS))
    except OSError:
        link.close()
        raise
    return link


def _empty(link: socket.socket) -> None:
    while True:
        try:
            link.recv(_EVENT_BYTES)
        except BlockingIOError:
            return
        except OSError:  # ENOBUFS: it overflowed, which is as good as an event
            continue
