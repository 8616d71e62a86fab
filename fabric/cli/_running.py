"""Which lab a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.lab import EmbeddedEngine, RunningLab


def embedded() -> EmbeddedEngine:
    """The engine that runs labs in namespaces of this machine."""
    from fabric.lab import EmbeddedEngine

    return EmbeddedEngine()


def running_lab(name: str | None) -> RunningLab:
    """The lab that is meant: the named one, else the only one that runs."""
    from fabric.errors import InputError, LabError
    from fabric.lab import RunningLab

    engine = embedded()
    names = engine.names()
    if name is None and not names:
        raise LabError("No lab is up. Start one with `fabric lab up FILE`.")
    if name is None and len(names) > 1:
        raise InputError(f"Several labs are up: {', '.join(names)}. Name one with --lab.")
    return RunningLab(engine, name or names[0])
