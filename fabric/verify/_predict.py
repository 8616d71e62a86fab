"""What the simulator says a lab must show, in the words in which a lab is read."""

from __future__ import annotations

from collections.abc import Mapping

from fabric._values import dataclass
from fabric.config import DeviceConfig, FabricConfig, Family
from fabric.lab import Forwarding, Hop, hop
from fabric.simulate import NONE, Failures, FibEntry, NextHop, Simulation, WhatIf, simulate

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")


@dataclass(frozen=True)
class Prediction:
    """A fabric, what becomes of it, and what every kernel must then hold."""

    fabric: FabricConfig
    simulation: Simulation
    forwarding: Mapping[str, Forwarding]
    """By device, every route that a daemon installs; connected routes are the kernel's own, dead devices have none."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """The devices whose bgpd can be asked."""
        dead = self.simulation.failures.devices
        return tuple(device.name for device in self.fabric if device.bgp and device.name not in dead)


def predict(fabric: FabricConfig, failures: Failures = NONE) -> Prediction:
    """The prediction for a fabric under the failures, the healthy one by default."""
    simulation = simulate(fabric, failures)
    alive = (device for device in fabric if device.name not in failures.devices)
    return Prediction(fabric, simulation, {device.name: _forwarding(simulation, device) for device in alive})


def predict_broken(what: WhatIf) -> Prediction:
    """The prediction for a fabric that is drained and broken so."""
    return predict(what.fabric, what.failures)


def _forwarding(simulation: Simulation, device: DeviceConfig) -> Forwarding:
    entries = (entry for family in FAMILIES for entry in simulation.fib(device.name, family).values())
    return {entry.prefix: _hops(entry) for entry in entries if entry.protocol != "connected"}


def _hops(entry: FibEntry) -> frozenset[Hop]:
    return frozenset(_hop(next_hop) for next_hop in entry.next_hops)


def _hop(next_hop: NextHop) -> Hop:
    return (None, next_hop.interface) if next_hop.link_local else hop(next_hop.gateway, next_hop.interface)
