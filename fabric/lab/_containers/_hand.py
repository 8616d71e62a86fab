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

from fabric.errors import FabricError, LabError, MachineError
from fabric.lab._blueprint import from_json
from fabric.lab._breaker import Breaker
from fabric.lab._containers._inside import inside as inside_container
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._relay import ContainerRelay, relay_from, relay_text
from fabric.lab._containers._router import restart
from fabric.lab._daemons import config_refused
from fabric.lab._fault import DaemonName, fault_from, held
from fabric.lab._filter import Filters
from fabric.lab._impairer import Impairer
from fabric.lab._impairment import Impaired, impaired_from
from fabric.lab._namespaces import inside
from fabric.lab._netlink import send, set_mtu


def indexes(devices: list[str]) -> dict[str, dict[str, int]]:
    """The number of every interface of every device, by name."""
    found = {}
    for device in devices:
        with inside(device):
            found[device] = {name: index for index, name in socket.if_nameindex()}
    return found


def _impaired(values: Iterable[Any]) -> dict[str, Impaired]:
    return {entry.target: entry for entry in map(impaired_from, values)}


def _answer(request: Any) -> Any:
    if request["op"] == "indexes":
        return indexes(request["devices"])
    return _OPERATIONS[request["op"]](Hand(request), request)


class Hand:
    """A lab with its active faults and impairments, for the time of one change."""

    def __init__(self, lab: Any) -> None:
        """`lab` is a request: its blueprint, containers and relay, and what is active. nft's rules are loaded again."""
        self._blueprint = from_json(lab["blueprint"])
        self._containers: Mapping[str, int] = lab["containers"]
        self._relay = ContainerRelay(relay_from(lab["relay"]), self._containers.values())
        active = {fault.target: fault for fault in map(fault_from, lab["before"])}
        filters = Filters(held(active.values()).deaf)
        self._impairer = Impairer(self._blueprint, filters, self._relay)
        self._impairer.resume(_impaired(lab["impaired"]))
        self._breaker = Breaker(self._blueprint, ContainerProcesses(self._containers), filters)
        self._breaker.active = active

    def check(self, request: Any) -> None:
        """Nothing; raises `LabError` when a fault names what the lab does not have."""
        for fault in map(fault_from, request["after"]):
            self._breaker.check(fault)

    def change(self, request: Any) -> dict[str, Any]:
        """What changed now that other faults are active, as a supervisor answers it."""
        before = self._breaker.active
        after = {fault.target: fault for fault in map(fault_from, request["after"])}
        done = self._breaker.change(after)
        for name in done.to_start:
            self._start(name)
        self._configure(done.to_configure)
        self._breaker.pause_again(done.to_start)
        return {"targets": sorted(before.keys() ^ after.keys()), "ports": done.ports, "milliseconds": done.elapsed_ms}

    def impair(self, request: Any) -> dict[str, Any]:
        """What came of it, now that other impairments are active; and the relay, if one runs now."""
        before, after = self._impairer.active, _impaired(request["after"])
        for entry in after.values():
            if before.get(entry.target) != entry:
                self._impairer.check(entry)
        try:
            done = self._impairer.change(after)
        except FabricError:
            if not before:
                self._relay.end()
            raise
        changed = sorted(t for t in before.keys() | after.keys() if before.get(t) != after.get(t))
        return {"targets": changed, **done, "relay": relay_text(self._relay.process)}

    def lateness(self, _request: Any) -> dict[str, Any] | None:
        """How late the relay was since it was last asked."""
        return self._impairer.report()

    def resize(self, request: Any) -> None:
        """Nothing; interfaces have other MTUs."""
        for device, index, mtu in request["ends"]:
            with inside(device):
                send([set_mtu(index, mtu)], device)

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
    "impair": Hand.impair,
    "lateness": Hand.lateness,
    "resize": Hand.resize,
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
