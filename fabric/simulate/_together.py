"""The fixed point of BGP for all destination classes of a family at once.

The same announcements, filters and decisions as for one class, each made once for all classes that it is the same for.
It is the answer only where the order of announcements cannot matter; `_monotonic` is asked before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from fabric.simulate._announcing import Announcing
from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ClassSet, ClassSets, members, shared
from fabric.simulate._decision import Decision
from fabric.simulate._lines import NOTHING, Group, Held, Intern, Line, Offer, Sent, differing
from fabric.simulate._path import Path
from fabric.simulate._propagation import Graph
from fabric.simulate._receiving import Receiving

_MANY = 4
"""Where more than one class in so many has changed, all are decided again, which is less work."""


class State:
    """Who holds which path in which class."""

    def __init__(self, speakers: int) -> None:
        self.received: list[dict[int, Held]] = [{} for _ in range(speakers)]
        """By speaker and channel, the usable paths."""
        self.best: list[Held] = [{} for _ in range(speakers)]
        self.sent: list[dict[Group, Sent]] = [{} for _ in range(speakers)]
        self._own: set[int] | None = None

    def fork(self) -> State:
        """A state that starts as this one and shares with it what does not change."""
        made = State(0)
        made.received, made.best, made.sent = list(self.received), list(self.best), list(self.sent)
        made._own = set()
        return made

    def table(self, index: int) -> dict[int, Held]:
        """The speaker's received paths, to be changed."""
        if self._own is not None and index not in self._own:
            self._own.add(index)
            self.received[index] = dict(self.received[index])
        return self.received[index]

    @property
    def touched(self) -> frozenset[int]:
        """The speakers whose received paths changed since the fork."""
        return frozenset(self._own or ())


class Rules:
    """The sessions of one family with what policy makes of announcements, remembered."""

    def __init__(self, graph: Graph, sets: ClassSets) -> None:
        self.graph = graph
        self.sets = sets
        self.own: list[list[Offer]] = _own(sets, len(graph.routers))
        self.defaulted = _defaulted(sets)
        self.decided: dict[tuple[Line, ...], Decision] = {}
        """What speakers decided about paths that tie, the best one first."""
        intern = Intern()
        announcing = Announcing(graph, sets, intern)
        self.groups, self.announce, self.default = announcing.groups, announcing.announce, announcing.default
        receiving = Receiving(graph, sets, intern)
        self.arrive, self.heeding = receiving.arrive, receiving.heeding

    def offered(self, index: int, received: Iterable[Held], within: ClassSet = -1) -> list[Offer]:
        """Every usable path of the speaker with its classes, of those within a set, in no order."""
        found = [*self.own[index]]
        for held in received:
            found += held.items()
        return found if within == -1 else [(line, part) for line, classes in found if (part := classes & within)]

    def offers(self, index: int, received: Iterable[Held], within: ClassSet = -1) -> list[Offer]:
        """The same, best first."""
        found = self.offered(index, received, within)
        if len(found) > 1:
            found.sort(key=_by_rank)
        return found

    def decide(self, offers: Iterable[Offer], within: ClassSet = -1) -> Held:
        """The best of the paths, which are for classes within a set, for every class that has any."""
        best: Held = {}
        taken = 0
        for line, classes in offers:
            won = classes & ~taken
            if won:
                best[line] = best[line] | won if line in best else shared(won, classes)
                taken |= won
                if taken == within:
                    break
        return best


def settle_all(rules: Rules) -> State:
    """The stable state of all classes.

    Speakers with few peers begin, so that those with many announce once what they hear from all of them.
    """
    state = State(len(rules.graph.routers))
    for number in members(rules.sets.defaults):
        for index, made in rules.sets.classes[number].defaults.items():
            channel = rules.graph.channels[index]
            held = rules.arrive(channel, {rules.default(channel, made): 1 << number}) if made is not None else NOTHING
            if held:
                state.table(channel.receiver.index)[index] = held
    everybody = sorted(range(len(rules.graph.routers)), key=lambda index: len(rules.graph.outgoing[index]))
    spread(rules, state, dict.fromkeys(everybody, -1))
    return state


