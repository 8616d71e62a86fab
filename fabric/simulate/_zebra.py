"""zebra: which route of each prefix is selected, how next hops resolve, and so what the kernel gets.

Entries are computed on demand and kept: a question about one next hop touches only the routes that cover it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from fabric.config import LOOPBACK, Address, DeviceConfig, Family, FibFilter, Interface, Prefix, StaticNextHop
from fabric.simulate._links import Links
from fabric.simulate._path import Path
from fabric.simulate._policy import Policy, Subject
from fabric.simulate._tables import PrefixTable
from fabric.simulate._values import FibEntry, NextHop
from fabric.simulate._vrf import vrf_name

EBGP_DISTANCE = 20
IBGP_DISTANCE = 200
"""Also of aggregates, which count as local."""

BgpRoutes = Callable[[str, Prefix], tuple[Path, ...]]
"""The paths that bgpd hands to zebra for a prefix on a device, best first; empty where it has none to install."""


class Legs(NamedTuple):
    """What a route's next hops come to; neither hops nor blackhole means that the route cannot be used."""

    hops: frozenset[NextHop] = frozenset()
    blackhole: bool = False
    direct: bool = False
    """The hop is a bare address on a connected subnet, not the end of a recursion."""

    @property
    def usable(self) -> bool:
        """True when at least one next hop is active."""
        return bool(self.hops) or self.blackhole

    @property
    def interface(self) -> str | None:
        """The interface of the only hop; `None` where there are several."""
        return next((hop.interface for hop in self.hops if len(self.hops) == 1), None)


class _Route(NamedTuple):
    """A route that competes for its prefix."""

    distance: int
    protocol: Literal["static", "bgp"]
    metric: int
    legs: Iterator[tuple[Legs, str | None]]
    """The next hops, resolved when they are asked for, each with the interface that a FIB filter may ask for."""


