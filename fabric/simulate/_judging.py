"""Scenarios judged: from their effects on the healthy fabric where that is sound, else by simulating each in full."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import product

from fabric._values import dataclass
from fabric.config import FabricConfig, Family, Prefix
from fabric.simulate._after import Before
from fabric.simulate._alike import Alike
from fabric.simulate._effects import Alone, Effect, Loss, Unit, fail, ranked, together
from fabric.simulate._forwarding import Fate
from fabric.simulate._ground import FamilyGround, Ground, first_prefix, ground
from fabric.simulate._reachability import DELIVERED, Endpoint, Walk, endpoints
from fabric.simulate._scenarios import Kind, Scenario, units
from fabric.simulate._symmetry import Units, swaps
from fabric.simulate._values import NONE, Failures, NoStableStateError
from fabric.simulate._verdicts import Cut, Judge, Judged, Narrowed, Situation
from fabric.simulate._whatif import combined

Pair = tuple[str, str, Family]


@dataclass(frozen=True)
class Case:
    """A fabric, what has failed before the sweep, and who judges besides. Small enough to be sent with each chunk."""

    fabric: FabricConfig = field(compare=False)
    failures: Failures = field(compare=False)
    judges: tuple[Judge, ...] = field(compare=False)
    in_full: bool = field(compare=False)
    """Simulate every scenario, whatever could be told without that."""
    key: str
    """The same for the same case; by it a process finds what it has prepared."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a chunk of scenarios of one kind and number comes to."""

    scenarios: int
    harmful: tuple[Judged, ...]
    narrowest: Judged | None
    worst: Mapping[str, tuple[float, Judged]]