def spread(rules: Rules, state: State, start: Mapping[int, ClassSet], dead: frozenset[int] = frozenset()) -> None:
    """Let the speakers of `start` decide about these classes again, and all whom that concerns.

    Channels of `dead` carry nothing.
    """
    queue = deque(start)
    changed = {**start}
    while queue:
        index = queue.popleft()
        for channel, sent in _news(rules, state, index, changed.pop(index)):
            receiver = channel.receiver.index
            classes = 0 if channel.index in dead else _deliver(rules, state, channel, sent)
            if classes:
                if receiver not in changed:
                    queue.append(receiver)
                changed[receiver] = changed.get(receiver, 0) | classes


def _news(rules: Rules, state: State, index: int, changed: ClassSet) -> Iterator[tuple[Channel, Sent]]:
    """What the speaker tells its peers, that it did not tell them before, once it has decided about the classes."""
    best = _decided_again(rules, state, index, changed)
    if best == state.best[index]:
        return
    state.best[index] = best
    before = state.sent[index]
    state.sent[index] = {group: rules.announce(group, best) for group in rules.groups[index]}
    for group, channels in rules.groups[index].items():
        sent, told = state.sent[index][group], before.get(group, {})
        if sent != told:
            yield from ((channel, sent) for channel in rules.heeding(channels, _changes(told, sent)))


def _decided_again(rules: Rules, state: State, index: int, changed: ClassSet) -> Held:
    """The best paths of the speaker, of which only those of the changed classes can be others than before."""
    received, before = state.received[index].values(), state.best[index]
    if changed < 0 or changed.bit_count() * _MANY > rules.sets.all.bit_count():
        return rules.decide(rules.offers(index, received))
    found = rules.decide(rules.offers(index, received, changed), changed)
    if found == {line: part for line, classes in before.items() if (part := classes & changed)}:
        return before
    best = {line: shared(part, classes) for line, classes in before.items() if (part := classes & ~changed)}
    for line, classes in found.items():
        best[line] = best[line] | classes if line in best else classes
    return best


def _changes(told: Sent, sent: Sent) -> Sent:
    """The announcements that are new or withdrawn, with the classes of which they are."""
    found = ((message, told.get(message, 0) ^ sent.get(message, 0)) for message in {**told, **sent})
    return {message: classes for message, classes in found if classes}


def _deliver(rules: Rules, state: State, channel: Channel, sent: Sent) -> ClassSet:
    """Put what the channel brings into the receiver's table, and give the classes for which that is something else."""
    receiver = channel.receiver.index
    before = state.received[receiver].get(channel.index, NOTHING)
    held = rules.arrive(channel, sent)
    if channel.index in rules.defaulted:
        held = _keeping(before, rules.defaulted[channel.index], held)
    classes = differing(before, held)
    if not classes:
        return 0
    table = state.table(receiver)
    if held:
        table[channel.index] = held
    else:
        del table[channel.index]
    return classes


def _keeping(before: Held, kept: ClassSet, held: Held) -> Held:
    """What is held, but for the classes that are kept as before: `default-originate` does not follow the sender."""
    found = {line: classes & ~kept for line, classes in held.items() if classes & ~kept}
    for line, classes in before.items():
        if classes & kept:
            found[line] = found.get(line, 0) | classes & kept
    return found


def _by_rank(offer: Offer) -> tuple[object, ...]:
    return offer[0].rank


def _defaulted(sets: ClassSets) -> dict[int, ClassSet]:
    """By channel, the classes that `default-originate` sends over it."""
    found: dict[int, ClassSet] = {}
    for number in members(sets.defaults):
        for index in sets.classes[number].defaults:
            found[index] = found.get(index, 0) | 1 << number
    return found


def _own(sets: ClassSets, speakers: int) -> list[list[Offer]]:
    """By speaker its own paths; of several for one class in their order."""
    found: list[dict[tuple[int, Path], ClassSet]] = [{} for _ in range(speakers)]
    for number, item in enumerate(sets.classes):
        for index, paths in item.local.items():
            for key in enumerate(paths):
                found[index][key] = found[index].get(key, 0) | 1 << number
    return [[(Line(path), classes) for (_, path), classes in sorted(own.items(), key=_position)] for own in found]


def _position(own: tuple[tuple[int, Path], ClassSet]) -> int:
    return own[0][0]
