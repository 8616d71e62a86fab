"""Autonomous system numbers: who shares one, and which (RFC 7938 section 5.2, RFC 6996)."""

from __future__ import annotations

from fabric.errors import Problem
from fabric.plan._slots import Slots
from fabric.topology import Design, Device


class Asns:
    """Gives each device its ASN and notes ranges that are too small."""

    def __init__(self, design: Design, slots: Slots) -> None:
        self._design, self._slots = design, slots
        self._zones = {zone: ordinal for ordinal, zone in enumerate(design.fabric.zones)}
        self._reported: set[str] = set()
        self.problems: list[Problem] = []

    def of(self, device: Device) -> int | None:
        """The device's ASN; `None` for a node without BGP. 0 stands for one that could not be given (a problem)."""
        if device.routing != "bgp":
            return None
        override = self._design.settings.asn.overrides.get(device.name)
        if override is not None:
            return override
        if device.tier == "node" and self._design.settings.asn.nodes == "leaf" and device.rack:
            return self._from_range("leaf", self._leaf_ordinal(device, 0))
        return self._from_range(device.tier, self._ordinal(device))

    def _ordinal(self, device: Device) -> int:
        match device.tier:
            case "leaf":
                return self._leaf_ordinal(device, device.index)
            case "spine":
                unique = self._design.settings.asn.spines == "unique"
                return self._slots.spine(device) if unique else self._slots.pod(device)
            case "super-spine":
                return device.index if self._design.settings.asn.spines == "unique" else 0
            case "border":
                return 0
            case _:
                return self._node_ordinal(device)

    def _leaf_ordinal(self, device: Device, index: int) -> int:
        match self._design.settings.asn.leaves:
            case "per-leaf":
                return self._slots.rack(device) * self._design.topology.growth.leaves_per_rack + index
            case "per-rack":
                return self._slots.rack(device)
            case "per-zone":
                return self._zones[device.zone or ""]
            case _:
                return 0

    def _node_ordinal(self, device: Device) -> int:
        """Racks have a block each; nodes outside the racks come before them."""
        sharing = self._design.settings.asn.nodes
        if sharing == "shared":
            return 0
        room = self._design.topology.growth.nodes_per_rack if sharing == "per-node" else 1
        own = device.index if sharing == "per-node" else 0
        block = 0 if device.rack is None else 1 + self._slots.rack(device)
        return block * room + own

    def _from_range(self, tier: str, ordinal: int) -> int:
        entry = self._design.settings.asn.ranges[tier]
        if entry.first + ordinal <= entry.last:
            return entry.first + ordinal
        if tier not in self._reported:
            self._reported.add(tier)
            key = f"{tier.replace('-', '_')}_range"
            self.problems.append(
                self._design.source.problem(
                    ("asn", key),
                    f"{entry.first}-{entry.last}, which is exhausted",
                    f"at least {ordinal + 1} ASNs for this design and its growth",
                    f"Set asn.{key} to a wider range, set asn.width to 4, or lower what 'growth' reserves.",
                )
            )
        return 0
