"""Subnets of the networks, host addresses in them, and virtual addresses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field
from ipaddress import IPv4Network, IPv6Network

from fabric._values import dataclass
from fabric.plan._addresses import address, closed_in, families, pool_room
from fabric.plan._giver import Giver, Room, Stretch, numbers
from fabric.plan._ledger import CORE
from fabric.plan._model import Address, HostAddress, Prefix, SubnetPlan
from fabric.plan._shared_pool import SUBNET_LENGTH, SharedBlocks, shared_room, subnets_a_rack
from fabric.plan._slots import Slots
from fabric.topology import Device, Network

_HOSTS_FROM = 10
"""Host addresses start here, so that gateways and tools have room below."""


def _lists() -> dict[str, list[HostAddress]]:
    return defaultdict(list)


@dataclass(frozen=True)
class Networks:
    """The planned networks: subnets, and what each node has in them."""

    subnets: list[SubnetPlan] = field(default_factory=list)
    hosts: dict[str, list[HostAddress]] = field(default_factory=_lists)
    segments: dict[str, list[HostAddress]] = field(default_factory=_lists)
    vips: dict[str, list[HostAddress]] = field(default_factory=_lists)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A part of the fabric that has a subnet of its own, with its nodes."""

    name: str
    ordinal: int
    place: str
    nodes: tuple[Device, ...]
    block: int = 0
    """Ordinal of its block in the pool that networks share."""
    like: tuple[str, ...] = ()
    """All zones, for a zone that has no ordinal in the ledger."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A network within one scope."""

    giver: Giver
    name: str
    network: Network
    scope: _Scope
    racks: Mapping[str, int]
    """Ordinals of the racks where several share a subnet."""


def plan_networks(giver: Giver, slots: Slots) -> Networks:
    """All subnets, host addresses and virtual addresses of a design."""
    found = Networks()
    vlans = _vlans(giver)
    for name, network in giver.design.topology.networks.items():
        hosts = found.hosts if network.kind == "routed" else found.segments
        for scope in _scopes(giver, slots, network):
            part = _Part(giver, name, network, scope, {} if network.scope == "rack" else slots.racks)
            prefixes = tuple(_prefixes(part))
            _pin_hosts(part, prefixes)
            subnet = _subnet(part, prefixes, vlans.get(name))
            found.subnets.append(subnet)
            _give_hosts(part, prefixes, hosts)
            for device in scope.nodes:
                if device.role in network.vip_roles and subnet.vips:
                    found.vips[device.name].extend(HostAddress(name, vip) for vip in subnet.vips)
    return found


def _vlans(giver: Giver) -> dict[str, int | None]:
    """The VLAN of each segment: its own, else a free one from 100 on."""
    segments = {name: n for name, n in giver.design.topology.networks.items() if n.kind == "segment"}
    giver.reserve("vlan", {n.vlan for n in segments.values() if n.vlan is not None})
    room = numbers("vlan", "vlan", 100, 4094)
    return {
        name: network.vlan or giver.claim((CORE, "vlan"), name, room, 100 + ordinal)
        for ordinal, (name, network) in enumerate(segments.items())
    }


def _subnet(part: _Part, prefixes: tuple[Prefix, ...], vlan: int | None) -> SubnetPlan:
    network = part.network
    gateways, allocations = [], []
    for prefix in prefixes:
        if network.kind == "segment":
            gateways.append(prefix.network_address + (network.gateway or 1))
        if network.allocation:
            first = prefix.network_address + network.allocation.offset
            allocations.append((first, first + (network.allocation.count - 1)))
    vips = tuple(_vips(part, prefixes))
    return SubnetPlan(
        part.name, part.scope.name, prefixes, vips, network.kind, tuple(gateways), vlan, tuple(allocations)
    )


def _scopes(giver: Giver, slots: Slots, network: Network) -> Iterator[_Scope]:
    fabric, blocks = giver.design.fabric, SharedBlocks(giver.design, slots)
    nodes = tuple(device for device in fabric.devices if device.tier == "node")
    if network.scope == "fabric":
        yield _Scope("fabric", 0, CORE, nodes)
        return
    inside: dict[str | None, list[Device]] = defaultdict(list)
    for node in nodes:
        inside[node.zone if network.scope == "zone" else node.rack].append(node)
    in_racks = network.scope == "rack"
    ordinals = slots.racks if in_racks else slots.zones
    for position, name in enumerate(fabric.racks if in_racks else fabric.zones):
        ordinal = ordinals[name] if slots.zones or in_racks else position
        block = blocks.rack(name) if in_racks else blocks.zone(name)
        like = () if slots.zones or in_racks else fabric.zones
        yield _Scope(name, ordinal, name if in_racks else CORE, tuple(inside[name]), block, tuple(like))


def _prefixes(part: _Part) -> Iterator[Prefix]:
    network, scope, design = part.network, part.scope, part.giver.design
    offset: int | None = None
    for family, whole in families(design.settings.networks[part.name], design.topology.families):
        wanted = network.subnet_prefix if family == "ipv4" and network.subnet_prefix else SUBNET_LENGTH[family]
        length = max(wanted, whole.prefixlen)
        if getattr(network, family) is None:
            shared = _shared(part, family, whole)
            if shared is not None:
                yield (IPv4Network if family == "ipv4" else IPv6Network)((shared, length))
            continue
        if scope.name == "fabric" and network.scope == "fabric":
            yield whole
            continue
        kind = f"subnet.{part.name}.{family}"
        room = pool_room(part.giver.design, f"networks.{part.name}.{family}", whole, length)
        section = (scope.place, kind)
        candidate = room.first + (scope.ordinal if offset is None else offset) * room.size
        if offset is None and scope.like:
            like = dict.fromkeys(scope.like, section)
            candidate = part.giver.ordinal(section, scope.name, room, like, candidate)
        value = part.giver.claim(section, scope.name, room, candidate, scope.name)
        if value is not None:
            offset = (value - room.first) // room.size
            yield (IPv4Network if family == "ipv4" else IPv6Network)((value, length))


