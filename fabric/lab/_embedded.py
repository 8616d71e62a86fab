"""`EmbeddedEngine`, which runs FRR in namespaces of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fabric.errors import LabError
from fabric.lab._blueprint import BLUEPRINT_FILE, NEXT_FILE, Blueprint, draw, from_json
from fabric.lab._channel import Progress
from fabric.lab._control import ask
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
from fabric.lab._enter import Completed, conversation, enter_argv, run_attached, run_captured, tamed
from fabric.lab._fault import FAULTS, Fault, FaultChange, fault_value
from fabric.lab._frr import find_frr
from fabric.lab._impairment import IMPAIRMENTS, Impaired, ImpairmentChange, Lateness, impaired_value
from fabric.lab._launch import UpOptions, end, launch
from fabric.lab._places import log_file
from fabric.lab._reshape import renumbered, reshape
from fabric.lab._spec import LabSpec, check_lab_name, check_spec
from fabric.lab._state import LabDirectory, SupervisorStatus, refuse_strangers, state_root, write_file

_APPLY_S = 600.0
_PATIENCE_S = 1.0  # for a lock that another command holds only while it looks


class EmbeddedEngine:
    """Labs in namespaces of this machine, each the private world of one supervisor process. Needs no privilege."""

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
        blueprint = draw(spec, find_frr(self._environ))
        directory = self._directory(spec.name)
        lock = directory.lock(0 if self.status(spec.name) else _PATIENCE_S)
        if lock is None:
            return self._already_up(blueprint)
        directory.clear()
        ready = launch(blueprint, directory, lock, options, listener)
        return UpResult(spec.name, False, ready.seconds, tuple(ready.remarks))

    def _already_up(self, blueprint: Blueprint) -> UpResult:
        status = self.status(blueprint.name)
        if status is None or status.phase in {"starting", "changing"}:
            raise LabError(
                f"Lab {blueprint.name} is being started, changed or ended by another process. Wait for that to finish."
            )
        if status.phase == "failed":
            why = "it did not come up and was kept for a look at it, or a change of it broke off"
            raise LabError(f"Lab {blueprint.name} is failed: {why}. End it with `fabric lab down` before the next try.")
        if status.digest != renumbered(blueprint, self._alive(blueprint.name)[1]).digest():
            way_out = "change it with `fabric lab apply`, end it first with `fabric lab down`, or choose another name"
            raise LabError(f"Lab {blueprint.name} is already up, with other devices, cables or files; {way_out}.")
        return UpResult(blueprint.name, True, {}, status.remarks)

    def down(self, name: str) -> bool:
        """See `LabEngine.down`."""
        directory = self._directory(name)
        if not directory.path.exists():
            return False
        was_up = directory.is_locked()
        end(directory)
        return was_up

    def status(self, name: str) -> LabStatus | None:
        """See `LabEngine.status`. Alive is what holds its lock and is the very process that wrote the status."""
        alive = self._find(name)
        if alive is None:
            return None
        known, blueprint = alive
        return LabStatus(
            name=name,
            phase=known.phase,
            digest=blueprint.digest(),
            frr_version=blueprint.frr_version,
            devices=tuple(device.name for device in blueprint.devices),
            daemons=known.daemons,
            remarks=known.remarks,
            sources=blueprint.sources,
            faults=FAULTS.entries(self._directory(name).text(FAULTS.file), name),
            impairments=IMPAIRMENTS.entries(self._directory(name).text(IMPAIRMENTS.file), name),
        )

    def names(self) -> tuple[str, ...]:
        """See `LabEngine.names`."""
        return tuple(directory.path.name for directory in self._directories() if directory.is_locked())

    def leftovers(self) -> tuple[str, ...]:
        """See `LabEngine.leftovers`: the labs whose supervisor was killed."""
        return tuple(directory.path.name for directory in self._directories() if not directory.is_locked())

    def _directories(self) -> list[LabDirectory]:
        root = state_root(self._environ)
        refuse_strangers(root)
        return [LabDirectory(path) for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []

    def run(self, name: str, device: str | None, argv: Sequence[str], timeout_s: float | None = None) -> Completed:
        """See `LabEngine.run`."""
        return run_captured(self._inside(name, device, tamed(argv)), "", timeout_s)

    def attach(self, name: str, device: str | None, argv: Sequence[str]) -> int:
        """See `LabEngine.attach`."""
        return run_attached(self._inside(name, device, tamed(argv)))

    def shell(self, name: str, device: str) -> str:  # noqa: ARG002
        """See `LabEngine.shell`. The machine's programs are every device's."""
        return self._environ.get("SHELL", "/bin/sh")

    def call(self, name: str, argv: Sequence[str], stdin: str = "") -> str:
        """See `LabEngine.call`. This package can be imported there: `[sys.executable, "-m", "fabric.…"]`."""
        done = run_captured(self._inside(name, None, argv), stdin, None)
        if done.exit_code:
            raise failed_call(name, argv, done)
        return done.stdout

    def converse(self, name: str, argv: Sequence[str]) -> subprocess.Popen[str]:
        """See `LabEngine.converse`."""
        return conversation(self._inside(name, None, argv))

    def vtysh(self, name: str, device: str, commands: Sequence[str]) -> str:
        """See `LabEngine.vtysh`."""
        done = run_captured(self._inside(name, device, self.vtysh_argv(name, device, commands)), "", None)
        if done.exit_code:
            words = " ".join((done.stdout + done.stderr).split())
            raise LabError(f"{device}: FRR refused `{'; '.join(commands)}`: {words}")
        return done.stdout

    def vtysh_argv(self, name: str, device: str, commands: Sequence[str] = ()) -> tuple[str, ...]:
        """The command that, run or attached on a device, is FRR's shell there."""
        _, blueprint = self._alive(name)
        plan = blueprint.device(device)
        if plan is None:
            raise no_device(blueprint, device)
        options = (option for command in commands for option in ("-c", command))
        return (blueprint.vtysh, "-N", plan.pathspace, *options)

    def changes(self, spec: LabSpec) -> tuple[str, ...]:
        """See `LabEngine.changes`."""
        return reshape(*self._both(spec)).steps()

    def rehearse(self, spec: LabSpec) -> None:
        """See `LabEngine.rehearse`."""
        self._ask_with(spec, "rehearse")

    def apply(self, spec: LabSpec) -> float:
        """See `LabEngine.apply`."""
        return float(self._ask_with(spec, "apply")["milliseconds"])

    def _ask_with(self, spec: LabSpec, operation: str) -> Any:
        """What the supervisor replies, which finds the blueprint of `spec` left for it."""
        check_passwords(spec)
        old, new = self._both(spec)
        request = {"op": operation, "from": old.digest(), "to": new.digest()}
        with self._directory(spec.name).opened() as descriptor:
            write_file(descriptor, NEXT_FILE, new.to_json())
            try:
                return ask(self._alive(spec.name)[0].supervisor.pid, request, _APPLY_S)
            finally:
                os.unlink(NEXT_FILE, dir_fd=descriptor)

    def _both(self, spec: LabSpec) -> tuple[Blueprint, Blueprint]:
        """The blueprint of the running lab, and the one that it is to become."""
        check_spec(spec)
        status, old = self._alive(spec.name)
        if status.phase != "running":
            way_out = "End it with" if status.phase == "failed" else "Wait for that to finish, or end it with"
            raise LabError(f"Lab {spec.name} is {status.phase}, and cannot be changed. {way_out} `fabric lab down`.")
        return old, renumbered(draw(spec, find_frr(self._environ)), old)

    def log_files(self, name: str, device: str | None) -> tuple[Path, ...]:
        """See `LabEngine.log_files`."""
        _, blueprint = self._alive(name)
        if device is not None and blueprint.device(device) is None:
            raise no_device(blueprint, device)
        plans = [plan for plan in blueprint.devices if device in (None, plan.name)]
        return tuple(log_file(plan.name, daemon.name) for plan in plans for daemon in plan.daemons)

    def restart(self, name: str, device: str, daemon: str) -> None:
        """See `LabEngine.restart`."""
        self._ask(name, {"op": "restart", "device": device, "daemon": daemon})

    def reload(self, name: str, device: str) -> FaultChange:
        """See `LabEngine.reload`."""
        return change_from(self._ask(name, {"op": "reload", "device": device}))

    def fail(self, name: str, fault: Fault) -> FaultChange:
        """See `LabEngine.fail`."""
        return change_from(self._ask(name, {"op": "fail", "fault": fault_value(fault)}))

    def heal(self, name: str, targets: Sequence[str] | None) -> FaultChange:
        """See `LabEngine.heal`."""
        return change_from(self._ask(name, {"op": "heal", "targets": None if targets is None else list(targets)}))

    def impair(self, name: str, impaired: Impaired) -> ImpairmentChange:
        """See `LabEngine.impair`."""
        return impairment_change_from(self._ask(name, {"op": "impair", "impaired": impaired_value(impaired)}))

    def clear(self, name: str, targets: Sequence[str] | None) -> ImpairmentChange:
        """See `LabEngine.clear`."""
        wanted = None if targets is None else list(targets)
        return impairment_change_from(self._ask(name, {"op": "clear", "targets": wanted}))

    def lateness(self, name: str) -> Lateness | None:
        """See `LabEngine.lateness`."""
        return lateness_from(self._ask(name, {"op": "relay"}))

    def _ask(self, name: str, request: Mapping[str, Any]) -> Any:
        status, _ = self._alive(name)
        return ask(status.supervisor.pid, request)

    def _inside(self, name: str, device: str | None, argv: Sequence[str]) -> tuple[str, ...]:
        status, blueprint = self._alive(name)
        if device is not None and blueprint.device(device) is None:
            raise no_device(blueprint, device)
        return enter_argv(status, device, argv)

    def _alive(self, name: str) -> tuple[SupervisorStatus, Blueprint]:
        alive = self._find(name)
        if alive is None:
            raise not_up(name)
        return alive

    def _find(self, name: str) -> tuple[SupervisorStatus, Blueprint] | None:
        directory = self._directory(name)
        status, blueprint = directory.status(), directory.text(BLUEPRINT_FILE)
        if status is None or not blueprint or not directory.is_locked() or not status.supervisor.lives():
            return None
        return status, from_json(blueprint)

    def _directory(self, name: str) -> LabDirectory:
        check_lab_name(name)
        directory = LabDirectory(state_root(self._environ) / name)
        refuse_strangers(directory.path.parent, directory.path)
        return directory
