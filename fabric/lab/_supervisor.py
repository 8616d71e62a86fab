"""The process that is a lab: PID 1 of its sandbox. It builds the lab and watches the daemons; all of it ends with it.

Run as `python -m fabric.lab._supervisor JOB`, where JOB is what `Job.to_json` wrote.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fabric import __version__, resources
from fabric.errors import LabError, MachineError
from fabric.lab import _channel as channel
from fabric.lab._apply import Site, change_lab, refuse_early
from fabric.lab._blueprint import BLUEPRINT_FILE, NEXT_FILE, Blueprint, from_json
from fabric.lab._breaker import Breaker
from fabric.lab._control import closed_door, open_door, visit
from fabric.lab._daemons import (
    Loaded,
    Processes,
    boot,
    config_refused,
    configure,
    reload,
    restart,
)
from fabric.lab._drive import Boot, Driver
from fabric.lab._fault import FAULTS, DaemonName, Fault, fault_from
from fabric.lab._filter import Filters
from fabric.lab._impairer import Impairer
from fabric.lab._impairment import IMPAIRMENTS, Impaired, impaired_from
from fabric.lab._job import Job, job_from_json
from fabric.lab._relaying import ChildRelay
from fabric.lab._reshape import not_whole, reshape
from fabric.lab._sandbox import enter_namespaces, furnish
from fabric.lab._state import STATUS_FILE, SupervisorStatus, process_id, read_file, write_file
from fabric.lab._steps import StrandedError
from fabric.lab._wiring import SysctlFiles, parse_sysctls, wire

_OPEN_FILES = 4096  # FRR sizes its tables by this limit
_RESTART_S = 30.0


class Supervisor:
    """The life of one lab, from the moment its process is PID 1."""

    def __init__(self, job: Job, blueprint: Blueprint, sysctls: SysctlFiles, status: SupervisorStatus) -> None:
        self._job = job
        self._blueprint = blueprint
        self._sysctls = sysctls
        self._status = status
        self._caller = socket.socket(fileno=job.channel)
        self._processes = Processes(dict(os.environ))
        self._loaded: list[Loaded] = []
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}
        self._driver = Driver(blueprint.name, self._processes)
        self._door = closed_door()
        self._take_in_hand()

    def live(self) -> None:
        """Never returns: builds the lab, tells the caller how that went, and serves until the process is ended."""
        self._write_status("starting")
        try:
            self._build()
        except MachineError as error:
            self._write_status("failed")
            channel.send(self._caller, channel.Failed(str(error), isinstance(error, LabError)))
            if not self._job.keep:
                sys.exit(1)
        else:
            self._write_status("running")
            channel.send(self._caller, channel.Ready(self._seconds, list(self._status.remarks)))
        if not channel.released(self._caller):
            sys.exit(1)
        self._serve()

    def _build(self) -> None:
        furnish(self._blueprint.name)
        open_door(self._door)
        self._driver.listen(self._door)
        self._report("sandbox", 1, 1)
        wire(self._blueprint, self._sysctls)
        self._report("wiring", 1, 1)
        boots = [
            (device.name, boot(device, self._blueprint.vtysh, self._processes, self._loaded))
            for device in self._blueprint.boot_order()
        ]
        for done in self._driver.drive(boots, self._job.deadline_s):
            self._report("devices", done, len(boots))
        if refused := config_refused(self._loaded):
            raise refused

    def _report(self, stage: str, done: int, total: int) -> None:
        if done == total:
            self._seconds[stage] = time.monotonic() - self._began
        channel.send(self._caller, channel.Progress(stage, done, total))

    def _write_status(self, phase: str) -> None:
        daemons = tuple(self._processes.daemons.values())
        remarks = tuple(f"{entry.device}: {remark}" for entry in self._loaded for remark in entry.remarks)
        self._status = replace(self._status, phase=phase, daemons=daemons, remarks=remarks)
        write_file(self._job.directory, STATUS_FILE, self._status.to_json())

    def _serve(self) -> None:
        """Never returns: writes down which daemons end, and does what other processes ask for."""
        while True:
            ready = self._driver.wait(None)
            if self._processes.reap():
                self._write_status(self._status.phase)
            if self._door in ready:
                visit(self._door, self._answer)

    def _answer(self, request: Any) -> Any:
        """What came of a request: its `op` is `restart`, `reload`, `fail`, `heal`, or one of those further down."""
        if request["op"] in _MORE:
            return _MORE[request["op"]](self, request)
        if request["op"] == "restart":
            name = DaemonName(request["device"], request["daemon"])
            self._restart([name])
            return self._change(self._breaker.without(name))
        if request["op"] == "reload":
            return self._reload(request["device"])
        if request["op"] == "fail":
            fault = fault_from(request["fault"])
            self._breaker.check(fault)
            return self._change({**self._breaker.active, fault.target: fault})
        targets = frozenset(self._breaker.active if request["targets"] is None else request["targets"])
        return self._change({t: fault for t, fault in self._breaker.active.items() if t not in targets})

    def impair(self, request: Any) -> dict[str, Any]:
        """What came of one impairment more."""
        impaired = impaired_from(request["impaired"])
        self._impairer.check(impaired)
        return self._set_impaired({**self._impairer.active, impaired.target: impaired})

    def clear(self, request: Any) -> dict[str, Any]:
        """What came of clearing some impairments, or all."""
        active = self._impairer.active
        targets = frozenset(active if request["targets"] is None else request["targets"])
        return self._set_impaired({t: impaired for t, impaired in active.items() if t not in targets})

    def relay_report(self, _request: Any) -> dict[str, Any] | None:
        """How late the relay was since it was last asked."""
        return self._impairer.report()

    def _set_impaired(self, active: Mapping[str, Impaired]) -> dict[str, Any]:
        before = self._impairer.active
        changed = sorted(t for t in before.keys() | active.keys() if before.get(t) != active.get(t))
        done = self._impairer.change(active)
        write_file(self._job.directory, IMPAIRMENTS.file, IMPAIRMENTS.text(active.values()))
        return {"targets": changed, **done}

    def _change(self, active: Mapping[str, Fault]) -> dict[str, Any]:
        """The lab has exactly these faults, written down before they act: what was written can be healed."""
        changed = sorted(self._breaker.active.keys() ^ active.keys())
        write_file(self._job.directory, FAULTS.file, FAULTS.text(active.values()))
        done = self._breaker.change(active)
        self._restart([name for name in done.to_start if not self._processes.running(name)])
        self._configure(done.to_configure)
        self._breaker.pause_again(done.to_start)
        self._write_status(self._status.phase)
        return {"targets": changed, "ports": done.ports, "milliseconds": done.elapsed_ms}

    def _restart(self, names: Sequence[DaemonName]) -> None:
        """Nothing; the daemons run anew with their configuration loaded. Raises `LabError` otherwise."""
        devices = dict.fromkeys(name.device for name in names)
        daemons = {device: frozenset(name.daemon for name in names if name.device == device) for device in devices}
        self._carry_out(
            lambda loaded: [(d, restart(self._blueprint, d, daemons[d], self._processes, loaded)) for d in devices]
        )
        self._configure(self._breaker.lines_of(devices))

    def _reload(self, device: str) -> dict[str, Any]:
        """What changed: nothing, as FRR reads the file again that it has loaded."""
        began = time.monotonic()
        self._carry_out(lambda loaded: [(device, reload(self._blueprint, device, self._processes, loaded))])
        self._configure(self._breaker.lines_of([device]))
        return {"targets": [], "ports": 0, "milliseconds": (time.monotonic() - began) * 1000}

    def apply(self, request: Any) -> dict[str, Any]:
        """How long it took to become the lab of the blueprint that was left for this; see `change_lab`."""
        began = time.monotonic()
        new = self._next(request)
        site = Site(self._processes, self._driver, self._sysctls, self._job.deadline_s)
        phase = "running"
        self._write_status("changing")
        try:
            self._become(new, change_lab(self._blueprint, new, site, self._record))
        except StrandedError:
            phase = "failed"
            raise
        finally:
            self._write_status(phase)
        return {"milliseconds": (time.monotonic() - began) * 1000}

    def rehearse(self, request: Any) -> dict[str, Any]:
        """Nothing; raises what `apply` would raise before it touched anything."""
        new = self._next(request)
        refuse_early(new, reshape(self._blueprint, new))
        return {}

    def _next(self, request: Any) -> Blueprint:
        """The blueprint that was left; raises `LabError` where the lab is broken, or another `apply` came between."""
        if self._breaker.active or self._impairer.active:
            raise not_whole()
        text = read_file(self._job.directory, NEXT_FILE)
        new = from_json(text) if text else None
        if new is None or [self._blueprint.digest(), new.digest()] != [request["from"], request["to"]]:
            raise LabError(f"Lab {self._blueprint.name} was changed by another process just now. Try again.")
        return new

    def _record(self, blueprint: Blueprint) -> None:
        write_file(self._job.directory, BLUEPRINT_FILE, blueprint.to_json())

    def _become(self, blueprint: Blueprint, loaded: Sequence[Loaded]) -> None:
        """Nothing; what is broken, impaired, restarted and remarked from now on is of this blueprint."""
        anew = {entry.device for entry in loaded}
        kept = [e for e in self._loaded if e.device not in anew and blueprint.device(e.device) is not None]
        self._loaded = [*kept, *loaded]
        self._blueprint = blueprint
        self._take_in_hand()

    def _take_in_hand(self) -> None:
        filters = Filters()
        self._breaker = Breaker(self._blueprint, self._processes, filters)
        self._impairer = Impairer(self._blueprint, filters, ChildRelay(self._processes.environment))

    def _configure(self, lines: Mapping[str, Sequence[str]]) -> None:
        vtysh = self._blueprint.vtysh
        self._carry_out(
            lambda loaded: [
                (device.name, configure(device, vtysh, lines[device.name], self._processes, loaded))
                for device in self._blueprint.devices
                if device.name in lines
            ]
        )

    def _carry_out(self, steps: Callable[[list[Loaded]], list[Boot]]) -> None:
        loaded: list[Loaded] = []
        try:
            for _ in self._driver.drive(steps(loaded), _RESTART_S):
                pass
        finally:
            self._write_status(self._status.phase)
        if refused := config_refused(loaded):
            raise refused


_MORE: Mapping[str, Callable[[Supervisor, Any], Any]] = {
    "impair": Supervisor.impair,
    "clear": Supervisor.clear,
    "relay": Supervisor.relay_report,
    "apply": Supervisor.apply,
    "rehearse": Supervisor.rehearse,
}


def _sysctls() -> SysctlFiles:
    directory = resources.directory("lab")
    common, host = ((directory / name).read_text() for name in ("sysctls.conf", "sysctls-host.conf"))
    return SysctlFiles(parse_sysctls(common), parse_sysctls(host))


def _limit_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _main(job: Job) -> None:
    """Ends at once; its child, PID 1 of new namespaces, is the lab."""
    for descriptor in (job.directory, job.channel, job.lock):
        os.set_inheritable(descriptor, False)
    blueprint = from_json(read_file(job.directory, BLUEPRINT_FILE))
    sysctls = _sysctls()  # read while all of the host's files can be seen
    try:
        user_namespace = enter_namespaces()
    except MachineError as error:
        channel.send(socket.socket(fileno=job.channel), channel.Failed(str(error), lab_error=False))
        sys.exit(1)
    if os.fork():
        os._exit(0)
    identity = process_id("self")  # /proc is still the host's, and says which process this is out there
    assert identity is not None
    _limit_open_files()
    status = SupervisorStatus("starting", identity, user_namespace, __version__)
    Supervisor(job, blueprint, sysctls, status).live()


if __name__ == "__main__":
    try:
        _main(job_from_json(sys.argv[1]))
    except ConnectionError:
        sys.exit("the process that wanted the lab is gone")
