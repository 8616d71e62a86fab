"""The controllers' own test cases, where they lie beside the repository (or where FABRIC_CASES says)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
RELEASES = ("head", "v0.0.25", "ocp4.20", "ocp4.18")


def beside(name: str) -> Path | None:
    """A directory of `shared`, where that lies beside the repository or beside the directory of its work trees."""
    places = (place / "shared" / name for place in _REPOSITORY.parents[:2])
    return next((place for place in places if place.is_dir()), None)


def cases_directory() -> Path | None:
    """The directory of cases, or `None` where there is none."""
    named = os.environ.get("FABRIC_CASES")
    return Path(named) if named else beside("frr-k8s-cases")


needs_cases = pytest.mark.skipif(cases_directory() is None, reason="the controllers' test cases are not here")


def case_directories(kind: str, needed: str) -> list[tuple[str, Path]]:
    """Release and directory of every case of `kind` that has the file `needed`."""
    root = cases_directory()
    if root is None:
        return []
    return [
        (release, case)
        for release in RELEASES
        for case in sorted((root / kind / release).iterdir())
        if (case / needed).exists()
    ]


def case_id(value: object) -> str | None:
    """A short name of a parameter for pytest's report."""
    return value.name if isinstance(value, Path) else None


def stripped(text: str) -> list[str]:
    """The lines of a configuration as the cases are compared: stripped, without blank ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
