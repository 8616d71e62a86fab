"""What failures change, found from the healthy state: only speakers that hear something else decide again.

The effects of two failures together are those of each alone, but for the routes that both bear on: these are decided
once more. Where their announcements then differ from what each failure alone made them, the two are failed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

from fabric._values import dataclass
from fabric.simulate._classsets import ClassSet
from fabric.simulate._decision import Decision
from fabric.simulate._ground import FamilyGround, united
from fabric.simulate._lines import Held, differing
from fabric.simulate._outcomes import decisions
from fabric.simulate._together import Rules, State, spread


class Unit(NamedTuple):
    """Things that fail together: channels that go quiet, and speakers that are gone."""

    channels: frozenset[int]
    speakers: frozenset[int]
    withdrawn: tuple[tuple[int, ClassSet], ...] = ()
    """By speaker, the classes that it no longer originates."""


class Loss(NamedTuple):
    """Routes of one speaker that lost the same number of the same number of next hops."""

    before: int
    after: int
    classes: ClassSet

    @property
    def ratio(self) -> float:
        """What is left of the width."""
        return self.after / self.before


class Choices(NamedTuple):
    """Paths that a speaker holds, the best ones, and the classes that they are looked at for."""

    received: Iterable[Held]
    best: Held
    classes: ClassSet


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

Changed = dict[int, ClassSet]

_NOTHING: Held = {}


class _ApartError(Exception):
    """The two failures meet in a way that only failing them together can tell."""


Losses = Mapping[int, tuple[Loss, ...]]
"""By speaker."""


class Effect(Protocol):
    """What failures do in one family, on the speakers that are left."""

    @property
    def ground(self) -> FamilyGround:
        """The healthy state."""

    @property
    def unit(self) -> Unit:
        """What fails."""

    @property
    def missing(self) -> Changed:
        """By endpoint's speaker, the classes of living endpoints that it has no path of any more."""

    @property
    def changed(self) -> Changed:
        """By living speaker, the classes that it may hold other paths of."""

    def decided(self, index: int) -> Iterator[tuple[Decision, ClassSet]]:
        """What a speaker has decided for its changed classes, those without any path left out."""

    def choices(self, index: int) -> Iterator[Choices]:
        """What a speaker of changed classes had to choose from."""

    @property
    def losses(self) -> Losses:
        """The next hops that routes lost."""

    @property
    def narrowed(self) -> tuple[int, int]:
        """How many routes lost next hops, and how many next hops that is."""


@dataclass(frozen=True)
class Alone:
    """The effect of one unit, with the state that it leaves behind."""

    ground: FamilyGround
    unit: Unit
    missing: Changed
    losses: Losses
    state: State
    changed: Changed
    """By speaker, the classes that it holds other paths of."""
    rules: Rules
    """Those of the ground, without the own paths that are withdrawn."""

    @cached_property
    def narrowed(self) -> tuple[int, int]:
        """How many routes lost next hops, and how many next hops that is."""
        return _size(self.ground, (loss for losses in self.losses.values() for loss in losses))

    def decided(self, index: int) -> Iterator[tuple[Decision, ClassSet]]:
        """What a speaker has decided for its changed classes, those without any path left out."""
        return self.decided_within(index, self.changed.get(index, 0))

    def choices(self, index: int) -> Iterator[Choices]:
        """What a speaker of changed classes had to choose from."""
        yield self.choices_within(index, self.changed.get(index, 0))

    def choices_within(self, index: int, classes: ClassSet) -> Choices:
        """The same for some of the classes."""
        return Choices(self.state.received[index].values(), self.state.best[index], classes)

    def decided_within(self, index: int, classes: ClassSet) -> Iterator[tuple[Decision, ClassSet]]:
        """The same for some of the classes."""
        return _decisions(self.rules, index, *self.choices_within(index, classes))


