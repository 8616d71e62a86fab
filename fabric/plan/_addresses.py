"""Loopbacks and link subnets, by integer arithmetic on slots.

IPv4 blocks are as small as `growth` allows; IPv6 gives each level a 16-bit group of its own, so that an address
reads as its place (`…:rack:device`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from fabric.plan._giver import Giver, Room
from fabric.plan._ledger import CORE
from fabric.plan._model import Address, PoolUse, Prefix, RawAddress
from fabric.plan._ports import place_of
from fabric.plan._slots import Slots
from fabric.topology import Design, Device, Link, LinkSettings, Pool

_GROUP = 16  # bits of an IPv6 group
_WHOLE, _LEAF_PART, _SUPER_SPINE_PART, _BORDER_PART = (0, 16), (0, 14), (14, 15), (15, 16)
"""Sixteenths of a pool: all of them; of the fabric links' one those of leaves, super-spines and border routers."""


def power_of_two(count: int) -> int:
    """The smallest power of two that is not below `count`."""
    return 1 << max(count - 1, 0).bit_length()


def families(pool: Pool, names: tuple[str, ...]) -> Iterator[tuple[str, Prefix]]:
    """The pool's prefixes of the fabric's families, IPv4 first."""
    for name in ("ipv4", "ipv6"):
        prefix: IPv4Network | IPv6Network | None = getattr(pool, name)
        if name in names and prefix is not None:
            yield name, prefix


def address(family: str, value: int) -> Address:
    """The address of an integer."""
    return IPv4Address(value) if family == "ipv4" else IPv6Address(value)


