"""The pool that networks share: a block a zone, in it a block a rack, in that a subnet a network."""

from __future__ import annotations

from dataclasses import replace

from fabric.plan._addresses import pool_room, power_of_two
from fabric.plan._giver import Room
from fabric.plan._model import Prefix
from fabric.plan._slots import Slots, racks_in_a_zone
from fabric.topology import Design, Growth

SUBNET_LENGTH = {"ipv4": 24, "ipv6": 64}
"""Prefix length of a subnet that asks for no other."""


def subnets_a_rack(growth: Growth) -> int:
    """Subnets that a rack has room for, a power of two."""
    return power_of_two(growth.networks_per_rack)


def racks_a_zone(growth: Growth) -> int:
    """Blocks of racks that a zone has room for, a power of two; the first one is for the zone's own networks."""
    return power_of_two(1 + (growth.racks_per_zone or 0))


def shared_room(design: Design, family: str, whole: Prefix) -> Room:
    """Room for subnets in the shared pool. All are of one size there, so that no two can overlap."""
    length = max(SUBNET_LENGTH[family], whole.prefixlen)
    return replace(pool_room(design, f"pools.networks.{family}", whole, length), space=f"subnet.{family}")


class SharedBlocks:
    """Ordinals of blocks of racks in the pool; the first zone's place is for networks of the whole fabric."""

    def __init__(self, design: Design, slots: Slots) -> None:
        self._slots, self._growth = slots, design.topology.growth

    def zone(self, name: str) -> int:
        """The block of a zone's own networks, which is the zone's first."""
        return (1 + self._slots.zones.get(name, 0)) * racks_a_zone(self._growth)

    def rack(self, name: str) -> int:
        """The block of a rack. A rack that was moved to another zone keeps the one that it has."""
        size = racks_in_a_zone(self._growth)
        if size is None:
            return 0
        zone, inside = divmod(self._slots.racks[name], size)
        return (1 + zone) * racks_a_zone(self._growth) + 1 + inside
