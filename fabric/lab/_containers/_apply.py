"""Changing a lab in containers: containerlab changes what there is, FRR is told the differences."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

from fabric._values import dataclass
from fabric.errors import LabError
from fabric.lab._blueprint import End
from fabric.lab._containers import _command as command
from fabric.lab._containers import _router as router
from fabric.lab._containers._change import Change
from fabric.lab._containers._inside import inside
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._start import CONFIGURATIONS, Site, write_down
from fabric.lab._daemons import Loaded, config_refused
from fabric.lab._fault import DaemonName
from fabric.lab._frr import refusals, remarks
from fabric.lab._reshape import Altered, Told, led_back
from fabric.lab._state import ProcessId
from fabric.lab._steps import StepError, step, stranded, taken_back

NEXT_TOPOLOGY, BACK_TOPOLOGY = "next.clab.yml", "back.clab.yml"
"""What containerlab makes true while a lab changes, and while it is led back. These and the lab's topology name all
that may run then: containerlab ends by a topology only the containers that stand in it."""
_AT_ONCE = 8
_LINES = "/run/frr/lines.conf"
"""Where FRR reads what it is told, in the container."""
T = TypeVar("T")


@dataclass(frozen=True)
class Way:
    """From one lab to another: what is to be done, and what of."""

    change: Change
    site: Site
    topology: str
    """The file for containerlab."""

    @property
    def devices(self) -> set[str]:
        """The devices of the lab that it leads to."""
        return {device.name for device in self.change.target.devices}


def rehearse(way: Way) -> None:
    """Nothing, and nothing has changed. Raises `LabError` where containerlab refuses to change a running lab so.

    It looks whether the files that new containers are to mount are there; so they are, while it looks.
    """
    it, reshaped = way.site, way.change.reshaped
    new = {device.name for device in reshaped.come} - {device.name for device in reshaped.gone}
    topology = it.directory.path / way.topology
    it.write_configurations(new)
    try:
        for text in way.change.stages[:1]:
            it.write(way.topology, text)
            command.rehearse(it.program, topology, it.deadline_s, it.environ)
    finally:
        topology.unlink(missing_ok=True)
        _remove_configurations(it, new)


class Application:
    """How far a change of a lab has come."""

    def __init__(self, before: Mapping[str, ProcessId], resize: Callable[[Iterable[End]], None]) -> None:
        """`before` are the containers that ran, and `resize` gives ports of those that stay other MTUs."""
        self._before = before
        self._resize = resize
        self._ran = self._running()
        self._told: dict[str, Told] = {}

    def run(self, forth: Way, back: Way) -> None:
        """Nothing; the lab is the one that `forth` leads to.

        Raises `LabError` where a step fails and the lab was led back; `StrandedError` where that failed too.
        """
        name = forth.site.name
        try:
            self._go(forth, forth.change.reshaped.altered)
        except StepError as failed:
            try:
                way, old = back.change.reshaped, back.change.target
                self._go(back, led_back(way, old, self._told, self._ran - self._running()))
            except StepError as error:
                raise stranded(name, failed, error) from error
            raise taken_back(name, failed) from failed

    def _running(self) -> frozenset[DaemonName]:
        return frozenset(ContainerProcesses({d: p.pid for d, p in self._before.items() if p.lives()}).pids())

    def _go(self, way: Way, altered: Sequence[Altered]) -> None:
        it, change = way.site, way.change
        with step("changing FRR on devices that stay, what goes"):
            self._in_each(altered, self._retract)
        with step("changing containers and cables"):
            it.write_configurations(way.devices)
            _make_true(way)
            containers = command.container_processes(it.name, way.devices)
        with step("starting FRR on new devices"):
            router.await_routers(containers, it.deadline_s, lambda _: None)
        with step("changing the ports of devices that stay"):
            self._resize(change.reshaped.resized)
        with step("changing FRR on devices that stay"):
            led = self._in_each(altered, self._lead)
            if refused := config_refused(list(dict.fromkeys(chain.from_iterable(led)))):  # each daemon reads all lines
                raise refused
        with step("writing the design down"):
            write_down(it, change.target, containers)

    def _in_each(self, altered: Sequence[Altered], do: Callable[[Altered, int], T]) -> list[T]:
        """What `do` makes of each device and the pid of its container, a few at a time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda change: do(change, self._before[change.device.name].pid), altered))

    def _retract(self, change: Altered, pid: int) -> None:
        self._told[change.device.name] = Told.IN_PART
        retract(change, pid)
        self._told[change.device.name] = Told.UNDONE

    def _lead(self, change: Altered, pid: int) -> list[Loaded]:
        self._told[change.device.name] = Told.IN_PART
        loaded = lead_over(change, pid)
        if not any(entry.refused for entry in loaded):
            self._told[change.device.name] = Told.DONE
        return loaded


def _make_true(way: Way) -> None:
    """Nothing; containers and cables are those of the last topology, and the lab's directory tells of no others."""
    it = way.site
    for text in way.change.stages:
        it.write(way.topology, text)
        command.deploy(it.program, it.directory.path / way.topology, it.deadline_s, it.environ)
    it.write_topology()
    for file in (NEXT_TOPOLOGY, BACK_TOPOLOGY):
        (it.directory.path / file).unlink(missing_ok=True)
    _remove_configurations(it, {place.name for place in (it.directory.path / CONFIGURATIONS).iterdir()} - way.devices)


def _remove_configurations(it: Site, devices: Iterable[str]) -> None:
    for device in devices:
        shutil.rmtree(it.directory.path / CONFIGURATIONS / device)


def retract(change: Altered, pid: int) -> None:
    """Nothing; the daemons of a container have forgotten what they have no more, before any port goes.

    See `fabric.lab._daemons.retract`.
    """
    if not change.frr.restart:
        _tell(change, change.frr.undo, pid)


def lead_over(change: Altered, pid: int) -> list[Loaded]:
    """What came of leading the daemons of a container to a new configuration, by the rules of the embedded engine.

    Those that stay are told what is new. Where FRR takes it at its start only, or not at all, all of the device's
    daemons are restarted.
    """
    device = change.device
    running = ContainerProcesses({device.name: pid})
    for name in change.ended:
        running.stop(DaemonName(device.name, name))
    anew = change.frr.restart or bool(_tell(change, change.frr.do, pid).refused)
    for daemon in reversed(device.daemons) if anew else ():
        running.stop(DaemonName(device.name, daemon.name))
    begun = {daemon.name for daemon in device.daemons} if anew else set(change.started)
    return [router.restart(device.name, d.name, device.frr_conf, pid) for d in device.daemons if d.name in begun]


def _tell(change: Altered, text: str, pid: int) -> Loaded:
    """What came of giving FRR lines from a file, which keeps passwords out of the list of processes.

    A pipe does as much for one reader, but vtysh of FRR 10 has a process for each daemon, and each opens the file.
    """
    name = change.device.name
    if not text:
        return Loaded(name, (), ())
    written = inside(pid, ("install", "-m", "600", "/dev/stdin", _LINES), text)
    if written.exit_code:
        raise LabError(f"{name}: FRR's new lines could not be written to {_LINES}: {written.stderr.strip()}")
    try:
        done = inside(pid, (str(router.VTYSH), "-f", _LINES))
    finally:
        inside(pid, ("rm", "-f", _LINES))
    return Loaded(name, refusals(text, done.stdout, done.stderr), remarks(done.stdout))