def pool_room(pool: str, prefix: Prefix, length: int, part: tuple[int, int] = (0, 16)) -> Room:
    """Room for prefixes of a length in a pool, or in some sixteenths of it."""
    base, size = int(prefix.network_address), prefix.num_addresses
    first, last = (base + size * sixteenth // 16 for sixteenth in part)
    return Room(pool, base, base + size, first, last, 1 << (prefix.max_prefixlen - length), length)


class Loopbacks:
    """One block a rack, its leaves first; what stands in no rack has the last sixteenth of the pool."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        self._giver, self._slots = giver, slots
        growth, settings = giver.design.topology.growth, giver.design.settings
        self._leaves_per_rack = growth.leaves_per_rack
        needed = power_of_two(1 + growth.leaves_per_rack + growth.nodes_per_rack)
        self._rack_block = max(needed, settings.rack_loopbacks)
        # the IPv4 address is given in any fabric, for it is the router id
        wanted = ("ipv4", *giver.design.topology.families)
        self._rooms = [
            (family, pool_room(pool, prefix, prefix.max_prefixlen, (0, 15)), self._core_rooms(pool, prefix))
            for family, prefix in families(settings.loopbacks, wanted)
            for pool in (f"pools.loopbacks.{family}",)
        ]

    @staticmethod
    def _core_rooms(pool: str, prefix: Prefix) -> dict[str, Room]:
        """A quarter of the core's share for each tier outside the racks."""
        whole = pool_room(pool, prefix, prefix.max_prefixlen, (15, 16))
        quarter = min((whole.last - whole.first) // 4, 1 << _GROUP)
        rooms = {}
        for position, tier in enumerate(("super-spine", "spine", "border", "node")):
            start = whole.first + position * quarter
            rooms[tier] = Room(pool, whole.low, whole.high, start, start + quarter, 1, whole.length)
        return rooms

    def of(self, device: Device) -> dict[str, Address]:
        """The device's loopback address by family."""
        found = {}
        for family, racked, core in self._rooms:
            if device.rack is None:
                room = core[device.tier]
                ordinal = self._slots.spine(device) if device.tier == "spine" else self._slots.of(device)
                candidate = room.first + 1 + ordinal
            else:
                room = racked
                block = self._rack_block if family == "ipv4" else 1 << _GROUP
                candidate = room.first + self._slots.rack(device) * block + 1 + self._in_rack(device)
            section = (device.rack or CORE, f"loopback.{family}")
            value = self._giver.claim(section, device.name, room, candidate)
            if value is not None:
                found[family] = address(family, value)
        return found

    def _in_rack(self, device: Device) -> int:
        return (self._leaves_per_rack if device.tier == "node" else 0) + self._slots.of(device)


class LinkSubnets:
    """A /31 (or /30) and /127 (or /126) for each numbered link."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        self._giver, self._slots = giver, slots
        self._growth = giver.design.topology.growth
        self._side_first = giver.design.settings.node_links.side_first
        self._racks = _racks(giver.design, slots)
        self._rooms = {
            "fabric": self._rooms_of("pools.fabric_links", giver.design.settings.fabric_links),
            "node": self._rooms_of("pools.node_links", giver.design.settings.node_links),
        }

    def _rooms_of(self, pool: str, settings: LinkSettings) -> list[tuple[str, dict[tuple[int, int], Room]]]:
        """By family the room of each part of the pool; node links have the whole pool."""
        if not settings.numbered:
            return []
        parts = [_LEAF_PART, _SUPER_SPINE_PART, _BORDER_PART] if pool == "pools.fabric_links" else [_WHOLE]
        found = []
        for family, prefix in families(settings.pool, self._giver.design.topology.families):
            length = settings.prefix if family == "ipv4" else settings.prefix + 96
            found.append((family, {part: pool_room(f"{pool}.{family}", prefix, length, part) for part in parts}))
        return found

    def of(self, link: Link) -> tuple[tuple[RawAddress, ...], tuple[RawAddress, ...]]:
        """The addresses of the upper and of the lower end, one a family."""
        by_name = self._giver.design.fabric.by_name
        upper, lower = by_name[link.upper], by_name[link.lower]
        pairs = []
        for family, parts in self._rooms[link.kind]:
            part, offset = self._place(upper, lower, link.kind, family)
            room = parts[part]
            section = (place_of(self._giver, link), f"{link.kind}-link.{family}")
            owner = f"{link.upper}>{link.lower}"
            base = self._giver.claim(section, owner, room, room.first + offset * room.size)
            if base is not None:
                assert room.length is not None
                first = base + (room.size == 4)  # a /30 has a network address, a /31 has none (RFC 3021)
                pairs.append(((family, first, room.length), (family, first + 1, room.length)))
        return tuple(above for above, _ in pairs), tuple(below for _, below in pairs)

    def _place(self, upper: Device, lower: Device, kind: str, family: str) -> tuple[tuple[int, int], int]:
        """The part of the pool, and the ordinal of the link's subnet inside it."""
        if kind == "node":
            return _WHOLE, self._node_ordinal(upper, lower, family)
        if lower.tier == "leaf":
            part, ordinal = _LEAF_PART, self._slots.leaf(lower)
        else:
            part = _SUPER_SPINE_PART if upper.tier == "super-spine" else _BORDER_PART
            ordinal = self._slots.spine(lower) if lower.tier == "spine" else self._slots.of(lower)
        above = self._slots.of(upper)
        if family == "ipv4":
            return part, ordinal * power_of_two(self._growth.spines) + above
        size = self._rooms["fabric"][-1][1][part].size
        return part, ordinal * ((1 << _GROUP) // size) + above

    def _node_ordinal(self, leaf: Device, node: Device, family: str) -> int:
        rack = self._slots.rack(leaf) if leaf.rack else self._racks - 1  # the last block is for nodes outside the racks
        side, own = self._slots.of(leaf), self._slots.of(node)
        if family == "ipv4":
            per_rack = power_of_two(self._growth.nodes_per_rack)
            per_side = per_rack * self._racks
        else:
            size = self._rooms["node"][-1][1][_WHOLE].size
            per_rack, per_side = (1 << _GROUP) // size, (1 << (2 * _GROUP)) // size
        if self._side_first:
            return side * per_side + rack * per_rack + own
        return (rack * power_of_two(self._growth.leaves_per_rack) + side) * per_rack + own


def _racks(design: Design, slots: Slots) -> int:
    """Racks that node links have room for: 256 unless `growth.racks` says otherwise, or there are more."""
    outside = any(device.tier == "node" and device.rack is None for device in design.fabric.devices)
    needed = max(slots.racks.values(), default=0) + 1 + outside
    return power_of_two(max(design.topology.growth.racks or 256, needed))


def pool_uses(giver: Giver) -> tuple[PoolUse, ...]:
    """How full each address pool is."""
    settings = giver.design.settings
    sized: Mapping[str, tuple[Pool, int, str]] = {
        "pools.loopbacks": (settings.loopbacks, 32, "addresses"),
        "pools.fabric_links": (settings.fabric_links.pool, settings.fabric_links.prefix, "link subnets"),
        "pools.node_links": (settings.node_links.pool, settings.node_links.prefix, "link subnets"),
    }
    found = []
    for name, (pool, length, unit) in sized.items():
        for family, prefix in families(pool, ("ipv4", "ipv6")):
            used = giver.used.get(f"{name}.{family}", 0)
            full = length if family == "ipv4" else length + 96
            if used:
                found.append(PoolUse(f"{name}.{family}", str(prefix), unit, used, 1 << (full - prefix.prefixlen)))
    return tuple(found)
