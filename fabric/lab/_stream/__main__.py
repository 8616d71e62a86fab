"""`python -m fabric.lab._stream`: see the package."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import cycle
from typing import Any

from fabric.errors import LabError
from fabric.lab._netns import inside
from fabric.lab._stream._codec import read_request, write_result
from fabric.lab._stream._events import Watch
from fabric.lab._stream._heartbeat import PERIOD_NS, Heartbeats
from fabric.lab._stream._model import Phase, StreamRequest, StreamResult
from fabric.lab._stream._sockets import Drain, Receiver, Sender
from fabric.lab._stream._sum import Sent, flow_phases

_FIRST_PORT = 24_000
_ROUNDS_A_SWEEP = 24
"""Every socket is emptied once in so many rounds of sending: no round does much, and none waits for a full one."""
_PR_SET_TIMERSLACK = 29


class Stream:
    """One run: everything is opened at once, and sent until somebody says stop."""

    def __init__(self, request: StreamRequest, stack: ExitStack) -> None:
        self._request = request
        self._settings = request.settings
        self._run = int.from_bytes(os.urandom(4), "big")
        self._epoll = stack.enter_context(select.epoll())
        self._drain = Drain()
        self._senders, self._receivers = self._open(stack)
        self._heartbeats = [
            Heartbeats(p, (request.namespaces[p.source], request.namespaces[p.destination]), count, self._epoll, stack)
            for p in request.pairs
            if (count := self._settings.heartbeats)
        ]
        self._watch = Watch(request.namespaces, self._epoll, stack)
        self._sent_ns: list[int] = []

    def _open(self, stack: ExitStack) -> tuple[list[Sender], list[Receiver]]:
        senders, receivers = list[Sender](), list[Receiver]()
        for n, pair in enumerate(self._request.pairs):
            port, flows = _FIRST_PORT + n * self._settings.flows, self._settings.flows
            with inside(self._request.namespaces[pair.destination]):
                receivers.append(Receiver(pair.destination_address, port, flows))
            with inside(self._request.namespaces[pair.source]):
                senders.append(Sender(pair.source_address, pair.destination_address, port, flows))
            for opened in (senders[-1].socket, *receivers[-1].sockets):
                stack.callback(opened.close)
        return senders, receivers

    def until(self, stop: int) -> None:
        """Nothing; sends and notes until the descriptor has something to read."""
        self._epoll.register(stop, select.EPOLLIN)
        interval_ns = self._settings.interval_us * 1000
        due = time.monotonic_ns()
        beat = due
        rows = [(s, row) for r in self._receivers for s, row in zip(r.sockets, r.arrived, strict=True)]
        sweep = cycle(rows)
        share = -(-len(rows) // _ROUNDS_A_SWEEP)
        while True:
            now = time.monotonic_ns()
            if now >= due:
                self._send()
                due += interval_ns
                if due < now - 10 * interval_ns:  # stopped for long: what was missed is not made up for in a burst
                    due = now + interval_ns
                for _ in range(share):
                    opened, row = next(sweep)
                    self._drain.read(opened, self._run, row)
            if now >= beat:
                beat += PERIOD_NS
                for heartbeat in self._heartbeats:
                    heartbeat.send()
            if not self._listen(max(0.0, (due - time.monotonic_ns()) / 1e9), stop):
                return

    def _send(self) -> None:
        now = time.time_ns()
        number = len(self._sent_ns)
        self._sent_ns.append(now)
        for sender in self._senders:
            sender.send(self._run, number, now)

    def _listen(self, wait_s: float, stop: int) -> bool:
        """False once it is time to stop. select(2) waits to the microsecond, epoll to the millisecond."""
        select.select([self._epoll], [], [], wait_s)
        for number, _ in self._epoll.poll(0):
            if number == stop:
                return False
            if not self._watch.take(number):
                any(heartbeat.take(number) for heartbeat in self._heartbeats)
        return True

    def result(self, phases: Sequence[Phase]) -> StreamResult:
        """What came of the run, by phase."""
        for receiver in self._receivers:
            for opened, row in zip(receiver.sockets, receiver.arrived, strict=True):
                while self._drain.read(opened, self._run, row) == self._drain.most:
                    pass
        interval_ns = self._settings.interval_us * 1000
        beats = [h.arrived for h in self._heartbeats] or [[] for _ in self._request.pairs]
        pairs = [
            entry
            for pair, receiver, beat in zip(self._request.pairs, self._receivers, beats, strict=True)
            for entry in flow_phases(pair, phases, Sent(self._sent_ns, interval_ns), receiver.arrived, beat)
        ]
        overflows = sum(receiver.dropped() for receiver in self._receivers)
        return StreamResult(tuple(pairs), self._watch.events(), Sent(self._sent_ns, interval_ns).stall_ms, overflows)


def _answer(reply: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(reply, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _main() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    with suppress(OSError):  # not permitted to everybody: the noise floor will show it
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    with ExitStack() as stack:
        try:
            stream = Stream(read_request(json.loads(sys.stdin.readline())), stack)
        except (OSError, LabError) as error:
            _answer({"error": str(error)})
            return
        gc.disable()
        _answer({"reply": "started"})
        stream.until(sys.stdin.fileno())
        gc.enable()
        phases = json.loads(sys.stdin.readline() or "null")
        if phases:
            _answer({"reply": write_result(stream.result([Phase(name, at) for name, at in phases]))})


if __name__ == "__main__":
    _main()
