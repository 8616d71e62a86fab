"""The steps of several devices side by side, while the supervisor stays awake for signals and visitors."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator

from fabric.errors import LabError
from fabric.lab._daemons import Processes, daemon_died

_LOOK_AGAIN_S = 0.005  # a daemon's socket that appears sends no signal, so it is looked for this often
_AT_ONCE_PER_CPU = 4

Boot = tuple[str, Iterator[str]]
"""A device's name, and the steps of bringing it (or one of its daemons) up; each step says what it waits for."""


class Driver:
    """What the supervisor waits with. Made once in a process: it takes the signals."""

    def __init__(self, lab: str, processes: Processes) -> None:
        self._lab = lab
        self._processes = processes
        self._selector = selectors.DefaultSelector()
        self._wakeup = self._watch_signals()

    def _watch_signals(self) -> tuple[socket.socket, socket.socket]:
        """The two ends of what makes every signal wake the selector, so that no ended child is missed."""
        reader, writer = socket.socketpair(type=socket.SOCK_DGRAM)
        reader.setblocking(False)
        writer.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ)
        return reader, writer

    def listen(self, door: socket.socket) -> None:
        """Nothing; a visitor at the door ends a wait."""
        self._selector.register(door, selectors.EVENT_READ)

    def wait(self, patience_s: float | None) -> set[object]:
        """What has something to read, after `patience_s` at the latest; a signal ends the wait."""
        ready: set[object] = {key.fileobj for key, _ in self._selector.select(patience_s)}
        if self._wakeup[0] in ready:
            self._wakeup[0].recv(4096)
        return ready

    def drive(self, boots: list[Boot], limit_s: float) -> Iterator[int]:
        """How many of `boots` are done, each time that one more is. A few run side by side, in the given order.

        Raises `LabError` when a daemon dies, or when not all are done after `limit_s`.
        """
        end = time.monotonic() + limit_s
        waiting = list(reversed(boots))
        active: dict[str, Iterator[str]] = {}
        at_once = _AT_ONCE_PER_CPU * len(os.sched_getaffinity(0))
        while waiting or active:
            while waiting and len(active) < at_once:
                name, steps = waiting.pop()
                active[name] = steps
            awaited = {name: next(steps, "") for name, steps in active.items()}
            for name in (name for name, what in awaited.items() if not what):
                del active[name]
                yield len(boots) - len(waiting) - len(active)
            if active:
                self._await_progress()
            if active and time.monotonic() > end:
                missing = [*filter(None, awaited.values()), *(f"{name} (to be started)" for name, _ in waiting)]
                raise LabError(_late(self._lab, limit_s, missing))

    def _await_progress(self) -> None:
        self.wait(_LOOK_AGAIN_S)
        for ended in self._processes.reap():
            raise daemon_died(ended)


def _late(lab: str, limit_s: float, missing: list[str]) -> str:
    way_out = "Give it more time, or keep the failed lab and look at its logs."
    return f"Lab {lab} was not ready within {limit_s:g} s; still missing: {', '.join(missing)}. {way_out}"
