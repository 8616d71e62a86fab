"""Loopbacks, link subnets, host addresses and virtual addresses, by integer arithmetic on slots.

IPv4 blocks are as small as `growth` allows; IPv6 gives each level a 16-bit group of its own, so that an address
reads as its place (`…:rack:device`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from fabric.errors import Problem
from fabric.plan._model import Address, InterfaceAddress, PoolUse, Prefix
from fabric.plan._slots import Slots
from fabric.topology import Design, Device, Link, LinkSettings, Pool

_GROUP = 16  # bits of an IPv6 group


def power_of_two(count: int) -> int:
    """The smallest power of two that is not below `count`."""
    return 1 << max(count - 1, 0).bit_length()


@dataclass
class Giver:
    """Gives out values of pools and notes what does not fit; one for a planning run."""

    design: Design
    problems: list[Problem] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    _full: set[str] = field(default_factory=set)

    def take(self, pool: str, prefix: Prefix, offset: int, size: int = 1) -> int | None:
        """The integer address `offset` into the pool's prefix, counted as used; `None` where it does not fit."""
        if offset + size > prefix.num_addresses:
            self._report(pool, prefix, offset + size)
            return None
        self.used[pool] = self.used.get(pool, 0) + 1
        return int(prefix.network_address) + offset

    def _report(self, pool: str, prefix: Prefix, need: int) -> None:
        if pool in self._full:
            return
        self._full.add(pool)
        length = prefix.max_prefixlen - (need - 1).bit_length()
        path = tuple(pool.split("."))
        self.problems.append(
            self.design.source.problem(
                path,
                f"{prefix}, which is exhausted",
                f"a prefix of /{length} or shorter for this design and its growth",
                f"Set {pool} to a larger prefix, or lower what 'growth' reserves.",
            )
        )


def families(pool: Pool, names: tuple[str, ...]) -> Iterator[tuple[str, Prefix]]:
    """The pool's prefixes of the fabric's families, IPv4 first."""
    for name in ("ipv4", "ipv6"):
        prefix: IPv4Network | IPv6Network | None = getattr(pool, name)
        if name in names and prefix is not None:
            yield name, prefix


def _address(family: str, value: int) -> Address:
    return IPv4Address(value) if family == "ipv4" else IPv6Address(value)


def _interface(family: str, value: int, length: int) -> InterfaceAddress:
    return IPv4Interface((value, length)) if family == "ipv4" else IPv6Interface((value, length))