@dataclass(frozen=True)
class Joint:
    """The effect of two units that meet in few routes."""

    ground: FamilyGround
    unit: Unit
    missing: Changed
    one: Alone
    two: Alone
    both: Changed
    """By speaker, the classes that both bear on."""
    again: Losses
    """Of these, what they lost."""
    merged: Mapping[int, tuple[Sequence[Held], Held]]
    """Of these, all usable paths by speaker, and the best ones."""

    @cached_property
    def narrowed(self) -> tuple[int, int]:
        """How many routes lost next hops, and how many next hops that is."""
        routes, hops = _size(self.ground, (loss for losses in self.again.values() for loss in losses))
        for effect in (self.one, self.two):
            out_routes, out_hops = _size(self.ground, self._inside(effect))
            routes += effect.narrowed[0] - out_routes
            hops += effect.narrowed[1] - out_hops
        return routes, hops

    @cached_property
    def changed(self) -> Changed:
        """By living speaker, the classes that it may hold other paths of."""
        found: Changed = {}
        for effect in (self.one, self.two):
            for index, classes in effect.changed.items():
                if index not in self.unit.speakers:
                    found[index] = found.get(index, 0) | classes
        return found

    def decided(self, index: int) -> Iterator[tuple[Decision, ClassSet]]:
        """What a speaker has decided for its changed classes, those without any path left out."""
        both = self.both.get(index, 0)
        for effect in (self.one, self.two):
            yield from effect.decided_within(index, effect.changed.get(index, 0) & ~both)
        if both:
            yield from _decisions(self.ground.rules, index, *self.merged[index], both)

    def choices(self, index: int) -> Iterator[Choices]:
        """What a speaker of changed classes had to choose from."""
        both = self.both.get(index, 0)
        for effect in (self.one, self.two):
            yield effect.choices_within(index, effect.changed.get(index, 0) & ~both)
        if both:
            yield Choices(*self.merged[index], both)

    def _inside(self, effect: Alone) -> Iterator[Loss]:
        """The losses of one effect that do not count: the other bears on them too, or the speaker is gone."""
        for index in self.unit.speakers:
            yield from effect.losses.get(index, ())
        for index, classes in self.both.items():
            for loss in effect.losses.get(index, ()):
                if loss.classes & classes:
                    yield loss._replace(classes=loss.classes & classes)

    @cached_property
    def losses(self) -> Losses:
        """The next hops that routes lost."""
        found = dict(self.again)
        for effect in (self.one, self.two):
            for index, losses in effect.losses.items():
                if index not in self.unit.speakers:
                    apart = (loss._replace(classes=loss.classes & ~self.both.get(index, 0)) for loss in losses)
                    found[index] = (*found.get(index, ()), *(loss for loss in apart if loss.classes))
        return _filled(found)


def ranked(effect: Effect) -> list[tuple[float, int, Loss]]:
    """The losses, worst first, with their speakers."""
    found = [(loss.ratio, index, loss) for index, losses in effect.losses.items() for loss in losses]
    return sorted(found, key=lambda item: item[:2])


def _size(ground: FamilyGround, losses: Iterable[Loss]) -> tuple[int, int]:
    routes = hops = 0
    for loss in losses:
        count = ground.bgp.prefixes_in(loss.classes)
        routes, hops = routes + count, hops + count * (loss.before - loss.after)
    return routes, hops


def fail(ground: FamilyGround, unit: Unit) -> Alone:
    """The effect of a unit on the healthy state."""
    base = ground.state
    rules = _without(ground.rules, unit.withdrawn)
    state = base.fork()
    start: dict[int, ClassSet] = dict(unit.withdrawn)
    for index in sorted(unit.channels):
        receiver = ground.rules.graph.channels[index].receiver.index
        if receiver not in unit.speakers and index in state.received[receiver]:
            start[receiver] = start.get(receiver, 0) | united(state.table(receiver).pop(index))
    spread(rules, state, start, unit.channels)
    changed = {index: _difference(base.received[index], state.received[index]) for index in sorted(state.touched)}
    for index, classes in unit.withdrawn:
        changed[index] = changed.get(index, 0) | classes
    changed = {index: classes for index, classes in changed.items() if classes}
    losses, missing = {}, {}
    wanted = ground.wanted_without(unit.speakers)
    for index, classes in changed.items():
        received = state.received[index].values()
        losses[index] = _compared(ground, index, received, state.best[index], classes)
        missing[index] = _gone(ground, index, state.best[index], classes & wanted)
    return Alone(ground, unit, _filled(missing), _filled(losses), state, changed, rules)


def _without(rules: Rules, withdrawn: Iterable[tuple[int, ClassSet]]) -> Rules:
    """The rules with what they remember, but for the own paths of these classes."""
    gone = dict(withdrawn)
    if not gone:
        return rules
    made = copy(rules)
    made.own = [
        [(line, classes & ~gone[index]) for line, classes in own if classes & ~gone[index]] if index in gone else own
        for index, own in enumerate(rules.own)
    ]
    return made


def together(one: Alone, two: Alone) -> Effect:
    """The effect of two units at once."""
    ground = one.ground
    unit = Unit(one.unit.channels | two.unit.channels, one.unit.speakers | two.unit.speakers)
    try:
        return _joined(ground, unit, one, two)
    except _ApartError:
        return fail(ground, unit)


