"""The healthy side of a sweep: what failures are held against, and whether their effects can be found from it.

`ground` says yes where routes follow announcements hop by hop: every session is on a cable of its own, every next hop
is the peer itself, and nothing but announcements decides what a speaker holds. Where nothing but BGP makes its kernel
routes either (`FamilyGround.plain`), a packet for an endpoint arrives from exactly those devices that have a route to
its host prefix: each next hop announced it and has a better one itself. Else packets are followed.
Where anything else is configured, every scenario is simulated in full instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from fabric._values import dataclass
from fabric.config import Address, DeviceConfig, Family, Port, Prefix, SetNextHop, StaticNextHop
from fabric.simulate._bgp import FamilyBgp, handed_over
from fabric.simulate._channels import Channel
from fabric.simulate._classsets import ClassSet
from fabric.simulate._lines import Held, Offer
from fabric.simulate._links import Links
from fabric.simulate._monotonic import maps_in_use
from fabric.simulate._outcomes import Together, decisions
from fabric.simulate._path import Router
from fabric.simulate._reachability import Endpoint, endpoints
from fabric.simulate._rounds import FAMILIES, Round
from fabric.simulate._sessions import Established
from fabric.simulate._simulation import Simulation
from fabric.simulate._tables import PrefixTable, prefix_order
from fabric.simulate._together import Rules, State
from fabric.simulate._values import SessionDown
from fabric.simulate._zebra import EBGP_DISTANCE

_DOWN_FOR_GOOD = frozenset(
    {
        SessionDown.SHUTDOWN,
        SessionDown.FAILED,
        SessionDown.DEVICE_DOWN,
        SessionDown.INTERFACE_DOWN,
        SessionDown.NO_COUNTERPART,
        SessionDown.NO_PEER_ADDRESS,
    }
)
"""Reasons that more failures do not take away."""

Widths = tuple[tuple[int, ClassSet], ...]
"""Numbers of next hops, each with the classes whose route has so many; 0 is no BGP route in the kernel."""


@dataclass(frozen=True)
class FamilyGround:
    """One family of the healthy fabric."""

    family: Family
    bgp: FamilyBgp
    rules: Rules
    state: State
    ports: Mapping[Port, tuple[int, ...]]
    """Channels by the ports at both ends."""
    endpoints: tuple[Endpoint, ...]
    """In the order of the fabric."""
    class_of: Mapping[str, int]
    """By endpoint, the class of its host prefix."""
    speaker: Mapping[str, int]
    """Speakers by device."""
    elsewhere: tuple[ClassSet, ...]
    """By speaker, the classes that are connected routes there, whatever BGP says."""
    covered: bool
    """Some endpoint's address is in a wider route too, which packets take where its own is missing."""
    plain: bool = True
    """Endpoints reach each other exactly where they have routes to each other's host prefixes."""

    @cached_property
    def ports_of(self) -> Mapping[str, tuple[Port, ...]]:
        """By device, its ports that sessions go through."""
        found: dict[str, tuple[Port, ...]] = {}
        for port in self.ports:
            found[port.device] = (*found.get(port.device, ()), port)
        return found

    @cached_property
    def wanted(self) -> ClassSet:
        """The classes of all endpoints."""
        found = 0
        for number in self.class_of.values():
            found |= 1 << number
        return found

    @cached_property
    def endpoint_speakers(self) -> frozenset[int]:
        """The speakers that are endpoints."""
        return frozenset(self.speaker[point.device] for point in self.endpoints)

    def wanted_without(self, speakers: frozenset[int]) -> ClassSet:
        """The classes of the endpoints that are none of these speakers."""
        gone = 0
        for index in speakers:
            gone |= 1 << self._class_at[index] if index in self._class_at else 0
        return self.wanted & ~gone

    @cached_property
    def _class_at(self) -> Mapping[int, int]:
        return {self.speaker[name]: number for name, number in self.class_of.items()}

    @cached_property
    def complete(self) -> bool:
        """True when every endpoint has a route to every other."""
        return not any(self.wanted & ~self.held[index] for index in self.endpoint_speakers)

    @cached_property
    def held(self) -> tuple[ClassSet, ...]:
        """By speaker, the classes that it has a path of."""
        return tuple(map(united, self.state.best))

    @cached_property
    def widths(self) -> tuple[Widths, ...]:
        """By speaker, the widths of its routes."""
        tables = enumerate(self.state.received)
        return tuple(
            self.widths_of(index, self.rules.offers(index, table.values()), self.state.best[index])
            for index, table in tables
        )

    def widths_of(self, index: int, offers: Iterable[Offer], best: Held, within: ClassSet = -1) -> Widths:
        """The widths of what a speaker with these paths installs, for the classes within a set."""
        kept = within & ~self.elsewhere[index]
        found: dict[int, ClassSet] = {}
        for decision, classes in decisions(self.rules, index, offers, best, kept):
            width = len(handed_over(decision))
            found[width] = found.get(width, 0) | classes
        return tuple(found.items())


