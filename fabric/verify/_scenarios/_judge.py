"""What a part of a scenario shows, against what is expected of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric._values import dataclass
from fabric.lab import FlowPhase, ProbePair
from fabric.verify._measure import BUDGET_MARGIN_MS, Expected
from fabric.verify._scenarios._model import Expectation
from fabric.verify._scenarios._values import QuorumPart
from fabric.verify._verdict import Finding


@dataclass(frozen=True, slots=True)
class Seen:
    """What a part showed."""

    flows: Sequence[FlowPhase]
    cut: frozenset[ProbePair]
    """Pairs that are predicted to be cut."""
    expected: Expected | None
    sessions_down: int
    noise_ms: float
    """What is added to what is allowed: the noise, and the time from a fault's first port to its last."""
    quorum: QuorumPart | None = None
    bears_ms: float = 0.0
    """For how long etcd's followers bear a silent leader for certain."""


def judge(wanted: Expectation, seen: Seen, where: str) -> tuple[Finding, ...]:
    """Everything that is not as expected."""
    flows, cut, expected, noise_ms = seen.flows, seen.cut, seen.expected, seen.noise_ms
    living = [entry for entry in flows if entry.pair not in cut]
    found = [
        *_lost(wanted, living, where),
        *_silence(wanted, living, expected, noise_ms, where),
        *_heartbeat(wanted, living, expected, noise_ms, where),
        *_cut(wanted, flows, cut, where),
        *_leaders(wanted, seen, where),
        *_writes(wanted, seen.quorum, where),
    ]
    if wanted.sessions == "stay" and seen.sessions_down:
        found.append(Finding(where, "no BGP session goes down", f"{seen.sessions_down} went down"))
    if wanted.delay_ms is not None:
        median = max((entry.delay_ms[0] for entry in living if entry.delay_ms), default=0.0)
        if median < wanted.delay_ms:
            found.append(Finding(where, f"a median delay of at least {wanted.delay_ms:g} ms", f"{median:.2f} ms"))
    return tuple(found)


def _lost(wanted: Expectation, living: Sequence[FlowPhase], where: str) -> Iterator[Finding]:
    lost = sum(entry.lost for entry in living)
    if wanted.lost is not None and lost > wanted.lost:
        yield Finding(where, f"at most {wanted.lost} packets lost", f"{lost} of {sum(e.sent for e in living)}")


def _silence(
    wanted: Expectation, living: Sequence[FlowPhase], expected: Expected | None, noise_ms: float, where: str
) -> Iterator[Finding]:
    allowed = _allowed(wanted.outage_ms, expected.outage_ms if expected else None)
    outage = max((entry.outage_ms for entry in living), default=0.0)
    if allowed is not None and outage > allowed + noise_ms:
        yield Finding(where, f"an outage of at most {allowed:g} ms (noise {noise_ms:.1f} ms)", f"{outage:.1f} ms")


def _heartbeat(
    wanted: Expectation, living: Sequence[FlowPhase], expected: Expected | None, noise_ms: float, where: str
) -> Iterator[Finding]:
    allowed = _allowed(wanted.heartbeat_ms, expected.heartbeat_ms if expected else None)
    gap = max((entry.heartbeat_ms for entry in living if entry.heartbeat_ms is not None), default=0.0)
    if allowed is not None and gap > allowed + noise_ms:
        yield Finding(where, f"a TCP silence of at most {allowed:g} ms (noise {noise_ms:.1f} ms)", f"{gap:.1f} ms")


def _allowed(wanted: float | str | None, budget_ms: float | None) -> float | None:
    if wanted == "budget":
        return None if budget_ms is None else budget_ms + BUDGET_MARGIN_MS
    return None if wanted is None else float(wanted)


def _cut(wanted: Expectation, flows: Sequence[FlowPhase], cut: frozenset[ProbePair], where: str) -> Iterator[Finding]:
    if wanted.cut is None:
        return
    pairs = {entry.pair for entry in flows}
    found = "none" if not cut else "all" if cut >= pairs else "some"
    if found != wanted.cut:
        yield Finding(where, f"{wanted.cut} of the pairs cut", f"{len(cut)} of {len(pairs)} predicted so")
    for entry in flows:
        if entry.pair in cut and entry.sent and entry.lost < entry.sent / 2:
            who = f"{entry.pair.source} to {entry.pair.destination}"
            yield Finding(where, f"{who} cut", f"{entry.sent - entry.lost} of {entry.sent} packets arrived")


def _leaders(wanted: Expectation, seen: Seen, where: str) -> Iterator[Finding]:
    if seen.quorum is None:
        return
    if wanted.leaders == "budget":
        if seen.quorum.leaders and seen.expected is not None and seen.expected.heartbeat_ms <= seen.bears_ms:
            gaps = f"TCP is silent for {seen.expected.heartbeat_ms:.0f} ms at most, of {seen.bears_ms:.0f} ms"
            yield Finding(where, f"no change of etcd's leader: {gaps}", f"{seen.quorum.leaders}")
    elif wanted.leaders is not None and seen.quorum.leaders > wanted.leaders:
        yield Finding(where, f"at most {wanted.leaders} changes of etcd's leader", f"{seen.quorum.leaders}")


def _writes(wanted: Expectation, quorum: QuorumPart | None, where: str) -> Iterator[Finding]:
    if quorum is None:
        return
    if wanted.writable is True and not quorum.acknowledged:
        yield Finding(where, "etcd acknowledges writes", f"none acknowledged, {quorum.failed} failed")
    if wanted.writable is False and quorum.acknowledged:
        yield Finding(where, "etcd acknowledges no write", f"{quorum.acknowledged} acknowledged")
