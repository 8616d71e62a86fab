"""Ordinals that every number of the plan is computed from.

An address, subnet or ASN is computed from a few small ordinals ("rack 3, leaf 1, spine 0") and the room that `growth`
reserves a level. An ordinal stays with its name: the ledger keeps it, so order in the file does not matter.
"""

from __future__ import annotations

from fabric.plan._giver import Giver, Room, numbers
from fabric.plan._ledger import CORE, Section, space_of
from fabric.topology import Device, Growth, Tier

_MANY = 1 << 16


class Slots:
    """The ordinals of a design's racks, pods and devices."""

    def __init__(self, giver: Giver) -> None:
        fabric, growth = giver.design.fabric, giver.design.topology.growth
        self._leaves_per_rack, self._spines = growth.leaves_per_rack, growth.spines
        racks = numbers("growth.racks", "slot.rack", 0, (growth.racks or _MANY) - 1)
        self.racks = {
            name: giver.claim((name, "slot.rack"), name, racks, ordinal) or 0 for name, ordinal in fabric.racks.items()
        }
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


def _section(device: Device) -> Section:
    pod = f".{device.pod}" if device.tier == "spine" and device.pod else ""
    return device.rack or CORE, f"slot.{device.tier}{pod}"


def _room(growth: Growth, section: Section, tier: Tier) -> Room:
    key, last = {
        "leaf": ("leaves_per_rack", growth.leaves_per_rack),
        "node": ("nodes_per_rack", growth.nodes_per_rack),
    }.get(tier, ("spines", growth.spines))
    return numbers(f"growth.{key}", space_of(section), 0, last - 1)
