"""Ordinals that every number of the plan is computed from.

An address, subnet or ASN is a function of a few small ordinals ("rack 3, leaf 1, spine 0") and of the room that
`growth` reserves a level, so appending anything within that room moves no number that was given out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fabric.topology import Design, Device


@dataclass(frozen=True)
class Slots:
    """The ordinals of a design's devices."""

    design: Design

    @cached_property
    def _pods(self) -> dict[str, int]:
        return {name: ordinal for ordinal, name in enumerate(self.design.fabric.pods)}

    def rack(self, device: Device) -> int:
        """Ordinal of the device's rack in the fabric."""
        return self.design.fabric.racks[device.rack or ""]

    def pod(self, device: Device) -> int:
        """Ordinal of the device's pod; 0 in a fabric without pods."""
        return self._pods.get(device.pod or "", 0)

    def leaf(self, device: Device) -> int:
        """Ordinal of a leaf in the fabric, with room in every rack."""
        return self.rack(device) * self.design.topology.growth.leaves_per_rack + device.index

    def spine(self, device: Device) -> int:
        """Ordinal of a spine in the fabric, with room in every pod."""
        return self.pod(device) * self.design.topology.growth.spines + device.index
