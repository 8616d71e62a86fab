"""Subnets of the networks, host addresses in them, and virtual addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from fabric.plan._addresses import Giver, families
from fabric.plan._model import Address, HostAddress, Prefix, SubnetPlan
from fabric.topology import Design, Device, Network, Pool

_SUBNET_LENGTH = {"ipv4": 24, "ipv6": 64}
_HOSTS_FROM = 10
"""Host addresses start here, so that gateways and tools have room below."""


@dataclass(frozen=True)
class Networks:
    """The planned networks: subnets, and what each node has in them."""

    subnets: tuple[SubnetPlan, ...]
    hosts: dict[str, list[HostAddress]]
    vips: dict[str, list[HostAddress]]


def plan_networks(design: Design, giver: Giver) -> Networks:
    """All subnets, host addresses and virtual addresses of a design."""
    subnets: list[SubnetPlan] = []
    hosts: dict[str, list[HostAddress]] = {}
    vips: dict[str, list[HostAddress]] = {}
    for name, network in design.topology.networks.items():
        for ordinal, (scope, members) in enumerate(_scopes(design, network)):
            subnet = _subnet(design, giver, (name, network), (ordinal, scope))
            subnets.append(subnet)
            _give_hosts(giver, (name, network), subnet, members, hosts)
            for device in members:
                if device.role in network.vip_roles and subnet.vips:
                    vips.setdefault(device.name, []).extend(HostAddress(name, vip) for vip in subnet.vips)
    return Networks(tuple(subnets), hosts, vips)


def _scopes(design: Design, network: Network) -> Iterator[tuple[str, list[Device]]]:
    """Each part of the fabric that has a subnet of its own, with its nodes."""
    nodes = [device for device in design.fabric.devices if device.tier == "node"]
    match network.scope:
        case "fabric":
            yield "fabric", nodes
        case "zone":
            yield from ((zone, [n for n in nodes if n.zone == zone]) for zone in design.fabric.zones)
        case "rack":
            yield from ((rack, [n for n in nodes if n.rack == rack]) for rack in design.fabric.racks)


def _subnet(design: Design, giver: Giver, named: tuple[str, Network], place: tuple[int, str]) -> SubnetPlan:
    name, network = named
    ordinal, scope = place
    prefixes: list[Prefix] = []
    for family, whole in families(Pool(ipv4=network.ipv4, ipv6=network.ipv6), design.topology.families):
        length = whole.prefixlen if scope == "fabric" else max(_SUBNET_LENGTH[family], whole.prefixlen)
        size = 1 << (whole.max_prefixlen - length)
        value = giver.take(f"networks.{name}.{family}", whole, ordinal * size, size)
        if value is not None:
            kind = IPv4Network if family == "ipv4" else IPv6Network
            prefixes.append(kind((value, length)))
    return SubnetPlan(name, scope, tuple(prefixes), tuple(_vips(giver, named, prefixes)))


def _vips(giver: Giver, named: tuple[str, Network], prefixes: list[Prefix]) -> Iterator[Address]:
    name, network = named
    for index in range(network.vips):
        for prefix in prefixes:
            family = "ipv4" if prefix.version == 4 else "ipv6"
            offset = _vip_offset(network, prefix) + index
            value = giver.take(f"networks.{name}.{family}", prefix, offset, 2 if family == "ipv4" else 1)
            if value is not None:
                yield prefix.network_address + offset


def _vip_offset(network: Network, prefix: Prefix) -> int:
    """Where virtual addresses start: as asked for, else right below the end (and below 256 in IPv6 as in IPv4)."""
    if network.vip_offset is not None:
        return network.vip_offset
    return max(min(prefix.num_addresses, 256) - 1 - network.vips, 1)


def _give_hosts(
    giver: Giver,
    named: tuple[str, Network],
    subnet: SubnetPlan,
    members: list[Device],
    hosts: dict[str, list[HostAddress]],
) -> None:
    """Consecutive addresses, leaping over the virtual ones."""
    name, network = named
    taken = set(subnet.vips)
    entitled = [device for device in members if device.role in network.roles]
    for prefix in subnet.prefixes:
        family = "ipv4" if prefix.version == 4 else "ipv6"
        offset = min(_HOSTS_FROM, prefix.num_addresses // 4)
        for device in entitled:
            while prefix.num_addresses > offset and prefix.network_address + offset in taken:
                offset += 1
            value = giver.take(f"networks.{name}.{family}", prefix, offset, 2 if family == "ipv4" else 1)
            if value is not None:
                address: Address = prefix.network_address + offset
                hosts.setdefault(device.name, []).append(HostAddress(name, address))
            offset += 1