def _shared(part: _Part, family: str, whole: Prefix) -> int | None:
    """Where the subnet starts in the pool that networks share; each takes as much of it as the largest may."""
    giver, growth = part.giver, part.giver.design.topology.growth
    slot = numbers("growth.networks_per_rack", "slot.network", 0, growth.networks_per_rack - 1)
    number = giver.claim((CORE, "slot.network"), part.name, slot, 0)
    if number is None:
        return None
    room = shared_room(giver.design, family, whole)
    candidate = room.first + (part.scope.block * subnets_a_rack(growth) + number) * room.size
    return giver.claim((part.scope.place, f"subnet.{family}"), f"{part.scope.name}.{part.name}", room, candidate)


def _room(part: _Part, prefix: Prefix, first: int) -> Room:
    """Addresses of a subnet from the offset `first`, without its first one and IPv4's broadcast address."""
    low, family = int(prefix.network_address), _family(prefix)
    high = low + prefix.num_addresses
    last = high - 1 if family == "ipv4" else high
    pool, space = f"networks.{part.name}.{family}", f"network.{part.name}.{family}"
    return Room(pool, space, low, high, low + first, last, length=prefix.max_prefixlen, closed=_closed(part, prefix))


def _closed(part: _Part, prefix: Prefix) -> tuple[tuple[int, int], ...]:
    """What is given out to nobody: the gateway, what is left to others, and what the topology excludes."""
    low, network = int(prefix.network_address), part.network
    found = list(closed_in(part.giver.design.topology, prefix))
    if network.kind == "segment":
        found.append((low + (network.gateway or 1), low + (network.gateway or 1) + 1))
    if network.allocation:
        found.append((low + network.allocation.offset, low + network.allocation.offset + network.allocation.count))
    return tuple(sorted(found))


def _pin_hosts(part: _Part, prefixes: tuple[Prefix, ...]) -> None:
    """Gives nodes the addresses that the file pins, before anybody else can take them."""
    pins = part.giver.design.topology.pins
    for device in part.scope.nodes if pins else ():
        for pinned in pins.get(device.name, {}).get(part.name, ()):
            prefix = next((p for p in prefixes if pinned in p), None)
            if prefix is None:
                part.giver.pin_outside(device.name, part.name, pinned, prefixes)
                continue
            section = (device.rack or CORE, f"host.{part.name}.{_family(prefix)}")
            part.giver.pin(section, device.name, _room(part, prefix, 1), int(pinned))


def _family(prefix: Prefix) -> str:
    return "ipv4" if prefix.version == 4 else "ipv6"


def _vips(part: _Part, prefixes: tuple[Prefix, ...]) -> Iterator[Address]:
    for index in range(part.network.vips):
        for prefix in prefixes:
            family, room = _family(prefix), _room(part, prefix, 1)
            offset = _vip_offset(part.network, prefix) + index
            section = (part.scope.place, f"vip.{part.name}.{family}")
            value = part.giver.claim(section, f"{part.scope.name}.{index}", room, room.low + offset)
            if value is not None:
                yield address(family, value)


def _vip_offset(network: Network, prefix: Prefix) -> int:
    """Where virtual addresses start: as asked for, else right below the end (and below 256 in IPv6 as in IPv4)."""
    if network.vip_offset is not None:
        return network.vip_offset
    return max(min(prefix.num_addresses, 256) - 1 - network.vips, 1)


def _give_hosts(part: _Part, prefixes: tuple[Prefix, ...], hosts: dict[str, list[HostAddress]]) -> None:
    """The first free addresses; in the second family at the same offset as in the first, where that is free.

    Of a subnet that racks share, a rack that is new beside a ledger gets a stretch that its name picks.
    """
    entitled = [device for device in part.scope.nodes if device.role in part.network.roles]
    most = max(Counter(device.rack or CORE for device in entitled).values(), default=1)
    offsets: dict[str, int] = {}
    for prefix in prefixes:
        family = _family(prefix)
        room = _room(part, prefix, min(_HOSTS_FROM, prefix.num_addresses // 4))
        following, before = room.first, ""
        for device in entitled:
            rack = device.rack or CORE
            section = (rack, f"host.{part.name}.{family}")
            if rack != before and rack in part.racks:
                stretch = Stretch(rack, most, part.racks[rack], anywhere=True)
                following = part.giver.fresh(section, device.name, room, following, stretch)
            before = rack
            candidate = room.low + offsets[device.name] if device.name in offsets else following
            if not room.first <= candidate < room.last:  # beside a pin in the stretch that is left free by itself
                candidate = room.first
            name = device.name if part.racks else ""
            value = part.giver.claim(section, device.name, room, candidate, name)
            if value is not None:
                offsets[device.name] = value - room.low
                following = value + 1 if room.first <= value + 1 < room.last else room.first
                hosts[device.name].append(HostAddress(part.name, address(family, value)))
