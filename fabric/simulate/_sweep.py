"""Sweeps: every failure of a kind, one or two at once, and what each of them would cut off, narrow or unsettle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations, islice
from typing import Literal, Protocol, get_args

from fabric.config import FabricConfig, Family, Prefix
from fabric.errors import InputError
from fabric.simulate._reachability import Fates, Walk, endpoints, lost_pairs
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._simulation import Simulation, simulate
from fabric.simulate._values import NONE, Failures, NoStableStateError
from fabric.simulate._whatif import combined, groups

Kind = Literal["links", "nodes", "racks", "zones"]
_AT_ONCE = (1, 2)
_CHUNK = 8
"""Scenarios that one worker judges before it reports."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """All failures of one kind, alone and up to `at_once` together."""

    kind: Kind
    at_once: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """Some failures of one kind, each named as `--fail` takes it."""

    kind: Kind
    targets: tuple[str, ...]
    failures: Failures


@dataclass(frozen=True, slots=True)
class Cut:
    """Two endpoints that live and no longer reach each other."""

    one: str
    two: str
    family: Family
    fates: Fates
    """How packets end, in both directions together."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """ECMP next hops that routes have lost; routes that are gone are not counted."""

    routes: int
    next_hops: int
    """Over all those routes."""
    device: str
    prefix: Prefix
    before: int
    after: int
    """The route, its device and its widths before and after, of the route that lost the largest part."""


@dataclass(frozen=True)
class Situation:
    """A fabric in one scenario, as a judge sees it; what is not asked for is not computed."""

    fabric: FabricConfig
    failures: Failures
    """Those of the scenario together with those that were there before it."""

    @cached_property
    def simulation(self) -> Simulation:
        """The stable state; raises `NoStableStateError` where there is none."""
        return simulate(self.fabric, self.failures)

    @cached_property
    def walks(self) -> Mapping[Family, Walk]:
        """The forwarding of both families."""
        return {family: Walk(self.simulation, family) for family in FAMILIES}


@dataclass(frozen=True, slots=True)
class Remark:
    """What a judge says of one scenario."""

    judge: str
    """The judge's name."""
    text: str
    """What is wrong, or what was measured; equal remarks on the parts of a double failure are not repeated."""
    score: float = 0.0
    """How bad it is: of all scenarios of a kind the sweep keeps the one with the highest score of each judge."""
    harmful: bool = False
    """The scenario counts as harmful for this alone."""
    details: object = None
    """More, for documents; picklable and comparable."""


class Judge(Protocol):
    """A question that a sweep asks of every scenario besides its own: pure, and picklable for other processes."""

    def __call__(self, situation: Situation) -> Sequence[Remark]:
        """What there is to say, nothing as a rule; the same question is not asked of the fabric before it fails."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one scenario does to the fabric, beyond what is wrong without it."""

    scenario: Scenario
    cuts: tuple[Cut, ...] = ()
    narrowed: Narrowed | None = None
    unstable: str = ""
    """Set where the fabric would find no stable state: which devices never agree, and on what."""
    remarks: tuple[Remark, ...] = ()
    """What the further judges say, in their order."""

    @property
    def harmful(self) -> bool:
        """True when the scenario cuts or unsettles something, or a judge calls it harmful."""
        return bool(self.cuts or self.unstable) or any(remark.harmful for remark in self.remarks)


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
Work = Callable[[Chunk], Sequence[Judged]]
Mapper = Callable[[Work, Iterable[Chunk]], Iterable[Sequence[Judged]]]
"""Applies the work to every chunk and keeps their order, as `map` does, or a pool's `map` on many cores."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """How a sweep is run, and what is asked besides cuts, lost next hops and stability."""

    mapper: Mapper = map
    listener: Callable[[int, int], None] = lambda _done, _total: None
    """Hears how many scenarios are done, of how many."""
    judges: tuple[Judge, ...] = ()


DEFAULTS = SweepOptions()


@dataclass(frozen=True)
class _Baseline:
    """The fabric that the failures happen to."""

    fabric: FabricConfig
    failures: Failures
    cut: frozenset[tuple[str, str, Family]]
    widths: Mapping[tuple[str, Prefix], int]
    """Next hops of every route that has more than one, which is what there is to lose."""
    judges: tuple[Judge, ...] = ()


def parse_sweeps(text: str) -> tuple[Sweep, ...]:
    """The sweeps of `links=1,nodes=2`; raises `InputError` for what is no kind or no number of failures."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    found: dict[Kind, Sweep] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        kind = next((known for known in kinds if known == name), None)
        if kind is None or number not in map(str, _AT_ONCE):
            allowed = ", ".join(f"{known}=1 or {known}=2" for known in kinds)
            raise InputError(f"--sweep {text}: found {part.strip()!r}; allowed: {allowed}. Put commas between them.")
        found[kind] = Sweep(kind, int(number))
    return tuple(found.values())


def scenarios(fabric: FabricConfig, kind: Kind, at_once: int) -> Iterator[Scenario]:
    """Every way in which exactly that many things of the kind can fail, in the order of the fabric."""
    for chosen in combinations(_units(fabric, kind), at_once):
        failures = NONE
        for _, failure in chosen:
            failures = combined(failures, failure)
        yield Scenario(kind, tuple(name for name, _ in chosen), failures)


