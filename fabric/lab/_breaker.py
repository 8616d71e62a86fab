"""The supervisor's hand on ports and daemons: it makes true what the active faults hold."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

from fabric.config import Port
from fabric.errors import LabError
from fabric.lab._blueprint import Blueprint
from fabric.lab._daemons import Processes
from fabric.lab._fault import DaemonName, Fault, Held, held
from fabric.lab._netlink import Request, address_again, send_in_each, set_down, set_up


class Breaker:
    """The active faults of a lab, by target, and the changes between them."""

    def __init__(self, blueprint: Blueprint, processes: Processes) -> None:
        self.active: Mapping[str, Fault] = {}
        self._blueprint = blueprint
        self._processes = processes
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
        strange += [name for name in (*fault.killed, *fault.paused) if name not in daemons]
        if strange:
            words = ", ".join(map(str, strange))
            raise LabError(
                f"{fault.target}: lab {self._blueprint.name} has no {words}. See its status for what it has."
            )

    def change(self, active: Mapping[str, Fault]) -> tuple[int, float, frozenset[DaemonName]]:
        """How many ports changed within how many ms, and the daemons to start anew, now that these are the faults."""
        before, after = held(self.active.values()), held(active.values())
        self.active = active
        requests = self._requests(before, after)
        began = time.monotonic()
        send_in_each(requests)
        elapsed_ms = (time.monotonic() - began) * 1000
        for name in after.killed - before.killed:
            self._processes.kill(name)
        for name in after.paused - before.paused:
            self._processes.signal(name, signal.SIGSTOP)
        for name in before.paused - after.paused:
            self._processes.signal(name, signal.SIGCONT)
        return len(before.ports ^ after.ports), elapsed_ms, before.killed - after.killed

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