class Loopbacks:
    """One block a rack, its leaves first; what stands in no rack has the last sixteenth of the pool."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        self._giver, self._slots = giver, slots
        growth = giver.design.topology.growth
        needed = power_of_two(1 + growth.leaves_per_rack + growth.nodes_per_rack)
        self._rack_block = max(needed, giver.design.settings.rack_loopbacks)

    def of(self, device: Device) -> dict[str, Address]:
        """The device's loopback address by family; the IPv4 one is there in any fabric, for it is the router id."""
        pool, found = self._giver.design.settings.loopbacks, {}
        for family, prefix in families(pool, ("ipv4", "ipv6")):
            if family == "ipv6" and family not in self._giver.design.topology.families:
                continue
            value = self._giver.take(f"pools.loopbacks.{family}", prefix, self._offset(device, family, prefix))
            if value is not None:
                found[family] = _address(family, value)
        return found

    def _offset(self, device: Device, family: str, prefix: Prefix) -> int:
        if device.rack is None:
            return prefix.num_addresses * 15 // 16 + self._core_offset(device, prefix)
        block = self._rack_block if family == "ipv4" else 1 << _GROUP
        offset = self._slots.rack(device) * block + 1 + self._in_rack(device)
        room = prefix.num_addresses * 15 // 16
        return offset if offset < room else prefix.num_addresses + offset - room

    def _in_rack(self, device: Device) -> int:
        after_leaves = self._giver.design.topology.growth.leaves_per_rack if device.tier == "node" else 0
        return after_leaves + device.index

    def _core_offset(self, device: Device, prefix: Prefix) -> int:
        """A quarter of the core's share for each tier outside the racks."""
        quarter = min(prefix.num_addresses // 64, 1 << _GROUP)
        tier = ("super-spine", "spine", "border", "node").index(device.tier)
        ordinal = self._slots.spine(device) if device.tier == "spine" else device.index
        return tier * quarter + 1 + ordinal if ordinal + 1 < quarter else prefix.num_addresses


class LinkSubnets:
    """A /31 (or /30) and /127 (or /126) for each numbered link."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        self._giver, self._slots = giver, slots

    def of(self, link: Link) -> tuple[tuple[InterfaceAddress, ...], tuple[InterfaceAddress, ...]]:
        """The addresses of the upper and of the lower end, one a family."""
        settings = self._settings(link)
        if not settings.numbered:
            return (), ()
        pool = "pools.fabric_links" if link.kind == "fabric" else "pools.node_links"
        ends = [
            pair
            for family, prefix in families(settings.pool, self._giver.design.topology.families)
            if (pair := self._pair(link, settings, f"{pool}.{family}", prefix)) is not None
        ]
        return tuple(upper for upper, _ in ends), tuple(lower for _, lower in ends)

    def _settings(self, link: Link) -> LinkSettings:
        design = self._giver.design
        return design.settings.fabric_links if link.kind == "fabric" else design.settings.node_links

    def _pair(
        self, link: Link, settings: LinkSettings, pool: str, prefix: Prefix
    ) -> tuple[InterfaceAddress, InterfaceAddress] | None:
        family = "ipv4" if prefix.version == 4 else "ipv6"
        length = settings.prefix if family == "ipv4" else settings.prefix + 96
        size = 1 << (prefix.max_prefixlen - length)
        value = self._giver.take(pool, prefix, self._offset(link, family, size), size)
        if value is None:
            return None
        first = value + (1 if size == 4 else 0)  # a /30 has a network address, a /31 has none (RFC 3021)
        return _interface(family, first, length), _interface(family, first + 1, length)

    def _offset(self, link: Link, family: str, size: int) -> int:
        upper, lower = (self._giver.design.fabric.by_name[name] for name in (link.upper, link.lower))
        if link.kind == "node":
            return self._node_offset(upper, lower, family, size)
        return self._fabric_offset(upper, lower, family, size)

    def _node_offset(self, leaf: Device, node: Device, family: str, size: int) -> int:
        growth, racks = self._giver.design.topology.growth, self._racks
        rack = self._slots.rack(leaf) if leaf.rack else racks - 1  # the last block is for nodes outside the racks
        per_node = size
        per_rack = size * power_of_two(growth.nodes_per_rack) if family == "ipv4" else 1 << _GROUP
        if self._giver.design.settings.node_links.side_first:
            per_side = per_rack * racks if family == "ipv4" else 1 << (2 * _GROUP)
            return leaf.index * per_side + rack * per_rack + node.index * per_node
        sides = power_of_two(growth.leaves_per_rack)
        return (rack * sides + leaf.index) * per_rack + node.index * per_node

    @cached_property
    def _racks(self) -> int:
        """Racks that node links have room for: 256 unless `growth.racks` says otherwise, or there are more."""
        design = self._giver.design
        outside = any(device.tier == "node" and device.rack is None for device in design.fabric.devices)
        return power_of_two(max(design.topology.growth.racks or 256, len(design.fabric.racks) + outside))

    def _fabric_offset(self, upper: Device, lower: Device, family: str, size: int) -> int:
        """Leaf links by leaf, then the links above the spines by spine, then the border's."""
        growth, slots = self._giver.design.topology.growth, self._slots
        fan = power_of_two(growth.spines)
        block = size * fan if family == "ipv4" else 1 << _GROUP
        share = self._giver.design.settings.fabric_links.pool
        prefix = share.ipv4 if family == "ipv4" else share.ipv6
        assert prefix is not None
        parts = {"leaf": (0, 14), "super-spine": (14, 15), "border": (15, 16)}
        first, last = parts["leaf" if lower.tier == "leaf" else upper.tier]
        ordinal = {"leaf": slots.leaf, "spine": slots.spine}.get(lower.tier, _index)(lower)
        offset = prefix.num_addresses * first // 16 + ordinal * block + upper.index * size
        return offset if offset + size <= prefix.num_addresses * last // 16 else prefix.num_addresses


def _index(device: Device) -> int:
    return device.index


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
