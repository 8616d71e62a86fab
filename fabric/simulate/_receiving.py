"""What speakers make of announcements, for all classes at once.

A verdict is asked for once and kept: for all routers that filter alike, unless the announcement names the router.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fabric.simulate._attributes import OWN, Attributes, BgpNextHop
from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ClassSet, ClassSets, shared, written
from fabric.simulate._import import Import
from fabric.simulate._lines import Held, Intern, Line, Message, Sent
from fabric.simulate._path import Path
from fabric.simulate._propagation import Graph
from fabric.simulate._values import Reason

_Verdict = tuple[ClassSet, Attributes, BgpNextHop]
"""What is let in of an announcement: classes, and the path that they get."""
_Verdicts = tuple[_Verdict, ...]


class _Made(NamedTuple):
    """What came of an announcement: paths, for the classes that it has been asked for so far."""

    asked: ClassSet
    lines: tuple[tuple[ClassSet, Line], ...]


class Receiving:
    """The receiving ends of the sessions of one family, with what they made of announcements so far."""

    def __init__(self, graph: Graph, sets: ClassSets, intern: Intern) -> None:
        self._graph = graph
        self._intern = intern
        self._sets = sets
        self._lines: list[dict[tuple[int, int | BgpNextHop] | int, Line]] = [{} for _ in graph.channels]
        self._again: list[dict[Message, _Made]] = [{} for _ in graph.channels]
        self._parted: dict[int, Sequence[Sequence[Channel]]] = {}
        self._by_import: dict[tuple[Import | int, int], _Verdicts] = {}
        self._by_filter: dict[tuple[int, int], _Verdicts] = {}
        self._filters: dict[object, int] = {}
        self._filter_of: dict[Import, int | None] = {}
        self._kinds: dict[object, int] = {}
        self._kind_of: dict[Import, Import | int] = {}

    def arrive(self, channel: Channel, sent: Sent) -> Held:
        """The usable paths that the receiver makes of what the channel brings."""
        known = self._again[channel.index]
        held: Held = {}
        for message, classes in sent.items():
            made = known.get(message)
            if made is None or classes & ~made.asked:
                made = self._made(channel, message, classes)
            for part, line in made.lines:
                came = classes & part
                if came:
                    held[line] = held[line] | came if line in held else shared(came, classes)
        return held

    def _made(self, channel: Channel, message: Message, classes: ClassSet) -> _Made:
        """What comes of the announcement; it is kept when it comes again, as most are made once and for all."""
        lines = self._lines[channel.index]
        before = len(lines)
        known = self._again[channel.index]
        asked = classes | known[message].asked if message in known else classes
        made = _Made(asked, tuple(self._lines_of(channel, message, asked)))
        if len(lines) == before:
            known[message] = made
        return made

    def _lines_of(self, channel: Channel, message: Message, asked: ClassSet) -> Iterator[tuple[ClassSet, Line]]:
        """The lines that any of the classes asked about gets."""
        for part, attributes, mapped_hop in self._verdicts(channel, message):
            if not part & asked:
                continue
            sent_hop = channel.import_.by_path_only
            hop = channel.next_hop(message.exported, message.learned) if sent_hop else mapped_hop
            itself = self._itself(channel, hop)
            classes = part & ~itself if itself else part
            line = self._line(channel, attributes, hop) if classes else None
            if line is not None:
                yield classes, line

    def heeding(self, channels: Sequence[Channel], changed: Sent) -> Iterator[Channel]:
        """The channels, of peers that are told the same, but for receivers that refuse all of these announcements."""
        if any(_names_routers(message.exported.attributes) for message in changed):
            yield from channels
            return
        for alike in self._alike(channels):
            if len(alike) == 1 or any(self._lets_in(alike[0], *item) for item in changed.items()):
                yield from alike

    def _alike(self, channels: Sequence[Channel]) -> Iterable[Sequence[Channel]]:
        """The channels by what their receivers have in common; the sequences live as long as this does."""
        found = self._parted.get(id(channels))
        if found is None:
            by_kind: dict[object, list[Channel]] = {}
            for channel in channels:
                import_ = channel.import_
                by_kind.setdefault(self._kind(import_) if import_.by_path_only else channel, []).append(channel)
            found = self._parted[id(channels)] = tuple(by_kind.values())
        return found

    def _lets_in(self, channel: Channel, message: Message, classes: ClassSet) -> bool:
        return any(part & classes for part, _, _ in self._verdicts(channel, message))

    def _itself(self, channel: Channel, hop: BgpNextHop) -> ClassSet:
        """The class of the host route to the next hop, which cannot lead to itself."""
        hosts = self._sets.hosts
        return hosts.get(hop.address, 0) if hosts and hop.address and not channel.source.from_client else 0

    def _line(self, channel: Channel, attributes: Attributes, hop: BgpNextHop) -> Line | None:
        """The receiver's line of that path; `None` where the next hop cannot be used."""
        own_hop = channel.own_next_hop
        known = id(attributes)
        key = known if hop is own_hop[0] else (known, 1 if hop is own_hop[1] else hop)
        lines = self._lines[channel.index]
        line = lines.get(key)
        if line is None:
            metric = self._graph.metric(channel, hop)
            if isinstance(metric, Reason):
                return None
            line = lines[key] = Line(Path(attributes, hop, channel.source, metric))
        return line

    def _verdicts(self, channel: Channel, message: Message) -> _Verdicts:
        attributes = message.exported.attributes
        if not channel.import_.by_path_only:
            return tuple(self._asked(channel, attributes, channel.next_hop(message.exported, message.learned)))
        import_ = channel.import_
        key = (import_ if _names_routers(attributes) else self._kind(import_), id(attributes))
        verdicts = self._by_import.get(key)
        if verdicts is None:
            verdicts = self._by_import[key] = tuple(self._asked(channel, attributes, OWN))
        return verdicts

    def _kind(self, import_: Import) -> Import | int:
        """What imports share which say the same of what names no single router: those of one AS that filter alike."""
        kind = self._kind_of.get(import_)
        if kind is None:
            filter_, settings = self._filter(import_), import_.settings
            alike = (filter_, import_.router.instance.asn, settings.allowas_in)
            kind = import_ if filter_ is None else self._kinds.setdefault(alike, len(self._kinds))
            self._kind_of[import_] = kind
        return kind

    def _asked(self, channel: Channel, attributes: Attributes, next_hop: BgpNextHop) -> Iterator[_Verdict]:
        for alike, seen in self._as_seen(attributes, channel.import_):
            for part, accepted, hop in self._accept(channel, seen, next_hop):
                if part & alike:
                    yield shared(part & alike, part), accepted, hop

    def _as_seen(self, attributes: Attributes, import_: Import) -> Iterable[tuple[ClassSet, Attributes]]:
        """The attributes with the receiver's ASN written out wherever it may stand, so that its loop check sees it."""
        asn = import_.router.instance.asn
        cases = [(self._sets.all, attributes)]
        for placeholder, native in self._sets.standing_for(asn):
            if not native or placeholder not in attributes.as_path:
                continue
            own = [
                (classes & native, self._intern(written(seen, placeholder, asn)))
                for classes, seen in cases
                if classes & native and not import_.refuses_own_asn
            ]
            cases = [(classes & ~native, seen) for classes, seen in cases if classes & ~native] + own
        return cases

    def _accept(self, channel: Channel, attributes: Attributes, next_hop: BgpNextHop) -> _Verdicts:
        import_ = channel.import_
        if import_ not in self._filter_of:
            self._filter_of[import_] = self._filter(import_)
        filter_ = self._filter_of[import_]
        if filter_ is None or import_.is_named_in(attributes):
            return tuple(self._accepted(channel, attributes, next_hop))
        key = (filter_, id(attributes))
        if key not in self._by_filter:
            self._by_filter[key] = tuple(self._accepted(channel, attributes, next_hop))
        return self._by_filter[key]

    def _filter(self, import_: Import) -> int | None:
        """A number that imports share which treat alike what does not name their router."""
        filter_ = import_.filter
        return None if filter_ is None else self._filters.setdefault(filter_, len(self._filters))

    def _accepted(self, channel: Channel, attributes: Attributes, next_hop: BgpNextHop) -> Iterator[_Verdict]:
        import_, settings = channel.import_, channel.import_.settings
        for prefix, part in self._sets.parts(import_.router, settings.prefix_list_in, settings.route_map_in):
            accepted = import_.accept(attributes, next_hop, prefix, channel.source.interface)
            if not isinstance(accepted, Reason):
                yield part, self._intern(accepted[0]), accepted[1]


def _names_routers(attributes: Attributes) -> bool:
    """True when the attributes name single routers, which do not say of them what others do."""
    return attributes.originator_id is not None or bool(attributes.cluster_list)
