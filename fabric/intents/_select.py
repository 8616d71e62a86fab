"""Selectors of the topology file to devices and endpoints of the configured fabric."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.config import Address, DeviceConfig, FabricConfig
from fabric.simulate import FAMILIES, Endpoint, endpoints, loopback
from fabric.topology import Between, Selector, Topology, Where

Pair = tuple[Endpoint, Endpoint]
"""Source and destination, of one family."""


def devices(fabric: FabricConfig, where: Where) -> frozenset[str]:
    """The names of the devices that every given key names."""
    return frozenset(device.name for device in fabric if _meant(device, where))


def _meant(device: DeviceConfig, where: Where) -> bool:
    place = device.place
    given = ((where.zone, place.zone), (where.rack, place.rack), (where.role, place.role), (where.node, device.name))
    return all(not words or value in words for words, value in given)


def pairs(topology: Topology, fabric: FabricConfig, between: Between) -> Iterator[Pair]:
    """Every ordered pair of one family that the intent means, in the order of the fabric."""
    targets = _selected(topology, fabric, between.to)
    for source in _selected(topology, fabric, between.from_):
        for target in targets:
            alike = source.address.version == target.address.version
            if alike and source.device != target.device and _related(fabric, between, source, target):
                yield source, target


def _related(fabric: FabricConfig, between: Between, source: Endpoint, target: Endpoint) -> bool:
    one, two = (fabric.by_name[end.device].place for end in (source, target))
    if between.pairs == "all":
        return True
    here, there = (one.zone, two.zone) if between.pairs.endswith("zone") else (one.rack, two.rack)
    return None not in (here, there) and (here == there) is between.pairs.startswith("same")


def same_zone(fabric: FabricConfig, one: str, two: str) -> bool:
    """True when both devices stand in one zone."""
    zone = fabric.by_name[one].place.zone
    return zone is not None and zone == fabric.by_name[two].place.zone


def _selected(topology: Topology, fabric: FabricConfig, selector: Selector) -> tuple[Endpoint, ...]:
    if selector.network:
        return tuple(_by_network(topology, fabric, selector))
    if selector.role or selector.node:
        chosen = [device for device in fabric if _meant(device, selector)]
        found = ((device.name, loopback(device, family)) for device in chosen for family in FAMILIES)
        return tuple(Endpoint(name, address) for name, address in found if address is not None)
    points = (point for family in FAMILIES for point in endpoints(fabric, family))
    return tuple(point for point in points if _meant(fabric.by_name[point.device], selector))


def _by_network(topology: Topology, fabric: FabricConfig, selector: Selector) -> Iterator[Endpoint]:
    """The devices' own addresses in the networks, which come before the virtual ones that they announce for others."""
    for device in fabric:
        for network in (topology.networks[name] for name in selector.network):
            if _meant(device, selector) and device.place.role in network.roles:
                for prefix in (p for p in (network.ipv4, network.ipv6) if p is not None):
                    own = next((address for address in _addresses(device) if address in prefix), None)
                    if own is not None:
                        yield Endpoint(device.name, own)


def _addresses(device: DeviceConfig) -> Iterator[Address]:
    return (item.ip for interface in device.interfaces for item in interface.addresses)