def _joined(ground: FamilyGround, unit: Unit, one: Alone, two: Alone) -> Effect:
    both = _overlap(one, two, unit.speakers)
    _refuse_detours(one, two, both)
    _refuse_detours(two, one, both)
    wanted = ground.wanted_without(unit.speakers)
    missing: Changed = {}
    for effect in (one, two):
        for index, classes in effect.missing.items():
            if index not in unit.speakers:
                missing[index] = missing.get(index, 0) | classes & wanted & ~both.get(index, 0)
    again: dict[int, tuple[Loss, ...]] = {}
    merged: dict[int, tuple[Sequence[Held], Held]] = {}
    for index, classes in both.items():
        received = list(_merged(ground.state, (one, two), unit, index, classes))
        best = _decided_again(ground, (one, two), index, received, classes)
        merged[index] = received, best
        again[index] = _compared(ground, index, received, best, classes)
        missing[index] = missing.get(index, 0) | _gone(ground, index, best, classes & wanted)
    return Joint(ground, unit, _filled(missing), one, two, both, _filled(again), merged)


def _overlap(one: Alone, two: Alone, dead: frozenset[int]) -> Changed:
    """By speaker, the classes of which both effects change something."""
    found: Changed = {}
    other = two.changed
    for index, classes in one.changed.items():
        both = classes & other.get(index, 0)
        if both and index not in dead:
            found[index] = both
    return found


def _refuse_detours(one: Alone, two: Alone, both: Changed) -> None:
    """Raise where one failure turns to a channel that the other one silences."""
    channels, base = one.ground.rules.graph.channels, one.ground.state
    for index in two.unit.channels - one.unit.channels:
        receiver = channels[index].receiver.index
        old = base.received[receiver].get(index, _NOTHING)
        new = one.state.received[receiver].get(index, _NOTHING)
        if new is not old and differing(old, new) & ~both.get(receiver, 0):
            raise _ApartError


def _decided_again(
    ground: FamilyGround, pair: tuple[Alone, Alone], index: int, received: Iterable[Held], classes: ClassSet
) -> Held:
    """The best paths of a speaker in the classes that both failures bear on."""
    rules = ground.rules
    best = _within(rules.decide(rules.offers(index, received)), classes)
    for group in rules.groups[index]:
        sent = rules.announce(group, best)
        if any(_within(effect.state.sent[index].get(group, {}), classes) != sent for effect in pair):
            raise _ApartError
    return best


def _merged(base: State, pair: tuple[Alone, Alone], unit: Unit, index: int, classes: ClassSet) -> Iterator[Held]:
    """What arrives over each living channel, for some classes: of what changed the new, of the rest the old."""
    tables = tuple(effect.state.received[index] for effect in pair)
    before = base.received[index]
    for channel in {**before, **tables[0], **tables[1]}:
        if channel in unit.channels:
            continue
        old, first, second = (table.get(channel, _NOTHING) for table in (before, *tables))
        if second is old or first is second:
            yield _within(first, classes)
        elif first is old:
            yield _within(second, classes)
        else:
            yield _both_new(old, first, second, classes)


def _both_new(old: Held, first: Held, second: Held, classes: ClassSet) -> Held:
    ones, twos = differing(old, first) & classes, differing(old, second) & classes
    if _within(first, ones & twos) != _within(second, ones & twos):
        raise _ApartError
    found: Held = {}
    for held, part in ((first, ones), (second, twos & ~ones), (old, classes & ~ones & ~twos)):
        for line, there in _within(held, part).items():
            found[line] = found.get(line, 0) | there
    return found


def _within(held: Mapping[_Key, ClassSet], classes: ClassSet) -> dict[_Key, ClassSet]:
    return {key: found & classes for key, found in held.items() if found & classes}


def _difference(before: Mapping[int, Held], after: Mapping[int, Held]) -> ClassSet:
    """The classes of which the two tables hold other paths."""
    found = 0
    for channel in before.keys() | after.keys():
        old, new = before.get(channel, _NOTHING), after.get(channel, _NOTHING)
        if old is not new:
            found |= differing(old, new)
    return found


def _compared(
    ground: FamilyGround, index: int, received: Iterable[Held], best: Held, classes: ClassSet
) -> tuple[Loss, ...]:
    """The next hops that a speaker's routes lost, among the classes; nothing where not only BGP makes its routes."""
    if not ground.plain or not any(width > 1 and there & classes for width, there in ground.widths[index]):
        return ()
    after = ground.widths_of(index, ground.rules.offered(index, received), best, classes)
    return tuple(
        Loss(width, left, there & here)
        for width, there in ground.widths[index]
        if width > 1 and there & classes
        for left, here in after
        if 0 < left < width and there & here
    )


def _decisions(
    rules: Rules, index: int, received: Iterable[Held], best: Held, classes: ClassSet
) -> Iterator[tuple[Decision, ClassSet]]:
    if not classes:
        return iter(())
    return decisions(rules, index, rules.offers(index, received), best, classes)


def _gone(ground: FamilyGround, index: int, best: Held, classes: ClassSet) -> ClassSet:
    """Of the classes those that an endpoint has lost altogether."""
    return ground.held[index] & classes & ~united(best) if index in ground.endpoint_speakers else 0


def _filled(found: Mapping[int, _Value]) -> dict[int, _Value]:
    return {index: value for index, value in found.items() if value}
