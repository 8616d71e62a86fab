"""A /31 (or /30) and /127 (or /126) for each numbered link, by where its ends stand."""

from __future__ import annotations

from collections.abc import Iterator

from fabric._values import dataclass
from fabric.plan._addresses import GROUP, Part, families, pool_room, power_of_two
from fabric.plan._giver import Giver, Room
from fabric.plan._ledger import CORE
from fabric.plan._model import RawAddress
from fabric.plan._slots import Slots, racks_in_a_zone
from fabric.topology import Design, Device, Link, LinkSettings

_WHOLE: Part = (0, 16)
_LEAF_PART, _SUPER_SPINE_PART, _BORDER_PART = (0, 14), (14, 15), (15, 16)
"""Sixteenths of the fabric links' pool: links of leaves, of super-spines, of border routers."""
_Ends = tuple[tuple[RawAddress, ...], tuple[RawAddress, ...]]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """How the links of one family are laid out, counted in link subnets."""

    family: str
    kind: str
    """The ledger's kind of value."""
    rooms: dict[Part, Room]
    per_lower: int
    """Fabric links below one another: subnets a lower device."""
    per_rack: int
    per_side: int


class LinkSubnets:
    """Gives each link its subnets."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        design = giver.design
        self._giver, self._slots = giver, slots
        self._by_name = design.fabric.by_name
        self._side_first = design.settings.node_links.side_first
        self._sides = power_of_two(design.topology.growth.leaves_per_rack)
        self._racks = _racks(design, slots)
        self._blocks = {
            "fabric": list(self._layouts("fabric", design.settings.fabric_links)),
            "node": list(self._layouts("node", design.settings.node_links)),
        }

    def _layouts(self, kind: str, settings: LinkSettings) -> Iterator[_Blocks]:
        if not settings.numbered:
            return
        growth = self._giver.design.topology.growth
        parts = [_LEAF_PART, _SUPER_SPINE_PART, _BORDER_PART] if kind == "fabric" else [_WHOLE]
        for family, prefix in families(settings.pool, self._giver.design.topology.families):
            name, pool = f"{kind}-link.{family}", f"pools.{kind}_links.{family}"
            length = settings.prefix if family == "ipv4" else settings.prefix + 96
            rooms = {part: pool_room(self._giver.design, pool, prefix, length, part) for part in parts}
            per_lower, per_rack = power_of_two(growth.spines), power_of_two(growth.nodes_per_rack)
            per_side = per_rack * self._racks
            if family == "ipv6":
                size = rooms[parts[0]].size
                per_lower = per_rack = (1 << GROUP) // size
                per_side = (1 << (2 * GROUP)) // size
            yield _Blocks(family, name, rooms, per_lower, per_rack, per_side)

    def blocks(self, leaf: Device, kind: str) -> Iterator[tuple[Room, int, int]]:
        """For each family the room, and offset and size of the block of the leaf's links below or above it."""
        for layout in self._blocks[kind]:
            room = layout.rooms[_WHOLE if kind == "node" else _LEAF_PART]
            count = layout.per_rack if kind == "node" else layout.per_lower
            if kind == "node":
                ordinal = self._first_of(self._slots.rack(leaf), self._slots.of(leaf), layout)
            else:
                ordinal = self._slots.leaf(leaf) * count
            yield room, ordinal * room.size, count * room.size

    def zone_blocks(self, zone: int, racks: int, kind: str) -> Iterator[tuple[Room, int, int, int | None]]:
        """As `blocks`, of a zone that has so many racks' room; with the side of the leaves where each has a block."""
        for layout in self._blocks[kind]:
            room = layout.rooms[_WHOLE if kind == "node" else _LEAF_PART]
            if kind == "fabric":
                size = racks * self._sides * layout.per_lower * room.size
                yield room, zone * size, size, None
            elif self._side_first:
                size = racks * layout.per_rack * room.size
                for side in range(self._sides):
                    yield room, side * layout.per_side * room.size + zone * size, size, side
            else:
                size = racks * self._sides * layout.per_rack * room.size
                yield room, zone * size, size, None

    def of(self, link: Link) -> _Ends:
        """The addresses of the upper and of the lower end, one a family."""
        upper, lower = self._by_name[link.upper], self._by_name[link.lower]
        owner, place = f"{link.upper}>{link.lower}", lower.rack or CORE
        above, below = [], []
        for blocks in self._blocks[link.kind]:
            part, ordinal = self._place(upper, lower, blocks)
            room = blocks.rooms[part]
            base = self._giver.claim((place, blocks.kind), owner, room, room.first + ordinal * room.size)
            if base is not None:
                assert room.length is not None
                first = base + (room.size == 4)  # a /30 has a network address, a /31 has none (RFC 3021)
                above.append((blocks.family, first, room.length))
                below.append((blocks.family, first + 1, room.length))
        return tuple(above), tuple(below)

    def _place(self, upper: Device, lower: Device, blocks: _Blocks) -> tuple[Part, int]:
        """The part of the pool, and the ordinal of the link's subnet inside it."""
        slots = self._slots
        if lower.tier == "node":
            return _WHOLE, self._node_ordinal(upper, lower, blocks)
        if lower.tier == "leaf":
            return _LEAF_PART, slots.leaf(lower) * blocks.per_lower + slots.of(upper)
        part = _SUPER_SPINE_PART if upper.tier == "super-spine" else _BORDER_PART
        ordinal = slots.spine(lower) if lower.tier == "spine" else slots.of(lower)
        return part, ordinal * blocks.per_lower + slots.of(upper)

    def _node_ordinal(self, leaf: Device, node: Device, blocks: _Blocks) -> int:
        """By rack and leaf, or by side and rack; the last rack's block is for nodes outside the racks."""
        rack = self._slots.rack(leaf) if leaf.rack else self._racks - 1
        return self._first_of(rack, self._slots.of(leaf), blocks) + self._slots.of(node)

    def _first_of(self, rack: int, side: int, blocks: _Blocks) -> int:
        if self._side_first:
            return side * blocks.per_side + rack * blocks.per_rack
        return (rack * self._sides + side) * blocks.per_rack


def _racks(design: Design, slots: Slots) -> int:
    """Racks that node links have room for: 256 unless `growth` says otherwise, or there are more."""
    growth = design.topology.growth
    in_zones = growth.zones * (racks_in_a_zone(growth) or 0)
    outside = any(device.tier == "node" and device.rack is None for device in design.fabric.devices)
    needed = max(slots.racks.values(), default=0) + 1 + outside
    return power_of_two(max(growth.racks or in_zones or 256, needed))
