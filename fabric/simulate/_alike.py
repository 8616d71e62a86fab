"""Scenarios that are alike: those that swaps turn into each other. One is judged, and the others do what it does.

That is sound while ties are broken alike: where a speaker passes on which of several paths it took, each swap that is
used keeps the order of the router ids that decided. A swap that does not is given up when that is seen.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fabric.simulate._classsets import ClassSet
from fabric.simulate._decision import tying
from fabric.simulate._effects import Choices, Effect
from fabric.simulate._ground import FamilyGround, Ground
from fabric.simulate._lines import Group, Line
from fabric.simulate._outcomes import rivals_of
from fabric.simulate._scenarios import Kind, Scenario
from fabric.simulate._symmetry import Swap, Units

_MOST_PAIRS = 1 << 25
"""Squares of more targets are not kept: nobody waits for so many scenarios."""

Won = tuple[int, int]
"""Two speakers of which the first one's router id is the lower, which decided a tie."""
Targets = Mapping[str, Units | None]
"""What fails, by the name that `--fail` takes; `None` where only a simulation says what that does."""


class Alike:
    """The scenarios of a sweep, with what was seen of those that do no harm."""

    def __init__(self, ground: Ground, swaps: Sequence[Swap], targets: Callable[[Kind], Targets]) -> None:
        self._ties = [_Ties(family) for family in ground.families]
        self._ids = [router.router_id for router in ground.families[0].rules.graph.routers]
        self._targets_of = targets
        self._known: dict[Kind, tuple[Targets, dict[str, int]]] = {}
        self._swaps = swaps
        self._won: set[Won] = set()
        self._labels: dict[tuple[Kind, int], Sequence[int]] = {}
        self._lost: dict[tuple[Kind, int, int], int] = {}
        """By scenarios alike, the next hops that each of them loses; those that do harm are left out."""
        self._unclear: set[tuple[Kind, int, int]] = set()
        """Scenarios alike in which something else than router ids decides ties: each is judged."""
        self._most: dict[tuple[Kind, int], tuple[int, tuple[int, ...]]] = {}
        """By kind and number, the most next hops that a judged scenario lost, and the first such scenario."""
        won = _all_won(ties.at_rest() for ties in self._ties)
        if won is None:
            self._swaps = ()
        else:
            self._heed(won)

    @property
    def any(self) -> bool:
        """True when there are scenarios alike at all."""
        return bool(self._swaps)

    def spared(self, scenario: Scenario) -> bool:
        """True when one alike does no harm, and one before it loses as many next hops: it has nothing to add."""
        lost = self._lost.get(self._key(scenario)) if self._swaps else None
        if lost is None:
            return False
        most, first = self._most.get((scenario.kind, len(scenario.targets)), (0, ()))
        return lost <= most and (not lost or first < self._places(scenario))

    def learn(self, scenario: Scenario, effects: Sequence[Effect], lost: int, *, harmful: bool) -> None:
        """Take note of what a scenario was found to do."""
        if not self._swaps:
            return
        group, places = (scenario.kind, len(scenario.targets)), self._places(scenario)
        most, first = self._most.get(group, (0, ()))
        if lost > most or (lost == most and places < first):
            self._most[group] = lost, places
        key = self._key(scenario)
        if harmful or key in self._lost or key in self._unclear:
            return
        won = _all_won(ties.after(effect) for ties, effect in zip(self._ties, effects, strict=True))
        if won is None:
            self._unclear.add(key)
        else:
            self._heed(won)
            self._lost[self._key(scenario)] = lost

    def _places(self, scenario: Scenario) -> tuple[int, ...]:
        """Where the scenario stands among those of its kind and number."""
        _, numbers = self._targets(scenario.kind)
        return tuple(numbers[target] for target in scenario.targets)

    def _targets(self, kind: Kind) -> tuple[Targets, Mapping[str, int]]:
        """What of the kind can fail, and its order."""
        if kind not in self._known:
            found = self._targets_of(kind)
            self._known[kind] = found, {name: number for number, name in enumerate(found)}
        return self._known[kind]

    def _key(self, scenario: Scenario) -> tuple[Kind, int, int]:
        kind, places = scenario.kind, self._places(scenario)
        labels = self._labels.get((kind, len(places)))
        if labels is None:
            labels = self._labels[kind, len(places)] = self._labelled(kind, len(places))
        number = places[0] if len(places) == 1 else places[0] * len(self._targets(kind)[0]) + places[1]
        return kind, len(places), labels[number] if labels else number

    def _labelled(self, kind: Kind, at_once: int) -> Sequence[int]:
        """By scenario, the first one that it is alike to; empty where too many would have to be kept."""
        targets, _ = self._targets(kind)
        count = len(targets)
        if count**at_once > _MOST_PAIRS:
            return ()
        joined = _Joined(count**at_once)
        for move, lost in _moves(targets, self._swaps):
            if at_once == 1:
                for one, two in move.items():
                    joined.join(one, two)
            else:
                _join_pairs(joined, count, move, lost)
        return joined.labels()

    def _heed(self, won: Iterable[Won]) -> None:
        """Give up the swaps that turn the order round which decided a tie, here or where other swaps lead."""
        new = [pair for pair in won if pair not in self._won]
        touching: dict[int, list[int]] = {}
        for number, swap in enumerate(self._swaps if new else ()):
            for index in swap.speakers:
                touching.setdefault(index, []).append(number)
        given_up: set[int] = set()
        while new:
            pair = new.pop()
            if pair in self._won:
                continue
            self._won.add(pair)
            for number in {*touching.get(pair[0], ()), *touching.get(pair[1], ())} - given_up:
                one, two = (self._swaps[number].speakers.get(index, index) for index in pair)
                if self._ids[one] < self._ids[two]:
                    new.append((one, two))
                else:
                    given_up.add(number)
        if given_up:
            self._swaps = [swap for number, swap in enumerate(self._swaps) if number not in given_up]
            self._labels.clear()
            self._lost.clear()


