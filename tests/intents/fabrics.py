"""A fabric that forwards as a test says, and designs with intents."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from fabric import config, plan
from fabric.config import Address, DeviceConfig, FabricConfig, Place
from fabric.intents import Demand, demands
from fabric.simulate import DELIVERED, Endpoint, Fate, Step
from fabric.topology import Topology
from tests.designs import Values, design_of

SOURCE = Endpoint("source", ip_address("10.0.0.1"))
TARGET = Endpoint("target", ip_address("10.0.0.2"))
PAIR = (SOURCE, TARGET)


@dataclass
class Wires:
    """A `Ground`: where each device sends packets to the target, and those back to the source."""

    there: dict[str, tuple[str | None, ...]]
    back: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()
    dead: frozenset[str] = frozenset()

    @property
    def fabric(self) -> FabricConfig:
        """One device for every name."""
        names = dict.fromkeys([*self.there, *self.back, "source", "target", *self.zones])
        for far in (*self.there.values(), *self.back.values()):
            names |= dict.fromkeys(name for name in far if name)
        devices = (
            DeviceConfig(name, Place("leaf", self.zones.get(name)), (), forwarding=name not in self.hosts)
            for name in names
        )
        return FabricConfig("wires", tuple(devices), ())

    def alive(self, device: str) -> bool:
        """True unless the test killed it."""
        return device not in self.dead

    def step(self, device: str, destination: Address) -> Step:
        """As the test says."""
        if device == ("target" if destination == TARGET.address else "source"):
            return DELIVERED
        steps = self.there if destination == TARGET.address else self.back
        return steps.get(device, frozenset({Fate.NO_ROUTE}))


LEAVES: Values = {
    "zones": [{"name": f"zone-{z}", "racks": [{"name": f"{z}1", "leaves": 1}]} for z in "abc"],
    "networks": {},
}
"""Changes that leave one leaf a zone and no nodes: three endpoints, six cables."""


def designed(*intents: Values, **changes: object) -> tuple[Topology, FabricConfig]:
    """Two spines and two zones of one rack, a server, an array and a worker each, with these intents."""
    rack = {"servers": 1, "arrays": 1, "workers": 1}
    values: Values = {
        "version": 1,
        "name": "demo",
        "spines": 2,
        "zones": [{"name": f"zone-{z}", "racks": [{"name": f"{z}1", "nodes": rack}]} for z in "abc"],
        "node_groups": {
            "servers": {"role": "server"},
            "arrays": {"role": "storage"},
            "workers": {"role": "worker"},
        },
        "networks": {"storage": {"scope": "zone", "ipv4": "172.18.0.0/16", "roles": ["storage", "worker"], "vips": 1}},
        "intents": list(intents),
        **changes,
    }
    design = design_of(values)
    return design.topology, config.build(plan.build(design))


def demanded(*intents: Values, **changes: object) -> tuple[Demand, ...]:
    """What the intents ask of that fabric."""
    return demands(*designed(*intents, **changes))
