"""Sets of destination classes as whole numbers: bit n stands for class n, so that one operation acts on all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from fabric.config import Address, MatchPrefixList, Prefix, RouteMap
from fabric.simulate._attributes import Attributes
from fabric.simulate._monotonic import maps_in_use
from fabric.simulate._path import Path, Router
from fabric.simulate._policy import PrefixMatcher
from fabric.simulate._propagation import DestinationClass, Graph

ClassSet = int

Parts = tuple[tuple[Prefix, ClassSet], ...]
"""Sets of classes, each with a prefix that stands for it."""

ORIGIN = 0
"""Stands in an AS path for the ASN of whoever originates the class; no real AS has this number (RFC 7607)."""
UPLINK = -1
"""Stands before `ORIGIN` for the ASN of the origin's uplinks, as of a pod's spines, where the path came that way."""


def members(classes: ClassSet) -> Iterator[int]:
    """The numbers of the classes in the set, ascending."""
    while classes:
        lowest = classes & -classes
        yield lowest.bit_length() - 1
        classes ^= lowest


def shared(found: ClassSet, whole: ClassSet) -> ClassSet:
    """The set that was found: the very object it was cut from, where nothing was cut off, which saves its memory."""
    return whole if found == whole else found


def set_of(numbers: Iterable[int]) -> ClassSet:
    """The set of these class numbers."""
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


class ClassSets:
    """What sets the classes of one graph apart, as sets of them."""

    def __init__(self, graph: Graph, classes: Sequence[DestinationClass]) -> None:
        self._graph = graph
        self.classes = classes
        self.all: ClassSet = (1 << len(classes)) - 1
        self._parts: dict[tuple[PrefixMatcher, ...], Parts] = {}
        self._parts_of: dict[tuple[int, str | None, str | None], Parts] = {}

    def where(self, holds: Callable[[DestinationClass], object]) -> ClassSet:
        """The classes of which that holds."""
        return set_of(number for number, item in enumerate(self.classes) if holds(item))

    @cached_property
    def suppressed(self) -> dict[int, ClassSet]:
        """By speaker, the classes that an aggregate keeps it from announcing."""
        found: dict[int, ClassSet] = {}
        for number, item in enumerate(self.classes):
            for index in item.suppressed:
                found[index] = found.get(index, 0) | 1 << number
        return found

    @cached_property
    def hosts(self) -> dict[Address, ClassSet]:
        """By next-hop address, the class of the host route to it."""
        found: dict[Address, ClassSet] = {}
        for number, item in enumerate(self.classes):
            if item.host is not None:
                found[item.host] = found.get(item.host, 0) | 1 << number
        return found

    @cached_property
    def defaults(self) -> ClassSet:
        """The classes that `default-originate` sends."""
        return self.where(lambda item: item.defaults)

    @cached_property
    def origin_asns(self) -> tuple[int | None, ...]:
        """By class, the ASN for which `ORIGIN` stands in its AS paths; `None` where the real ASNs are written.

        Classes of different origins then have equal paths, so that one look at a path answers for all of them. That is
        for plain AS paths only, with one origin AS.
        """
        if self.edits_as_paths:
            return (None,) * len(self.classes)
        return tuple(self._origin_asn(item) for item in self.classes)

    def _origin_asn(self, item: DestinationClass) -> int | None:
        if item.defaults or any(path.attributes.as_path for paths in item.local.values() for path in paths):
            return None
        asns = {c.export.asn for index in item.local for c in self._graph.outgoing[index] if c.export.external}
        return asns.pop() if len(asns) == 1 else None

    @cached_property
    def edits_as_paths(self) -> bool:
        """True when some session changes AS paths otherwise than by putting its AS in front, or looks into them."""
        plain = {"SetAsPathPrepend", "MatchAsPath"}.isdisjoint(
            type(clause).__name__
            for use in maps_in_use(self._graph)
            for entry in use.map.entries
            for clause in (*entry.sets, *entry.matches)
        )
        edits = any(
            c.export.settings.as_override
            or c.export.settings.remove_private_as
            or c.export.asn != c.sender.instance.asn
            for c in self._graph.channels
        )
        return edits or not plain

    @cached_property
    def uplink_asns(self) -> tuple[int | None, ...]:
        """By class, the ASN for which `UPLINK` stands in its AS paths; `None` where the real ASNs are written.

        It is the AS of the origin's eBGP peers that has most sessions. Any ASN would give the same answers; this one
        lets most paths be equal.
        """
        peers: Counter[int] = Counter(c.sender.instance.asn for c in self._graph.channels)
        return tuple(
            None if asn is None else max(self._peer_asns(item), key=lambda peer: (peers[peer], -peer))
            for asn, item in zip(self.origin_asns, self.classes, strict=True)
        )

    def _peer_asns(self, item: DestinationClass) -> set[int]:
        channels = (c for index in item.local for c in self._graph.outgoing[index])
        return {c.receiver.instance.asn for c in channels if c.export.external}

    @cached_property
    def by_origin(self) -> dict[int, ClassSet]:
        """By ASN, the classes in whose AS paths `ORIGIN` stands for it."""
        return _by_asn(self.origin_asns)

    @cached_property
    def by_uplink(self) -> dict[int, ClassSet]:
        """By ASN, the classes in whose AS paths `UPLINK` stands for it."""
        return _by_asn(self.uplink_asns)

    def standing_for(self, asn: int) -> tuple[tuple[int, ClassSet], ...]:
        """Each placeholder with the classes in whose AS paths it stands for the ASN."""
        return (ORIGIN, self.by_origin.get(asn, 0)), (UPLINK, self.by_uplink.get(asn, 0))

    @cached_property
    def relative(self) -> ClassSet:
        """The classes whose AS paths have `ORIGIN` in them."""
        return set_of(number for number, asn in enumerate(self.origin_asns) if asn is not None)

    def parts(
        self, router: Router, prefix_list: str | None, route_map: str | None
    ) -> tuple[tuple[Prefix, ClassSet], ...]:
        """The classes in parts that the device's prefix list and route map treat alike, each with a prefix of it."""
        key = (router.index, prefix_list, route_map)
        if key not in self._parts_of:
            self._parts_of[key] = self._told_apart(router, prefix_list, route_map)
        return self._parts_of[key]

    def _told_apart(self, router: Router, prefix_list: str | None, route_map: str | None) -> Parts:
        found = router.policy.route_maps.get(route_map) if route_map is not None else None
        names = _lists_of(found) if found is not None else set[tuple[str, str]]()
        if prefix_list is not None:
            names.add((prefix_list, self._graph.family))
        lists = (router.policy.prefix_lists.get(name) for name in sorted(names))
        return self._split(tuple(item for item in lists if item is not None))

    def _split(self, lists: tuple[PrefixMatcher, ...]) -> tuple[tuple[Prefix, ClassSet], ...]:
        if lists not in self._parts:
            found: dict[tuple[bool, ...], tuple[Prefix, ClassSet]] = {}
            for number, item in enumerate(self.classes):
                verdict = tuple(matcher.permits(item.prefix) for matcher in lists)
                prefix, known = found.get(verdict, (item.prefix, 0))
                found[verdict] = prefix, known | 1 << number
            self._parts[lists] = tuple(found.values())
        return self._parts[lists]

    def written(self, path: Path, number: int) -> Path:
        """The path as a speaker of that class has it: with the ASNs that placeholders stand for."""
        attributes = path.attributes
        for placeholder, asns in ((ORIGIN, self.origin_asns), (UPLINK, self.uplink_asns)):
            asn = asns[number]
            attributes = attributes if asn is None else written(attributes, placeholder, asn)
        return path._replace(attributes=attributes)


def written(attributes: Attributes, placeholder: int, asn: int) -> Attributes:
    """The attributes with the ASN in place of the placeholder."""
    if placeholder not in attributes.as_path:
        return attributes
    return attributes._replace(as_path=tuple(asn if hop == placeholder else hop for hop in attributes.as_path))


def _by_asn(asns: Iterable[int | None]) -> dict[int, ClassSet]:
    found: dict[int, ClassSet] = {}
    for number, asn in enumerate(asns):
        if asn is not None:
            found[asn] = found.get(asn, 0) | 1 << number
    return found


def _lists_of(item: RouteMap) -> set[tuple[str, str]]:
    matches = (match for entry in item.entries for match in entry.matches)
    return {(match.name, match.family) for match in matches if isinstance(match, MatchPrefixList)}
