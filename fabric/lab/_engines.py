"""All engines by name, and the labs that run on any of them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fabric.errors import InputError, LabError
from fabric.lab._containers import ContainerlabEngine
from fabric.lab._embedded import EmbeddedEngine
from fabric.lab._engine import LabEngine
from fabric.lab._running import RunningLab

ENGINES: Mapping[str, type[EmbeddedEngine] | type[ContainerlabEngine]] = {
    "embedded": EmbeddedEngine,
    "containerlab": ContainerlabEngine,
}
"""Every engine by the name that a user asks for it by; the first is the default."""


def all_engines(environ: Mapping[str, str] = os.environ) -> tuple[LabEngine, ...]:
    """One of each kind."""
    return tuple(kind(environ) for kind in ENGINES.values())


def engine_named(name: str, environ: Mapping[str, str] = os.environ) -> LabEngine:
    """The engine called `name`; raises `InputError` for an unknown name."""
    if name not in ENGINES:
        raise InputError(f"engine: found {name!r}; allowed: {', '.join(ENGINES)}. Choose one of these.")
    return ENGINES[name](environ)


def running_labs(environ: Mapping[str, str] = os.environ) -> tuple[RunningLab, ...]:
    """The labs that are up on any engine, sorted by name."""
    found = (RunningLab(engine, name) for engine in all_engines(environ) for name in engine.names())
    return tuple(sorted(found, key=lambda lab: lab.name))


def find_lab(name: str | None, environ: Mapping[str, str] = os.environ) -> RunningLab:
    """The lab that is meant: the named one, else the only one that runs, on whatever engine.

    Raises `LabError` where none runs, `InputError` where several do and none is named.
    """
    running = running_labs(environ)
    named = [lab for lab in running if name in (None, lab.name)]
    if name is not None:
        return named[0] if named else RunningLab(EmbeddedEngine(environ), name)
    if not named:
        raise LabError("No lab is up. Start one with `fabric lab up FILE`.")
    if len(named) > 1:
        raise InputError(f"Several labs are up: {', '.join(lab.name for lab in named)}. Name one with --lab.")
    return named[0]


def refuse_elsewhere(name: str, engine: LabEngine, environ: Mapping[str, str] = os.environ) -> None:
    """Nothing; raises `LabError` when a lab of that name is up on another engine, which would be meant by the name."""
    if any(lab.name == name and type(lab.engine) is not type(engine) for lab in running_labs(environ)):
        raise LabError(f"Lab {name} is up on another engine; end it first with `fabric lab down`, or use --name.")
