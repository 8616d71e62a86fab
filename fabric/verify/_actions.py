"""What is done to a running lab step by step: draining without loss, its undoing, and flapping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.errors import InputError, LabError
from fabric.lab import Fault, FaultChange, LabStatus, RunningLab
from fabric.verify._faults import broken, fault_of
from fabric.verify._predict import predict_broken
from fabric.verify._run import settle
from fabric.verify._sessions import await_sessions

_SETTLE_S = 30.0
MOMENTARY = ("restart", "reload")
"""Kinds that `perform` knows beside those of `fault_of`: over as soon as they are done, with nothing to heal."""
Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Flap:
    """How often, and every how many seconds, something goes down and comes back."""

    count: int
    period_s: float


def perform(lab: RunningLab, fabric: FabricConfig, target: str, stage: Stage = lambda _: None) -> FaultChange:
    """What it changed: the lab is broken as `target` says, a drained device being taken away once nothing uses it.

    See `fault_of` for the targets; `restart:DEVICE:DAEMON` and `reload:DEVICE` happen and are over.
    Raises `InputError` for what the lab has not, `LabError` where a drain does not come to an end.
    """
    kind, _, name = target.partition(":")
    if kind == "reload":
        return lab.engine.reload(lab.name, name)
    status = lab.status()
    if kind == "restart":
        [daemon] = fault_of(fabric, status, f"daemon:{name}").killed
        began = time.monotonic()
        lab.engine.restart(lab.name, *daemon)
        return FaultChange((), 0, (time.monotonic() - began) * 1000)
    fault = fault_of(fabric, status, target)
    if kind == "drain" and not is_active(status, target):
        return _drain(lab, fabric, fault, stage)
    return lab.engine.fail(lab.name, fault)


def is_active(status: LabStatus, target: str) -> bool:
    """True while the lab has this fault."""
    return any(fault.target == target for fault in status.faults)


def restore(
    lab: RunningLab, fabric: FabricConfig, targets: Sequence[str] | None, stage: Stage = lambda _: None
) -> FaultChange:
    """What healing changed (`None`: all faults); a drained device gets its traffic back only once it can carry it.

    Faults that are healed with it go first: traffic cannot come back past a daemon that is still dead.
    """
    healed = [fault for fault in lab.status().faults if targets is None or fault.target in targets]
    returning = [fault for fault in healed if fault.reconfigured and fault.ports]
    others = [fault.target for fault in healed if fault not in returning]
    first = lab.engine.heal(lab.name, others) if returning and others else FaultChange((), 0, 0.0)
    for fault in returning:
        stage(f"bringing back {fault.target}")
        lab.engine.fail(lab.name, replace(fault, ports=()))
        _await(lab, fabric)
    last = lab.engine.heal(lab.name, targets)
    return FaultChange(
        (*first.targets, *last.targets), first.ports + last.ports, first.milliseconds + last.milliseconds
    )


def _drain(lab: RunningLab, fabric: FabricConfig, fault: Fault, stage: Stage) -> FaultChange:
    """The device says that it leaves, its peers turn away, and then its ports go down."""
    [change] = fault.reconfigured
    stage(f"draining {change.device}")
    lab.engine.fail(lab.name, fault)
    _await(lab, fabric)
    stage(f"taking {change.device} away")
    ports = fault_of(fabric, lab.status(), f"node:{change.device}").ports
    return lab.engine.fail(lab.name, replace(fault, ports=ports))


def _await(lab: RunningLab, fabric: FabricConfig) -> None:
    """Nothing; every kernel forwards as it should under the faults of now, and every session is as it should be."""
    prediction = predict_broken(broken(fabric, lab.status().faults))
    sessions = await_sessions(lab, prediction, _SETTLE_S)
    settled = settle(lab, prediction, _SETTLE_S)
    if settled.missing or sessions.findings:
        found = [*sessions.findings, *settled.missing]
        raise LabError(
            f"Lab {lab.name} did not come to forward as predicted within {_SETTLE_S:g} s: {found[0]}"
            + (f" and {len(found) - 1} more" if found[1:] else "")
            + ". Look into it with `fabric lab verify`."
        )


def flap(lab: RunningLab, fabric: FabricConfig, target: str, how: Flap) -> Iterator[FaultChange]:
    """Each change, as it comes: `how.count` times down and back, half of the period each. It ends healed."""
    if how.count < 1 or how.period_s <= 0:
        raise InputError(
            f"{target}: found {how.count} flaps of {how.period_s:g} s; give at least one, longer than 0 s."
        )
    fault = fault_of(fabric, lab.status(), target)
    began = time.monotonic()
    try:
        for half in range(2 * how.count):
            time.sleep(max(0.0, began + half * how.period_s / 2 - time.monotonic()))
            down = half % 2 == 0
            yield lab.engine.fail(lab.name, fault) if down else lab.engine.heal(lab.name, [target])
    finally:
        lab.engine.heal(lab.name, [target])
