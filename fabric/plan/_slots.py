"""Ordinals that every number of the plan is computed from.

An address, subnet or ASN is computed from a few small ordinals ("rack 3, leaf 1, spine 0") and the room that `growth`
reserves a level. An ordinal stays with its name: the ledger keeps it, so order in the file does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fabric.plan._giver import Giver, Room, numbers
from fabric.plan._ledger import CORE, Section, space_of
from fabric.topology import Device, Growth, Tier

_MANY = 1 << 16


class Slots:
    """The ordinals of a design's racks, pods and devices."""

    def __init__(self, giver: Giver) -> None:
        fabric, growth = giver.design.fabric, giver.design.topology.growth
        self._leaves_per_rack, self._spines = growth.leaves_per_rack, growth.spines
        if growth.racks_per_zone is not None:  # else a zone's leaves would be no power of two, and no one prefix
            self._leaves_per_rack = 1 << (growth.leaves_per_rack - 1).bit_length()
        self.zones = _zones(giver)
        self.racks = _racks(giver, self.zones)
        pods = numbers("growth.pods", "slot.pod", 0, growth.pods - 1)
        self._pods = {
            name: giver.claim((CORE, "slot.pod"), name, pods, ordinal) or 0 for ordinal, name in enumerate(fabric.pods)
        }
        self._devices: dict[str, int] = {}
        rooms: dict[Section, Room] = {}
        for device in fabric.devices:
            section = _section(device)
            if section not in rooms:
                rooms[section] = _room(growth, section, device.tier)
            self._devices[device.name] = giver.claim(section, device.name, rooms[section], device.index) or 0

    def of(self, device: Device) -> int:
        """Ordinal of the device among its like: leaves of the rack, nodes of the rack, spines of the pod."""
        return self._devices[device.name]

    def rack(self, device: Device) -> int:
        """Ordinal of the device's rack in the fabric."""
        return self.racks[device.rack or ""]

    def pod(self, device: Device) -> int:
        """Ordinal of the device's pod; 0 in a fabric without pods."""
        return self._pods.get(device.pod or "", 0)

    def leaf(self, device: Device) -> int:
        """Ordinal of a leaf in the fabric, with room in every rack."""
        return self.rack(device) * self._leaves_per_rack + self.of(device)

    def spine(self, device: Device) -> int:
        """Ordinal of a spine in the fabric, with room in every pod."""
        return self.pod(device) * self._spines + self.of(device)


def racks_in_a_zone(growth: Growth) -> int | None:
    """Rack ordinals that each zone has for itself, a power of two; `None` where racks are numbered through."""
    return None if growth.racks_per_zone is None else 1 << (growth.racks_per_zone - 1).bit_length()


def _zones(giver: Giver) -> dict[str, int]:
    """Ordinals of the zones, where each has racks set aside for it."""
    growth = giver.design.topology.growth
    if growth.racks_per_zone is None:
        return {}
    room, section = numbers("growth.zones", "slot.zone", 0, growth.zones - 1), (CORE, "slot.zone")
    like = dict.fromkeys(giver.design.fabric.zones, section)
    return {
        name: giver.claim(section, name, room, giver.ordinal(section, name, room, like, position), name) or 0
        for position, name in enumerate(giver.design.fabric.zones)
    }


def _racks(giver: Giver, zones: dict[str, int]) -> dict[str, int]:
    """Ordinals of the racks: in their zone's stretch, or numbered through."""
    topology = giver.design.topology
    growth, size = topology.growth, racks_in_a_zone(topology.growth)
    if size is None:
        room = numbers("growth.racks", "slot.rack", 0, (growth.racks or _MANY) - 1)
        return _stretch(giver, room, giver.design.fabric.racks)
    found: dict[str, int] = {}
    whole = numbers("growth.racks_per_zone", "slot.rack", 0, _MANY - 1)
    for zone in topology.zones:
        first = zones[zone.name] * size
        room = replace(whole, first=first, last=first + min(size, growth.racks_per_zone or size))
        found |= _stretch(giver, room, {rack.name: first + position for position, rack in enumerate(zone.racks)})
    return found


def _stretch(giver: Giver, room: Room, positions: Mapping[str, int]) -> dict[str, int]:
    """Ordinals of racks that share a room, each with its position in the file."""
    like = {name: (name, "slot.rack") for name in positions}
    return {
        name: giver.claim(like[name], name, room, giver.ordinal(like[name], name, room, like, position), name) or 0
        for name, position in positions.items()
    }


def _section(device: Device) -> Section:
    pod = f".{device.pod}" if device.tier == "spine" and device.pod else ""
    return device.rack or CORE, f"slot.{device.tier}{pod}"


def _room(growth: Growth, section: Section, tier: Tier) -> Room:
    key, last = {
        "leaf": ("leaves_per_rack", growth.leaves_per_rack),
        "node": ("nodes_per_rack", growth.nodes_per_rack),
    }.get(tier, ("spines", growth.spines))
    return numbers(f"growth.{key}", space_of(section), 0, last - 1)
