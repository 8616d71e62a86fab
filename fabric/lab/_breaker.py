"""The supervisor's hand on ports and daemons: it makes true what the active faults hold."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from fabric._values import dataclass
from fabric.config import Port
from fabric.errors import LabError
from fabric.lab._blueprint import Blueprint
from fabric.lab._fault import DaemonName, Fault, Held, Reconfigured, held
from fabric.lab._filter import Filters
from fabric.lab._netlink import Request, address_again, send_in_each, set_down, set_up


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change of the faults did at once, and what is still to be done."""

    ports: int
    elapsed_ms: float
    to_start: frozenset[DaemonName]
    to_configure: Mapping[str, tuple[str, ...]]
    """Lines for FRR, by device."""


class Killable(Protocol):
    """The daemons of a lab, as far as faults need them."""

    def kill(self, name: DaemonName) -> None:
        """Nothing; the daemon, if it ran, is dead."""
        ...

    def signal(self, name: DaemonName, number: signal.Signals) -> None:
        """Nothing; the daemon, if it runs, has got the signal."""
        ...


class Breaker:
    """The active faults of a lab, by target, and the changes between them."""

    def __init__(self, blueprint: Blueprint, processes: Killable, filters: Filters) -> None:
        self.active: Mapping[str, Fault] = {}
        self._blueprint = blueprint
        self._processes = processes
        self._filters = filters
        self._ports = {
            Port(device.name, port.name): port
            for device in blueprint.devices
            for port in device.ports
            if port.index != 1
        }

    def check(self, fault: Fault) -> None:
        """Nothing; raises `LabError` when the fault names what the lab does not have."""
        daemons = {DaemonName(d.name, daemon.name) for d in self._blueprint.devices for daemon in d.daemons}
        strange: list[object] = [port for port in fault.ports if port not in self._ports]
        strange += [port for port in fault.deaf if port not in self._ports]
        strange += [name for name in (*fault.killed, *fault.paused) if name not in daemons]
        strange += [c.device for c in fault.reconfigured if self._blueprint.device(c.device) is None]
        if strange:
            words = ", ".join(map(str, strange))
            raise LabError(
                f"{fault.target}: lab {self._blueprint.name} has no {words}. See its status for what it has."
            )

    def change(self, active: Mapping[str, Fault]) -> Changed:
        """What changed at once, and what remains to be done, now that these are the faults."""
        before, after = held(self.active.values()), held(active.values())
        self.active = active
        requests = self._requests(before, after)
        began = time.monotonic()
        send_in_each(requests)
        self._filters.set_deaf(after.deaf)
        elapsed_ms = (time.monotonic() - began) * 1000
        for name in after.killed - before.killed:
            self._processes.kill(name)
        for name in after.paused - before.paused:
            self._processes.signal(name, signal.SIGSTOP)
        for name in before.paused - after.paused:
            self._processes.signal(name, signal.SIGCONT)
        return Changed(
            len(before.ports ^ after.ports) + len(before.deaf ^ after.deaf),
            elapsed_ms,
            before.killed - after.killed,
            _lines(before.reconfigured, after.reconfigured),
        )

    def lines_of(self, devices: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """The lines that the active faults hold in the running configuration of these devices."""
        known = frozenset(devices)
        return _lines(frozenset(), frozenset(c for c in held(self.active.values()).reconfigured if c.device in known))

    def pause_again(self, names: Iterable[DaemonName]) -> None:
        """Nothing; those of the daemons that a fault holds stopped, though they were started anew, are stopped."""
        for name in held(self.active.values()).paused.intersection(names):
            self._processes.signal(name, signal.SIGSTOP)

    def without(self, daemon: DaemonName) -> dict[str, Fault]:
        """The active faults, less those that hold this daemon."""
        return {t: fault for t, fault in self.active.items() if daemon not in (*fault.killed, *fault.paused)}

    def _requests(self, before: Held, after: Held) -> Mapping[str, list[Request]]:
        found = defaultdict[str, list[Request]](list)
        for port in sorted(after.ports - before.ports, key=str):
            found[port.device].append(set_down(self._ports[port].index))
        for port in sorted(before.ports - after.ports, key=str):
            found[port.device] += self._restored(port)
        return found

    def _restored(self, port: Port) -> list[Request]:
        """The port up again, with the IPv6 addresses that a kernel without `keep_addr_on_down` took from it."""
        plan = self._ports[port]
        return [*(address_again(plan.index, text) for text in plan.addresses if ":" in text), set_up(plan.index)]


def _lines(before: Iterable[Reconfigured], after: Iterable[Reconfigured]) -> Mapping[str, tuple[str, ...]]:
    """The lines that lead from one running configuration to the other, by device."""
    found: dict[str, tuple[str, ...]] = {}
    for change in sorted(set(before) - set(after), key=str):
        found[change.device] = (*found.get(change.device, ()), *change.undo)
    for change in sorted(set(after) - set(before), key=str):
        found[change.device] = (*found.get(change.device, ()), *change.lines)
    return found
