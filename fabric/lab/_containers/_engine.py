"""`ContainerlabEngine`: labs whose devices are containers that `containerlab` starts, wires and ends."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from fabric.errors import LabError
from fabric.lab._blueprint import End, draw
from fabric.lab._channel import Progress
from fabric.lab._containers import _command as command
from fabric.lab._containers._apply import BACK_TOPOLOGY, NEXT_TOPOLOGY, Application, Way, rehearse
from fabric.lab._containers._change import change_back, change_between, image_of
from fabric.lab._containers._inside import environment, inside_argv, shell, user_argv
from fabric.lab._containers._lab import ContainerLab
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._record import RECORD_FILE, Record
from fabric.lab._containers._relay import RELAY_FILE, end_relay, relay_from
from fabric.lab._containers._router import installation
from fabric.lab._containers._start import Site, digest_of, start, topology_file
from fabric.lab._design import containerlab_files
from fabric.lab._engine import (
    LabStatus,
    UpResult,
    change_from,
    check_passwords,
    failed_call,
    lateness_from,
    unheard,
)
from fabric.lab._enter import Completed, conversation, inner_environment, run_attached, run_captured
from fabric.lab._fault import Fault, FaultChange
from fabric.lab._impairment import Impaired, ImpairmentChange, Lateness
from fabric.lab._launch import UpOptions
from fabric.lab._places import LOG_DIRECTORY
from fabric.lab._reshape import not_whole
from fabric.lab._spec import LabSpec, check_spec
from fabric.lab._state import state_root

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
        with self._lab(spec.name).locked() as lab:
            if (record := lab.record()) is not None:
                return _already_up(spec.name, record, files)
            self._end(lab)
            settled = False
            try:
                site = Site(spec.name, program, self._environ, lab.directory, files, options.deadline_s)
                result = start(site, spec, listener)
                settled = True
            finally:
                if not (settled or options.keep):
                    self._end(lab)
                    lab.directory.remove()
        return result

    def down(self, name: str) -> bool:
        """See `LabEngine.down`."""
        if not self._lab(name).directory.path.exists():
            return False
        with self._lab(name).locked() as lab:
            was_up = lab.record() is not None
            self._end(lab)
            lab.directory.remove()
        return was_up

    def _end(self, lab: ContainerLab) -> None:
        """Nothing; no container, no relay and no file of the lab is left but its lock."""
        directory = lab.directory
        end_relay(relay_from(directory.text(RELAY_FILE)))
        files = (topology_file(directory.path, lab.name).name, NEXT_TOPOLOGY, BACK_TOPOLOGY)
        for topology in (directory.path / file for file in files):
            if topology.exists():
                command.destroy(command.find_containerlab(self._environ), topology, _DESTROY_S, self._environ)
        directory.clear()

    def status(self, name: str) -> LabStatus | None:
        """See `LabEngine.status`. Alive is a lab of which a container runs."""
        lab = self._lab(name)
        record = lab.record()
        if record is None:
            return None
        blueprint = lab.blueprint()
        daemons = ContainerProcesses(record.pids()).statuses(blueprint.devices)
        return LabStatus(
            name=name,
            phase="changing" if record.phase == "failed" and lab.directory.is_locked() else record.phase,
            digest=record.digest,
            frr_version=blueprint.frr_version,
            devices=tuple(device.name for device in blueprint.devices),
            daemons=daemons,
            remarks=record.remarks,
            sources=blueprint.sources,
            faults=tuple(lab.faults().values()),
            impairments=tuple(lab.impairments().values()),
        )

    def names(self) -> tuple[str, ...]:
        """See `LabEngine.names`."""
        return tuple(lab.name for lab in self._known() if lab.record() is not None)

    def leftovers(self) -> tuple[str, ...]:
        """See `LabEngine.leftovers`."""
        return tuple(lab.name for lab in self._known() if lab.record() is None and not lab.directory.is_locked())

    def _known(self) -> list[ContainerLab]:
        root = self._root()
        return [self._lab(path.name) for path in sorted(root.iterdir())] if root.is_dir() else []

    def run(self, name: str, device: str | None, argv: Sequence[str], timeout_s: float | None = None) -> Completed:
        """See `LabEngine.run`. On a device, the program and its files are the container's."""
        way, environ = self._way(name, device, argv)
        return run_captured(way, "", timeout_s, environ)

    def attach(self, name: str, device: str | None, argv: Sequence[str]) -> int:
        """See `LabEngine.attach`. On a device, the program and its files are the container's."""
        return run_attached(*self._way(name, device, argv))

    def shell(self, name: str, device: str) -> str:
        """See `LabEngine.shell`."""
        return shell(self._lab(name).pids(device)[device], self._environ)

    def call(self, name: str, argv: Sequence[str], stdin: str = "") -> str:
        """See `LabEngine.call`."""
        done = run_captured(self._lab(name).inside(argv), stdin, None)
        if done.exit_code:
            raise failed_call(name, argv, done)
        return done.stdout

    def converse(self, name: str, argv: Sequence[str]) -> subprocess.Popen[str]:
        """See `LabEngine.converse`."""
        return conversation(self._lab(name).inside(argv))

    def vtysh(self, name: str, device: str, commands: Sequence[str]) -> str:
        """See `LabEngine.vtysh`."""
        done = run_captured(self.vtysh_argv(name, device, commands), "", None)
        if done.exit_code:
            words = " ".join((done.stdout + done.stderr).split())
            raise LabError(f"{device}: FRR refused `{'; '.join(commands)}`: {words}")
        return done.stdout

    def vtysh_argv(self, name: str, device: str, commands: Sequence[str] = ()) -> tuple[str, ...]:
        """See `LabEngine.vtysh_argv`."""
        lab = self._lab(name)
        options = (option for text in commands for option in ("-c", text))
        return inside_argv(lab.pids(device)[device], (lab.blueprint().vtysh, *options))

    def changes(self, spec: LabSpec) -> tuple[str, ...]:
        """See `LabEngine.changes`."""
        return self._ways(spec)[0].change.reshaped.steps()

    def apply(self, spec: LabSpec) -> float:
        """See `LabEngine.apply`. containerlab must be one that changes running labs, as 0.79 does."""
        check_passwords(spec)
        began = time.monotonic()
        with self._lab(spec.name).locked() as lab:
            forth, back = self._rehearsed(lab, spec)
            record = lab.record()
            assert record is not None
            application = Application(record.containers, partial(_resize, lab))
            lab.write(RECORD_FILE, replace(record, phase="failed").to_json())
            application.run(forth, back)
        return (time.monotonic() - began) * 1000

    def rehearse(self, spec: LabSpec) -> None:
        """See `LabEngine.rehearse`. containerlab is asked whether it would change the lab so."""
        check_passwords(spec)
        with self._lab(spec.name).locked() as lab:
            self._rehearsed(lab, spec)

    def _rehearsed(self, lab: ContainerLab, spec: LabSpec) -> tuple[Way, Way]:
        """The way to the lab of the spec, which nothing known beforehand stands in, and the way back."""
        ways = self._ways(spec)
        if lab.faults() or lab.impairments():
            raise not_whole()
        rehearse(ways[0])
        return ways

    def _ways(self, spec: LabSpec) -> tuple[Way, Way]:
        """From the running lab to that of the spec, and back. The lab keeps the image that it was started with."""
        check_spec(spec)
        lab = self._lab(spec.name)
        pids, record = lab.pids(), lab.record()
        if record is None or record.phase != "running":
            raise LabError(f"Lab {lab.name} is failed, and cannot be changed. End it with `fabric lab down`.")
        old, topology = lab.blueprint(), topology_file(self._root(), lab.name).name
        before = lab.files()
        after = containerlab_files(spec, image_of(before[topology]))
        drawn, texts = draw(spec, installation(next(iter(pids.values())))), (before[topology], after[topology])
        change = change_between(old, drawn, spec.fabric.cables, texts)
        program = command.find_containerlab(self._environ)
        site = Site(lab.name, program, self._environ, lab.directory, after, _APPLY_S)
        return (
            Way(change, site, NEXT_TOPOLOGY),
            Way(change_back(change, old, texts), replace(site, files=before), BACK_TOPOLOGY),
        )

    def log_files(self, name: str, device: str | None) -> tuple[Path, ...]:
        """See `LabEngine.log_files`: they lie in the containers, which the host sees into."""
        lab = self._lab(name)
        pids = lab.pids(device)
        plans = [plan for plan in lab.blueprint().devices if plan.name in pids and device in (None, plan.name)]
        root = LOG_DIRECTORY.relative_to("/")
        return tuple(Path(f"/proc/{pids[p.name]}/root", root, f"{d.name}.log") for p in plans for d in p.daemons)

    def restart(self, name: str, device: str, daemon: str) -> None:
        """See `LabEngine.restart`. Faults that held the daemon end."""
        with self._lab(name).locked() as lab:
            lab.ask({"op": "restart", "daemon": [device, daemon]})
            active = lab.faults()
            free = [f for f in active.values() if (device, daemon) not in (*f.killed, *f.paused)]
            lab.set_faults(active, {fault.target: fault for fault in free})

    def fail(self, name: str, fault: Fault) -> FaultChange:
        """See `LabEngine.fail`."""
        with self._lab(name).locked() as lab:
            active = lab.faults()
            return lab.set_faults(active, {**active, fault.target: fault})

    def reload(self, name: str, device: str) -> FaultChange:
        """See `LabEngine.reload`."""
        with self._lab(name).locked() as lab:
            lab.pids(device)
            return change_from(lab.ask({"op": "reload", "device": device}))

    def impair(self, name: str, impaired: Impaired) -> ImpairmentChange:
        """See `LabEngine.impair`."""
        with self._lab(name).locked() as lab:
            active = lab.impairments()
            return lab.set_impairments(active, {**active, impaired.target: impaired})

    def clear(self, name: str, targets: Sequence[str] | None) -> ImpairmentChange:
        """See `LabEngine.clear`."""
        with self._lab(name).locked() as lab:
            active = lab.impairments()
            kept = {} if targets is None else {t: entry for t, entry in active.items() if t not in targets}
            return lab.set_impairments(active, kept)

    def lateness(self, name: str) -> Lateness | None:
        """See `LabEngine.lateness`."""
        with self._lab(name).locked() as lab:
            return lateness_from(lab.ask({"op": "lateness"}))

    def heal(self, name: str, targets: Sequence[str] | None) -> FaultChange:
        """See `LabEngine.heal`."""
        with self._lab(name).locked() as lab:
            active = lab.faults()
            kept = {} if targets is None else {t: f for t, f in active.items() if t not in targets}
            return lab.set_faults(active, kept)

    def _way(self, name: str, device: str | None, argv: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command that runs `argv` in a device's container, or where all can be seen, and its environment."""
        if device is None:
            return self._lab(name).inside(argv), inner_environment(self._environ)
        pid = self._lab(name).pids(device)[device]
        return user_argv(pid, tuple(argv)), environment(pid, self._environ)

    def _lab(self, name: str) -> ContainerLab:
        return ContainerLab(self._root(), name)

    def _root(self) -> Path:
        return state_root(self._environ).with_name("containerlab")


def _resize(lab: ContainerLab, ends: Iterable[End]) -> None:
    if asked := [(end.device, end.index, end.mtu) for end in ends]:
        lab.ask({"op": "resize", "ends": asked})


def _already_up(name: str, record: Record, files: Mapping[str, str]) -> UpResult:
    if record.phase != "running":
        raise LabError(f"Lab {name} did not survive a change whole; end it with `fabric lab down` before the next try.")
    if record.digest != digest_of(files):
        way_out = "change it with `fabric lab apply`, end it first with `fabric lab down`, or choose another name"
        raise LabError(f"Lab {name} is already up, with other devices, cables or files; {way_out}.")
    return UpResult(name, True, {}, record.remarks)
