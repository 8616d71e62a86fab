"""`python -m fabric.lab._quorum`: see the package."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fabric.errors import LabError
from fabric.lab._netns import RUN_NETNS, inside, named
from fabric.lab._quorum._etcd import Client, Members
from fabric.lab._quorum._model import (
    Leadership,
    Member,
    QuorumRequest,
    QuorumResult,
    Write,
    phases_of,
    read_request,
    write_leadership,
    write_result,
)
from fabric.lab._quorum._streams import leadership

_READY_S = 60.0
_WRITE_TIMEOUT_S = 1.5
_PACE_S = 0.02
_LOOK_S = 0.05
_RECOVER_S = 30.0


class Quorum:
    """The threads that write to each member and watch its leader, each in its member's namespace."""

    def __init__(self, request: QuorumRequest) -> None:
        self._members = request.members
        self._writes: list[Write] = []
        self._elections: dict[tuple[int, int], int] = {}
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Nothing; there is a leader, and writing begins. Raises `LabError` when no leader comes up."""
        deadline = time.monotonic() + _READY_S
        while not all(self._leader(member) for member in self._members):
            if time.monotonic() > deadline:
                raise LabError(f"etcd elected no leader within {_READY_S:g} s")
            time.sleep(_LOOK_S)
        for member in self._members:
            for work in (self._write, self._look):
                thread = threading.Thread(target=work, args=(member,), daemon=True)
                thread.start()
                self._threads.append(thread)

    def leadership(self, devices: Sequence[str], heartbeat_ms: int) -> Leadership:
        """The leader of now, once it speaks to all others: streams are dialed anew when a silence broke them.

        Raises `LabError` where that does not come.
        """
        deadline = time.monotonic() + _RECOVER_S
        while time.monotonic() < deadline:
            for member in self._members:
                with inside(RUN_NETNS / member.device):
                    leads = Client(member, 1.0).leads()
                if leads:
                    found = leadership(member, self._members, named(devices), heartbeat_ms)
                    if found.speaks_to(len(self._members) - 1):
                        return found
            time.sleep(_LOOK_S)
        raise LabError(f"etcd had no leader for {_RECOVER_S:g} s that spoke to all other members")

    def end(self) -> None:
        """Nothing; nobody writes any more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def result(self, phases: list[tuple[str, int]]) -> QuorumResult:
        """What came of it; reads every key back."""
        ended = time.time_ns()
        acknowledged = {write.key for write in self._writes if write.acknowledged}
        missing = acknowledged - self._stored()
        found = tuple(phases_of(phases, ended, self._writes, sorted(self._elections.values())))
        return QuorumResult(found, len(acknowledged), len(missing))

    def _stored(self) -> frozenset[str]:
        """Every key that a majority has, once one answers."""
        deadline = time.monotonic() + _RECOVER_S
        while time.monotonic() < deadline:
            for member in self._members:
                with inside(RUN_NETNS / member.device):
                    if keys := Client(member, 10.0).keys("k/"):
                        return keys
            time.sleep(_LOOK_S)
        return frozenset()

    def _leader(self, member: Member) -> int:
        with inside(RUN_NETNS / member.device):
            return Client(member, 1.0).leader()[1]

    def _write(self, member: Member) -> None:
        with inside(RUN_NETNS / member.device):
            client, number = Client(member, _WRITE_TIMEOUT_S), 0
            while not self._over.is_set():
                key = f"k/{member.device}/{number}"
                began = time.time_ns()
                done = client.put(key, str(began))
                self._writes.append(Write(key, began, time.time_ns(), done))
                number += 1
                time.sleep(_PACE_S)

    def _look(self, member: Member) -> None:
        """Notes every pair of term and leader when it is first seen; those of the start are no change."""
        with inside(RUN_NETNS / member.device):
            client = Client(member, 1.0)
            while not self._over.is_set():
                term, leader = client.leader()
                if leader:
                    self._elections.setdefault((term, leader), time.time_ns())
                time.sleep(_LOOK_S)


def _answer(reply: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(reply, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _main() -> None:
    request = read_request(json.loads(sys.stdin.readline()))
    with Members(request.members, request.timers) as members:
        quorum = Quorum(request)
        try:
            quorum.begin()
        except LabError as error:
            _answer({"error": f"{error}. Last words of its members:\n{members.log()}"})
            return
        _answer({"reply": "started"})
        for line in sys.stdin:
            said = json.loads(line)
            if isinstance(said, list):
                quorum.end()
                _answer({"reply": write_result(quorum.result([(str(name), int(at)) for name, at in said]))})
                return
            if devices := said.get("leadership"):
                _answer({"reply": write_leadership(quorum.leadership(devices, request.timers.heartbeat_ms))})
                continue
            members.kill(said.get("kill", ()))
            members.start(said.get("start", ()))
            _answer({"reply": "done"})


if __name__ == "__main__":
    try:
        _main()
    except (LabError, OSError) as error:
        with suppress(OSError):
            _answer({"error": str(error)})
