"""What a schema cannot say about networks: ranges that overlap, VLANs that clash, addresses outside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fabric.errors import Problem
from fabric.topology._expand import port_names
from fabric.topology._model import Network, Topology
from fabric.topology._source import Path, Source, near_miss

_SHARED_LENGTH = 24
"""Prefix length of the shortest IPv4 subnet out of a pool that networks share."""
_Stretch = tuple[str, int, int]
"""A key of a network, and the offsets that it takes: the first, and the one behind the last."""


def network_problems(topology: Topology, source: Source) -> Iterator[Problem]:
    """Every problem of the networks."""
    vlans: dict[int, str] = {}
    for name, network in topology.networks.items():
        yield from _ranges(name, network, source)
        yield from _segment_keys(name, network, source)
        yield from _confinement(name, network, topology, source)
        if network.vlan is not None:
            other = vlans.setdefault(network.vlan, name)
            if other != name:
                found = f"{network.vlan}, which '{other}' has too"
                yield source.problem(("networks", name, "vlan"), found, "a VLAN a network", "Change one of the two.")
    yield from _repeated_pins(topology, source)
    yield from _hierarchy(topology, source)


def _confinement(name: str, network: Network, topology: Topology, source: Source) -> Iterator[Problem]:
    """What is kept to a zone or rack needs one, and a prefix that is nobody else's to drop packets to."""
    path: Path = ("networks", name, "confined")
    if not network.confined:
        return
    if network.scope == "fabric" or network.kind == "segment":
        found = f"a {network.kind} network of scope '{network.scope}'"
        yield source.problem(path, found, "a routed network of scope 'zone' or 'rack'", "Set scope, or leave this out.")
    elif any(getattr(network, family) is None for family in topology.families):
        found = "a network out of pools.networks, which others share"
        yield source.problem(path, found, "prefixes of its own", "Give the network ipv4 and ipv6, or leave this out.")


def _hierarchy(topology: Topology, source: Source) -> Iterator[Problem]:
    """Networks that share a pool, and what the pool's blocks are made of."""
    if topology.pools.networks is None:
        return
    if topology.growth.racks_per_zone is None:
        found = "blocks of zones and racks whose size nobody has said"
        yield source.problem(("pools", "networks"), found, "growth.racks_per_zone beside it", "Set it.")
    sharing = [name for name, n in topology.networks.items() if n.ipv4 is None or n.ipv6 is None]
    if len(sharing) > topology.growth.networks_per_rack:
        allowed = f"{topology.growth.networks_per_rack} (growth.networks_per_rack)"
        yield source.problem(("networks",), f"{len(sharing)} networks in one pool", allowed, "Raise the reserve.")
    for name, network in topology.networks.items():
        if network.ipv4 is None and network.subnet_prefix is not None and network.subnet_prefix < _SHARED_LENGTH:
            path: Path = ("networks", name, "subnet_prefix")
            allowed = f"{_SHARED_LENGTH} or longer out of pools.networks"
            yield source.problem(path, f"/{network.subnet_prefix}", allowed, "Give the network a prefix of its own.")


def _stretches(network: Network) -> Iterator[_Stretch]:
    if network.kind == "segment":
        yield "gateway", network.gateway or 1, (network.gateway or 1) + 1
    if network.allocation:
        yield "allocation", network.allocation.offset, network.allocation.offset + network.allocation.count
    if network.vip_offset is not None and network.vips:
        yield "vip_offset", network.vip_offset, network.vip_offset + network.vips


def _ranges(name: str, network: Network, source: Source) -> Iterator[Problem]:
    for (key, first, last), (other, other_first, other_last) in combinations(_stretches(network), 2):
        if first < other_last and other_first < last:
            found = f"offsets {other_first} to {other_last - 1}, which overlap those of '{key}' ({first} to {last - 1})"
            yield source.problem(("networks", name, other), found, "ranges apart", "Move one of the two.")


def _segment_keys(name: str, network: Network, source: Source) -> Iterator[Problem]:
    for key in ("vlan", "gateway"):
        if network.kind != "segment" and getattr(network, key) is not None:
            path: Path = ("networks", name, key)
            yield source.problem(path, f"a {key} of a routed network", "one of a segment", "Set 'kind: segment'.")


def hardware_problems(topology: Topology, source: Source) -> Iterator[Problem]:
    """Models that are not described, and port names that repeat or that Linux does not take (15 characters)."""
    for tier, model in topology.models:
        if model is not None and model not in topology.hardware:
            known = ", ".join(topology.hardware) or "none is described"
            action = near_miss(model, topology.hardware) or "Describe it under hardware."
            yield source.problem(("models", tier), f"model '{model}'", known, action)
    for name, model in topology.hardware.items():
        seen: set[str] = set()
        for index, group in enumerate(model.ports):
            path: Path = ("hardware", name, "ports", index)
            names = port_names(group)
            if seen & set(names):
                found = f"port '{min(seen & set(names))}' a second time"
                yield source.problem(path, found, "each port once", "Change 'first' or 'count'.")
            if len(names[-1]) > 15:
                yield source.problem(path, f"port '{names[-1]}'", "names of at most 15 characters", "Shorten 'name'.")
            seen |= set(names)
            yield from _vlan_names(path, names[-1], topology, source)


def _vlan_names(path: Path, port: str, topology: Topology, source: Source) -> Iterator[Problem]:
    """A port that nodes in a segment of their rack hang on has a VLAN, which is called `PORT.VLAN`."""
    local = any(n.kind == "segment" and n.scope == "rack" for n in topology.networks.values())
    if local and 15 >= len(port) > 15 - len(".4094"):
        allowed = "names of at most 10 characters, for a VLAN's interface is PORT.VLAN and Linux takes 15"
        yield source.problem(path, f"port '{port}'", allowed, "Shorten 'name'.")


def _repeated_pins(topology: Topology, source: Source) -> Iterator[Problem]:
    first: dict[object, Path] = {}
    for node, pins in topology.pins.items():
        for name, addresses in pins.items():
            path: Path = ("pins", node, name)
            for address in addresses:
                if address in first:
                    found = f"{address} a second time (first at {source.where(first[address])})"
                    yield source.problem(path, found, "each address once", "Change one of the two.")
                first.setdefault(address, path)
            if len({address.version for address in addresses}) < len(addresses):
                yield source.problem(path, "two addresses of one family", "one a family", "Remove one.")
