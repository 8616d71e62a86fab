"""Intents against the simulator: at rest, and after every failure that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.intents._demand import Demand, Kind
from fabric.intents._ground import Ground, Predicted
from fabric.intents._judge import Breach, Judge, first_of
from fabric.intents._select import Pair
from fabric.intents._standing import Standing
from fabric.intents._sweeping import IntentJudge
from fabric.simulate import (
    CARRIER,
    NONE,
    SILENT,
    Bench,
    Case,
    Convergence,
    Failures,
    NoStableStateError,
    Scenario,
    Situation,
    bench_of,
    case_of,
    scenarios,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one demand."""

    demand: Demand
    states: int
    """States of the fabric in which it was judged."""
    breaches: tuple[Breach, ...]
    """One for each state that breaks it, at rest first; of several failures at once only what no part of them does."""

    @property
    def kept(self) -> bool:
        """True when no state that was looked at breaks it."""
        return not self.breaches


def judge_at_rest(demands: Iterable[Demand], ground: Ground) -> tuple[Verdict, ...]:
    """What becomes of the demands in one state: predicted or observed. An outage needs a failure and is always kept."""
    judge = Judge(ground)
    found = ((demand, judge.breach(demand)) for demand in demands)
    return tuple(Verdict(demand, 1, () if breach is None else (breach,)) for demand, breach in found)


Answer = tuple[tuple[int, Breach], ...]
"""The demands, by their position, that a scenario breaks."""
Chunk = Sequence[Scenario]
Mapper = Callable[[Callable[[Chunk], list[Answer]], Iterable[Chunk]], Iterable[list[Answer]]]
_CHUNK = 8
"""Scenarios that one worker judges before it reports."""


def judge_failures(
    demands: Sequence[Demand],
    fabric: FabricConfig,
    failures: Failures = NONE,
    mapper: Mapper = map,
    listener: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Verdict, ...]:
    """What becomes of the demands at rest, which is under `failures`, and after each failure that they ask for.

    The listener hears how many scenarios are done, of how many. The answer does not depend on the mapper.
    """
    case = case_of(fabric, failures, (IntentJudge(tuple(demands)),))
    at_rest = dict(_standing(case).breaches(bench_of(case).healthy, range(len(demands))))
    todo = list(_todo(demands, fabric))
    found = [[at_rest[index]] if index in at_rest else [] for index in range(len(demands))]
    chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
    done = 0
    for answers in mapper(partial(_judge_chunk, case), chunks):
        for index, breach in (item for answer in answers for item in answer):
            if not any(set(known.failures) <= set(breach.failures) for known in found[index]):
                found[index].append(breach)
        done += len(answers)
        listener(done, len(todo))
    return tuple(
        Verdict(demand, 1 + sum(_wants(demand, scenario) for scenario in todo), tuple(breaches))
        for demand, breaches in zip(demands, found, strict=True)
    )


def _todo(demands: Iterable[Demand], fabric: FabricConfig) -> Iterator[Scenario]:
    """Every scenario that some demand asks for, single failures first."""
    sweeps = [sweep for demand in demands for sweep in demand.failures]
    asked = {sweep.kind: max(s.at_once for s in sweeps if s.kind == sweep.kind) for sweep in sweeps}
    for count in (1, 2):
        for kind, at_once in asked.items():
            if count <= at_once:
                yield from scenarios(fabric, kind, count)


def _wants(demand: Demand, scenario: Scenario) -> bool:
    return any(s.kind == scenario.kind and len(scenario.targets) <= s.at_once for s in demand.failures)


def _standing(case: Case) -> Standing:
    """What becomes of the demands of the case's one judge before anything fails."""
    bench = bench_of(case)
    (judge,) = bench.case.judges
    assert isinstance(judge, IntentJudge)
    return judge.standing(bench.healthy)


def _judge_chunk(case: Case, chunk: Chunk) -> list[Answer]:
    return [_judge_scenario(bench_of(case), _standing(case), scenario) for scenario in chunk]


def _judge_scenario(bench: Bench, before: Standing, scenario: Scenario) -> Answer:
    wanted = {index: demand for index, demand in enumerate(before.demands) if _wants(demand, scenario)}
    after = bench.situation(scenario)
    try:
        again = before.again(after)
        found = dict(before.breaches_of(after, wanted, again))
    except NoStableStateError as error:
        return tuple((index, Breach("", "", str(error), 0, scenario.targets)) for index in wanted)
    outages = _Outages(bench.healthy, after)
    for index, demand in wanted.items():
        if demand.kind is Kind.OUTAGE and index not in found:
            late = outages.breach(demand, [demand.pairs[place] for place in sorted(again.get(index, ()))])
            if late is not None:
                found[index] = late
    return tuple((index, replace(breach, failures=scenario.targets)) for index, breach in sorted(found.items()))


class _Outages:
    """How long pairs lose packets on the way from one state to the next."""

    def __init__(self, before: Situation, after: Situation) -> None:
        self._judge = Judge(Predicted(after))
        self._of = {silent: Convergence(before, after, SILENT if silent else CARRIER) for silent in (False, True)}

    def breach(self, demand: Demand, concerned: Iterable[Pair]) -> Breach | None:
        """The pairs that lose packets for too long, among those that lose any. Those that stay cut are too."""
        convergence = self._of[demand.silent]
        living = (pair for pair in concerned if self._judge.lives(pair))
        return first_of((pair, _too_long(demand, convergence, pair)) for pair in living)


def _too_long(demand: Demand, convergence: Convergence, pair: Pair) -> str | None:
    found = convergence.of(*pair)
    gap_ms = found.outage_ms if demand.over == "udp" else found.tcp_gap_ms
    if gap_ms <= demand.at_most_ms:
        return None
    what = "cut for good" if gap_ms == float("inf") else f"{gap_ms:.0f} ms ({found.terms.detection.value})"
    return f"{what}, not at most {demand.at_most_ms:.0f} ms"
