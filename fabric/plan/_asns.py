"""Autonomous system numbers: who shares one, and which (RFC 7938 section 5.2, RFC 6996)."""

from __future__ import annotations

from typing import NamedTuple

from fabric.plan._giver import Giver, numbers
from fabric.plan._ledger import CORE
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
        room = self._rooms[group.tier]
        return (
            self._giver.claim(
                (group.place, f"asn.{group.tier}"), group.owner, room, room.first + group.ordinal, group.owner
            )
            or 0
        )

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
                return _Group("leaf", CORE, leaf.zone or _ALL, self._zones[leaf.zone or ""])
            case _:
                return _Group("leaf", CORE, _ALL, 0)

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
