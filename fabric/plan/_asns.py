"""Autonomous system numbers: who shares one, and which (RFC 7938 section 5.2, RFC 6996)."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from fabric.plan._addresses import power_of_two
from fabric.plan._giver import Giver, Room, Stretch, numbers
from fabric.plan._ledger import CORE, Section
from fabric.plan._slots import Slots
from fabric.topology import Device

_ALL = "ALL"
"""The owner of an ASN that a whole tier shares."""


class _Group(NamedTuple):
    """Those who share an ASN: their range, place and name, and the ordinal that the ASN is computed from."""

    tier: str
    place: str
    owner: str
    ordinal: int


class Asns:
    """Gives each device its ASN."""

    def __init__(self, giver: Giver, slots: Slots) -> None:
        self._giver, self._slots = giver, slots
        self._design = giver.design
        self._settings = giver.design.settings.asn
        self._zones = {zone: ordinal for ordinal, zone in enumerate(giver.design.fabric.zones)}
        self._leaves = {d.rack: d for d in reversed(giver.design.fabric.devices) if d.tier == "leaf"}
        self._rooms = {
            tier: numbers(f"asn.{tier.replace('-', '_')}_range", f"asn.{tier}", entry.first, entry.last)
            for tier, entry in self._settings.ranges.items()
        }
        self._most_nodes = max(Counter(d.rack for d in giver.design.fabric.tier("node")).values(), default=1)
        self._following: dict[str, int] = {}
        self._reserve_overrides()

    def _reserve_overrides(self) -> None:
        """Keeps what the file gives to single devices from being given to others."""
        for name, asn in self._settings.overrides.items():
            device = self._design.fabric.by_name[name]
            if self._is_alone(device):
                self._giver.reserve(f"asn.{device.tier}", {asn})

    def _is_alone(self, device: Device) -> bool:
        """True where the device has an ASN for itself."""
        here = self._settings.of(device.rack)
        match device.tier:
            case "leaf":
                return here.leaves == "per-leaf"
            case "node":
                return here.nodes == "per-node"
            case "border":
                return False
            case _:
                return self._settings.spines == "unique"

    def of(self, device: Device) -> int | None:
        """The device's ASN; `None` for a node without BGP. 0 stands for one that could not be given (a problem)."""
        if device.routing != "bgp":
            return None
        override = self._settings.overrides.get(device.name)
        if override is not None:
            return override
        if device.tier == "node" and device.rack and self._settings.of(device.rack).internal:
            return self.of(self._leaves[device.rack])
        group = self._group(device)
        section, room = (group.place, f"asn.{group.tier}"), self._rooms[group.tier]
        candidate = room.first + group.ordinal
        beyond = device.tier == "node" and device.rack and candidate >= room.last and self._giver.by_name
        if beyond:
            candidate = self._beside(device, section, room, candidate)
        asn = self._giver.claim(section, group.owner, room, candidate, group.owner) or 0
        if beyond:
            self._following[device.rack or ""] = asn + 1
        return asn

    def _beside(self, node: Device, section: Section, room: Room, candidate: int) -> int:
        """The next one in the stretch of a rack whose block lies beyond the range.

        Such racks start anew at the range's first block, behind the nodes that its own rack has.
        """
        rack, each = node.rack or "", self._design.topology.growth.nodes_per_rack
        if rack in self._following:
            return self._following[rack]
        size = power_of_two(self._most_nodes)
        lap, block = divmod(1 + self._slots.rack(node), max((room.last - room.first) // each, 1))
        stretch = Stretch(rack, size, block * each // size + lap, anywhere=True)
        return self._giver.fresh(section, node.name, room, candidate, stretch)

    def _group(self, device: Device) -> _Group:
        unique = self._settings.spines == "unique"
        match device.tier:
            case "leaf":
                return self._leaf_group(device)
            case "spine" if unique:
                return _Group("spine", CORE, device.name, self._slots.spine(device))
            case "spine":
                return _Group("spine", CORE, device.pod or _ALL, self._slots.pod(device))
            case "super-spine" if unique:
                return _Group("super-spine", CORE, device.name, self._slots.of(device))
            case "node":
                return self._node_group(device)
            case tier:
                return _Group(tier, CORE, _ALL, 0)

    def _leaf_group(self, leaf: Device) -> _Group:
        assert leaf.rack is not None
        match self._settings.of(leaf.rack).leaves:
            case "per-leaf":
                return _Group("leaf", leaf.rack, leaf.name, self._slots.leaf(leaf))
            case "per-rack":
                return _Group("leaf", leaf.rack, leaf.rack, self._slots.rack(leaf))
            case "per-zone":
                return _Group("leaf", CORE, leaf.zone or _ALL, self._zone(leaf.zone or ""))
            case _:
                return _Group("leaf", CORE, _ALL, 0)

    def _zone(self, zone: str) -> int:
        """The ordinal of a zone's ASN: its position, beside a ledger what its name says."""
        section, room = (CORE, "asn.leaf"), self._rooms["leaf"]
        like, candidate = dict.fromkeys(self._zones, section), room.first + self._zones[zone]
        return self._giver.ordinal(section, zone, room, like, candidate) - room.first

    def _node_group(self, device: Device) -> _Group:
        """Racks have a block each; nodes outside the racks come before them."""
        place = device.rack or CORE
        block = 0 if device.rack is None else 1 + self._slots.rack(device)
        match self._settings.of(device.rack).nodes:
            case "per-node":
                room = self._design.topology.growth.nodes_per_rack
                return _Group("node", place, device.name, block * room + self._slots.of(device))
            case "per-rack":
                return _Group("node", place, device.rack or _ALL, block)
            case _:
                return _Group("node", CORE, _ALL, 0)
