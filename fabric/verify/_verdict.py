"""What a verification found: checks, each with what was expected, what was seen, and every difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from fabric._values import dataclass

FIB_CHECK = "kernel FIB entries"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what was expected and what was seen."""

    where: str
    expected: str
    observed: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, observed {self.observed}"


@dataclass(frozen=True, slots=True)
class Check:
    """One proof: how many things were compared, how many were as expected, and those that were not."""

    name: str
    compared: int
    as_expected: int
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """True when nothing differs and there was something to compare."""
        return not self.findings and self.compared == self.as_expected and self.compared > 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Flows between two groups of devices."""

    pairs: int = 0
    sent: int = 0
    answered: int = 0

    def plus(self, sent: int, answered: int) -> Cell:
        """The cell with one more pair."""
        return Cell(self.pairs + 1, self.sent + sent, self.answered + answered)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Reachability between groups of devices over one family."""

    axis: Literal["zone", "role"]
    family: str
    labels: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that one verification found."""

    lab: str
    checks: tuple[Check, ...]
    matrices: tuple[Matrix, ...] = ()

    @property
    def fidelity(self) -> float:
        """The share of kernel FIB entries that are exactly as predicted: 1.0 when every single one is."""
        compared = [check for check in self.checks if check.name == FIB_CHECK]
        total = sum(check.compared for check in compared)
        return sum(check.as_expected for check in compared) / total if total else 0.0

    @property
    def passed(self) -> bool:
        """True when every check passed."""
        return all(check.passed for check in self.checks)
