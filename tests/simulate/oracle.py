"""BGP message by message: slow, plain, and written without the simulator's engine.

Every speaker keeps what its peers sent, and after each message decides everything again from scratch: next hops, best
paths, forwarding table, announcements. Messages are delivered in random order, but in order on each session. Only the
matching of route maps and prefix lists is shared with the simulator. Sessions are those of directly connected neighbors
that name each other.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, ip_network

from fabric.config import Address, BgpInstance, DeviceConfig, FabricConfig, Neighbor, NeighborFamily, Port, Prefix
from fabric.simulate import Attributes, BgpNextHop, Failures, Origin
from fabric.simulate._policy import Policy, Subject

Hop = tuple[str, str | None]
"""Interface and gateway; the gateway is `link-local` for the neighbor's link-local address."""
Fib = dict[Prefix, frozenset[Hop]]
Entry = tuple[str, frozenset[Hop], int, bool]
"""Protocol, hops, metric, and whether the kernel takes it."""


class TooLongError(Exception):
    """The speakers were still talking when patience ran out."""


@dataclass(frozen=True)
class Update:
    """What one UPDATE says about a prefix; `local_preference` only matters on iBGP."""

    attributes: Attributes
    address: Address | None
    """Global next hop; `None` where there is only the link-local one."""
    link_local: bool


@dataclass(frozen=True)
class Route:
    """An entry of a BGP table; `peer` `None` is the speaker's own."""

    prefix: Prefix
    attributes: Attributes
    address: Address | None
    link_local: bool
    peer: End | None
    metric: int = 0


@dataclass(frozen=True, eq=False)
class End:
    """One end of a session that is up."""

    device: DeviceConfig
    neighbor: Neighbor
    interface: str
    remote: DeviceConfig
    remote_end: tuple[str, str]
    family_of_transport: int
    """4 or 6; 0 for link-local."""
    shared: bool = True

    @cached_property
    def bgp(self) -> BgpInstance:
        bgp = self.device.default_bgp
        assert bgp is not None
        return bgp

    @cached_property
    def remote_bgp(self) -> BgpInstance:
        bgp = self.remote.default_bgp
        assert bgp is not None
        return bgp

    @property
    def name(self) -> tuple[str, str]:
        return self.device.name, str(self.neighbor.peer)

    @cached_property
    def external(self) -> bool:
        return self.bgp.asn != self.remote_bgp.asn

    def settings(self, version: int) -> NeighborFamily | None:
        return next((s for s in self.neighbor.families if s.family == f"ipv{version}"), None)


