"""What speakers announce, for all classes at once: each announcement is made once for all that it is the same for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.simulate._attributes import AsHop, Attributes
from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ORIGIN, UPLINK, ClassSet, ClassSets, shared
from fabric.simulate._export import Export, Exported
from fabric.simulate._lines import Group, Held, Intern, Line, Message, Sent
from fabric.simulate._path import Path, Source
from fabric.simulate._propagation import Graph
from fabric.simulate._values import Reason

_Made = tuple[tuple[ClassSet, Message], ...]


class Announcing:
    """The sending ends of the sessions of one family, with the announcements that were made so far."""

    def __init__(self, graph: Graph, sets: ClassSets, intern: Intern) -> None:
        self._sets = sets
        self._intern = intern
        self.groups = [_grouped(graph.outgoing[router.index]) for router in graph.routers]
        self._made: dict[Group, dict[Line, _Made]] = {}
        self._relayed: dict[Group, dict[Attributes, _Made]] = {}
        self._messages: dict[Group, dict[tuple[Exported, Source | None], Message]] = {}

    def announce(self, group: Group, best: Held) -> Sent:
        """What the speaker tells the peers of the group."""
        kept = ~self._sets.suppressed.get(group.export.router.index, 0)
        made = self._made.setdefault(group, {})
        sent: Sent = {}
        for line, classes in best.items():
            if line not in made:
                made[line] = self._made_of(group, line.path)
            for part, message in made[line]:
                went = classes & part & kept
                if went:
                    sent[message] = sent[message] | went if message in sent else shared(went, classes)
        return sent

    def default(self, channel: Channel, attributes: Attributes) -> Message:
        """The announcement of `default-originate`."""
        return self._message(Group(channel.export, channel.crowded), channel.export.default(attributes), None)

    def _made_of(self, group: Group, path: Path) -> _Made:
        """The announcements of a path; those of a path that eBGP relays depend on its attributes alone."""
        if group.crowded or not group.export.relays_attributes_only or path.source is None:
            return tuple(self._messages_of(group, path))
        relayed = self._relayed.setdefault(group, {})
        if path.attributes not in relayed:
            relayed[path.attributes] = tuple(self._messages_of(group, path))
        return relayed[path.attributes]

    def _messages_of(self, group: Group, path: Path) -> Iterator[tuple[ClassSet, Message]]:
        export = group.export
        learned = path.source if group.crowded else None
        settings = export.settings
        for prefix, part in self._sets.parts(export.router, settings.prefix_list_out, settings.route_map_out):
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
            return (ORIGIN,), self._sets.relative
        if export.external and as_path == (export.asn, ORIGIN):
            return (UPLINK, ORIGIN), self._sets.by_uplink.get(export.asn, 0)
        return as_path, 0

    def _message(self, group: Group, exported: Exported, learned: Source | None) -> Message:
        known = self._messages.setdefault(group, {})
        if (exported, learned) not in known:
            interned = exported._replace(attributes=self._intern(exported.attributes))
            known[exported, learned] = Message(interned, learned)
        return known[exported, learned]


def _grouped(channels: Sequence[Channel]) -> dict[Group, list[Channel]]:
    found: dict[Group, list[Channel]] = {}
    for channel in channels:
        found.setdefault(Group(channel.export, channel.crowded), []).append(channel)
    return found
