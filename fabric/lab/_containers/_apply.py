"""Changing a lab in containers: containerlab changes what there is, FRR is told the differences."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

from fabric.errors import LabError
from fabric.lab._blueprint import End
from fabric.lab._containers import _command as command
from fabric.lab._containers import _router as router
from fabric.lab._containers._change import Change
from fabric.lab._containers._inside import inside
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._start import CONFIGURATIONS, Start, write_down
from fabric.lab._daemons import Loaded, config_refused
from fabric.lab._fault import DaemonName
from fabric.lab._frr import refusals, remarks
from fabric.lab._reshape import Altered
from fabric.lab._state import ProcessId

NEXT_TOPOLOGY = "next.clab.yml"
"""What containerlab makes true while a lab changes: until that is done, this file and the one before name what runs."""
_AT_ONCE = 8
T = TypeVar("T")


def rehearse(it: Start, change: Change) -> None:
    """Nothing, and nothing has changed. Raises `LabError` where containerlab refuses to change a running lab so.

    It looks whether the files that new containers are to mount are there.
    """
    topology = it.directory.path / NEXT_TOPOLOGY
    new = {device.name for device in change.reshaped.come} - {device.name for device in change.reshaped.gone}
    it.write_configurations(new)
    for text in change.stages[:1]:
        it.write(NEXT_TOPOLOGY, text)
        try:
            command.rehearse(it.program, topology, it.options.deadline_s, it.environ)
        except LabError:
            _remove_configurations(it, new)
            raise
        finally:
            topology.unlink()


def apply(it: Start, change: Change, before: Mapping[str, ProcessId], resize: Callable[[Iterable[End]], None]) -> None:
    """Nothing; the lab is the one of the spec, `before` were its containers.

    Raises `LabError` where a step fails, and leaves all as it is then.
    """
    end = time.monotonic() + it.options.deadline_s
    altered = {entry.device.name: entry for entry in change.reshaped.altered}
    _in_each({device: before[device] for device in altered}, lambda device, pid: retract(altered[device], pid))
    it.write_configurations(device.name for device in it.spec.fabric)
    _make_true(it, change.stages)
    containers = command.container_processes(it.spec.name, (device.name for device in it.spec.fabric))
    router.await_routers(containers, max(1.0, end - time.monotonic()), lambda _: None)
    if change.reshaped.resized:
        resize(change.reshaped.resized)
    stay = {device: containers[device] for device in altered}
    led = _in_each(stay, lambda device, pid: lead_over(altered[device], pid))
    if refused := config_refused(list(chain.from_iterable(led))):
        raise refused
    write_down(it, containers)


def _in_each(containers: Mapping[str, ProcessId], do: Callable[[str, int], T]) -> list[T]:
    """What `do` makes of each device and the pid of its container, a few at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda device: do(device, containers[device].pid), containers))


def _make_true(it: Start, topologies: Iterable[str]) -> None:
    """Nothing; containers and cables are those of the last topology, and the lab's directory tells of no others."""
    for text in topologies:
        it.write(NEXT_TOPOLOGY, text)
        command.deploy(it.program, it.directory.path / NEXT_TOPOLOGY, it.options.deadline_s, it.environ)
    it.write_topology()
    (it.directory.path / NEXT_TOPOLOGY).unlink(missing_ok=True)
    wanted = {device.name for device in it.spec.fabric}
    _remove_configurations(it, {place.name for place in (it.directory.path / CONFIGURATIONS).iterdir()} - wanted)


def _remove_configurations(it: Start, devices: Iterable[str]) -> None:
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
    """What came of giving FRR lines, by a pipe, which keeps passwords out of the list of processes."""
    if not text:
        return Loaded(change.device.name, (), ())
    done = inside(pid, (str(router.VTYSH), "-f", "/dev/stdin"), text)
    return Loaded(change.device.name, refusals(text, done.stdout, done.stderr), remarks(done.stdout))
