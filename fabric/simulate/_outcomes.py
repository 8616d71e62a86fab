"""The stable state of every destination class, found for all at once where that is sound, else one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ClassSet, ClassSets, set_of
from fabric.simulate._decision import Decision, decide, tying
from fabric.simulate._lines import Held, Line, Offer
from fabric.simulate._monotonic import obstacles
from fabric.simulate._path import Path
from fabric.simulate._propagation import DestinationClass, Graph, Outcome, propagate, propagate_in_order
from fabric.simulate._together import Rules, State, settle_all
from fabric.simulate._values import NoStableStateError

_FEW = 64
_NAMED = 3
"""Obstacles that an answer names."""


class Outcomes(Protocol):
    """What all speakers hold in the stable state."""

    obstacles: tuple[str, ...]
    """Why the classes were taken one after the other; empty where they were not."""

    def received(self, number: int, index: int) -> Sequence[Path]:
        """The usable paths of a class that a speaker got from its peers."""

    def best(self, number: int, index: int) -> Path | None:
        """The best path of a class at a speaker."""

    def decisions(self, index: int) -> Iterator[tuple[Decision, ClassSet]]:
        """What the speaker decided for which classes; in AS paths placeholders may stand for ASNs."""

    def accepted(self, channel: Channel) -> ClassSet:
        """The classes of which the channel's receiver holds a path that it brought."""

    def ambiguous(self, number: int, index: int) -> bool:
        """True when the speaker's best path of a class differs if announcements come in another order."""


def outcomes(graph: Graph, classes: Sequence[DestinationClass]) -> Outcomes:
    """The stable state of the classes; raises `NoStableStateError` where a class has none."""
    found = tuple(islice(obstacles(graph, classes), _NAMED))
    if found:
        return OneByOne(graph, classes, found)
    rules = Rules(graph, ClassSets(graph, classes))
    return Together(rules, settle_all(rules))


class OneByOne:
    """The general engine: a fixed point for each class."""

    def __init__(self, graph: Graph, classes: Sequence[DestinationClass], why: tuple[str, ...]) -> None:
        self._graph = graph
        self._classes = classes
        self._found = [propagate(graph, item) for item in classes]
        self._otherwise: dict[int, Outcome | None] = {}
        self.obstacles = why

    def received(self, number: int, index: int) -> Sequence[Path]:
        """The usable paths of a class that a speaker got from its peers."""
        return tuple(self._found[number].received[index].values())

    def best(self, number: int, index: int) -> Path | None:
        """The best path of a class at a speaker."""
        return self._found[number].best[index]

    def decisions(self, index: int) -> Iterator[tuple[Decision, ClassSet]]:
        """What the speaker decided for each class."""
        for number, item in enumerate(self._classes):
            paths = [*item.local.get(index, ()), *self.received(number, index)]
            if paths:
                yield decide(paths, self._graph.settings[index]), 1 << number

    def accepted(self, channel: Channel) -> ClassSet:
        """The classes of which the channel's receiver holds a path that it brought."""
        index = channel.receiver.index
        return set_of(n for n, found in enumerate(self._found) if channel.index in found.received[index])

    def ambiguous(self, number: int, index: int) -> bool:
        """True when the speaker's best path of a class differs if announcements come in another order."""
        if number not in self._otherwise:
            try:
                self._otherwise[number] = propagate_in_order(self._graph, self._classes[number], newest_first=True)
            except NoStableStateError:
                self._otherwise[number] = None
        other = self._otherwise[number]
        if self._graph.routers[index].name in self._found[number].chasing:
            return True
        return other is None or other.best[index] != self._found[number].best[index]


class Together:
    """The engine for all classes at once."""

    obstacles: tuple[str, ...] = ()

    def __init__(self, rules: Rules, state: State) -> None:
        self.rules = rules
        self.state = state

    def received(self, number: int, index: int) -> Sequence[Path]:
        """The usable paths of a class that a speaker got from its peers."""
        lines = (pair for held in self.state.received[index].values() for pair in held.items())
        return tuple(self.rules.sets.written(line.path, number) for line, classes in lines if classes >> number & 1)

    def best(self, number: int, index: int) -> Path | None:
        """The best path of a class at a speaker."""
        lines = self.state.best[index].items()
        found = next((line.path for line, classes in lines if classes >> number & 1), None)
        return None if found is None else self.rules.sets.written(found, number)

    def decisions(self, index: int) -> Iterator[tuple[Decision, ClassSet]]:
        """What the speaker decided for which classes."""
        offers = self.rules.offers(index, self.state.received[index].values())
        return decisions(self.rules, index, offers, self.state.best[index])

    def accepted(self, channel: Channel) -> ClassSet:
        """The classes of which the channel's receiver holds a path that it brought."""
        found = 0
        for classes in self.state.received[channel.receiver.index].get(channel.index, {}).values():
            found |= classes
        return found

    def ambiguous(self, number: int, index: int) -> bool:  # noqa: ARG002 - none is: that is what monotonic means
        """False: one stable state exists, and the order cannot matter."""
        return False


def decisions(
    rules: Rules, index: int, offers: Iterable[Offer], best: Held, within: ClassSet = -1
) -> Iterator[tuple[Decision, ClassSet]]:
    """What a speaker that is offered these paths decided for which classes, of those within a set."""
    rivals = rivals_of(offers, within)
    for line, all_classes in best.items():
        classes = all_classes & within
        if not classes:
            continue
        rivaling = rivals.get(tying(line.rank), ()) if rivals else ()
        tied = [pair for pair in rivaling if pair[1] & classes and pair[0] is not line]
        if not tied:
            yield line.alone, classes
            continue
        for lines, part in _parts(line, classes, tied):
            known = rules.decided.get(lines)
            if known is None:
                known = decide([line.path for line in lines], rules.graph.settings[index])
                rules.decided[lines] = known
            yield known, part


def rivals_of(offers: Iterable[Offer], within: ClassSet) -> dict[object, list[Offer]]:
    """The paths that tie with others for some classes, by what they tie in."""
    alike: dict[object, list[Offer]] = {}
    for line, all_classes in offers:
        classes = all_classes & within
        if classes:
            alike.setdefault(tying(line.rank), []).append((line, classes))
    return {key: found for key, members in alike.items() if len(members) > 1 and (found := _several(members))}


def _several(members: list[Offer]) -> list[Offer]:
    """The paths of classes that have more than one of them; few paths are not worth asking."""
    if len(members) <= _FEW:
        return members
    once = several = 0
    for _, classes in members:
        several |= once & classes
        once |= classes
    return [(line, classes) for line, classes in members if classes & several] if several else []


def _parts(best: Line, classes: ClassSet, tied: Sequence[Offer]) -> Iterator[tuple[tuple[Line, ...], ClassSet]]:
    """The classes in parts that have the same of the tied paths, each with the best path before these."""
    if all(found & classes == classes for _, found in tied):
        return iter((((best, *(line for line, _ in tied)), classes),))
    parts: list[tuple[tuple[Line, ...], ClassSet]] = [((best,), classes)]
    for line, found in tied:
        split = [((*lines, line), part & found) for lines, part in parts if part & found]
        parts = [(lines, part & ~found) for lines, part in parts if part & ~found] + split
    return iter(parts)
