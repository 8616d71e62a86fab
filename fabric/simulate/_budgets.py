"""The convergence budget of a whole fabric: every single failure, summed up by class."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.simulate._budget import Budget, Convergence
from fabric.simulate._judging import Bench, Case, bench_of, case_of
from fabric.simulate._reachability import Endpoint, endpoints
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._scenarios import Scenario, scenarios
from fabric.simulate._timing import CARRIER, LIMITS, SILENT, Limit, Manner
from fabric.simulate._values import NONE, Failures
from fabric.simulate._verdicts import Situation

_CHUNK = 8
"""Scenarios that one worker computes before it reports."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The slowest pair of one scenario, and how many pairs it cuts for good."""

    scenario: Scenario
    manner: Manner
    worst: Budget | None
    """Of the pairs that come back; `None` where none loses a packet, or none comes back."""
    cut: int


Chunk = Sequence[Scenario]
BudgetMapper = Callable[[Callable[[Chunk], list[Answer]], Iterable[Chunk]], Iterable[list[Answer]]]


@dataclass(frozen=True, slots=True)
class ClassBudget:
    """What the failures of one class cost at most, when they are seen or when they are silent."""

    name: str
    """What fails, such as `link leaf-spine`, `spine` or `zone`."""
    manner: Manner
    scenarios: int
    worst: Answer | None
    """The scenario with the longest outage that ends; `None` where no failure of the class costs a packet."""
    cutting: int
    """Scenarios that cut some pair for good."""

    @property
    def outage_ms(self) -> float:
        """The longest outage that ends by itself."""
        return 0.0 if self.worst is None or self.worst.worst is None else self.worst.worst.outage_ms

    @property
    def tcp_gap_ms(self) -> float:
        """The longest silence of a TCP stream of heartbeats over that outage; 0 where there is none."""
        return 0.0 if self.worst is None or self.worst.worst is None else self.worst.worst.tcp_gap_ms

    @property
    def exceeded(self) -> tuple[Limit, ...]:
        """The limits that the class does not keep."""
        return tuple(x for x in LIMITS if (self.tcp_gap_ms if x.over_tcp else self.outage_ms) > x.ms)


def budgets(
    fabric: FabricConfig,
    failures: Failures = NONE,
    mapper: BudgetMapper = map,
    listener: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[ClassBudget, ...]:
    """The budget of every class of single failures, seen ones first and then silent ones, between all endpoints."""
    kinds = ("links", "nodes", "racks", "zones")
    todo = [scenario for kind in kinds for scenario in scenarios(fabric, kind, 1)]  # type: ignore[arg-type]  # kinds
    chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
    found: list[Answer] = []
    for answers in mapper(partial(_answer_chunk, case_of(fabric, failures)), chunks):
        found += answers
        listener(len(found) // 2, len(todo))
    return tuple(_classes(fabric, found))


def _answer_chunk(case: Case, chunk: Chunk) -> list[Answer]:
    return [answer for scenario in chunk for answer in _answers(bench_of(case), scenario)]


def _answers(bench: Bench, scenario: Scenario) -> Iterator[Answer]:
    after = bench.situation(scenario)
    pairs = list(_concerned_pairs(after))
    for manner in (CARRIER, SILENT):
        convergence = Convergence(bench.healthy, after, manner)
        hurt = [convergence.of(*pair) for pair in pairs]
        ending = [budget for budget in hurt if 0 < budget.outage_ms < math.inf]
        worst = max(ending, key=lambda budget: budget.outage_ms, default=None)
        yield Answer(scenario, manner, worst, sum(math.isinf(budget.outage_ms) for budget in hurt))


def _concerned_pairs(after: Situation) -> Iterator[tuple[Endpoint, Endpoint]]:
    """The living pairs whose packets, or the answers, come to a device that treats them otherwise than before."""
    for family in FAMILIES:
        alive = [p for p in endpoints(after.fabric, family) if p.device not in after.failures.devices]
        towards = [(point, after.concerned(point.address)) for point in alive]
        for (one, to_one), (two, to_two) in permutations(towards, 2):
            if one.device in to_two or two.device in to_one:
                yield one, two


def _classes(fabric: FabricConfig, answers: Iterable[Answer]) -> Iterator[ClassBudget]:
    groups: dict[tuple[bool, str], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((answer.manner.silent, _class_name(fabric, answer.scenario)), []).append(answer)
    for (_, name), members in sorted(groups.items(), key=lambda item: item[0][0]):
        hurt = [(item.worst.outage_ms, item) for item in members if item.worst is not None]
        worst = max(hurt, key=lambda pair: pair[0])[1] if hurt else None
        yield ClassBudget(name, members[0].manner, len(members), worst, sum(item.cut > 0 for item in members))


def _class_name(fabric: FabricConfig, scenario: Scenario) -> str:
    roles: Mapping[str, str] = {device.name: device.place.role for device in fabric}
    if scenario.kind == "links":
        (cable,) = scenario.failures.cables
        return f"link {roles[cable.a.device]} to {roles[cable.b.device]}"
    if scenario.kind == "nodes":
        (name,) = scenario.failures.devices
        return roles[name]
    return scenario.kind.removesuffix("s")
