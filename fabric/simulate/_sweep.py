"""Sweeps: every failure of a kind, one or two at once, and what each of them would cut off, narrow or unsettle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from itertools import islice

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.simulate._judging import Judgement, bench_of, case_of, judge_chunk
from fabric.simulate._scenarios import Kind, Scenario, Sweep, scenarios
from fabric.simulate._values import NONE, Failures
from fabric.simulate._verdicts import Judge, Judged

_CHUNKS = 64
"""Into which a large sweep is cut, so that what goes with each chunk weighs little."""
_SMALLEST_CHUNK = 8
"""Scenarios that one worker judges at least before it reports."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What all failures of one kind and number do."""

    kind: Kind
    at_once: int
    scenarios: int
    harmful: tuple[Judged, ...]
    """The scenarios that do harm. Of several failures at once only what no part of them does."""
    narrowest: Judged | None
    """The scenario in which most next hops are lost; the first of equals."""
    worst: Mapping[str, Judged] = field(default_factory=dict)
    """By judge, the scenario with its highest score; the first of equals."""


@dataclass(frozen=True)
class SweepReport:
    """The results of a sweep, by kind and number of failures."""

    results: tuple[SweepResult, ...]
    cut_before: int
    """Pairs that do not reach each other without any failure of the sweep; they are not reported again."""

    @property
    def single_points_of_failure(self) -> tuple[Judged, ...]:
        """The harmful scenarios of a single failure."""
        return tuple(judged for result in self.results if result.at_once == 1 for judged in result.harmful)

    @property
    def sound(self) -> bool:
        """True when no scenario is harmful."""
        return not any(result.harmful for result in self.results)


Chunk = Sequence[Scenario]
Work = Callable[[Chunk], Judgement]
Mapper = Callable[[Work, Iterable[Chunk]], Iterable[Judgement]]
"""Applies the work to every chunk and keeps their order, as `map` does, or a pool's `map` on many cores."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """How a sweep is run, and what is asked besides cuts, lost next hops and stability."""

    mapper: Mapper = map
    listener: Callable[[int, int], None] = lambda _done, _total: None
    """Hears how many scenarios are done, of how many."""
    judges: tuple[Judge, ...] = ()
    in_full: bool = False
    """Simulate every scenario, where effects on the healthy fabric would tell the same sooner."""


DEFAULTS = SweepOptions()


def sweep(
    fabric: FabricConfig,
    sweeps: Sequence[Sweep],
    failures: Failures = NONE,
    options: SweepOptions = DEFAULTS,
) -> SweepReport:
    """What every scenario of the sweeps does to the fabric under `failures`, and what the judges say of it.

    The answer does not depend on the mapper.
    """
    case = case_of(fabric, failures, options.judges, in_full=options.in_full)
    todo = {(s.kind, k): tuple(scenarios(fabric, s.kind, k)) for s in sweeps for k in range(1, s.at_once + 1)}
    total = sum(map(len, todo.values()))
    judged: dict[tuple[Kind, int], list[Judgement]] = {group: [] for group in todo}
    chunks = [chunk for members in todo.values() for chunk in _chunks(members)]
    done = 0
    for chunk, judgement in zip(chunks, options.mapper(partial(judge_chunk, case), chunks), strict=True):
        judged[chunk[0].kind, len(chunk[0].targets)].append(judgement)
        done += judgement.scenarios
        options.listener(done, total)
    return SweepReport(tuple(_results(judged)), len(bench_of(case).cut))


def _chunks(todo: Sequence[Scenario]) -> Iterator[Chunk]:
    size = max(_SMALLEST_CHUNK, -(-len(todo) // _CHUNKS))
    rest = iter(todo)
    while chunk := tuple(islice(rest, size)):
        yield chunk


def _results(judged: Mapping[tuple[Kind, int], Sequence[Judgement]]) -> Iterator[SweepResult]:
    singles: dict[tuple[Kind, str], Judged] = {}
    for (kind, at_once), judgements in judged.items():
        found = [item for judgement in judgements for item in judgement.harmful]
        if at_once == 1:
            singles.update({(kind, item.scenario.targets[0]): item for item in found})
        own = found if at_once == 1 else [_beyond_parts(item, singles) for item in found]
        harmful = tuple(item for item in own if item.harmful)
        tried = sum(judgement.scenarios for judgement in judgements)
        yield SweepResult(kind, at_once, tried, harmful, _narrowest(judgements), _worst(judgements))


def _beyond_parts(judged: Judged, singles: Mapping[tuple[Kind, str], Judged]) -> Judged:
    """What the scenario does that none of its failures does alone."""
    keys = [(judged.scenario.kind, target) for target in judged.scenario.targets]
    parts = [singles[key] for key in keys if key in singles]
    known = {(cut.one, cut.two, cut.family) for part in parts for cut in part.cuts}
    cuts = tuple(cut for cut in judged.cuts if (cut.one, cut.two, cut.family) not in known)
    said = {(remark.judge, remark.text) for part in parts for remark in part.remarks}
    remarks = tuple(remark for remark in judged.remarks if (remark.judge, remark.text) not in said)
    return replace(judged, cuts=cuts, remarks=remarks)


def _narrowest(judgements: Iterable[Judgement]) -> Judged | None:
    hurt = [(item, item.narrowed) for item in (j.narrowest for j in judgements) if item is not None]
    return max(hurt, key=lambda pair: 0 if pair[1] is None else pair[1].next_hops)[0] if hurt else None


def _worst(judgements: Iterable[Judgement]) -> dict[str, Judged]:
    scores: dict[str, tuple[float, Judged]] = {}
    for judgement in judgements:
        for name, (score, item) in judgement.worst.items():
            if name not in scores or score > scores[name][0]:
                scores[name] = score, item
    return {name: item for name, (_, item) in scores.items()}
