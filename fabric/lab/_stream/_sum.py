"""From what was sent and what arrived to outages. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from fabric._values import dataclass
from fabric.lab._agent import ProbePair
from fabric.lab._stream._model import FlowPhase, Phase


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing of a flow arrived."""

    first: int
    """Sequence number of the first packet behind whose arrival the next one is missed."""
    ms: float
    lost: int
    open: bool = False

    @property
    def missing(self) -> range:
        """The numbers of the lost packets."""
        return range(self.first, self.first + self.lost)


@dataclass(frozen=True, slots=True)
class Sent:
    """When each packet of a flow was sent; all flows are sent together."""

    at_ns: Sequence[int]
    interval_ns: int

    @property
    def stall_ms(self) -> float:
        """The longest time between two rounds of sending, less the spacing."""
        return round(max((two - one - self.interval_ns for one, two in pairwise(self.at_ns)), default=0) / 1e6, 3)


def gaps(sent: Sent, arrived_ns: Sequence[int]) -> Iterator[Gap]:
    """Every time between two packets of a flow that arrived after each other, less the spacing.

    `arrived_ns` holds 0 where a packet was lost; a shorter one lost the rest.
    """
    sent_ns, interval_ns = sent.at_ns, sent.interval_ns
    last, last_at = -1, sent_ns[0] - interval_ns if sent_ns else 0
    for number, at in enumerate(arrived_ns):
        if at:
            yield Gap(last + 1, (at - last_at - interval_ns) / 1e6, number - last - 1)
            last, last_at = number, at
    if last + 1 < len(sent_ns):
        yield Gap(last + 1, (sent_ns[-1] - last_at) / 1e6, len(sent_ns) - last - 1, open=True)


def flow_phases(
    pair: ProbePair,
    phases: Sequence[Phase],
    sent: Sent,
    flows: Sequence[Sequence[int]],
    heartbeats: Sequence[Sequence[int]],
) -> Iterator[FlowPhase]:
    """What became of a pair in each phase.

    A lost packet counts where it was sent, an outage where its first lost packet was.
    """
    found = [list(gaps(sent, arrived)) for arrived in flows]
    starts = [phase.began_ns for phase in phases]
    of_phase = [max(0, bisect_right(starts, at) - 1) for at in sent.at_ns]
    lost = [Counter(of_phase[n] for gap in of_flow for n in gap.missing) for of_flow in found]
    for position, phase in enumerate(phases):
        here = [[gap for gap in of_flow if of_phase[gap.first] == position] for of_flow in found]
        losses = [[gap for gap in of_flow if gap.lost] for of_flow in here]
        quiet = (gap.ms for of_flow in here for gap in of_flow if not gap.lost)
        yield FlowPhase(
            pair,
            phase.name,
            sent=of_phase.count(position) * len(flows),
            lost=sum(of_flow[position] for of_flow in lost),
            flows_hit=sum(of_flow[position] > 0 for of_flow in lost),
            outage_ms=round(max((gap.ms for of_flow in losses for gap in of_flow), default=0.0), 3),
            open=any(gap.open for of_flow in losses for gap in of_flow),
            noise_ms=round(max(quiet, default=0.0), 3),
            delay_ms=_three(sorted(_delays(sent.at_ns, flows, of_phase, position))),
            heartbeat_ms=_longest(heartbeats, starts, position),
        )


def _delays(
    sent_ns: Sequence[int], flows: Iterable[Sequence[int]], of_phase: Sequence[int], position: int
) -> Iterator[int]:
    for arrived in flows:
        yield from (at - sent_ns[n] for n, at in enumerate(arrived) if at and of_phase[n] == position)


def _three(sorted_ns: Sequence[int]) -> tuple[float, float, float] | None:
    if not sorted_ns:
        return None
    chosen = (sorted_ns[len(sorted_ns) // 2], sorted_ns[len(sorted_ns) * 99 // 100], sorted_ns[-1])
    one, two, three = (round(value / 1e6, 3) for value in chosen)
    return one, two, three


def _longest(streams: Sequence[Sequence[int]], starts: Sequence[int], position: int) -> float | None:
    """The longest time between two messages that touches the phase; one that reaches into the next is in both."""
    if not streams:
        return None
    began = starts[position] if position else 0
    ended = starts[position + 1] if position + 1 < len(starts) else None
    longest = 0
    for arrivals in streams:
        for one, two in pairwise(arrivals):
            if two > began and (ended is None or one < ended):
                longest = max(longest, two - one)
    return round(longest / 1e6, 1)
