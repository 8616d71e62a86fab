"""Intents against the simulator: at rest, and after every failure that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from fabric.config import FabricConfig
from fabric.intents._demand import Demand, Kind
from fabric.intents._ground import Ground, Predicted
from fabric.intents._judge import Breach, Judge, first_of
from fabric.intents._select import Pair
from fabric.simulate import (
    CARRIER,
    NONE,
    SILENT,
    Convergence,
    Failures,
    NoStableStateError,
    Scenario,
    Simulation,
    combined,
    scenarios,
    simulate,
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


@dataclass(frozen=True)
class _Asked:
    """What every scenario is judged by; picklable, so that any process can do it."""

    demands: tuple[Demand, ...]
    fabric: FabricConfig
    failures: Failures

    @cached_property
    def healthy(self) -> Simulation:
        return simulate(self.fabric, self.failures)


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
    at_rest = judge_at_rest(demands, Predicted(simulate(fabric, failures)))
    todo = list(_todo(demands, fabric))
    found: list[list[Breach]] = [list(verdict.breaches) for verdict in at_rest]
    chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
    done = 0
    for answers in mapper(partial(_judge_chunk, _Asked(tuple(demands), fabric, failures)), chunks):
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


def _judge_chunk(asked: _Asked, chunk: Chunk) -> list[Answer]:
    return [_judge_scenario(asked, scenario) for scenario in chunk]


def _judge_scenario(asked: _Asked, scenario: Scenario) -> Answer:
    wanted = [(index, demand) for index, demand in enumerate(asked.demands) if _wants(demand, scenario)]
    try:
        after = simulate(asked.fabric, combined(asked.failures, scenario.failures))
    except NoStableStateError as error:
        return tuple((index, Breach("", "", str(error), 0, scenario.targets)) for index, _ in wanted)
    judge = Judge(Predicted(after))
    found = [(index, judge.breach(demand) or _outage(demand, judge, asked, after)) for index, demand in wanted]
    return tuple((index, replace(breach, failures=scenario.targets)) for index, breach in found if breach is not None)


def _outage(demand: Demand, judge: Judge, asked: _Asked, after: Simulation) -> Breach | None:
    """The pairs that lose packets for too long. Those that stay cut are too."""
    if demand.kind is not Kind.OUTAGE:
        return None
    convergence = Convergence(asked.healthy, after, SILENT if demand.silent else CARRIER)
    return first_of((pair, _too_long(demand, convergence, pair)) for pair in judge.living(demand))


def _too_long(demand: Demand, convergence: Convergence, pair: Pair) -> str | None:
    found = convergence.of(*pair)
    gap_ms = found.outage_ms if demand.over == "udp" else found.tcp_gap_ms
    if gap_ms <= demand.at_most_ms:
        return None
    what = "cut for good" if gap_ms == float("inf") else f"{gap_ms:.0f} ms ({found.terms.detection.value})"
    return f"{what}, not at most {demand.at_most_ms:.0f} ms"
