"""Which lab a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.lab import RunningLab


def running_lab(name: str | None) -> RunningLab:
    """The lab that is meant: the named one, else the only one that runs, on whatever engine."""
    from fabric.lab import find_lab

    return find_lab(name)
