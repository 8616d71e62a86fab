"""What came of playing scenarios: typed, so that any report can be made of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from enum import StrEnum

from fabric import __version__
from fabric._values import dataclass
from fabric.lab import FlowPhase, LabStatus, ProbePair
from fabric.verify._measure import Expected
from fabric.verify._verdict import Finding


class Outcome(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    """An expectation did not hold."""
    ERROR = "error"
    """It could not be played to its end."""
    SKIPPED = "skipped"
    """The fabric has not what it needs."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where something was measured, for whoever measures it again."""

    kernel: str
    processors: int
    load: float
    """Of the last minute, when it began."""
    frr: str
    fabric: str


def this_machine(status: LabStatus) -> Machine:
    """The machine and the versions of now."""
    return Machine(
        platform.release(), os.cpu_count() or 1, round(os.getloadavg()[0], 2), status.frr_version, __version__
    )


@dataclass(frozen=True, slots=True)
class QuorumPart:
    """What etcd did in a part of a case."""

    acknowledged: int
    failed: int
    """Writes that no member acknowledged in time."""
    leaders: int
    """Changes of the leader."""
    outage_ms: float
    """The longest time between two acknowledged writes."""
    p99_ms: float | None
    """Of acknowledged writes; `None` without one."""


@dataclass(frozen=True, slots=True)
class PartResult:
    """From one change to the next."""

    step: str
    """What was done, in the words of the scenario."""
    took_ms: float
    """How long doing it took."""
    lasted_s: float
    flows: tuple[FlowPhase, ...]
    last_route_ms: float | None
    """From the change to the last change of a kernel's route in this part; `None` without one."""
    sessions_down: int
    expected: Expected | None
    """By the simulator; `None` where it knows nothing of it."""
    findings: tuple[Finding, ...]
    quorum: QuorumPart | None = None
    cut: frozenset[ProbePair] = frozenset()
    """Pairs that are predicted to be cut: their silence is no outage to be judged."""

    @property
    def living(self) -> tuple[FlowPhase, ...]:
        """The flows of the pairs that are not cut."""
        return tuple(entry for entry in self.flows if entry.pair not in self.cut)

    @property
    def outage_ms(self) -> float | None:
        """The longest outage of any flow of a pair that is not cut; `None` where all are."""
        return max((entry.outage_ms for entry in self.living), default=None)

    @property
    def lost(self) -> int | None:
        """Packets lost of the pairs that are not cut; `None` where all are."""
        return sum(entry.lost for entry in self.living) if self.living else None

    @property
    def heartbeat_ms(self) -> float | None:
        """The longest silence of a TCP stream of a pair that is not cut; `None` where none was heard."""
        return max((entry.heartbeat_ms for entry in self.living if entry.heartbeat_ms is not None), default=None)


@dataclass(frozen=True, slots=True)
class QuorumResult:
    """What became of etcd over the whole case."""

    profile: str
    members: tuple[str, ...]
    acknowledged: int
    missing: int
    """Acknowledged writes that were not there at the end: lost ones."""
    before: QuorumPart
    """While nothing was broken."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case."""

    name: str
    title: str
    source: str
    outcome: Outcome
    words: str
    """Why it was skipped, or could not be played; empty otherwise."""
    seconds: float
    noise_ms: float
    """The longest time without a packet before anything was done, less the spacing."""
    parts: tuple[PartResult, ...] = ()
    quorum: QuorumResult | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All expectations that did not hold."""
        return tuple(finding for part in self.parts for finding in part.findings)


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """All cases that were played on a lab."""

    lab: str
    machine: Machine
    cases: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        """True when nothing failed, and something was played."""
        counts = self.counts
        return not counts[Outcome.FAILED] and not counts[Outcome.ERROR] and counts[Outcome.PASSED] > 0

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many cases ended each way."""
        return {outcome: sum(case.outcome is outcome for case in self.cases) for outcome in Outcome}