@dataclass(frozen=True)
class Ground:
    """Both families of the healthy fabric, and the ports whose loss changes more than sessions."""

    families: tuple[FamilyGround, ...]
    deciding: frozenset[Port]
    """Ports with a subnet that BGP has a route to."""


def united(held: Mapping[Any, ClassSet]) -> ClassSet:
    """All classes of the sets."""
    found = 0
    for classes in held.values():
        found |= classes
    return found


def ground(simulation: Simulation) -> Ground | None:
    """What the effects of failures can be found from; `None` where every scenario must be simulated in full."""
    links, final = simulation._links, simulation._round
    if not (_plain_devices(links) and _plain_sessions(links, final)) or any(final.answers.values()):
        return None
    found = [_family(links, final, family) for family in FAMILIES]
    families = tuple(item for item in found if item is not None)
    if len(families) != len(found):
        return None
    prefixes = {prefix for family in families for item in family.rules.sets.classes for prefix in item.prefixes}
    deciding = (
        Port(device.name, interface.name)
        for device in links.fabric
        for interface in device.interfaces
        if any(address.network in prefixes for address in interface.addresses)
    )
    return Ground(families, frozenset(deciding))


def _plain_devices(links: Links) -> bool:
    for device in links.fabric:
        instance = device.default_bgp
        if len(device.bgp) != (0 if instance is None else 1) or any(i.vrf is not None for i in device.interfaces):
            return False
        if instance is None:
            continue
        for item in (settings for neighbor in instance.neighbors for settings in neighbor.families):
            if item.default_originate_map is not None or item.maximum_prefix is not None:
                return False
        if any(family.aggregates or family.import_vrfs for family in instance.families):
            return False
    return True


def _plain_sessions(links: Links, final: Round) -> bool:
    for session in final.given.sessions:
        if not isinstance(session, Established):
            if session.why not in _DOWN_FOR_GOOD:
                return False
            continue
        for side in (session.a, session.b):
            if not isinstance(side.local, str) and len(links.owners[side.local]) != 1:
                return False
    return True


def _family(links: Links, final: Round, family: Family) -> FamilyGround | None:
    bgp = final.bgp[family]
    if not isinstance(bgp.outcomes, Together):
        return None
    rules, state = bgp.outcomes.rules, bgp.outcomes.state
    ports = _ports(links, rules.graph.channels)
    if ports is None or not _plain_next_hops(links, bgp) or not _plain_statics(links, bgp):
        return None
    speaker = {router.name: router.index for router in rules.graph.routers}
    none = (0,) * len(rules.graph.routers)
    bare = FamilyGround(family, bgp, rules, state, ports, (), {}, speaker, none, covered=False, plain=False)
    return _with_endpoints(links, bare) or bare


