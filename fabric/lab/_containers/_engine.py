"""`ContainerlabEngine`: labs whose devices are containers that `containerlab` starts, wires and ends."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fabric.errors import LabError
from fabric.lab._blueprint import BLUEPRINT_FILE, Blueprint, End, draw, from_json
from fabric.lab._channel import Progress
from fabric.lab._containers import _command as command
from fabric.lab._containers._apply import BACK_TOPOLOGY, NEXT_TOPOLOGY, Application, Way, rehearse
from fabric.lab._containers._change import change_back, change_between, image_of
from fabric.lab._containers._enter import ask, enter_argv
from fabric.lab._containers._inside import environment, inside_argv, shell, user_argv
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._record import RECORD_FILE, Record, record_from
from fabric.lab._containers._relay import RELAY_FILE, end_relay, relay_from
from fabric.lab._containers._router import installation
from fabric.lab._containers._start import Site, configurations, digest_of, start, topology_file
from fabric.lab._design import containerlab_files
from fabric.lab._engine import (
    LabStatus,
    UpResult,
    change_from,
    check_passwords,
    failed_call,
    impairment_change_from,
    lateness_from,
    no_device,
    not_up,
    unheard,
)
from fabric.lab._enter import Completed, conversation, inner_environment, run_attached, run_captured
from fabric.lab._fault import FAULTS, Fault, FaultChange, fault_value
from fabric.lab._impairment import IMPAIRMENTS, Impaired, ImpairmentChange, Lateness, impaired_value
from fabric.lab._launch import UpOptions
from fabric.lab._places import LOG_DIRECTORY
from fabric.lab._reshape import not_whole
from fabric.lab._spec import LabSpec, check_lab_name, check_spec
from fabric.lab._state import LabDirectory, refuse_strangers, state_root, write_file

_PATIENCE_S = 10.0  # for a lock that another command holds while it changes something
_DESTROY_S = 300.0
_APPLY_S = 120.0
DEFAULT_IMAGE = "fabric-frr:latest"
"""What `scripts/containerlab` builds from `lab/image/`; `$FABRIC_FRR_IMAGE` names another."""


class ContainerlabEngine:
    """Labs in containers, driven by the `containerlab` command. Needs root, as entering their namespaces does.

    No process of ours lives as long as the lab, but for the relay of impaired links on kernels without netem: what is
    known of it is in its directory under `containerlab/`.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    def up(
        self,
        spec: LabSpec,
        options: UpOptions = UpOptions(),  # noqa: B008 - frozen
        listener: Callable[[Progress], None] = unheard,
    ) -> UpResult:
        """See `LabEngine.up`. A lab that is up already with the same spec is left alone; with another, `LabError`."""
        check_spec(spec)
        check_passwords(spec)
        program = command.find_containerlab(self._environ)
        files = containerlab_files(spec, self._environ.get("FABRIC_FRR_IMAGE", DEFAULT_IMAGE))
        with self._locked(spec.name) as directory:
            if (record := self._record(spec.name)) is not None:
                return _already_up(spec.name, record, files)
            self._end(spec.name, directory)
            settled = False
            try:
                site = Site(spec.name, program, self._environ, directory, files, options.deadline_s)
                result = start(site, spec, listener)
                settled = True
            finally:
                if not (settled or options.keep):
                    self._end(spec.name, directory)
                    directory.remove()
        return result

    def down(self, name: str) -> bool:
        """See `LabEngine.down`."""
        if not self._directory(name).path.exists():
            return False
        with self._locked(name) as directory:
            was_up = self._record(name) is not None
            self._end(name, directory)
            directory.remove()
        return was_up

    def _end(self, name: str, directory: LabDirectory) -> None:
        """Nothing; no container, no relay and no file of the lab is left but its lock."""
        end_relay(relay_from(directory.text(RELAY_FILE)))
        files = (topology_file(directory.path, name).name, NEXT_TOPOLOGY, BACK_TOPOLOGY)
        for topology in (directory.path / file for file in files):
            if topology.exists():
                command.destroy(command.find_containerlab(self._environ), topology, _DESTROY_S, self._environ)
        directory.clear()

    def status(self, name: str) -> LabStatus | None:
        """See `LabEngine.status`. Alive is a lab of which a container runs."""
        record = self._record(name)
        if record is None:
            return None
        blueprint = self._blueprint(name)
        daemons = ContainerProcesses(record.pids()).statuses(blueprint.devices)
        return LabStatus(
            name=name,
            phase="changing" if record.phase == "failed" and self._directory(name).is_locked() else record.phase,
            digest=record.digest,
            frr_version=blueprint.frr_version,
            devices=tuple(device.name for device in blueprint.devices),
            daemons=daemons,
            remarks=record.remarks,
            sources=blueprint.sources,
            faults=tuple(self._active(name).values()),
            impairments=tuple(self._impaired(name).values()),
        )

    def names(self) -> tuple[str, ...]:
        """See `LabEngine.names`."""
        return tuple(name for name in self._known() if self._record(name) is not None)

    def leftovers(self) -> tuple[str, ...]:
        """See `LabEngine.leftovers`."""
        return tuple(n for n in self._known() if self._record(n) is None and not self._directory(n).is_locked())

    def _known(self) -> list[str]:
        root = self._root()
        return sorted(path.name for path in root.iterdir()) if root.is_dir() else []

    def run(self, name: str, device: str | None, argv: Sequence[str], timeout_s: float | None = None) -> Completed:
        """See `LabEngine.run`. On a device, the program and its files are the container's."""
        way, environ = self._way(name, device, argv)
        return run_captured(way, "", timeout_s, environ)

    def attach(self, name: str, device: str | None, argv: Sequence[str]) -> int:
        """See `LabEngine.attach`. On a device, the program and its files are the container's."""
        return run_attached(*self._way(name, device, argv))

    def shell(self, name: str, device: str) -> str:
        """See `LabEngine.shell`."""
        return shell(self._pids(name, device)[device], self._environ)

    def call(self, name: str, argv: Sequence[str], stdin: str = "") -> str:
        """See `LabEngine.call`."""
        done = run_captured(self._inside(name, argv), stdin, None)
        if done.exit_code:
            raise failed_call(name, argv, done)
        return done.stdout

    def converse(self, name: str, argv: Sequence[str]) -> subprocess.Popen[str]:
        """See `LabEngine.converse`."""
        return conversation(self._inside(name, argv))

    def vtysh(self, name: str, device: str, commands: Sequence[str]) -> str:
        """See `LabEngine.vtysh`."""
        done = run_captured(self.vtysh_argv(name, device, commands), "", None)
        if done.exit_code:
            words = " ".join((done.stdout + done.stderr).split())
            raise LabError(f"{device}: FRR refused `{'; '.join(commands)}`: {words}")
        return done.stdout

    def vtysh_argv(self, name: str, device: str, commands: Sequence[str] = ()) -> tuple[str, ...]:
        """See `LabEngine.vtysh_argv`."""
        pids = self._pids(name, device)
        options = (option for text in commands for option in ("-c", text))
        return inside_argv(pids[device], (self._blueprint(name).vtysh, *options))

    def changes(self, spec: LabSpec) -> tuple[str, ...]:
        """See `LabEngine.changes`."""
        return self._ways(spec)[0].change.reshaped.steps()

    def apply(self, spec: LabSpec) -> float:
        """See `LabEngine.apply`. containerlab must be one that changes running labs, as 0.79 does."""
        check_passwords(spec)
        name, began = spec.name, time.monotonic()
        with self._locked(name) as directory:
            forth, back = self._rehearsed(spec)
            record = self._record(name)
            assert record is not None
            application = Application(record.containers, lambda ends: self._resize(name, ends))
            self._write(directory, RECORD_FILE, replace(record, phase="failed").to_json())
            application.run(forth, back)
        return (time.monotonic() - began) * 1000

    def rehearse(self, spec: LabSpec) -> None:
        """See `LabEngine.rehearse`. containerlab is asked whether it would change the lab so."""
        check_passwords(spec)
        with self._locked(spec.name):
            self._rehearsed(spec)

    def _rehearsed(self, spec: LabSpec) -> tuple[Way, Way]:
        """The way to the lab of the spec, which nothing known beforehand stands in, and the way back."""
        ways = self._ways(spec)
        if self._active(spec.name) or self._impaired(spec.name):
            raise not_whole()
        rehearse(ways[0])
        return ways

    def _ways(self, spec: LabSpec) -> tuple[Way, Way]:
        """From the running lab to that of the spec, and back. The lab keeps the image that it was started with."""
        check_spec(spec)
        name = spec.name
        pids, record = self._pids(name), self._record(name)
        if record is None or record.phase != "running":
            raise LabError(f"Lab {name} is failed, and cannot be changed. End it with `fabric lab down`.")
        old, topology = self._blueprint(name), topology_file(self._root(), name).name
        before = self._files(name)
        after = containerlab_files(spec, image_of(before[topology]))
        drawn, texts = draw(spec, installation(next(iter(pids.values())))), (before[topology], after[topology])
        change = change_between(old, drawn, spec.fabric.cables, texts)
        site = Site(
            name, command.find_containerlab(self._environ), self._environ, self._directory(name), after, _APPLY_S
        )
        return (
            Way(change, site, NEXT_TOPOLOGY),
            Way(change_back(change, old, texts), replace(site, files=before), BACK_TOPOLOGY),
        )

    def _files(self, name: str) -> Mapping[str, str]:
        """The files that the running lab was made from."""
        topology = topology_file(self._root(), name).name
        devices = self._blueprint(name).devices
        return {**configurations(devices), topology: self._directory(name).text(topology)}

    def _resize(self, name: str, ends: Iterable[End]) -> None:
        if asked := [(end.device, end.index, end.mtu) for end in ends]:
            self._ask(name, {"op": "resize", "ends": asked})

    def log_files(self, name: str, device: str | None) -> tuple[Path, ...]:
        """See `LabEngine.log_files`: they lie in the containers, which the host sees into."""
        pids = self._pids(name, device)
        plans = [plan for plan in self._blueprint(name).devices if plan.name in pids and device in (None, plan.name)]
        root = LOG_DIRECTORY.relative_to("/")
        return tuple(Path(f"/proc/{pids[p.name]}/root", root, f"{d.name}.log") for p in plans for d in p.daemons)

    def restart(self, name: str, device: str, daemon: str) -> None:
        """See `LabEngine.restart`. Faults that held the daemon end."""
        with self._locked(name):
            self._ask(name, {"op": "restart", "daemon": [device, daemon]})
            active = self._active(name)
            free = [f for f in active.values() if (device, daemon) not in (*f.killed, *f.paused)]
            self._change(name, active, {fault.target: fault for fault in free})

    def fail(self, name: str, fault: Fault) -> FaultChange:
        """See `LabEngine.fail`."""
        with self._locked(name):
            active = self._active(name)
            return self._change(name, active, {**active, fault.target: fault})

    def reload(self, name: str, device: str) -> FaultChange:
        """See `LabEngine.reload`."""
        with self._locked(name):
            self._pids(name, device)
            return change_from(self._ask(name, {"op": "reload", "device": device}))

    def impair(self, name: str, impaired: Impaired) -> ImpairmentChange:
        """See `LabEngine.impair`."""
        with self._locked(name) as directory:
            active = self._impaired(name)
            return self._set_impaired(directory, active, {**active, impaired.target: impaired})

    def clear(self, name: str, targets: Sequence[str] | None) -> ImpairmentChange:
        """See `LabEngine.clear`."""
        with self._locked(name) as directory:
            active = self._impaired(name)
            kept = {} if targets is None else {t: entry for t, entry in active.items() if t not in targets}
            return self._set_impaired(directory, active, kept)

    def lateness(self, name: str) -> Lateness | None:
        """See `LabEngine.lateness`."""
        with self._locked(name):
            return lateness_from(self._ask(name, {"op": "lateness"}))

    def heal(self, name: str, targets: Sequence[str] | None) -> FaultChange:
        """See `LabEngine.heal`."""
        with self._locked(name):
            active = self._active(name)
            kept = {} if targets is None else {t: f for t, f in active.items() if t not in targets}
            return self._change(name, active, kept)

    def _impaired(self, name: str) -> dict[str, Impaired]:
        return {e.target: e for e in IMPAIRMENTS.entries(self._directory(name).text(IMPAIRMENTS.file), name)}

    def _set_impaired(
        self, directory: LabDirectory, before: Mapping[str, Impaired], after: Mapping[str, Impaired]
    ) -> ImpairmentChange:
        """The lab has exactly the impairments `after`, or, where they are refused, those of before.

        They are written down before they act: what was written can be cleared.
        """
        name = directory.path.name
        request = {"op": "impair", "impaired": _values(before), "after": _values(after)}
        self._write(directory, IMPAIRMENTS.file, IMPAIRMENTS.text(after.values()))
        try:
            reply = self._ask(name, request)
        except LabError:
            self._write(directory, IMPAIRMENTS.file, IMPAIRMENTS.text(before.values()))
            raise
        self._write(directory, RELAY_FILE, reply["relay"])
        return impairment_change_from(reply)

    @staticmethod
    def _write(directory: LabDirectory, file: str, text: str) -> None:
        with directory.opened() as descriptor:
            write_file(descriptor, file, text)

    def _active(self, name: str) -> dict[str, Fault]:
        return {fault.target: fault for fault in FAULTS.entries(self._directory(name).text(FAULTS.file), name)}

    def _change(self, name: str, before: Mapping[str, Fault], after: Mapping[str, Fault]) -> FaultChange:
        """The lab has exactly the faults `after`, written down before they act: what was written can be healed."""
        faults = {"before": list(map(fault_value, before.values())), "after": list(map(fault_value, after.values()))}
        self._ask(name, {"op": "check", **faults})
        self._write(self._directory(name), FAULTS.file, FAULTS.text(after.values()))
        return change_from(self._ask(name, {"op": "change", **faults}))

    def _ask(self, name: str, request: Mapping[str, Any]) -> Any:
        """What the hand replies, told what the lab is and what holds in it."""
        pids, directory = self._pids(name), self._directory(name)
        lab = {
            "blueprint": directory.text(BLUEPRINT_FILE),
            "before": list(map(fault_value, self._active(name).values())),
            "impaired": _values(self._impaired(name)),
            "relay": directory.text(RELAY_FILE),
        }
        return ask(pids, {**lab, **request})

    def _way(self, name: str, device: str | None, argv: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command that runs `argv` in a device's container, or where all can be seen, and its environment."""
        if device is None:
            return self._inside(name, argv), inner_environment(self._environ)
        pid = self._pids(name, device)[device]
        return user_argv(pid, tuple(argv)), environment(pid, self._environ)

    def _inside(self, name: str, argv: Sequence[str]) -> tuple[str, ...]:
        return enter_argv(self._pids(name), argv)

    def _pids(self, name: str, device: str | None = None) -> Mapping[str, int]:
        record = self._record(name)
        if record is None:
            raise not_up(name)
        pids = record.pids()
        if device is not None and device not in pids:
            raise no_device(self._blueprint(name), device)
        return pids

    def _record(self, name: str) -> Record | None:
        """What is known of a lab of which a container runs."""
        record = record_from(self._directory(name).text(RECORD_FILE))
        return record if record and any(process.lives() for process in record.containers.values()) else None

    def _blueprint(self, name: str) -> Blueprint:
        return from_json(self._directory(name).text(BLUEPRINT_FILE))

    def _root(self) -> Path:
        return state_root(self._environ).with_name("containerlab")

    def _directory(self, name: str) -> LabDirectory:
        check_lab_name(name)
        directory = LabDirectory(self._root() / name)
        refuse_strangers(directory.path.parent, directory.path)
        return directory

    @contextmanager
    def _locked(self, name: str) -> Iterator[LabDirectory]:
        directory = self._directory(name)
        lock = directory.lock(_PATIENCE_S)
        if lock is None:
            raise LabError(f"Lab {name} is being changed by another process. Wait for that to finish.")
        try:
            yield directory
        finally:
            os.close(lock)


def _values(impaired: Mapping[str, Impaired]) -> list[dict[str, Any]]:
    return list(map(impaired_value, impaired.values()))


def _already_up(name: str, record: Record, files: Mapping[str, str]) -> UpResult:
    if record.phase != "running":
        raise LabError(f"Lab {name} did not survive a change whole; end it with `fabric lab down` before the next try.")
    if record.digest != digest_of(files):
        way_out = "change it with `fabric lab apply`, end it first with `fabric lab down`, or choose another name"
        raise LabError(f"Lab {name} is already up, with other devices, cables or files; {way_out}.")
    return UpResult(name, True, {}, record.remarks)