def _all_won(found: Iterable[set[Won] | None]) -> set[Won] | None:
    won: set[Won] = set()
    for part in found:
        if part is None:
            return None
        won |= part
    return won


class _Ties:
    """The ties of one family that router ids decide, where somebody is told the outcome."""

    def __init__(self, family: FamilyGround) -> None:
        self._family = family
        self._sender = {channel.source: channel.sender.index for channel in family.rules.graph.channels}
        self._relays = [all(map(_tells_attributes_only, groups)) for groups in family.rules.groups]

    def at_rest(self) -> set[Won] | None:
        """Those of the healthy fabric; `None` where something else decides one."""
        state = self._family.state
        tables = zip(state.received, state.best, strict=True)
        return _all_won(self._of(i, Choices(table.values(), best, -1)) for i, (table, best) in enumerate(tables))

    def after(self, effect: Effect) -> set[Won] | None:
        """Those of what failures changed; `None` where something else decides one."""
        return _all_won(self._of(index, choices) for index in effect.changed for choices in effect.choices(index))

    def _of(self, index: int, choices: Choices) -> set[Won] | None:
        rivals = rivals_of(self._family.rules.offered(index, choices.received), choices.classes)
        won: set[Won] = set()
        for best, there in choices.best.items() if rivals else ():
            for other in _tied(best, there & choices.classes, rivals.get(tying(best.rank), ())):
                if self._relays[index] and best.path.external and other.path.attributes is best.path.attributes:
                    continue  # whichever it is, all are told the same
                pair = self._decided(best, other)
                if pair is None:
                    return None
                won.add(pair)
        return won

    def _decided(self, best: Line, other: Line) -> Won | None:
        one, two = best.path, other.path
        if one.source is None or two.source is None:
            return None
        if one.attributes.originator_id is not None or two.attributes.originator_id is not None:
            return None
        pair = self._sender[one.source], self._sender[two.source]
        return None if pair[0] == pair[1] else pair


def _tied(best: Line, classes: ClassSet, rivals: Iterable[tuple[Line, ClassSet]]) -> Iterator[Line]:
    return (line for line, there in rivals if there & classes and line is not best)


def _tells_attributes_only(group: Group) -> bool:
    """True when what these peers are told of an eBGP path is all in its attributes."""
    settings = group.export.settings
    own_hop = group.export.external or settings.next_hop_self or settings.next_hop_self_force
    return own_hop and settings.route_map_out is None and not group.crowded


def _moves(targets: Targets, swaps: Iterable[Swap]) -> Iterator[tuple[dict[int, int], frozenset[int]]]:
    """By swap, where the targets go that move, and which of them become what is no target."""
    named = list(targets.values())
    number_of = {units: number for number, units in enumerate(named) if units is not None}
    by_channel, by_speaker = _index(named)
    for swap in swaps:
        near = {n for index in swap.speakers for n in by_speaker.get(index, ())}
        for family, channels in enumerate(swap.channels):
            near.update(n for channel in channels for n in by_channel.get((family, channel), ()))
        move: dict[int, int] = {}
        lost: set[int] = set()
        for number in sorted(near):
            units = named[number]
            assert units is not None
            image = swap.image(units)
            if image is not units:
                target = number_of.get(image)
                if target is None:
                    lost.add(number)
                else:
                    move[number] = target
        yield move, frozenset(lost)


def _index(named: Sequence[Units | None]) -> tuple[dict[tuple[int, int], list[int]], dict[int, list[int]]]:
    by_channel: dict[tuple[int, int], list[int]] = {}
    by_speaker: dict[int, list[int]] = {}
    for number, units in enumerate(named):
        for family, unit in enumerate(units or ()):
            for channel in unit.channels:
                by_channel.setdefault((family, channel), []).append(number)
            for speaker in unit.speakers:
                by_speaker.setdefault(speaker, []).append(number)
    return by_channel, by_speaker


class _Joined:
    """Numbers in sets that grow together, each known by its lowest member."""

    def __init__(self, count: int) -> None:
        self._above = array("q", range(count))

    def join(self, one: int, two: int) -> None:
        """Make one set of those of two numbers."""
        one, two = self._lowest(one), self._lowest(two)
        if one != two:
            self._above[max(one, two)] = min(one, two)

    def _lowest(self, number: int) -> int:
        above = self._above
        while (further := above[number]) != number:
            above[number] = above[further]
            number = further
        return number

    def labels(self) -> Sequence[int]:
        """The lowest member of each number's set."""
        return array("q", map(self._lowest, range(len(self._above))))


def _join_pairs(joined: _Joined, count: int, move: Mapping[int, int], lost: frozenset[int]) -> None:
    """Join each pair that moves with what it becomes; a pair is the lower number times `count`, plus the other."""
    for one, target in move.items():
        for other in range(count):
            if other == one or other in lost:
                continue
            beside = move.get(other, other)
            low, high = (one, other) if one < other else (other, one)
            to_low, to_high = (target, beside) if target < beside else (beside, target)
            joined.join(low * count + high, to_low * count + to_high)