def _with_endpoints(links: Links, bare: FamilyGround) -> FamilyGround | None:
    """The ground with its endpoints; `None` where they may reach each other otherwise than by BGP's host routes."""
    rules, bgp = bare.rules, bare.bgp
    if any(router.device.fib_filters or router.device.static_routes for router in rules.graph.routers):
        return None
    points = tuple(p for p in endpoints(links.fabric, bare.family) if links.alive(p.device))
    elsewhere = _elsewhere(links, bgp)
    classes = _endpoint_classes(links, bgp, points, bare.speaker)
    if elsewhere is None or classes is None or not all(_forwards(rules, router) for router in rules.graph.routers):
        return None
    table = PrefixTable((prefix, prefix) for item in bgp.classes for prefix in item.prefixes)
    covered = any(len(list(table.covering(point.address))) > 1 for point in points)
    made = replace(bare, endpoints=points, class_of=classes, elsewhere=elsewhere, covered=covered, plain=True)
    # A wider route may hide that an endpoint has no route of its own to another.
    return None if covered and not made.complete else made


def _ports(links: Links, channels: tuple[Channel, ...] | Iterable[Channel]) -> dict[Port, tuple[int, ...]] | None:
    """The channels by the ports that they go through; `None` where one is not the only cable between its ports."""
    found: dict[Port, tuple[int, ...]] = {}
    ends = {c.index: Port(c.receiver.name, c.source.interface) for c in channels}
    for index, port in ends.items():
        far = ends[index ^ 1]  # the other direction of the session
        if links.fabric.peer_of.get(port) != far:
            return None
        found[port] = (*found.get(port, ()), index)
        found[far] = (*found.get(far, ()), index)
    return found


def _elsewhere(links: Links, bgp: FamilyBgp) -> tuple[ClassSet, ...] | None:
    """The classes that are connected at each speaker; `None` where that holds for a part of a class."""
    number_of = {prefix: number for number, item in enumerate(bgp.classes) for prefix in item.prefixes}
    found: list[ClassSet] = []
    for router in bgp.graph.routers:
        mine = {a.network for i in links.interfaces(router.device) for a in i.addresses} & number_of.keys()
        numbers = {number_of[prefix] for prefix in mine}
        if any(not mine.issuperset(bgp.classes[number].prefixes) for number in numbers):
            return None
        found.append(sum(1 << number for number in numbers))
    return tuple(found)


def _endpoint_classes(
    links: Links, bgp: FamilyBgp, points: Iterable[Endpoint], speaker: Mapping[str, int]
) -> dict[str, int] | None:
    """The class of every endpoint's host prefix; `None` where its reachability does not hang on that alone."""
    covering = PrefixTable(
        (prefix, (prefix, number)) for number, item in enumerate(bgp.classes) for prefix in item.prefixes
    )
    connected = _connected(links.fabric, links)
    found: dict[str, int] = {}
    for point in points:
        closest = next(covering.covering(point.address), None)
        if point.device not in speaker or closest is None:
            return None
        prefix, number = closest
        here = connected.covering(point.address)
        if prefix.prefixlen != prefix.max_prefixlen or any(
            device != point.device for devices in here for device in devices
        ):
            return None
        if set(bgp.classes[number].local) != {speaker[point.device]}:
            return None
        found[point.device] = number
    return found


def _connected(devices: Iterable[DeviceConfig], links: Links) -> PrefixTable[tuple[str, ...]]:
    """By subnet, the devices that are connected to it."""
    owners: dict[Prefix, tuple[str, ...]] = {}
    for device in devices:
        for network in {a.network for i in links.interfaces(device) for a in i.addresses}:
            owners[network] = (*owners.get(network, ()), device.name)
    return PrefixTable(owners.items())


