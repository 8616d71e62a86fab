"""Whose packets certainly arrive where, for all destinations at once: sets of destination classes in place of walks.

A device delivers what all devices that it hands packets to deliver; the owner of an address delivers it. What that
leaves open, be it lost, looping or on a wider route than the host's own, is for `Walk` to follow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network

from fabric.config import Address, Prefix
from fabric.simulate._classsets import ClassSet, set_of
from fabric.simulate._fibs import CompressedFib
from fabric.simulate._reachability import Endpoint, Walk
from fabric.simulate._values import FibEntry

_Onward = tuple[ClassSet, tuple[str, ...]]
"""Classes, and the devices that their packets go on to."""


class Arrivals:
    """The destinations that packets from each device certainly arrive at, whichever ECMP members they take."""

    def __init__(self, walk: Walk, tables: Mapping[str, CompressedFib], points: Iterable[Endpoint]) -> None:
        self._walk = walk
        self._hosts = _classes(walk, tables, points)
        self._classes = {host.network_address: number for host, number in self._hosts.items()}
        self._asked: ClassSet = set_of(self._hosts.values())
        self._places = sorted((int(address), number) for address, number in self._classes.items())
        self._held: dict[Prefix, ClassSet] = {}
        self._wider = self._of_bgp(tables)
        self._own = self._owned()
        self._onward = {name: tuple(self._onward_from(name, table)) for name, table in tables.items()}
        self._delivered: dict[str, ClassSet] = dict.fromkeys(tables, 0)
        self._settle()

    def certain(self, source: str, destination: Address) -> bool:
        """True when all packets from the device to the address arrive; false where that is not known here."""
        number = self._classes.get(destination)
        return number is not None and bool(self._delivered[source] >> number & 1)

    def _of_bgp(self, tables: Mapping[str, CompressedFib]) -> dict[Prefix, int]:
        """The prefixes of BGP that hold endpoints and are no host routes to them, each with its class."""
        known = next(iter(tables.values()))
        found = (prefix for prefix in known.originated if prefix not in self._hosts and self._under(prefix))
        return {prefix: number for prefix in found if (number := known.class_of(prefix)) is not None}

    def _owned(self) -> dict[str, ClassSet]:
        found: dict[str, ClassSet] = {}
        for address, number in self._classes.items():
            for owner in self._walk.owners(address):
                found[owner] = found.get(owner, 0) | 1 << number
        return found

    def _onward_from(self, device: str, table: CompressedFib) -> Iterator[_Onward]:
        """The device's ways, each with the classes whose host route, or else whose longest route, leads there."""
        left = self._asked
        for entry, classes in self._routes(table):
            part = classes & left
            left &= ~classes
            onward = self._walk.onward(device, entry) if part else None
            if onward:
                yield part, onward

    def _routes(self, table: CompressedFib) -> Iterator[tuple[FibEntry, ClassSet]]:
        """Host routes and then wider ones from the longest on, each with the classes whose endpoints it covers."""
        yield from ((entry, 1 << self._hosts[host]) for host, entry in table.apart.items() if host in self._hosts)
        yield from table.groups
        wider = [(prefix, entry) for prefix, entry in table.apart.items() if prefix not in self._hosts]
        for prefix, number in self._wider.items():
            wider += [(prefix, entry) for entry, classes in table.groups if classes >> number & 1]
        covering = [(prefix.prefixlen, entry, under) for prefix, entry in wider if (under := self._under(prefix))]
        covering.sort(key=lambda found: -found[0])
        yield from ((entry, under) for _, entry, under in covering)

    def _under(self, prefix: Prefix) -> ClassSet:
        """The classes of the endpoints that the prefix holds."""
        if prefix not in self._held:
            first, last = int(prefix.network_address), int(prefix.broadcast_address)
            inside = self._places[bisect_left(self._places, (first,)) : bisect_left(self._places, (last + 1,))]
            self._held[prefix] = set_of(number for _, number in inside)
        return self._held[prefix]

    def _settle(self) -> None:
        """Let every device deliver what those do that it hands packets to, until nothing more is delivered."""
        callers: dict[str, set[str]] = {}
        for name, ways in self._onward.items():
            for far in {far for _, onward in ways for far in onward}:
                callers.setdefault(far, set()).add(name)
        queue = deque(sorted(self._delivered, key=lambda name: len(self._onward[name])))
        queued = set(queue)
        while queue:
            name = queue.popleft()
            queued.discard(name)
            found = self._delivers(name)
            if found != self._delivered[name]:
                self._delivered[name] = found
                fresh = [caller for caller in callers.get(name, ()) if caller not in queued]
                queued.update(fresh)
                queue += fresh

    def _delivers(self, device: str) -> ClassSet:
        found = self._own.get(device, 0)
        for classes, onward in self._onward[device]:
            arriving = classes
            for far in onward:
                arriving &= self._passed_on(far)
            found |= arriving
        return found

    def _passed_on(self, device: str) -> ClassSet:
        """What the device delivers of packets that come from elsewhere."""
        return self._delivered[device] if self._walk.forwards(device) else self._own.get(device, 0)


def _classes(walk: Walk, tables: Mapping[str, CompressedFib], points: Iterable[Endpoint]) -> dict[Prefix, int]:
    """The class of each endpoint's host route, where BGP has one and its class has endpoints of one owner only."""
    known = next(iter(tables.values()))
    found = {host: number for point in points if (number := known.class_of(host := _host(point.address))) is not None}
    owners: dict[int, set[frozenset[str]]] = {}
    for host, number in found.items():
        owners.setdefault(number, set()).add(walk.owners(host.network_address))
    return {host: number for host, number in found.items() if len(owners[number]) == 1}


def _host(address: Address) -> Prefix:
    return ip_network(address)
