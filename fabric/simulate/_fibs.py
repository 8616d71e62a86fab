"""Kernel tables in compressed form: routes of one device that differ in their prefix alone are held once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import cast

from fabric._values import dataclass
from fabric.config import Family, Prefix
from fabric.simulate._bgp import FamilyBgp, handed_over
from fabric.simulate._classsets import ClassSet, members
from fabric.simulate._path import Path, Router
from fabric.simulate._tables import prefix_order
from fabric.simulate._values import FibEntry, NextHop
from fabric.simulate._zebra import Zebra


@dataclass(frozen=True)
class CompressedFib:
    """The kernel's main table of one device in one family."""

    groups: tuple[tuple[FibEntry, ClassSet], ...]
    """One route of each kind, with the destination classes whose prefixes have such a route."""
    apart: Mapping[Prefix, FibEntry]
    """Routes that are not told by their class: connected and static ones, and what covers a next hop."""
    _bgp: FamilyBgp | None = field(repr=False, default=None)

    def __len__(self) -> int:
        """How many routes the table has."""
        if self._bgp is None:
            return len(self.apart)
        return len(self.apart) + sum(self._bgp.prefixes_in(classes) for _, classes in self.groups)

    @property
    def next_hop_sets(self) -> frozenset[frozenset[NextHop]]:
        """The sets of next hops that routes share."""
        return frozenset(entry.next_hops for entry in (*self.apart.values(), *(entry for entry, _ in self.groups)))

    def class_of(self, prefix: Prefix) -> int | None:
        """The destination class of the prefix; `None` where no speaker originates it."""
        return None if self._bgp is None else self._bgp.class_of(prefix)

    @property
    def originated(self) -> tuple[Prefix, ...]:
        """Every prefix that some speaker of the fabric originates, whether the device has a route to it or not."""
        return () if self._bgp is None else self._bgp.prefixes

    @property
    def widths(self) -> dict[int, int]:
        """How many routes, connected ones left out, have that many next hops, by that number."""
        found = Counter(len(entry.next_hops) for entry in self.apart.values() if entry.protocol != "connected")
        for entry, classes in self.groups:
            assert self._bgp is not None
            found[len(entry.next_hops)] += self._bgp.prefixes_in(classes)
        return dict(sorted(found.items()))

    def entries(self) -> Iterator[FibEntry]:
        """Every route, in no order."""
        yield from self.apart.values()
        for entry, classes in self.groups:
            assert self._bgp is not None
            for number in members(classes):
                yield from (replace(entry, prefix=prefix) for prefix in self._bgp.classes[number].prefixes)

    def table(self) -> dict[Prefix, FibEntry]:
        """Every route by prefix, in order."""
        return {entry.prefix: entry for entry in sorted(self.entries(), key=_order)}


def _order(entry: FibEntry) -> tuple[int, int]:
    return prefix_order(entry.prefix)


def compressed(
    zebra: Zebra, bgp: FamilyBgp | None, router: Router | None, device: str, family: Family
) -> CompressedFib:
    """The table of a device; of a device that has failed an empty one."""
    if not zebra.alive(device):
        return CompressedFib((), {})
    local = zebra.local_prefixes(device, family)
    if bgp is None or router is None:
        return CompressedFib((), _selected(zebra, device, local))
    handed = [(handed_over(decision), classes) for decision, classes in bgp.groups(router)]
    apart = {**local}
    for prefix in _covering(zebra, (paths for paths, _ in handed)):
        apart.setdefault(prefix)
    special = bgp.classes_of(apart)
    groups: list[tuple[FibEntry, ClassSet]] = []
    for paths, classes in handed:
        for prefix, part in bgp.told_apart(router, zebra.filter_of(device, family), classes & ~special if paths else 0):
            entry = zebra.bgp_route(device, prefix, paths)
            if entry is not None and not entry.refused:
                groups.append((entry, part))
    for prefix in (prefix for number in members(special) for prefix in bgp.classes[number].prefixes):
        apart.setdefault(prefix)
    return CompressedFib(tuple(groups), _selected(zebra, device, apart), bgp)


def _covering(zebra: Zebra, handed: Iterator[tuple[Path, ...]]) -> dict[Prefix, None]:
    """The BGP prefixes that hold a next hop, whose routes may depend on each other."""
    hops = {id(path.next_hop): path.next_hop.address for paths in handed for path in paths}
    return dict.fromkeys(prefix for address in hops.values() if address for prefix in zebra.bgp_covering(address))


def _selected(zebra: Zebra, device: str, prefixes: Mapping[Prefix, FibEntry | None]) -> dict[Prefix, FibEntry]:
    """The routes to these prefixes, of which some are known: a copy, which hashes no prefix again."""
    found = dict(prefixes)
    for prefix in [prefix for prefix, entry in prefixes.items() if entry is None]:
        entry = zebra.select(device, prefix)
        if entry is None or entry.refused:
            del found[prefix]
        else:
            found[prefix] = entry
    return cast("dict[Prefix, FibEntry]", found)