@dataclass
class Speaker:
    """A device: what it has heard, and what follows from that."""

    device: DeviceConfig
    ends: list[End]
    up: frozenset[str]
    policy: Policy = field(init=False)
    heard: dict[tuple[End, Prefix], Update] = field(default_factory=dict)
    sent: dict[tuple[End, Prefix], Update] = field(default_factory=dict)
    best: dict[Prefix, Route] = field(default_factory=dict)
    zebra: dict[Prefix, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policy = Policy.of(self.device.policies)
        self.settle()

    @property
    def bgp(self) -> BgpInstance:
        bgp = self.device.default_bgp
        assert bgp is not None
        return bgp

    def fib(self) -> Fib:
        return {p: hops for p, (protocol, hops, _, kept) in self.zebra.items() if kept and protocol == "bgp"}

    def settle(self) -> None:
        """Best paths and forwarding table from what was heard, until one agrees with the other."""
        self.zebra = {}
        for _ in range(50):
            before = self.zebra
            chosen = dict(self._choose())
            self.best = {prefix: routes[0] for prefix, routes in chosen.items()}
            self.zebra = self._install(chosen)
            if self.zebra == before:
                return
        raise TooLongError

    def _connected(self) -> Iterator[tuple[Prefix, str]]:
        for item in self.device.interfaces:
            if item.name in self.up:
                yield from ((address.network, item.name) for address in item.addresses)

    def _own_addresses(self) -> set[Address]:
        return {a.ip for item in self.device.interfaces if item.name in self.up for a in item.addresses}

    def _own_routes(self) -> Iterator[Route]:
        connected = {prefix for prefix, _ in self._connected()}
        for family in ("ipv4", "ipv6"):
            settings = self.bgp.family(family)
            for prefix in settings.networks:
                if prefix in connected or not self.bgp.network_import_check:
                    yield Route(prefix, Attributes(med=0, weight=32768), None, False, None)
            if settings.redistribute:
                for prefix in sorted(connected, key=str):
                    if f"ipv{prefix.version}" == family:
                        made = Attributes(origin=Origin.INCOMPLETE, med=0, weight=32768)
                        yield Route(prefix, made, None, False, None)

    def _choose(self) -> Iterator[tuple[Prefix, list[Route]]]:
        table: dict[Prefix, list[Route]] = {}
        for route in self._own_routes():
            table.setdefault(route.prefix, []).append(route)
        for (end, prefix), update in self.heard.items():
            let_in = self._let_in(end, prefix, update)
            if let_in is not None:
                table.setdefault(prefix, []).append(let_in)
        for prefix, routes in table.items():
            yield prefix, self._rank(routes)

    def _let_in(self, end: End, prefix: Prefix, update: Update) -> Route | None:
        settings = end.settings(prefix.version)
        assert settings is not None
        made = update.attributes
        if end.external:
            made = made._replace(local_preference=100)
        own = [asn for asn in made.as_path if asn == self.bgp.asn]
        allowed = settings.allowas_in
        tolerated = len(made.as_path) if allowed == "origin" and own and made.as_path[-1] == self.bgp.asn else allowed
        if len(own) > (tolerated if isinstance(tolerated, int) else 0):
            return None
        if made.originator_id == _id(self.bgp) or _id(self.bgp) in made.cluster_list:
            return None
        if settings.prefix_list_in and not self.policy.prefix_list_permits(settings.prefix_list_in, prefix):
            return None
        if settings.route_map_in:
            hop = BgpNextHop(update.address, update.link_local)
            mapped = self.policy.apply(settings.route_map_in, Subject(prefix, made, hop))
            if mapped is None:
                return None
            made = mapped.attributes
        if end.external and "65535:0" in made.communities:
            made = made._replace(local_preference=0)
        return self._reachable(end, Route(prefix, made, update.address, update.link_local, end), settings)

    def _reachable(self, end: End, route: Route, settings: NeighborFamily) -> Route | None:
        if route.address in self._own_addresses():
            return None
        if route.link_local or route.address is None:
            return route
        if (
            str(route.prefix.network_address) == str(route.address)
            and route.prefix.prefixlen == route.prefix.max_prefixlen
        ):
            return route if settings.route_reflector_client else None
        for prefix in _covering(self.zebra, route.address):
            if prefix.prefixlen == 0 and not self.device.resolve_via_default:
                return None
            protocol, _, metric, _ = self.zebra[prefix]
            if protocol != "bgp" or not end.external:
                return replace(route, metric=metric)
        return None

    def _rank(self, routes: list[Route]) -> list[Route]:
        """The best route, then those beside which it is installed."""
        left = routes
        for cost in (
            lambda r: -r.attributes.weight,
            lambda r: -r.attributes.local_preference,
            lambda r: r.peer is not None,
            lambda r: len(r.attributes.as_path),
            lambda r: r.attributes.origin,
        ):
            left = _cheapest(left, cost)
        meds: dict[object, int] = {}
        for route in left:
            first = route.attributes.as_path[:1]
            meds[first] = min(meds.get(first, 2**32), route.attributes.med or 0)
        left = [r for r in left if (r.attributes.med or 0) == meds[r.attributes.as_path[:1]]]
        left = _cheapest(left, lambda r: r.peer is not None and not r.peer.external)
        left = _cheapest(left, lambda r: r.metric)
        best = min(left, key=_tie)
        beside = [r for r in left if r is not best and self._beside(best, r)]
        return [best, *sorted(beside, key=_tie)]

    def _beside(self, best: Route, other: Route) -> bool:
        if best.peer is None or other.peer is None:
            return False
        if self.bgp.multipath_relax:
            return True
        if best.peer.external:
            return best.peer.remote_bgp.asn == other.peer.remote_bgp.asn
        return best.attributes.as_path == other.attributes.as_path

    def _install(self, chosen: dict[Prefix, list[Route]]) -> dict[Prefix, Entry]:
        table: dict[Prefix, Entry] = {}
        for prefix, name in self._connected():
            table[prefix] = ("connected", frozenset({(name, None)}), 0, True)
        for prefix, routes in chosen.items():
            if prefix in table or routes[0].peer is None:
                continue
            direct: set[Hop] = set()
            behind: set[Hop] = set()
            for route in routes:
                assert route.peer is not None
                if route.link_local or route.address is None:
                    behind.add((route.peer.interface, "link-local"))
                else:
                    hops, is_direct = self._resolve(route.address, prefix, recursive=not routes[0].peer.external)
                    (direct if is_direct else behind).update(hops)
            if direct | behind:
                kept = prefix.version == 4 or not direct & behind
                table[prefix] = ("bgp", frozenset(direct | behind), routes[0].attributes.med or 0, kept)
        return table

    def _resolve(self, address: Address, top: Prefix, recursive: bool) -> tuple[frozenset[Hop], bool]:
        for prefix in _covering(self.zebra, address):
            if prefix == top:
                if prefix.prefixlen == prefix.max_prefixlen:
                    continue
                return frozenset(), False
            if prefix.prefixlen == 0 and not self.device.resolve_via_default:
                return frozenset(), False
            protocol, hops, _, _ = self.zebra[prefix]
            if protocol == "connected":
                return frozenset((name, str(address)) for name, _ in hops), True
            return (hops if recursive else frozenset()), False
        return frozenset(), False

    def announcements(self, end: End) -> dict[Prefix, Update]:
        """Everything that the peer is told now."""
        told: dict[Prefix, Update] = {}
        for prefix, route in self.best.items():
            settings = end.settings(prefix.version)
            if settings is None or (settings.default_originate and prefix.prefixlen == 0):
                continue
            update = self._tell(end, settings, route)
            if update is not None:
                told[prefix] = update
        for settings in end.neighbor.families:
            if settings.default_originate:
                default = ip_network("0.0.0.0/0" if settings.family == "ipv4" else "::/0")
                made = self._with_own_as(end, Attributes(med=0))
                told[default] = Update(made, *_own_hop(end, default.version, both=True))
        return told

    def _tell(self, end: End, settings: NeighborFamily, route: Route) -> Update | None:
        held = route.attributes.communities
        if "65535:65282" in held or (end.external and held & {"65535:65281", "65535:65283"}):
            return None
        if settings.prefix_list_out and not self.policy.prefix_list_permits(settings.prefix_list_out, route.prefix):
            return None
        reflected = route.peer is not None and not route.peer.external and not end.external
        made = route.attributes
        if reflected:
            assert route.peer is not None
            before = route.peer.settings(route.prefix.version)
            assert before is not None
            if not before.route_reflector_client and not settings.route_reflector_client:
                return None
            origin = _id(route.peer.remote_bgp) if made.originator_id is None else made.originator_id
            made = made._replace(originator_id=origin, cluster_list=(_id(self.bgp), *made.cluster_list))
        else:
            made = made._replace(originator_id=None, cluster_list=())
        if end.external and route.peer is not None:
            made = made._replace(med=None)
        if settings.route_map_out:
            mapped = self.policy.apply(settings.route_map_out, Subject(route.prefix, made))
            if mapped is None:
                return None
            made = made if reflected else mapped.attributes
        made = self._with_own_as(end, made)
        themselves = end.external or settings.next_hop_self_force or (settings.next_hop_self and not reflected)
        needs_ipv6 = _needs_ipv6(end, route.prefix.version)
        if themselves or route.address is None or (route.address.version == 6) != needs_ipv6:
            return Update(
                made, *_own_hop(end, route.prefix.version, not reflected and (end.external or route.peer is None))
            )
        return Update(made, route.address, link_local=False)

    def _with_own_as(self, end: End, made: Attributes) -> Attributes:
        made = made._replace(weight=0)
        return made._replace(as_path=(self.bgp.asn, *made.as_path)) if end.external else made


def _needs_ipv6(end: End, version: int) -> bool:
    return version == 6 or end.family_of_transport == 0


def _own_hop(end: End, version: int, both: bool) -> tuple[Address | None, bool]:
    """The sender as next hop: its address on the link, and whether its link-local address goes along."""
    wanted = 6 if _needs_ipv6(end, version) else 4
    addresses = [a.ip for a in end.device.interface(end.interface).addresses if a.version == wanted]
    if not addresses:
        return None, True
    return addresses[0], both and wanted == 6


def _covering(table: Iterable[Prefix], address: Address) -> list[Prefix]:
    found = [prefix for prefix in table if prefix.version == address.version and address in prefix]
    return sorted(found, key=lambda prefix: -prefix.prefixlen)


def _cheapest(routes: list[Route], cost: object) -> list[Route]:
    assert callable(cost)
    least = min(cost(route) for route in routes)
    return [route for route in routes if cost(route) == least]


def _id(bgp: BgpInstance) -> int:
    return _number(bgp.router_id)


@lru_cache
def _number(router_id: str) -> int:
    return int(IPv4Address(router_id))


def _tie(route: Route) -> tuple[int, int, int, str]:
    if route.peer is None:
        return 0, 0, 0, ""
    identifier = route.attributes.originator_id
    peer = route.peer.neighbor.peer
    return (
        _id(route.peer.remote_bgp) if identifier is None else identifier,
        len(route.attributes.cluster_list),
        0 if isinstance(peer, str) else int(peer),
        route.peer.interface,
    )


def converge(fabric: FabricConfig, failures: Failures, seed: int, patience: int = 4_000) -> dict[str, Fib]:
    """The BGP routes of every device's kernel when nobody has anything left to say."""
    chance = random.Random(seed)
    speakers = {device.name: speaker for device in fabric for speaker in [_speaker(fabric, device, failures)]}
    lines: dict[tuple[str, str], deque[tuple[Prefix, Update | None]]] = {}
    by_name = {end.name: end for speaker in speakers.values() for end in speaker.ends}

    def talk(speaker: Speaker) -> None:
        for end in speaker.ends:
            now = speaker.announcements(end)
            for prefix in {*now, *(p for e, p in speaker.sent if e is end)}:
                if speaker.sent.get((end, prefix)) == now.get(prefix):
                    continue
                lines.setdefault(end.name, deque()).append((prefix, now.get(prefix)))
                if prefix in now:
                    speaker.sent[end, prefix] = now[prefix]
                else:
                    del speaker.sent[end, prefix]

    for name in chance.sample(sorted(speakers), len(speakers)):
        talk(speakers[name])
    while any(lines.values()):
        patience -= 1
        if patience < 0:
            raise TooLongError
        busy = chance.choice(sorted(name for name, line in lines.items() if line))
        prefix, update = lines[busy].popleft()
        sender = by_name[busy]
        receiver = speakers[sender.remote.name]
        end = by_name[sender.remote_end]
        if update is None:
            receiver.heard.pop((end, prefix), None)
        else:
            receiver.heard[end, prefix] = update
        receiver.settle()
        talk(receiver)
    return {name: speaker.fib() for name, speaker in speakers.items()}


def _speaker(fabric: FabricConfig, device: DeviceConfig, failures: Failures) -> Speaker:
    dead = {end for item in failures.cables for end in (item.a, item.b)}
    up = frozenset(i.name for i in device.interfaces if Port(device.name, i.name) not in dead)
    return Speaker(device, list(_ends(fabric, device, up)), up)


def _ends(fabric: FabricConfig, device: DeviceConfig, up: frozenset[str]) -> Iterator[End]:
    """The sessions of a device: with whatever device its peer's address, or its interface's cable, leads to."""
    bgp = device.default_bgp
    for neighbor in bgp.neighbors if bgp else ():
        for item in device.interfaces:
            far = fabric.peer_of.get(Port(device.name, item.name))
            if item.name not in up or far is None:
                continue
            remote = fabric.by_name[far.device]
            if neighbor.peer == item.name:
                yield End(device, neighbor, item.name, remote, (remote.name, far.interface), 0)
                continue
            mine = next(
                (a.ip for a in item.addresses if not isinstance(neighbor.peer, str) and neighbor.peer in a.network),
                None,
            )
            if mine is not None:
                yield End(device, neighbor, item.name, remote, (remote.name, str(mine)), mine.version)
