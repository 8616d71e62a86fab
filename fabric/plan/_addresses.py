"""Loopbacks, by integer arithmetic on slots.

IPv4 blocks are as small as `growth` allows; IPv6 gives each level a 16-bit group of its own, so that an address
reads as its place (`…:rack:device`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from fabric.plan._giver import Giver, Room
from fabric.plan._ledger import CORE
from fabric.plan._model import Address, Prefix
from fabric.plan._slots import Slots
from fabric.topology import Design, Device, Pool, Topology

GROUP = 16
"""Bits of an IPv6 group."""
Part = tuple[int, int]
"""From which sixteenth of a pool to which."""


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


def closed_in(topology: Topology, prefix: Prefix) -> tuple[tuple[int, int], ...]:
    """The stretches of a prefix that the topology excludes, ends exclusive."""
    excluded = (entry for stretch in topology.exclude for entry in stretch)
    inside = [entry for entry in excluded if entry.version == prefix.version and entry.overlaps(prefix)]
    return tuple(sorted((int(n.network_address), int(n.broadcast_address) + 1) for n in inside))


def pool_room(design: Design, pool: str, prefix: Prefix, length: int, part: Part = (0, 16)) -> Room:
    """Room for prefixes of a length in a pool, or in some sixteenths of it."""
    base, size = int(prefix.network_address), prefix.num_addresses
    first, last = (base + size * sixteenth // 16 for sixteenth in part)
    step, closed = 1 << (prefix.max_prefixlen - length), closed_in(design.topology, prefix)
    return Room(pool, _space(pool), base, base + size, first, last, step, length, closed)


def _space(pool: str) -> str:
    """The space of a pool's values: `pools.node_links.ipv4` has those of the kind `node-link.ipv4`."""
    head, name, family = pool.split(".")
    return f"subnet.{name}.{family}" if head == "networks" else f"{name.replace('_', '-').removesuffix('s')}.{family}"


class Loopbacks:
    """One block a rack, its leaves first; what stands in no rack has the last sixteenth of the pool."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        self._giver, self._slots = giver, slots
        growth, settings = giver.design.topology.growth, giver.design.settings
        self._leaves_per_rack = growth.leaves_per_rack
        needed = power_of_two(1 + growth.leaves_per_rack + growth.nodes_per_rack)
        self._rack_block = max(needed, settings.rack_loopbacks)
        # the IPv4 address is given in any fabric, for it is the router id
        wanted = families(settings.loopbacks, ("ipv4", *giver.design.topology.families))
        self._rooms = [(family, *_rooms(giver.design, family, prefix)) for family, prefix in wanted]

    def blocks(self, rack: str) -> Iterator[tuple[Room, int, int]]:
        """For each family the room, and offset and size of the rack's block in it."""
        for family, room, _ in self._rooms:
            size = self._block(family)
            yield room, self._slots.racks[rack] * size, size

    def zone_blocks(self, zone: int, racks: int) -> Iterator[tuple[Room, int, int]]:
        """For each family the room, and offset and size of the block of a zone that has so many racks' room."""
        for family, room, _ in self._rooms:
            size = self._block(family) * racks
            yield room, zone * size, size

    def _block(self, family: str) -> int:
        return self._rack_block if family == "ipv4" else 1 << GROUP

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
                candidate = room.first + self._slots.rack(device) * self._block(family) + 1 + self._in_rack(device)
            section = (device.rack or CORE, f"loopback.{family}")
            value = self._giver.claim(section, device.name, room, candidate)
            if value is not None:
                found[family] = address(family, value)
        return found

    def _in_rack(self, device: Device) -> int:
        return (self._leaves_per_rack if device.tier == "node" else 0) + self._slots.of(device)


def _rooms(design: Design, family: str, prefix: Prefix) -> tuple[Room, dict[str, Room]]:
    """The racks' share of the pool, and a quarter of the core's share for each tier outside the racks."""
    pool = f"pools.loopbacks.{family}"
    racked = pool_room(design, pool, prefix, prefix.max_prefixlen, (0, 15))
    whole = pool_room(design, pool, prefix, prefix.max_prefixlen, (15, 16))
    quarter = min((whole.last - whole.first) // 4, 1 << GROUP)
    starts = {t: whole.first + n * quarter for n, t in enumerate(("super-spine", "spine", "border", "node"))}
    return racked, {tier: replace(whole, first=start, last=start + quarter) for tier, start in starts.items()}
