"""Which lab a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fabric.cli._console import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fabric.lab import LabStatus, RunningLab
    from fabric.verify import Prediction


def running_lab(name: str | None) -> RunningLab:
    """The lab that is meant: the named one, else the only one that runs, on whatever engine."""
    from fabric.lab import find_lab

    return find_lab(name)


def marked(document: Mapping[str, Any], status: LabStatus) -> dict[str, Any]:
    """The document of a lab with the fingerprint of its design, by which `fabric report` knows it again."""
    from fabric.lab import plan_of
    from fabric.plan import fingerprint

    return {**document, "design": fingerprint(plan_of(status))}


def predicted_now(running: RunningLab) -> Prediction:
    """What is predicted of the lab as it is, faults and all. Raises `LabError` under a fault that is not predicted."""
    from fabric.errors import LabError
    from fabric.lab import fabric_of
    from fabric.verify import broken, predict_broken, unpredicted

    now = running.status()
    fabric = fabric_of(now)
    if unknown := [fault.target for fault in unpredicted(fabric, now.faults)]:
        way_out = "Heal it with `fabric lab heal` first"
        raise LabError(f"{', '.join(unknown)}: what a fabric does then is not predicted. {way_out}.")
    if now.faults:
        note(f"{running.name}: predicted under {', '.join(fault.target for fault in now.faults)}")
    return predict_broken(broken(fabric, now.faults))