def sweep(
    fabric: FabricConfig,
    sweeps: Sequence[Sweep],
    failures: Failures = NONE,
    options: SweepOptions = DEFAULTS,
) -> SweepReport:
    """What every scenario of the sweeps does to the fabric under `failures`, and what the judges say of it.

    The answer does not depend on the mapper.
    """
    baseline = _baseline(Situation(fabric, failures), options.judges)
    todo = [scenario for s in sweeps for k in range(1, s.at_once + 1) for scenario in scenarios(fabric, s.kind, k)]
    judged: list[Judged] = []
    for chunk in options.mapper(partial(_judge_chunk, baseline), _chunks(todo)):
        judged += chunk
        options.listener(len(judged), len(todo))
    return SweepReport(tuple(_results(judged)), len(baseline.cut))


def _units(fabric: FabricConfig, kind: Kind) -> list[tuple[str, Failures]]:
    if kind == "links":
        return [(f"link:{cable.name}", Failures(cables=frozenset({cable}))) for cable in fabric.cables]
    if kind == "nodes":
        return [(f"node:{device.name}", Failures(devices=frozenset({device.name}))) for device in fabric]
    group = "rack" if kind == "racks" else "zone"
    return [(f"{group}:{name}", Failures(devices=frozenset(names))) for name, names in groups(fabric, group).items()]


def _chunks(todo: Iterable[Scenario]) -> Iterator[Chunk]:
    rest = iter(todo)
    while chunk := tuple(islice(rest, _CHUNK)):
        yield chunk


def _baseline(situation: Situation, judges: tuple[Judge, ...]) -> _Baseline:
    fabric, walks = situation.fabric, situation.walks
    cut = frozenset((c.one, c.two, c.family) for c in _cuts(fabric, walks))
    widths = {
        (device, prefix): len(entry.next_hops)
        for walk in walks.values()
        for device, fib in walk.fibs.items()
        for prefix, entry in fib.items()
        if len(entry.next_hops) > 1
    }
    return _Baseline(fabric, situation.failures, cut, widths, judges)


def _judge_chunk(baseline: _Baseline, chunk: Chunk) -> list[Judged]:
    return [_judge(baseline, scenario) for scenario in chunk]


def _judge(baseline: _Baseline, scenario: Scenario) -> Judged:
    situation = Situation(baseline.fabric, combined(baseline.failures, scenario.failures))
    try:
        walks = situation.walks
    except NoStableStateError as error:
        return Judged(scenario, unstable=str(error))
    cuts = tuple(c for c in _cuts(baseline.fabric, walks) if (c.one, c.two, c.family) not in baseline.cut)
    remarks = tuple(remark for judge in baseline.judges for remark in judge(situation))
    return Judged(scenario, cuts, _narrowed(baseline, walks), remarks=remarks)


def _cuts(fabric: FabricConfig, walks: Mapping[Family, Walk]) -> Iterator[Cut]:
    """Each unordered pair once: what is lost one way is lost the other way too."""
    for family, walk in walks.items():
        for lost in lost_pairs(walk, endpoints(fabric, family)):
            one, two = lost.source.device, lost.destination.device
            if one < two:
                yield Cut(one, two, family, lost.forward | lost.back)


def _narrowed(baseline: _Baseline, walks: Mapping[Family, Walk]) -> Narrowed | None:
    lost: list[tuple[float, str, Prefix, int, int]] = []
    for (device, prefix), before in baseline.widths.items():
        entry = walks["ipv4" if prefix.version == 4 else "ipv6"].fibs[device].get(prefix)
        after = before if entry is None else len(entry.next_hops)
        if after < before:
            lost.append((after / before, device, prefix, before, after))
    if not lost:
        return None
    _, device, prefix, before, after = min(lost, key=lambda item: item[0])
    return Narrowed(len(lost), sum(item[3] - item[4] for item in lost), device, prefix, before, after)


def _results(judged: Sequence[Judged]) -> Iterator[SweepResult]:
    singles = {(j.scenario.kind, j.scenario.targets[0]): j for j in judged if len(j.scenario.targets) == 1}
    groups_: dict[tuple[Kind, int], list[Judged]] = {}
    for item in judged:
        groups_.setdefault((item.scenario.kind, len(item.scenario.targets)), []).append(item)
    for (kind, at_once), members in groups_.items():
        own = members if at_once == 1 else [_beyond_parts(item, singles) for item in members]
        harmful = tuple(item for item in own if item.harmful)
        yield SweepResult(kind, at_once, len(members), harmful, _narrowest(members), _worst(members))


def _beyond_parts(judged: Judged, singles: Mapping[tuple[Kind, str], Judged]) -> Judged:
    """What the scenario does that none of its failures does alone."""
    parts = [singles[judged.scenario.kind, target] for target in judged.scenario.targets]
    known = {(cut.one, cut.two, cut.family) for part in parts for cut in part.cuts}
    cuts = tuple(cut for cut in judged.cuts if (cut.one, cut.two, cut.family) not in known)
    said = {(remark.judge, remark.text) for part in parts for remark in part.remarks}
    remarks = tuple(remark for remark in judged.remarks if (remark.judge, remark.text) not in said)
    return replace(judged, cuts=cuts, remarks=remarks)


def _narrowest(judged: Iterable[Judged]) -> Judged | None:
    hurt = [(item, item.narrowed) for item in judged if item.narrowed is not None]
    return max(hurt, key=lambda pair: pair[1].next_hops)[0] if hurt else None


def _worst(judged: Iterable[Judged]) -> dict[str, Judged]:
    scores: dict[str, tuple[float, Judged]] = {}
    for item in judged:
        for remark in item.remarks:
            if remark.judge not in scores or remark.score > scores[remark.judge][0]:
                scores[remark.judge] = remark.score, item
    return {name: item for name, (_, item) in scores.items()}