class Bench:
    """What all scenarios of a sweep are held against."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.healthy = at_rest(case.fabric, case.failures)
        self._alone: dict[str, tuple[Alone, ...] | None] = {}
        self._latest: tuple[Scenario, Sequence[Effect] | None] | None = None

    def situation(self, scenario: Scenario) -> Situation:
        """The fabric in a scenario: told from the healthy one where that is sound, else to be simulated."""
        failures = combined(self.case.failures, scenario.failures)
        effects = self._told(scenario)
        told = None if effects is None or self._segmented else self._before.after(failures, effects)
        return Situation(self.case.fabric, failures, self.healthy, told)

    @cached_property
    def _segmented(self) -> bool:
        """In a segment of several ports a failure far away takes a next hop, which only a simulation tells."""
        return bool(self.case.fabric.circuits)

    @cached_property
    def _before(self) -> Before:
        return Before(self.healthy.simulation, self.healthy.walks)

    @cached_property
    def ground(self) -> Ground | None:
        """What effects can be found from; `None` where scenarios are simulated."""
        return None if self.case.in_full else ground(self.healthy.simulation)

    @cached_property
    def cut(self) -> frozenset[Pair]:
        """The pairs that do not reach each other before anything of the sweep fails."""
        found = self.ground
        if found is not None and all(family.plain and family.complete for family in found.families):
            return frozenset()
        return frozenset((c.one, c.two, c.family) for c in self._cuts(self.healthy))

    @cached_property
    def widths(self) -> Mapping[tuple[Family, str], Mapping[Prefix, int]]:
        """Next hops of every route that has more than one, which is what there is to lose, by family and device."""
        return {
            (family, device): {prefix: len(e.next_hops) for prefix, e in fib.items() if len(e.next_hops) > 1}
            for family, walk in self.healthy.walks.items()
            for device, fib in walk.fibs.items()
        }

    def judge(self, scenarios: Iterable[Scenario]) -> Judgement:
        """What the scenarios, all of one kind and number, come to."""
        count = 0
        most = 0
        harmful: list[Judged] = []
        narrowest: Judged | None = None
        worst: dict[str, tuple[float, Judged]] = {}
        for scenario in scenarios:
            count += 1
            if self._alike is not None and self._alike.spared(scenario):
                continue
            judged = self._judged(scenario, most)
            if judged.harmful:
                harmful.append(judged)
            if judged.narrowed is not None and judged.narrowed.next_hops > most:
                narrowest, most = judged, judged.narrowed.next_hops
            for remark in judged.remarks:
                if remark.judge not in worst or remark.score > worst[remark.judge][0]:
                    worst[remark.judge] = remark.score, judged
        return Judgement(count, tuple(harmful), narrowest, worst)

    def _judged(self, scenario: Scenario, most: int) -> Judged:
        judged = self._by_effects(scenario, 0 if self.case.judges else most)
        if judged is not None and not self.case.judges:
            return judged
        situation = self.situation(scenario)
        judged = judged or self._in_full(scenario, situation)
        if judged.unstable:
            return judged
        return replace(judged, remarks=tuple(remark for judge in self.case.judges for remark in judge(situation)))

    def _in_full(self, scenario: Scenario, situation: Situation) -> Judged:
        try:
            walks = situation.walks
        except NoStableStateError as error:
            return Judged(scenario, unstable=str(error))
        cuts = tuple(c for c in self._cuts(situation) if (c.one, c.two, c.family) not in self.cut)
        return Judged(scenario, cuts, self._narrowed(walks))

    def _cuts(self, situation: Situation) -> Iterator[Cut]:
        """Each unordered pair once: what is lost one way is lost the other way too."""
        for family, walk in situation.walks.items():
            for one, two in self._suspects(situation, family):
                fates = walk.fates(one.device, two.address) | walk.fates(two.device, one.address)
                if fates != DELIVERED:
                    yield Cut(one.device, two.device, family, fates)

    def _suspects(self, situation: Situation, family: Family) -> Iterator[tuple[Endpoint, Endpoint]]:
        """The living pairs that the scenario concerns; all of them where it is not told what it concerns."""
        alive = [p for p in endpoints(self.case.fabric, family) if situation.walks[family].alive(p.device)]
        everybody = self.case.in_full or situation.before is None
        towards = [(point, frozenset() if everybody else situation.concerned(point.address)) for point in alive]
        for (one, to_one), (two, to_two) in product(towards, repeat=2):
            if one.device < two.device and (everybody or one.device in to_two or two.device in to_one):
                yield one, two

    def _narrowed(self, walks: Mapping[Family, Walk]) -> Narrowed | None:
        lost: list[tuple[float, str, Prefix, int, int]] = []
        for (family, device), widths in self.widths.items():
            if walks[family].same_routes(device):
                continue
            for prefix, before in widths.items():
                entry = walks[family].entry(device, prefix)
                after = before if entry is None else len(entry.next_hops)
                if after < before:
                    lost.append((after / before, device, prefix, before, after))
        if not lost:
            return None
        _, device, prefix, before, after = min(lost, key=lambda item: item[0])
        return Narrowed(len(lost), sum(item[3] - item[4] for item in lost), device, prefix, before, after)

    def _by_effects(self, scenario: Scenario, most: int) -> Judged | None:
        """What the effects say; `None` where they cannot. The example of lost next hops is left out below `most`."""
        effects = self._told(scenario)
        if effects is None or not all(effect.ground.plain for effect in effects):
            return None
        if any(effect.missing and effect.ground.covered for effect in effects):
            return None
        cuts = tuple(cut for effect in effects if effect.missing for cut in self._missed(effect))
        routes, hops = map(sum, zip(*(effect.narrowed for effect in effects), strict=True))
        if self._alike is not None:
            self._alike.learn(scenario, effects, hops, harmful=any(effect.missing for effect in effects))
        if not hops or (hops <= most and not cuts):
            return Judged(scenario, cuts)
        return Judged(scenario, cuts, _example(effects, routes, hops))

    def _told(self, scenario: Scenario) -> Sequence[Effect] | None:
        """What the scenario does in each family; `None` where only a simulation says it."""
        latest = self._latest
        if latest is None or latest[0] is not scenario:
            self._latest = latest = scenario, self._found_out(scenario)
        return latest[1]

    def _found_out(self, scenario: Scenario) -> Sequence[Effect] | None:
        effects = self._of_sessions(scenario)
        if effects is None or all(effect.ground.plain for effect in effects):
            return effects
        failures = combined(self.case.failures, scenario.failures)
        gone = self._before.after(failures, effects).withdrawn()
        if gone is None or not any(gone.values()):
            return None if gone is None else effects
        units_ = (effect.unit._replace(withdrawn=gone[effect.ground.family]) for effect in effects)
        effects = [fail(effect.ground, unit) for effect, unit in zip(effects, units_, strict=True)]
        return effects if self._before.after(failures, effects).withdrawn() == gone else None

    def _of_sessions(self, scenario: Scenario) -> Sequence[Effect] | None:
        """What the scenario does in each family if all living devices announce what they did."""
        if self.ground is None:
            return None
        alone = [self._effects(scenario.kind, target) for target in scenario.targets]
        first = alone[0]
        if first is None or len(alone) == 1:
            return first
        second = alone[1]
        if second is None:
            return None
        return [together(one, two) for one, two in zip(first, second, strict=True)]

    def _missed(self, effect: Effect) -> Iterator[Cut]:
        """The living pairs of endpoints of which one has no route to the other."""
        family = effect.ground
        gone = {number: name for name, number in family.class_of.items()}
        alive = [p.device for p in family.endpoints if family.speaker[p.device] not in effect.unit.speakers]
        position = {name: number for number, name in enumerate(alive)}
        lost: dict[tuple[str, str], set[str]] = {}
        for name in alive:
            classes = effect.missing.get(family.speaker[name], 0) & family.wanted
            while classes:
                lowest = classes & -classes
                classes ^= lowest
                other = gone[lowest.bit_length() - 1]
                if other in position:
                    lost.setdefault((min(name, other), max(name, other)), set()).add(name)
        for one, two in sorted(lost, key=lambda pair: (position[pair[0]], position[pair[1]])):
            if (one, two, family.family) not in self.cut:
                both_ways = len(lost[one, two]) == 2
                fates = {Fate.NO_ROUTE} if both_ways else {Fate.NO_ROUTE, Fate.DELIVERED}
                yield Cut(one, two, family.family, frozenset(fates))

    def _effects(self, kind: Kind, target: str) -> tuple[Alone, ...] | None:
        if target not in self._alone:
            found = self.ground
            assert found is not None
            failures = self._failures[kind, target]
            failing = _units(found, failures)
            pairs = () if failing is None else zip(found.families, failing, strict=True)
            self._alone[target] = None if failing is None else tuple(fail(*pair) for pair in pairs)
        return self._alone[target]

    @cached_property
    def _alike(self) -> Alike | None:
        """Which scenarios are alike; `None` where none is known to be, or where judges are asked who may see names."""
        found = None if self.case.judges else self.ground
        known = () if found is None else swaps(found, self.healthy.simulation.fabric)
        if found is None or not known:
            return None

        def targets(kind: Kind) -> Mapping[str, Units | None]:
            return {name: _units(found, failures) for name, failures in units(self.case.fabric, kind)}

        made = Alike(found, known, targets)
        return made if made.any else None

    @cached_property
    def _failures(self) -> Mapping[tuple[Kind, str], Failures]:
        kinds: tuple[Kind, ...] = ("links", "nodes", "racks", "zones")
        return {(kind, name): failures for kind in kinds for name, failures in units(self.case.fabric, kind)}


def judge_chunk(case: Case, chunk: Sequence[Scenario]) -> Judgement:
    """What the scenarios of a chunk come to; the bench is kept for the next chunk."""
    return bench_of(case).judge(chunk)


class _Same:
    """A fabric by identity, which says that it is the same sooner than its every part does."""

    def __init__(self, fabric: FabricConfig) -> None:
        self.fabric = fabric

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.fabric is other.fabric

    def __hash__(self) -> int:
        return id(self.fabric)


def at_rest(fabric: FabricConfig, failures: Failures = NONE) -> Situation:
    """The fabric before anything of a sweep fails; one and the same for all who ask about it one after the other."""
    return _at_rest(_Same(fabric), failures)


@lru_cache(maxsize=1)
def _at_rest(same: _Same, failures: Failures) -> Situation:
    return Situation(same.fabric, failures)


def case_of(
    fabric: FabricConfig, failures: Failures = NONE, judges: tuple[Judge, ...] = (), *, in_full: bool = False
) -> Case:
    """The case with its key."""
    asked = (fabric, failures, judges, in_full)
    return Case(*asked, sha256(pickle.dumps(asked)).hexdigest())


def bench(fabric: FabricConfig, failures: Failures = NONE) -> Bench:
    """A bench of one's own, for scenarios that are looked at one by one."""
    return Bench(case_of(fabric, failures))