def _plain_next_hops(links: Links, bgp: FamilyBgp) -> bool:
    """True when every next hop is the peer itself, on a subnet that is closer than any BGP route to it."""
    graph = bgp.graph
    sets = (s for use in maps_in_use(graph) for entry in use.map.entries for s in entry.sets)
    if any(isinstance(item, SetNextHop) for item in sets):
        return False
    paths = (path for item in bgp.classes for own in item.local.values() for path in own)
    if any(path.next_hop.address is not None or path.aggregate for path in paths):
        return False
    reflecting = {c.sender.index for c in graph.channels if c.export.settings.route_reflector_client}
    external = {c.sender.index for c in graph.channels if c.export.external}
    routes = _routes(bgp)
    return all(
        not c.crowded and _own_next_hop(c, reflecting, external) and _closest(links, c, routes) for c in graph.channels
    )


def _routes(bgp: FamilyBgp) -> PrefixTable[Prefix]:
    return PrefixTable((prefix, prefix) for item in bgp.classes for prefix in item.prefixes)


def _own_next_hop(channel: Channel, reflecting: Iterable[int], external: Iterable[int]) -> bool:
    """True when the channel brings no next hop but its sender."""
    settings = channel.export.settings
    if channel.export.external or settings.next_hop_self_force:
        return True
    if channel.sender.index in reflecting:
        return False
    return (
        settings.next_hop_self or channel.sender.index not in external
    )  # who only has iBGP peers tells its own routes


def _closest(links: Links, channel: Channel, routes: PrefixTable[Prefix]) -> bool:
    """True when the receiver's way to the sender is their subnet, whatever BGP says."""
    addresses = [hop.address for hop in channel.own_next_hop if hop.address is not None]
    if any(links.connected_address(channel.receiver.device, address) is None for address in addresses):
        return _by_link_local(channel)
    return all(_on_subnet(links, channel.receiver.device, address, routes) for address in addresses)


def _on_subnet(links: Links, device: DeviceConfig, address: Address, routes: PrefixTable[Prefix]) -> bool:
    """True when the device has the address on a subnet that no static route and no route of BGP covers more closely."""
    subnet = links.connected_address(device, address)
    if subnet is None:
        return False
    lengths = [route.prefix.prefixlen for route in device.static_routes if address in route.prefix]
    lengths += [prefix.prefixlen for prefix in routes.covering(address)]
    return all(length < subnet.address.network.prefixlen for length in lengths)


def _plain_statics(links: Links, bgp: FamilyBgp) -> bool:
    """True when ports alone decide which static routes the speakers have, and these win over those of BGP."""
    routes, version = _routes(bgp), 4 if bgp.graph.family == "ipv4" else 6
    found = ((router.device, route) for router in bgp.graph.routers for route in router.device.static_routes)
    return all(
        route.distance < EBGP_DISTANCE and all(_by_port(links, device, hop, routes) for hop in route.next_hops)
        for device, route in found
        if route.prefix.version == version
    )


def _by_port(links: Links, device: DeviceConfig, hop: StaticNextHop, routes: PrefixTable[Prefix]) -> bool:
    if hop.address is None or hop.address.is_link_local:
        return True
    return _on_subnet(links, device, hop.address, routes)


def _by_link_local(channel: Channel) -> bool:
    return all(hop.uses_link_local for hop in channel.own_next_hop)


def _forwards(rules: Rules, router: Router) -> bool:
    """True when the device forwards, or draws no traffic but its own."""
    if router.device.forwarding:
        return True
    mine = 0
    for _, classes in rules.own[router.index]:
        mine |= classes
    for group in rules.groups[router.index]:
        name = group.export.settings.prefix_list_out
        if (
            group.export.settings.default_originate
            or name is None
            or any(
                part & ~mine and router.policy.prefix_list_permits(name, prefix)
                for prefix, part in rules.sets.parts(router, name, None)
            )
        ):
            return False
    return True


def first_prefix(family: FamilyGround, classes: ClassSet) -> Prefix:
    """The lowest prefix of the classes."""
    numbers = (number for number in range(len(family.rules.sets.classes)) if classes >> number & 1)
    return min((p for number in numbers for p in family.rules.sets.classes[number].prefixes), key=prefix_order)