class Zebra:
    """The selected routes of every device, for one outcome of BGP."""

    def __init__(
        self, links: Links, bgp: BgpRoutes, bgp_prefixes: Iterable[Prefix] = (), before: Zebra | None = None
    ) -> None:
        """`before`: another outcome on the same links, whose tables without BGP are taken over."""
        self._links = links
        self._bgp = bgp
        self._bgp_cover = PrefixTable((prefix, prefix) for prefix in bgp_prefixes)
        self._tables: Mapping[str, _Tables] = (
            {device.name: _Tables(links, device) for device in links.fabric if links.alive(device.name)}
            if before is None
            else before._tables
        )
        self._selected: dict[tuple[str, Prefix], FibEntry | None] = {}
        self._resolved: dict[tuple[str, Address, bool], Legs] = {}
        self._open: set[tuple[str, Prefix]] = set()
        self._cut = False

    def select(self, device: str, prefix: Prefix) -> FibEntry | None:
        """The route that zebra has selected for exactly this prefix."""
        connected = self._tables[device].connected.get(prefix)
        if connected is not None:
            return connected
        key = (device, prefix)
        if key in self._selected:
            return self._selected[key]
        if key in self._open:  # a route cannot resolve through itself
            self._cut = True
            return None
        self._open.add(key)
        entry = self._best(self._tables[device], prefix)
        self._open.discard(key)
        # What was cut off for the sake of a route further up holds for that question only.
        if not self._cut or not self._open:
            self._selected[key] = entry
            self._cut = False
        return entry

    def lookup(self, device: str, address: Address) -> FibEntry | None:
        """The route that packets to `address` take."""
        entries = (self.select(device, prefix) for prefix in self._covering(device, address))
        return next((entry for entry in entries if entry is not None and not entry.refused), None)

    def alive(self, device: str) -> bool:
        """True when the device has not failed."""
        return device in self._tables

    def local_prefixes(self, device: str, family: Family) -> Mapping[Prefix, FibEntry | None]:
        """The prefixes of the family with a connected or static route on the device; connected ones with the route."""
        return self._tables[device].local[4 if family == "ipv4" else 6]

    def bgp_covering(self, address: Address) -> Iterator[Prefix]:
        """The prefixes that BGP knows and that hold the address."""
        return self._bgp_cover.covering(address)

    def filter_of(self, device: str, family: Family) -> str | None:
        """The route map of the device's FIB filter for BGP."""
        found = self._tables[device].filters.get((family, "bgp"))
        return None if found is None else found.route_map

    def bgp_route(self, device: str, prefix: Prefix, paths: tuple[Path, ...]) -> FibEntry | None:
        """What the kernel gets of these paths, where no other protocol has a route; `None` where none can be used."""
        tables = self._tables[device]
        return self._install(tables, prefix, self._bgp_candidate(tables, prefix, paths))

    def igp_metric(self, device: str, address: Address, connected_only: bool) -> int | None:
        """The metric of the route to a next hop as bgpd tracks it, `None` when unreachable (`zebra_rnh.c`)."""
        for prefix in self._covering(device, address):
            if prefix.prefixlen == 0 and not self._tables[device].device.resolve_via_default:
                return None
            entry = self.select(device, prefix)
            if entry is not None and (not connected_only or entry.protocol != "bgp"):
                return entry.metric
        return None

    def connected_only(self, device: str) -> bool:
        """True when the device has no static routes, so that BGP decides nothing about its other routes."""
        return not self._tables[device].statics

    def connected_metric(self, device: str, address: Address) -> int | None:
        """The metric of the connected route to a next hop, `None` without one."""
        tables = self._tables[device]
        found = tables.cover.longest(address)
        if found is None or (found[0].prefixlen == 0 and not tables.device.resolve_via_default):
            return None
        return 0

    def local_routes(self, device: str, protocol: Literal["connected", "static"]) -> Iterator[FibEntry]:
        """The selected routes of the protocol, as `redistribute` gets them."""
        entries = (self.select(device, prefix) for prefix in self._tables[device].prefixes())
        return (entry for entry in entries if entry is not None and entry.protocol == protocol)

    def static_gateway(self, device: str, prefix: Prefix) -> Address | None:
        """The first active gateway of the static route, which `redistribute static` takes as BGP next hop."""
        tables = self._tables[device]
        hops = (hop for route in tables.statics.get(prefix, {}).values() for hop in route)
        active = [
            hop.address for hop in hops if hop.address is not None and self._static_leg(tables, prefix, hop).usable
        ]
        return min(active, key=int, default=None)

    def source_towards(self, device: str, address: Address) -> Address | None:
        """The source address that the kernel takes for packets to `address`; `None` without a route."""
        entry = self.lookup(device, address) if device in self._tables else None
        if entry is None or entry.blackhole:
            return None
        names = sorted({hop.interface for hop in entry.next_hops})
        ports = (port for name in names for port in self._leaving_by(device, name))
        own = (item.ip for port in ports for item in port.addresses if item.version == address.version)
        return entry.source or next(own, None)

    def _leaving_by(self, device: str, name: str) -> Iterator[Interface]:
        """The interface of that name, of this or of another VRF; for a VRF's device, the VRF's interfaces."""
        if name in self._tables[device].interfaces:
            yield self._tables[device].interfaces[name]
            return
        for part in self._links.parts_of(device):
            own = self._tables[part].interfaces
            yield from own.values() if vrf_name(part) == name else filter(None, (own.get(name),))

    def _covering(self, device: str, address: Address) -> Iterator[Prefix]:
        local = [prefix for prefix, _ in self._tables[device].cover.covering(address)]
        learned = [prefix for prefix in self._bgp_cover.covering(address) if prefix not in local]
        return iter(sorted((*local, *learned), key=_longest_first) if learned else local)

    def _best(self, tables: _Tables, prefix: Prefix) -> FibEntry | None:
        for route in sorted(self._routes(tables, prefix), key=lambda item: (item.distance, item.metric)):
            entry = self._install(tables, prefix, route)
            if entry is not None:
                return entry
        return None

    def _routes(self, tables: _Tables, prefix: Prefix) -> Iterator[_Route]:
        for distance, hops in tables.statics.get(prefix, {}).items():
            yield _Route(distance, "static", 0, self._static_legs(tables, prefix, hops))
        paths = self._bgp(tables.device.name, prefix)
        if paths:
            yield self._bgp_candidate(tables, prefix, paths)

    def _bgp_candidate(self, tables: _Tables, prefix: Prefix, paths: tuple[Path, ...]) -> _Route:
        distance = EBGP_DISTANCE if paths[0].external or paths[0].imported else IBGP_DISTANCE
        metric = paths[0].attributes.med or 0
        return _Route(distance, "bgp", metric, self._bgp_legs(tables, prefix, paths))

    def _install(self, tables: _Tables, prefix: Prefix, route: _Route) -> FibEntry | None:
        """The kernel's route: its active next hops that the protocol's FIB filter lets through."""
        used: list[Legs] = []
        source = None
        filter_ = tables.filters.get((f"ipv{prefix.version}", route.protocol)) if tables.filters else None
        for legs, interface in route.legs:
            if not legs.usable:
                continue
            if filter_ is not None:
                subject = Subject(prefix, interface=interface, protocol=route.protocol)
                passed = tables.policy.apply(filter_.route_map, subject)
                if passed is None:
                    continue
                source = passed.source or source
            used.append(legs)
        if not used:
            return None
        hops = used[0].hops if len(used) == 1 else frozenset[NextHop]().union(*[legs.hops for legs in used])
        refused = prefix.version == 6 and tables.device.frr_release < 10 and _sent_twice(used)
        return FibEntry(prefix, route.protocol, hops, source, not hops, route.metric, refused)

    def _static_legs(
        self, tables: _Tables, prefix: Prefix, hops: Iterable[StaticNextHop]
    ) -> Iterator[tuple[Legs, str | None]]:
        for hop in hops:
            yield self._static_leg(tables, prefix, hop), hop.interface

    def _static_leg(self, tables: _Tables, prefix: Prefix, hop: StaticNextHop) -> Legs:
        if hop.blackhole:
            return Legs(blackhole=True)
        if hop.interface is not None and hop.interface not in tables.interfaces:
            return Legs()
        if hop.address is None or hop.address.is_link_local:
            assert hop.interface is not None
            return Legs(frozenset({NextHop(hop.interface, None, link_local=hop.address is not None)}))
        legs = self._resolve(tables, hop.address, prefix, recursive=True)
        if hop.interface is None:
            return legs
        return legs._replace(direct=False) if legs.hops == {NextHop(hop.interface, hop.address)} else Legs()

    def _bgp_legs(self, tables: _Tables, prefix: Prefix, paths: tuple[Path, ...]) -> Iterator[tuple[Legs, str | None]]:
        recursive = paths[0].source is None or not paths[0].source.ttl_limited
        for path in paths:
            if path.aggregate:
                yield Legs(blackhole=True), None
                continue
            if path.imported is not None:
                yield self._imported_legs(path, path.imported, prefix), None
                continue
            assert path.source is not None
            if path.next_hop.uses_link_local or path.next_hop.address is None:
                name = path.source.interface
                yield Legs(frozenset({NextHop(name, None, link_local=True)} if name in tables.interfaces else ())), name
                continue
            legs = self._resolve(tables, path.next_hop.address, prefix, recursive)
            yield legs, legs.interface if tables.filters else None

    def _imported_legs(self, path: Path, vrf: str, prefix: Prefix) -> Legs:
        """The hops in the VRF that the path is from: of its next hop, or of the route itself where that is its own.

        FRR 10 hands packets for such a route to the VRF's device, and so to the VRF's table; the default VRF has none.
        """
        if path.next_hop.uses_link_local and path.interface is not None:
            return Legs(frozenset({NextHop(path.interface, None, link_local=True)}))
        if path.next_hop.address is not None:
            return self._resolve(self._tables[vrf], path.next_hop.address, prefix, recursive=True)
        entry = self.select(vrf, prefix)
        if entry is not None and (name := vrf_name(vrf)) is not None and self._tables[vrf].device.frr_release >= 10:
            return Legs(frozenset({NextHop(name)}))
        return Legs() if entry is None else Legs(entry.next_hops, entry.blackhole)

    def _resolve(self, tables: _Tables, address: Address, top: Prefix, recursive: bool) -> Legs:
        """The hops that an address comes to (`nexthop_active`): its subnet's interface, or those of the route to it."""
        if address in top:
            return self._walk(tables, address, top, recursive)
        key = (tables.device.name, address, recursive)
        legs = self._resolved.get(key)
        if legs is None:
            legs = self._walk(tables, address, None, recursive)
            if not self._cut:
                self._resolved[key] = legs
        return legs

    def _walk(self, tables: _Tables, address: Address, top: Prefix | None, recursive: bool) -> Legs:
        near = None if top is not None else self._connected_way(tables, address)
        if near is not None:
            return near
        for prefix in self._covering(tables.device.name, address):
            if prefix == top:
                if prefix.prefixlen == prefix.max_prefixlen:
                    continue
                return Legs()
            if prefix.prefixlen == 0 and not tables.device.resolve_via_default:
                return Legs()
            entry = self.select(tables.device.name, prefix)
            if entry is None:
                continue
            if entry.protocol == "connected":
                return _over(entry, address)
            if not recursive:
                return Legs()
            return Legs(frozenset(_through(hop, address) for hop in entry.next_hops), entry.blackhole)
        return Legs()

    def _connected_way(self, tables: _Tables, address: Address) -> Legs | None:
        """Where no route is closer than a connected one, as for nearly every next hop: its legs."""
        found, learned = tables.cover.longest(address), self._bgp_cover.longest(address)
        if found is None:
            return None
        prefix, entry = found
        if entry is None or prefix.prefixlen == 0 or (learned is not None and learned.prefixlen > prefix.prefixlen):
            return None
        return _over(entry, address)