@lru_cache(maxsize=1)
def bench_of(case: Case) -> Bench:
    """The bench of the case, made once in a process."""
    return Bench(case)


def _units(found: Ground, failures: Failures) -> Units | None:
    """What the failures silence, by family; `None` where they change more than sessions."""
    made = tuple(_unit(found, family, failures) for family in found.families)
    whole = tuple(unit for unit in made if unit is not None)
    return whole if len(whole) == len(made) else None


def _unit(found: Ground, family: FamilyGround, failures: Failures) -> Unit | None:
    """What the failures silence; `None` where they change more than sessions."""
    speakers = frozenset(family.speaker[name] for name in failures.devices if name in family.speaker)
    ports = {port for cable in failures.cables for port in (cable.a, cable.b)}
    if failures.devices:
        ports |= {port for name in failures.devices for port in family.ports_of.get(name, ())}
    if failures.sessions or any(port in found.deciding and port.device not in failures.devices for port in ports):
        return None
    return Unit(frozenset(index for port in ports for index in family.ports.get(port, ())), speakers)


def _example(effects: Sequence[Effect], routes: int, hops: int) -> Narrowed:
    """The route that lost the largest part, the first of equals by family, device and prefix."""
    worst: list[tuple[float, int, int, Loss]] = []
    for number, effect in enumerate(effects):
        losses = ranked(effect)
        if losses:
            ratio, index, _ = losses[0]
            alike = [loss for r, i, loss in losses if (r, i) == (ratio, index)]
            family = effect.ground
            best = min(alike, key=lambda loss: first_prefix(family, loss.classes))
            worst.append((ratio, number, index, best))
    _, number, index, loss = min(worst, key=lambda item: item[:3])
    family = effects[number].ground
    device = family.rules.graph.routers[index].name
    return Narrowed(routes, hops, device, first_prefix(family, loss.classes), loss.before, loss.after)
