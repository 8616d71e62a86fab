"""What speakers make of announcements, for all classes at once.

A verdict is asked for once and kept: for all routers that filter alike, unless the announcement names the router.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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


class Receiving:
    """The receiving ends of the sessions of one family, with what they made of announcements so far."""

    def __init__(self, graph: Graph, sets: ClassSets, intern: Intern) -> None:
        self._graph = graph
        self._intern = intern
        self._sets = sets
        self._came: list[dict[Message, tuple[tuple[ClassSet, Line], ...]]] = [{} for _ in graph.channels]
        self._lines: list[dict[tuple[int, int | BgpNextHop], Line]] = [{} for _ in graph.channels]
        self._by_import: dict[tuple[Import, int], _Verdicts] = {}
        self._by_filter: dict[tuple[int, int], _Verdicts] = {}
        self._filters: dict[object, int] = {}
        self._filter_of: dict[Import, int | None] = {}

    def arrive(self, channel: Channel, sent: Sent) -> Held:
        """The usable paths that the receiver makes of what the channel brings."""
        known = self._came[channel.index]
        held: Held = {}
        for message, classes in sent.items():
            if message not in known:
                known[message] = self._lines_of(channel, message)
            for part, line in known[message]:
                came = classes & part
                if came:
                    held[line] = held[line] | came if line in held else shared(came, classes)
        return held

    def _lines_of(self, channel: Channel, message: Message) -> tuple[tuple[ClassSet, Line], ...]:
        verdicts = self._verdicts(channel, message)
        if not verdicts:
            return ()
        sent_hop = channel.next_hop(message.exported, message.learned) if channel.import_.by_path_only else None
        found: list[tuple[ClassSet, Line]] = []
        for part, attributes, mapped_hop in verdicts:
            hop = mapped_hop if sent_hop is None else sent_hop
            itself = self._itself(channel, hop)
            classes = part & ~itself if itself else part
            line = self._line(channel, attributes, hop) if classes else None
            if line is not None:
                found.append((classes, line))
        return tuple(found)

    def _itself(self, channel: Channel, hop: BgpNextHop) -> ClassSet:
        """The class of the host route to the next hop, which cannot lead to itself."""
        hosts = self._sets.hosts
        return hosts.get(hop.address, 0) if hosts and hop.address and not channel.source.from_client else 0

    def _line(self, channel: Channel, attributes: Attributes, hop: BgpNextHop) -> Line | None:
        """The receiver's line of that path; `None` where the next hop cannot be used."""
        own_hop = channel.own_next_hop
        key = (id(attributes), 0 if hop is own_hop[0] else 1 if hop is own_hop[1] else hop)
        lines = self._lines[channel.index]
        if key not in lines:
            metric = self._graph.metric(channel, hop)
            if isinstance(metric, Reason):
                return None
            lines[key] = Line(Path(attributes, hop, channel.source, metric))
        return lines[key]

    def _verdicts(self, channel: Channel, message: Message) -> _Verdicts:
        attributes = message.exported.attributes
        if not channel.import_.by_path_only:
            return tuple(self._asked(channel, attributes, channel.next_hop(message.exported, message.learned)))
        key = (channel.import_, id(attributes))
        if key not in self._by_import:
            self._by_import[key] = tuple(self._asked(channel, attributes, OWN))
        return self._by_import[key]

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
