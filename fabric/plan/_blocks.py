"""The blocks that zones, racks and leaves draw from: one prefix to announce or filter by, and the room left in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from fabric._values import dataclass
from fabric.plan._addresses import Loopbacks, families
from fabric.plan._giver import Room
from fabric.plan._links import LinkSubnets
from fabric.plan._model import Block, LinkPlan, Prefix, SubnetPlan
from fabric.plan._shared_pool import SharedBlocks, racks_a_zone, shared_room, subnets_a_rack
from fabric.plan._slots import Slots, racks_in_a_zone
from fabric.topology import Design, Pool


@dataclass(frozen=True, slots=True)
class Givers:
    """Those who know where in a pool each place draws from."""

    design: Design
    slots: Slots
    loopbacks: Loopbacks
    subnets: LinkSubnets


@dataclass(frozen=True, slots=True)
class _Use:
    """How many there are of what blocks are made for, by owner."""

    devices: Counter[str]
    node_links: Counter[str]
    fabric_links: Counter[str]
    networks: Counter[tuple[str, int]]
    """Subnets of the shared pool by scope and IP version."""


def blocks(givers: Givers, links: tuple[LinkPlan, ...], networks: list[SubnetPlan]) -> tuple[Block, ...]:
    """A block a rack for loopbacks, and one a leaf for the links below and above it; and those of zones that have one.

    Where networks share a pool, each rack and zone has a block there too.
    """
    design = givers.design
    own = design.topology.networks
    use = _Use(
        Counter(device.rack for device in design.fabric.devices if device.rack),
        Counter(link.upper.device for link in links if link.link.kind == "node"),
        Counter(link.lower.device for link in links if link.link.kind == "fabric"),
        Counter(
            (s.scope, p.version) for s in networks for p in s.prefixes if not getattr(own[s.network], f"ipv{p.version}")
        ),
    )
    return (
        *_zone_blocks(givers, use),
        *_loopback_blocks(givers, use),
        *_network_blocks(givers, use),
        *_link_blocks(givers, use),
    )


def _loopback_blocks(givers: Givers, use: _Use) -> Iterator[Block]:
    growth = givers.design.topology.growth
    capacity = growth.leaves_per_rack + growth.nodes_per_rack
    for rack in givers.design.fabric.racks:
        for room, offset, size in givers.loopbacks.blocks(rack):
            yield Block(rack, room.pool, _prefix(room, offset, size), use.devices[rack], capacity)


def _link_blocks(givers: Givers, use: _Use) -> Iterator[Block]:
    growth = givers.design.topology.growth
    for leaf in givers.design.fabric.tier("leaf"):
        for kind, counts, capacity in (
            ("node", use.node_links, growth.nodes_per_rack),
            ("fabric", use.fabric_links, growth.spines),
        ):
            for room, offset, size in givers.subnets.blocks(leaf, kind):
                yield Block(leaf.name, room.pool, _prefix(room, offset, size), counts[leaf.name], capacity, "leaf")


def _network_blocks(givers: Givers, use: _Use) -> Iterator[Block]:
    """Of racks and zones in the pool that networks share."""
    design, growth = givers.design, givers.design.topology.growth
    places, racks = SharedBlocks(design, givers.slots), racks_a_zone(growth)
    for family, whole in families(design.topology.pools.networks or Pool(), design.topology.families):
        room = shared_room(design, family, whole)
        size = subnets_a_rack(growth) * room.size
        for zone in design.topology.zones if givers.slots.zones else ():
            inside = [zone.name, *(rack.name for rack in zone.racks)]
            used = sum(use.networks[name, whole.version] for name in inside)
            capacity = (1 + (growth.racks_per_zone or 0)) * growth.networks_per_rack
            prefix = _prefix(room, places.zone(zone.name) * size, racks * size)
            yield Block(zone.name, room.pool, prefix, used, capacity, "zone")
        for rack in design.fabric.racks:
            prefix = _prefix(room, places.rack(rack) * size, size)
            yield Block(rack, room.pool, prefix, use.networks[rack, whole.version], growth.networks_per_rack)


def _zone_blocks(givers: Givers, use: _Use) -> Iterator[Block]:
    design, growth = givers.design, givers.design.topology.growth
    racks, room_for = racks_in_a_zone(growth), growth.racks_per_zone
    if racks is None or room_for is None:
        return
    for zone in design.topology.zones:
        number = givers.slots.zones[zone.name]
        used = sum(use.devices[rack.name] for rack in zone.racks)
        for room, offset, size in givers.loopbacks.zone_blocks(number, racks):
            capacity = room_for * (growth.leaves_per_rack + growth.nodes_per_rack)
            yield Block(zone.name, room.pool, _prefix(room, offset, size), used, capacity, "zone")
        leaves = [leaf for leaf in design.fabric.tier("leaf") if leaf.zone == zone.name]
        for kind, counts, each in (
            ("node", use.node_links, growth.nodes_per_rack),
            ("fabric", use.fabric_links, growth.spines),
        ):
            for room, offset, size, side in givers.subnets.zone_blocks(number, racks, kind):
                mine = [leaf for leaf in leaves if side is None or givers.slots.of(leaf) == side]
                used = sum(counts[leaf.name] for leaf in mine)
                capacity = room_for * each * (growth.leaves_per_rack if side is None else 1)
                yield Block(zone.name, room.pool, _prefix(room, offset, size), used, capacity, "zone")


def _prefix(room: Room, offset: int, size: int) -> Prefix:
    """The prefix of `size` addresses, a power of two, from `offset` on; a pool that is smaller than it as a whole."""
    length = min(size, room.high - room.low).bit_length()
    if room.pool.endswith(".ipv4"):
        return IPv4Network((room.first + offset, 33 - length))
    return IPv6Network((room.first + offset, 129 - length))
