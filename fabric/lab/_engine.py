"""`LabEngine`, what every engine can do, and `EmbeddedEngine`, which runs FRR in namespaces of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fabric.errors import LabError, MachineError
from fabric.lab._blueprint import BLUEPRINT_FILE, NEXT_FILE, Blueprint, draw, from_json
from fabric.lab._channel import Progress
from fabric.lab._control import ask
from fabric.lab._enter import Completed, conversation, enter_argv, run_attached, run_captured, tamed
from fabric.lab._fault import FAULTS, Fault, FaultChange, fault_value
from fabric.lab._frr import find_frr
from fabric.lab._impairment import IMPAIRMENTS, Impaired, ImpairmentChange, Lateness, impaired_value
from fabric.lab._kernel import has_tcp_md5
from fabric.lab._launch import UpOptions, end, launch
from fabric.lab._places import log_file
from fabric.lab._reshape import renumbered, reshape
from fabric.lab._spec import LabSpec, check_lab_name, check_spec
from fabric.lab._state import DaemonStatus, LabDirectory, SupervisorStatus, refuse_strangers, state_root, write_file

_APPLY_S = 600.0
_PATIENCE_S = 1.0  # for a lock that another command holds only while it looks


@dataclass(frozen=True)
class UpResult:
    """How `up` went: seconds from the supervisor's start to the end of each stage, and FRR's remarks on the way."""

    name: str
    already_up: bool
    seconds: Mapping[str, float]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class LabStatus:
    """A lab that is up, or was kept after it failed to come up."""

    name: str
    phase: str
    """`starting`, `running`, `changing` (to another design) or `failed`."""
    digest: str
    """Fingerprint of what the lab was built from."""
    frr_version: str
    devices: tuple[str, ...]
    daemons: tuple[DaemonStatus, ...]
    remarks: tuple[str, ...]
    sources: Mapping[str, str] = field(repr=False)
    """See `LabSpec.sources`."""
    faults: tuple[Fault, ...] = ()
    """Active ones, the oldest first."""
    impairments: tuple[Impaired, ...] = ()

    @property
    def ended_daemons(self) -> tuple[DaemonStatus, ...]:
        """The daemons that ended, for whatever reason."""
        return tuple(daemon for daemon in self.daemons if not daemon.running)


def check_passwords(spec: LabSpec) -> None:
    """Nothing; raises `MachineError` where sessions have passwords that the kernel cannot sign with."""
    with_password = next((d.name for d in spec.fabric for b in d.bgp for n in b.neighbors if n.password), None)
    if with_password and not has_tcp_md5():
        raise MachineError(
            f"Lab {spec.name}: sessions of {with_password} have passwords, and this kernel has no TCP-MD5 "
            "(CONFIG_TCP_MD5SIG, which FIPS mode switches off). Run the lab on another kernel, or leave the passwords "
            "out of the design."
        )


def unheard(_progress: Progress) -> None:
    """Nothing; for callers who do not follow the progress."""


class LabEngine(Protocol):
    """Runs labs. All methods raise `LabError` for a lab that is not up, save `up`, `down` and `status`."""

    def up(self, spec: LabSpec, options: UpOptions = ..., listener: Callable[[Progress], None] = ...) -> UpResult:
        """What came of it: the lab runs, its daemons have their configuration. Sessions and routes are not awaited."""
        ...

    def down(self, name: str) -> bool:
        """True when something was up and now is not; all that belongs to the lab is gone on return."""
        ...

    def status(self, name: str) -> LabStatus | None:
        """What is known of a lab; `None` when it is not up."""
        ...

    def names(self) -> tuple[str, ...]:
        """The labs that are up, sorted."""
        ...

    def leftovers(self) -> tuple[str, ...]:
        """The labs that ended by themselves or were killed, so that something of them is still there for `down`."""
        ...

    def run(self, name: str, device: str | None, argv: Sequence[str], timeout_s: float | None = None) -> Completed:
        """How a program ended that ran on a device, as a user's programs do (`None`: where all devices can be seen)."""
        ...

    def attach(self, name: str, device: str | None, argv: Sequence[str]) -> int:
        """The exit code of a program that ran there on the caller's own terminal."""
        ...

    def shell(self, name: str, device: str) -> str:
        """The program that, attached on a device, is a shell there."""
        ...

    def call(self, name: str, argv: Sequence[str], stdin: str = "") -> str:
        """The output of a program that sees all devices' namespaces under `/run/netns`; `LabError` when it fails."""
        ...

    def converse(self, name: str, argv: Sequence[str]) -> subprocess.Popen[str]:
        """A program that runs as one of `call` does, to be talked to by its pipes. Whoever asked for it ends it."""
        ...

    def vtysh(self, name: str, device: str, commands: Sequence[str]) -> str:
        """What FRR answers to commands on a device; `LabError` with its words when it refuses one."""
        ...

    def vtysh_argv(self, name: str, device: str, commands: Sequence[str] = ()) -> tuple[str, ...]:
        """The command that, attached with no device, is FRR's shell on a device."""
        ...

    def changes(self, spec: LabSpec) -> tuple[str, ...]:
        """The steps that `apply` would take, in words; none where the lab is as the spec says."""
        ...

    def apply(self, spec: LabSpec) -> float:
        """Milliseconds that it took to make the running lab of that name the lab of the spec; what stays runs on.

        Raises `LabError` where a step fails; the lab then runs on as it was. Where that could not be reached either,
        the error says so; the lab is `failed`, and can only be looked into and ended.
        """
        ...

    def log_files(self, name: str, device: str | None) -> tuple[Path, ...]:
        """The log files of a device's daemons, or of all, as a program sees them that is attached with no device."""
        ...

    def restart(self, name: str, device: str, daemon: str) -> None:
        """Nothing; a daemon, ended or not, runs anew with its configuration loaded."""
        ...

    def reload(self, name: str, device: str) -> FaultChange:
        """How long the device's running daemons took to read their configuration file again."""
        ...

    def fail(self, name: str, fault: Fault) -> FaultChange:
        """What the fault changed, which is active from now on, all its ports down at one instant."""
        ...

    def heal(self, name: str, targets: Sequence[str] | None) -> FaultChange:
        """What healing these faults changed (`None`: all of them); what another fault holds stays down."""
        ...

    def impair(self, name: str, impaired: Impaired) -> ImpairmentChange:
        """What came of the impairment, which is active from now on in place of one of the same target.

        Raises `LabError`, having changed nothing, where it cannot be kept to within 1 ms.
        """
        ...

    def clear(self, name: str, targets: Sequence[str] | None) -> ImpairmentChange:
        """What clearing these impairments changed (`None`: all of them)."""
        ...

    def lateness(self, name: str) -> Lateness | None:
        """How late delayed frames were since this was last asked; `None` where no frame is delayed in user space."""
        ...


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

    def apply(self, spec: LabSpec) -> float:
        """See `LabEngine.apply`."""
        check_passwords(spec)
        old, new = self._both(spec)
        request = {"op": "apply", "from": old.digest(), "to": new.digest()}
        with self._directory(spec.name).opened() as descriptor:
            write_file(descriptor, NEXT_FILE, new.to_json())
            try:
                reply = ask(self._alive(spec.name)[0].supervisor.pid, request, _APPLY_S)
            finally:
                os.unlink(NEXT_FILE, dir_fd=descriptor)
        return float(reply["milliseconds"])

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


