"""Start a lab and wait until it forwards as predicted; a lab that does not is ended, unless it is to be kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from fabric._values import dataclass
from fabric.errors import LabError
from fabric.lab import LabEngine, LabSpec, Progress, RunningLab, UpOptions, UpResult
from fabric.verify._predict import Prediction
from fabric.verify._run import Settled, settle

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """A lab that is up: how its start went, and how long after it all FIBs were seen to be as predicted."""

    start: UpResult
    settled: Settled


def bring_up(
    engine: LabEngine,
    spec: LabSpec,
    prediction: Callable[[], Prediction],
    options: UpOptions,
    listener: Callable[[Progress], None],
) -> BroughtUp:
    """The lab of `spec`, up and converged; raises `LabError` naming what was still missing at the deadline.

    The prediction is made when all daemons have their configuration: bgpd dials a second after that at the earliest
    (`BGP_INIT_START_TIMER`), and the machine has nothing else to do.
    Whatever is raised, Ctrl-C included, the lab is ended, unless `options.keep` is set or it ran before.
    """
    start = engine.up(spec, options, listener)
    began = time.monotonic()
    finished = False
    try:
        listener(Progress("converged", 0, 1))
        settled = settle(RunningLab(engine, spec.name), prediction(), options.deadline_s)
        if not settled.converged:
            raise LabError(_missing(spec.name, settled, options))
        listener(Progress("converged", 1, 1))
        finished = True
    finally:
        if not (finished or options.keep or start.already_up):
            engine.down(spec.name)
    return BroughtUp(start, replace(settled, seconds=time.monotonic() - began))


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed in a running lab, how long that took, and how long its FIBs took to become as predicted."""

    steps: tuple[str, ...]
    milliseconds: float
    settled: Settled


def apply_design(engine: LabEngine, spec: LabSpec, prediction: Prediction, deadline_s: float) -> Applied:
    """The running lab of that name, changed to `spec` and converged; raises `LabError` naming what was still missing.

    Nothing is touched where there is nothing to change.
    """
    steps = engine.changes(spec)
    milliseconds = engine.apply(spec) if steps else 0.0
    settled = settle(RunningLab(engine, spec.name), prediction, deadline_s)
    if not settled.converged:
        raise LabError(_missing(spec.name, settled, UpOptions(deadline_s)))
    return Applied(steps, milliseconds, settled)


def _missing(name: str, settled: Settled, options: UpOptions) -> str:
    shown = [f"  {finding}" for finding in settled.missing[:_SHOWN]]
    more = len(settled.missing) - len(shown)
    lines = [f"Lab {name} did not forward as predicted within {options.deadline_s:g} s. Still missing:", *shown]
    if more > 0:
        lines.append(f"  and {more} more")
    lines.append("Look into it with `fabric lab up --keep` and `fabric lab verify`, or allow more with `--deadline`.")
    return "\n".join(lines)
