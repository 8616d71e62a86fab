"""A running lab made the lab of another blueprint; where a step fails, it is led back to what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from fabric._values import dataclass
from fabric.errors import LabError, MachineError
from fabric.lab._blueprint import Blueprint
from fabric.lab._daemons import Loaded, Processes, boot, config_refused, forget, lead_over, retract
from fabric.lab._drive import Boot, Driver
from fabric.lab._namespaces import remove
from fabric.lab._reshape import Altered, Reshaped, Told, led_back, reshape
from fabric.lab._steps import StepError, step, stranded, taken_back
from fabric.lab._wiring import SysctlFiles, address, alter, cut, found, introduce, lay, try_masters


@dataclass(frozen=True, slots=True)
class Site:
    """What a lab is changed with."""

    processes: Processes
    driver: Driver
    sysctls: SysctlFiles
    deadline_s: float
    """How long the daemons may take, each way."""


def change_lab(old: Blueprint, new: Blueprint, site: Site, record: Callable[[Blueprint], None]) -> list[Loaded]:
    """What FRR said of the configurations that it read; the lab is now that of `new`, which `record` wrote down.

    Raises `LabError` where a step fails and the lab was led back, or nothing was touched; `StrandedError` otherwise.
    """
    changes = reshape(old, new)
    refuse_early(new, changes)
    change = _Change(old, new, site)
    try:
        loaded = change.forth(changes)
        with step("writing the new design down"):
            record(new)
    except StepError as failed:
        change.undo(failed)
        raise taken_back(new.name, failed) from failed
    return loaded


def refuse_early(new: Blueprint, changes: Reshaped) -> None:
    """Nothing; raises `LabError` where the kernel lacks what new devices are made of."""
    try:
        try_masters(changes.come)
    except (MachineError, OSError) as error:
        raise LabError(f"Lab {new.name} cannot be changed to this design, and nothing was. {error}") from error


class _Change:
    """How far a change has come."""

    def __init__(self, old: Blueprint, new: Blueprint, site: Site) -> None:
        self._old = old
        self._new = new
        self._site = site
        self._ran = site.processes.names()
        self._told: dict[str, Told] = {}

    def forth(self, changes: Reshaped) -> list[Loaded]:
        """What FRR said; the lab runs the new design."""
        self._retract(changes)
        self._build(changes, self._new)
        with step("starting FRR on new devices and changing it on others"):
            return self._run(changes, self._new)

    def undo(self, failed: StepError) -> None:
        """Nothing; the lab runs the old design again, wherever it failed. Raises `StrandedError` where it does not."""
        try:
            self._back()
        except StepError as error:
            raise stranded(self._old.name, failed, error) from error

    def _back(self) -> None:
        """Every step is of a kind that does no harm where there is nothing to take back."""
        way = reshape(self._new, self._old)
        processes = self._site.processes
        with step("ending what was being done"):
            processes.abandon()
            processes.reap()
        altered = led_back(way, self._old, self._told, self._ran - processes.names())
        daemons = replace(way, altered=altered)
        self._retract(daemons)
        self._build(replace(way, gone=(*way.gone, *way.come), cut=(*way.cut, *way.laid)), self._old)
        with step("starting FRR as it was"):
            self._run(daemons, self._old)

    def _retract(self, changes: Reshaped) -> None:
        with step("changing FRR on devices that stay, what goes"):
            self._drive([(change.device.name, self._forget(change)) for change in changes.altered])

    def _forget(self, change: Altered) -> Iterator[str]:
        self._told[change.device.name] = Told.IN_PART
        yield from retract(change, self._old.vtysh, self._site.processes)
        self._told[change.device.name] = Told.UNDONE

    def _build(self, changes: Reshaped, blueprint: Blueprint) -> None:
        with step("ending the daemons of devices that go"):
            for device in changes.gone:
                forget(device, self._site.processes)
        with step("cutting cables"):
            cut(changes.cut)
        with step("removing devices"):
            for device in changes.gone:
                remove(device.name)
        with step("making new devices"):
            found(changes.come, self._site.sysctls)
        with step("laying cables"):
            lay(changes.laid)
        with step("giving new devices their addresses"):
            address(changes.come)
        with step("changing the ports of devices that stay"):
            alter(changes.altered, changes.resized)
        with step("introducing neighbors"):
            introduce(blueprint)

    def _run(self, changes: Reshaped, blueprint: Blueprint) -> list[Loaded]:
        loaded: list[Loaded] = []
        vtysh, processes = blueprint.vtysh, self._site.processes
        boots: list[Boot] = [(d.name, boot(d, vtysh, processes, loaded)) for d in changes.come]
        boots += [(c.device.name, self._lead(c, vtysh, loaded)) for c in changes.altered]
        self._drive(boots)
        if refused := config_refused(loaded):
            raise refused
        return loaded

    def _lead(self, change: Altered, vtysh: str, loaded: list[Loaded]) -> Iterator[str]:
        name, said = change.device.name, list[Loaded]()
        self._told[name] = Told.IN_PART
        yield from lead_over(change, vtysh, self._site.processes, said)
        if not any(entry.refused for entry in said):
            self._told[name] = Told.DONE
        loaded += said

    def _drive(self, boots: list[Boot]) -> None:
        for _ in self._site.driver.drive(boots, self._site.deadline_s):
            pass
