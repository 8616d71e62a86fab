"""What keeps a file from being planned, told beside the mistakes that it has anyhow."""

from __future__ import annotations

from pathlib import Path

from fabric.errors import PlanError, TopologyError
from fabric.plan._build import build
from fabric.topology import sound_part


def with_plan_problems(error: TopologyError, path: Path | str) -> TopologyError:
    """The error of a file with everything that keeps the sound part of the file from being planned, if there is one."""
    rest = sound_part(path)
    if rest is None:
        return error
    try:
        build(rest)
    except PlanError as more:
        return TopologyError((*error.problems, *more.problems))
    return error