def change_from(reply: Mapping[str, Any]) -> FaultChange:
    """What the lab says that a fault changed."""
    return FaultChange(tuple(reply["targets"]), reply["ports"], reply["milliseconds"])


def impairment_change_from(reply: Mapping[str, Any]) -> ImpairmentChange:
    """What the lab says that came of impairing or clearing."""
    return ImpairmentChange(tuple(reply["targets"]), reply["means"], _three(reply["timer_ms"]))


def lateness_from(reply: Mapping[str, Any] | None) -> Lateness | None:
    """What the relay says of how late it was."""
    return None if reply is None else Lateness(reply["frames"], _three(reply["late_ms"]))


def _three(value: Sequence[float] | None) -> tuple[float, float, float] | None:
    return None if value is None else (value[0], value[1], value[2])


def no_device(blueprint: Blueprint, device: str) -> LabError:
    """The error for a device that a lab does not have."""
    names = ", ".join(device.name for device in blueprint.devices)
    return LabError(f"Lab {blueprint.name} has no device {device}; it has {names}.")


def not_up(name: str) -> LabError:
    """The error for a lab that is not up."""
    return LabError(f"Lab {name} is not up. Start it with `fabric lab up`.")


def failed_call(name: str, argv: Sequence[str], done: Completed) -> LabError:
    """The error for a program whose output was wanted."""
    words = (done.stderr or done.stdout).strip()
    return LabError(f"Lab {name}: `{' '.join(argv)}` ended with exit code {done.exit_code}: {words}")
