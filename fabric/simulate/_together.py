"""The fixed point of BGP for all destination classes of a family at once.

The same announcements, filters and decisions as for one class, each made once for all classes that it is the same for.
It is the answer only where the order of announcements cannot matter; `_monotonic` is asked before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fabric.simulate._attributes import OWN, AsHop, Attributes, BgpNextHop
from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ORIGIN, UPLINK, ClassSet, ClassSets, members, shared, written
from fabric.simulate._decision import Decision, rank
from fabric.simulate._export import Export, Exported
from fabric.simulate._import import Import
from fabric.simulate._path import Path, Source
from fabric.simulate._propagation import Graph
from fabric.simulate._values import Reason


class Line:
    """A path that some classes share at one speaker. Compared by identity: a path at a speaker has one line."""

    __slots__ = ("path", "rank")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rank = rank(path)


class Message:
    """An announcement that some classes share. Compared by identity: an announcement of an export has one."""

    __slots__ = ("exported", "learned")

    def __init__(self, exported: Exported, learned: Source | None) -> None:
        self.exported = exported
        self.learned = learned
        """The session that the path came over, where the next hop depends on it."""


Held = dict[Line, ClassSet]
"""Paths with the classes that have them; never changed once made."""
Offer = tuple[Line, ClassSet]
Sent = dict[Message, ClassSet]
"""Announcements with the classes that they are made for."""

_NOTHING: Held = {}


class Group(NamedTuple):
    """The peers of a speaker that are told the same."""

    export: Export
    crowded: bool
    """They share a subnet, whose next hops the speaker passes on."""


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
        self.groups = [_grouped(graph.outgoing[router.index]) for router in graph.routers]
        self.defaulted = _defaulted(sets)
        self.decided: dict[tuple[Line, ...], Decision] = {}
        """What speakers decided about paths that tie, the best one first."""
        self._made: dict[Group, dict[Line, tuple[tuple[ClassSet, Message], ...]]] = {}
        self._messages: dict[Group, dict[tuple[Exported, Source | None], Message]] = {}
        self._came: list[dict[Message, tuple[tuple[ClassSet, Line], ...]]] = [{} for _ in graph.channels]
        self._lines: list[dict[Path, Line]] = [{} for _ in graph.channels]
        self._accepted: dict[tuple[Import, Attributes], tuple[tuple[ClassSet, Attributes, BgpNextHop], ...]] = {}

    def offered(self, index: int, received: Iterable[Held]) -> list[Offer]:
        """Every usable path of the speaker with its classes, in no order."""
        found = [*self.own[index]]
        for held in received:
            found += held.items()
        return found

    def offers(self, index: int, received: Iterable[Held]) -> list[Offer]:
        """Every usable path of the speaker with its classes, best first."""
        found = self.offered(index, received)
        if len(found) > 1:
            found.sort(key=_by_rank)
        return found

    def decide(self, offers: Iterable[Offer]) -> Held:
        """The best of the paths for every class that has any."""
        best: Held = {}
        taken = 0
        for line, classes in offers:
            won = classes & ~taken
            if won:
                best[line] = best[line] | won if line in best else shared(won, classes)
                taken |= won
        return best

    def announce(self, group: Group, best: Held) -> Sent:
        """What the speaker tells the peers of the group."""
        kept = ~self.sets.suppressed.get(group.export.router.index, 0)
        made = self._made.setdefault(group, {})
        sent: Sent = {}
        for line, classes in best.items():
            if line not in made:
                made[line] = tuple(self._messages_of(group, line.path))
            for part, message in made[line]:
                went = classes & part & kept
                if went:
                    sent[message] = sent[message] | went if message in sent else shared(went, classes)
        return sent

    def default(self, channel: Channel, attributes: Attributes) -> Message:
        """The announcement of `default-originate`."""
        return self._message(Group(channel.export, channel.crowded), channel.export.default(attributes), None)

    def arrive(self, channel: Channel, sent: Sent) -> Held:
        """The usable paths that the receiver makes of what the channel brings."""
        known = self._came[channel.index]
        held: Held = {}
        for message, classes in sent.items():
            if message not in known:
                known[message] = tuple(self._lines_of(channel, message))
            for part, line in known[message]:
                came = classes & part
                if came:
                    held[line] = held[line] | came if line in held else shared(came, classes)
        return held

    def _messages_of(self, group: Group, path: Path) -> Iterator[tuple[ClassSet, Message]]:
        export = group.export
        learned = path.source if group.crowded else None
        settings = export.settings
        for prefix, part in self.sets.parts(export.router, settings.prefix_list_out, settings.route_map_out):
            exported = export.announce(path, prefix)
            if isinstance(exported, Reason):
                continue
            if exported.third_party and path.source is not None and not group.crowded:
                exported = exported._replace(address=None)  # such a peer gets the sender itself
            as_path, alike = self._in_symbols(export, exported.attributes.as_path, own=path.source is None)
            if part & alike:
                symbolic = exported._replace(attributes=exported.attributes._replace(as_path=as_path))
                yield part & alike, self._message(group, symbolic, learned)
            if part & ~alike:
                yield part & ~alike, self._message(group, exported, learned)

    def _in_symbols(
        self, export: Export, as_path: tuple[AsHop, ...], *, own: bool
    ) -> tuple[tuple[AsHop, ...], ClassSet]:
        """The AS path with placeholders, and the classes for which it is that."""
        if export.external and own and as_path == (export.asn,):
            return (ORIGIN,), self.sets.relative
        if export.external and as_path == (export.asn, ORIGIN):
            return (UPLINK, ORIGIN), self.sets.by_uplink.get(export.asn, 0)
        return as_path, 0

    def _message(self, group: Group, exported: Exported, learned: Source | None) -> Message:
        known = self._messages.setdefault(group, {})
        if (exported, learned) not in known:
            known[exported, learned] = Message(exported, learned)
        return known[exported, learned]

    def _lines_of(self, channel: Channel, message: Message) -> Iterator[tuple[ClassSet, Line]]:
        hosts, own = self.sets.hosts, self._lines[channel.index]
        for imported, attributes, hop in self._imported(channel, message):
            itself = 0 if hop.address is None or channel.source.from_client else hosts.get(hop.address, 0)
            part = imported & ~itself if itself else imported
            metric = self.graph.metric(channel, hop)
            if part and not isinstance(metric, Reason):
                path = Path(attributes, hop, channel.source, metric)
                if path not in own:
                    own[path] = Line(path)
                yield part, own[path]

    def _imported(self, channel: Channel, message: Message) -> Iterable[tuple[ClassSet, Attributes, BgpNextHop]]:
        attributes = message.exported.attributes
        if not channel.import_.by_path_only:
            return self._accept(channel, attributes, channel.next_hop(message.exported, message.learned))
        key = (channel.import_, attributes)
        known = self._accepted.get(key)
        if known is None:
            known = self._accepted[key] = tuple(self._accept(channel, attributes, OWN))
        if not known:
            return ()
        next_hop = channel.next_hop(message.exported, message.learned)
        return ((part, accepted, next_hop) for part, accepted, _ in known)

    def _accept(
        self, channel: Channel, attributes: Attributes, next_hop: BgpNextHop
    ) -> Iterator[tuple[ClassSet, Attributes, BgpNextHop]]:
        import_ = channel.import_
        settings = import_.settings
        as_seen = tuple(self._as_seen(attributes, import_.router.instance.asn))
        for prefix, part in self.sets.parts(import_.router, settings.prefix_list_in, settings.route_map_in):
            for alike, seen in as_seen:
                classes = shared(part & alike, part)
                if classes:
                    accepted = import_.accept(seen, next_hop, prefix, channel.source.interface)
                    if not isinstance(accepted, Reason):
                        yield classes, *accepted

    def _as_seen(self, attributes: Attributes, asn: int) -> Iterable[tuple[ClassSet, Attributes]]:
        """The attributes with the receiver's ASN written out wherever it may stand, so that its loop check sees it."""
        cases = [(self.sets.all, attributes)]
        for placeholder, native in self.sets.standing_for(asn):
            if native and placeholder in attributes.as_path:
                cases = [(classes & ~native, seen) for classes, seen in cases] + [
                    (classes & native, written(seen, placeholder, asn)) for classes, seen in cases
                ]
        return cases