def _over(connected: FibEntry, address: Address) -> Legs:
    """The legs of a next hop on a connected subnet."""
    return Legs(frozenset([NextHop(hop.interface, address) for hop in connected.next_hops]), direct=True)


def _sent_twice(used: Sequence[Legs]) -> bool:
    """True when zebra 8.4 sends a hop twice, which Linux refuses for IPv6: one that is direct and recursive is two."""
    direct = {hop for legs in used if legs.direct for hop in legs.hops}
    return any(hop in direct for legs in used if not legs.direct for hop in legs.hops)


def _longest_first(prefix: Prefix) -> int:
    return -prefix.prefixlen


def _through(hop: NextHop, address: Address) -> NextHop:
    """The leg towards `address` along `hop`; over a bare interface the address itself is the gateway."""
    return NextHop(hop.interface, address) if hop.gateway is None and not hop.link_local else hop


class _Tables:
    """What a device holds before any routing protocol: connected and static routes, and its FIB filters."""

    def __init__(self, links: Links, device: DeviceConfig) -> None:
        self.device = device
        self.policy = Policy.of(device.policies)
        self.interfaces: Mapping[str, Interface] = {item.name: item for item in links.interfaces(device)}
        connected = _connected(self.interfaces.values())
        self.connected: dict[Prefix, FibEntry] = {**connected[4], **connected[6]}
        self.statics = _statics(device)
        self.local: dict[int, dict[Prefix, FibEntry | None]] = {
            version: {**found, **{p: found.get(p) for p in self.statics if p.version == version}}
            for version, found in connected.items()
        }
        """By IP version the prefixes with a connected or static route configured and, for connected ones, up."""
        self.filters: dict[tuple[str, str], FibFilter] = {(f.family, f.protocol): f for f in device.fib_filters}
        local = chain.from_iterable(found.items() for found in self.local.values())
        self.cover = PrefixTable((item[0], item) for item in local)

    def prefixes(self) -> Iterator[Prefix]:
        """The prefixes of both versions that have a connected or static route."""
        return chain(self.local[4], self.local[6])


def _connected(interfaces: Iterable[Interface]) -> dict[int, dict[Prefix, FibEntry]]:
    """Connected routes by IP version and prefix; of two for one prefix the loopback's is selected, else the first."""
    found: dict[int, dict[Prefix, FibEntry]] = {4: {}, 6: {}}
    for interface in interfaces:
        hops = frozenset({NextHop(interface.name)})
        for address in interface.addresses:
            prefix: Prefix = address.network
            known = found[prefix.version]
            if address.is_link_local:
                continue
            entry = FibEntry(prefix, "connected", hops)
            if known.setdefault(prefix, entry) is not entry and interface.name == LOOPBACK:
                known[prefix] = entry
    return found


def _statics(device: DeviceConfig) -> dict[Prefix, dict[int, tuple[StaticNextHop, ...]]]:
    """Static next hops by prefix and distance."""
    found: dict[Prefix, dict[int, tuple[StaticNextHop, ...]]] = {}
    for route in device.static_routes:
        by_distance = found.setdefault(route.prefix, {})
        by_distance[route.distance] = (*by_distance.get(route.distance, ()), *route.next_hops)
    return found
