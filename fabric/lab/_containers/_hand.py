"""`python -m fabric.lab._containers._hand`, run in the view: what the supervisor of a sandbox does, for containers.

A line of JSON on standard input, `{"op": "indexes" | "change" | …, …}`, is answered with one line on standard output,
`{"reply": …}` or `{"error": "a sentence"}`.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fabric.errors import LabError, MachineError
from fabric.lab._blueprint import from_json
from fabric.lab._breaker import Breaker
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._router import inside as inside_container
from fabric.lab._containers._router import restart
from fabric.lab._daemons import config_refused
from fabric.lab._fault import DaemonName, Fault, fault_from, held
from fabric.lab._filter import Filters
from fabric.lab._namespaces import inside


def indexes(devices: list[str]) -> dict[str, dict[str, int]]:
    """The number of every interface of every device, by name."""
    found = {}
    for device in devices:
        with inside(device):
            found[device] = {name: index for index, name in socket.if_nameindex()}
    return found


def _answer(request: Any) -> Any:
    if request["op"] == "indexes":
        return indexes(request["devices"])
    hand = Hand(request["blueprint"], request["containers"], map(fault_from, request["before"]))
    return _OPERATIONS[request["op"]](hand, request)


class Hand:
    """A lab with its active faults, for the time of one change."""

    def __init__(self, blueprint: str, containers: Mapping[str, int], active: Iterable[Fault]) -> None:
        self._blueprint = from_json(blueprint)
        self._containers = containers
        self._filters = Filters()
        self._breaker = Breaker(self._blueprint, ContainerProcesses(containers), self._filters)
        self._breaker.active = {fault.target: fault for fault in active}

    def check(self, request: Any) -> None:
        """Nothing; raises `LabError` when a fault names what the lab does not have."""
        for fault in map(fault_from, request["after"]):
            self._breaker.check(fault)

    def change(self, request: Any) -> dict[str, Any]:
        """What changed now that other faults are active, as a supervisor answers it."""
        before = self._breaker.active
        after = {fault.target: fault for fault in map(fault_from, request["after"])}
        self._filters.set_deaf(held(before.values()).deaf)  # the same rules once more, so that it knows of them
        done = self._breaker.change(after)
        for name in done.to_start:
            self._start(name)
        self._configure(done.to_configure)
        self._breaker.pause_again(done.to_start)
        return {"targets": sorted(before.keys() ^ after.keys()), "ports": done.ports, "milliseconds": done.elapsed_ms}

    def restart(self, request: Any) -> None:
        """Nothing; a daemon runs anew, its configuration loaded. Raises `LabError` otherwise."""
        self._start(DaemonName(*request["daemon"]))

    def reload(self, request: Any) -> dict[str, Any]:
        """What changed: nothing, as FRR reads the file again that it has loaded."""
        began = time.monotonic()
        self._vtysh(request["device"], "-b")
        self._configure(self._breaker.lines_of([request["device"]]))
        return {"targets": [], "ports": 0, "milliseconds": (time.monotonic() - began) * 1000}

    def _start(self, name: DaemonName) -> None:
        device = self._blueprint.device(name.device)
        if device is None or name.daemon not in {daemon.name for daemon in device.daemons}:
            raise LabError(f"Lab {self._blueprint.name} runs no {name}. See its status for what it runs.")
        done = restart(name.device, name.daemon, device.frr_conf, self._containers[name.device])
        if refused := config_refused([done]):
            raise refused
        self._configure(self._breaker.lines_of([name.device]))

    def _configure(self, lines: Mapping[str, Sequence[str]]) -> None:
        for device, of_device in lines.items():
            self._vtysh(device, *(part for line in ("configure terminal", *of_device) for part in ("-c", line)))

    def _vtysh(self, device: str, *arguments: str) -> None:
        done = inside_container(self._containers[device], (self._blueprint.vtysh, *arguments))
        if done.exit_code:
            raise LabError(f"{device}: FRR refused: {' '.join((done.stdout + done.stderr).split())}")


_OPERATIONS: Mapping[str, Callable[[Hand, Any], Any]] = {
    "check": Hand.check,
    "change": Hand.change,
    "restart": Hand.restart,
    "reload": Hand.reload,
}


def main() -> None:
    """Answer one request."""
    try:
        answer = {"reply": _answer(json.loads(sys.stdin.readline()))}
    except (LabError, MachineError) as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
