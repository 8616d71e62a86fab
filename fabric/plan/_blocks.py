"""The blocks that racks and leaves draw from: one prefix to announce or filter by, and the room left in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from fabric.plan._addresses import Loopbacks
from fabric.plan._giver import Room
from fabric.plan._links import LinkSubnets
from fabric.plan._model import Block, LinkPlan, Prefix
from fabric.topology import Design


@dataclass(frozen=True, slots=True)
class _Use:
    """How many there are of what blocks are made for, by owner."""

    devices: Counter[str]
    node_links: Counter[str]
    fabric_links: Counter[str]


def blocks(
    design: Design, loopbacks: Loopbacks, subnets: LinkSubnets, links: tuple[LinkPlan, ...]
) -> tuple[Block, ...]:
    """A block a rack for loopbacks, and one a leaf for the links below and above it."""
    use = _Use(
        Counter(device.rack for device in design.fabric.devices if device.rack),
        Counter(link.upper.device for link in links if link.link.kind == "node"),
        Counter(link.lower.device for link in links if link.link.kind == "fabric"),
    )
    return (*_loopback_blocks(design, loopbacks, use), *_link_blocks(design, subnets, use))


def _loopback_blocks(design: Design, loopbacks: Loopbacks, use: _Use) -> Iterator[Block]:
    growth = design.topology.growth
    capacity = growth.leaves_per_rack + growth.nodes_per_rack
    for rack in design.fabric.racks:
        for room, offset, size in loopbacks.blocks(rack):
            yield Block(rack, room.pool, _prefix(room, offset, size), use.devices[rack], capacity)


def _link_blocks(design: Design, subnets: LinkSubnets, use: _Use) -> Iterator[Block]:
    growth = design.topology.growth
    for leaf in design.fabric.tier("leaf"):
        for kind, counts, capacity in (
            ("node", use.node_links, growth.nodes_per_rack),
            ("fabric", use.fabric_links, growth.spines),
        ):
            for room, offset, size in subnets.blocks(leaf, kind):
                yield Block(leaf.name, room.pool, _prefix(room, offset, size), counts[leaf.name], capacity)


def _prefix(room: Room, offset: int, size: int) -> Prefix:
    """The prefix of `size` addresses, a power of two, from `offset` on; a pool that is smaller than it as a whole."""
    length = min(size, room.high - room.low).bit_length()
    if room.pool.endswith(".ipv4"):
        return IPv4Network((room.first + offset, 33 - length))
    return IPv6Network((room.first + offset, 129 - length))