def settle_all(rules: Rules) -> State:
    """The stable state of all classes."""
    state = State(len(rules.graph.routers))
    for number in members(rules.sets.defaults):
        for index, made in rules.sets.classes[number].defaults.items():
            channel = rules.graph.channels[index]
            held = rules.arrive(channel, {rules.default(channel, made): 1 << number}) if made is not None else _NOTHING
            if held:
                state.table(channel.receiver.index)[index] = held
    spread(rules, state, range(len(rules.graph.routers)))
    return state


def spread(rules: Rules, state: State, start: Iterable[int], dead: frozenset[int] = frozenset()) -> None:
    """Let the speakers of `start` decide again, and all whom that concerns. Channels of `dead` carry nothing."""
    queue = deque(start)
    queued = set(queue)
    while queue:
        index = queue.popleft()
        queued.discard(index)
        for channel, sent in _news(rules, state, index):
            receiver = channel.receiver.index
            if channel.index not in dead and _deliver(rules, state, channel, sent) and receiver not in queued:
                queued.add(receiver)
                queue.append(receiver)


def _news(rules: Rules, state: State, index: int) -> Iterator[tuple[Channel, Sent]]:
    """What the speaker tells its peers, that it did not tell them before."""
    best = rules.decide(rules.offers(index, state.received[index].values()))
    if best == state.best[index]:
        return
    state.best[index] = best
    before = state.sent[index]
    state.sent[index] = {group: rules.announce(group, best) for group in rules.groups[index]}
    for group, channels in rules.groups[index].items():
        sent = state.sent[index][group]
        if sent != before.get(group, _NOTHING):
            yield from ((channel, sent) for channel in channels)


def _deliver(rules: Rules, state: State, channel: Channel, sent: Sent) -> bool:
    """Put what the channel brings into the receiver's table; false when it was there before."""
    receiver = channel.receiver.index
    before = state.received[receiver].get(channel.index, _NOTHING)
    held = rules.arrive(channel, sent)
    if channel.index in rules.defaulted:
        held = _keeping(before, rules.defaulted[channel.index], held)
    if held == before:
        return False
    table = state.table(receiver)
    if held:
        table[channel.index] = held
    else:
        del table[channel.index]
    return True


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


def _grouped(channels: Sequence[Channel]) -> dict[Group, list[Channel]]:
    found: dict[Group, list[Channel]] = {}
    for channel in channels:
        found.setdefault(Group(channel.export, channel.crowded), []).append(channel)
    return found


def _position(own: tuple[tuple[int, Path], ClassSet]) -> int:
    return own[0][0]
