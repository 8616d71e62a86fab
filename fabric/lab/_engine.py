"""`LabEngine`, what every engine can do, and what all of them say in the same words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from fabric._values import dataclass
from fabric.errors import InputError, LabError, MachineError, unknown
from fabric.lab._blueprint import Blueprint
from fabric.lab._channel import Progress
from fabric.lab._enter import Completed
from fabric.lab._fault import Fault, FaultChange
from fabric.lab._impairment import Impaired, ImpairmentChange, Lateness
from fabric.lab._kernel import has_tcp_md5
from fabric.lab._launch import UpOptions
from fabric.lab._spec import LabSpec
from fabric.lab._state import DaemonStatus


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

    def rehearse(self, spec: LabSpec) -> None:
        """Nothing, and nothing has changed; raises what `apply` would raise before it touched anything.

        So it does where faults or impairments are active, or the machine lacks what the design is made of.
        """
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
        """Nothing; a daemon, ended or not, runs anew with its configuration loaded.

        One that runs ends in order, as a service manager has it: it gets SIGTERM, closes its sessions or takes its
        routes away, and is killed after 5 s. To see it die, fail `daemon:` and heal.
        """
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


def no_device(blueprint: Blueprint, device: str) -> InputError:
    """The error for a device that a lab does not have."""
    return InputError(f"Lab {blueprint.name}: {unknown('device', device, (plan.name for plan in blueprint.devices))}")


def not_up(name: str) -> LabError:
    """The error for a lab that is not up."""
    return LabError(f"Lab {name} is not up. Start it with `fabric lab up`.")


def failed_call(name: str, argv: Sequence[str], done: Completed) -> LabError:
    """The error for a program whose output was wanted."""
    words = (done.stderr or done.stdout).strip()
    return LabError(f"Lab {name}: `{' '.join(argv)}` ended with exit code {done.exit_code}: {words}")
