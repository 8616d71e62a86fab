"""Kinds that give nodes and pods their addresses: nmstate, multus and OpenStack's NetConfig."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Json, StringConstraints, field_serializer, field_validator, model_validator

from fabric.kubernetes.emit._model import Address, LabelValue, Model, Mtu, Object, Prefix

InterfaceName = Annotated[str, StringConstraints(pattern=r"^[^/\s]{1,15}$")]
"""What the kernel takes as an interface's name (IFNAMSIZ)."""
NetworkName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*[a-zA-Z0-9]$")]


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class Nmstate(Model):
    """A part of nmstate's state, whose fields are spelled with dashes."""

    model_config = Model.model_config | {"alias_generator": _dashed}


class InterfaceAddress(Nmstate):
    ip: Address
    prefix_length: Annotated[int, Field(strict=True, ge=0, le=128)]


class IpState(Nmstate):
    enabled: bool
    dhcp: bool | None = None
    autoconf: bool | None = None
    address: tuple[InterfaceAddress, ...] | None = None


class Stp(Nmstate):
    enabled: bool


class BridgeOptions(Nmstate):
    stp: Stp


class Bridge(Nmstate):
    options: BridgeOptions
    port: tuple[str, ...]


class Vlan(Nmstate):
    base_iface: InterfaceName
    id: Annotated[int, Field(strict=True, ge=1, le=4094)]


class NmInterface(Nmstate):
    name: InterfaceName
    description: str | None = None
    type: Literal["ethernet", "loopback", "linux-bridge", "vlan"]
    state: Literal["up"] = "up"
    mtu: Mtu
    ipv4: IpState | None = None
    ipv6: IpState | None = None
    """Left out, the family stays as it is."""
    bridge: Bridge | None = None
    vlan: Vlan | None = None


class NmRoute(Nmstate):
    destination: Prefix
    next_hop_address: Address
    next_hop_interface: InterfaceName
    weight: Annotated[int, Field(strict=True, ge=1, le=256)] | None = None
    metric: Annotated[int, Field(strict=True, ge=1)] | None = None


class NmRoutes(Nmstate):
    config: tuple[NmRoute, ...]

    @model_validator(mode="after")
    def _alike(self) -> Self:
        """IPv4 routes to one destination have weights, IPv6 ones have none but metrics that differ."""
        many = Counter(route.destination for route in self.config)
        for route in self.config:
            if many[route.destination] > 1 and route.destination.version == 4 and route.weight is None:
                raise ValueError(f"{route.destination} has several next hops and one of them no weight")
            if route.destination.version == 6 and route.weight is not None:
                raise ValueError(f"{route.destination}: nmstate has no weighted IPv6 routes")
        if len(self.config) != len({(r.destination, r.metric, r.next_hop_address) for r in self.config}):
            raise ValueError("a route is there twice")
        metrics = Counter((r.destination, r.metric) for r in self.config if r.destination.version == 6)
        if any(count > 1 for count in metrics.values()):
            raise ValueError("IPv6 routes to one destination need metrics that differ")
        return self


class DesiredState(Nmstate):
    interfaces: tuple[NmInterface, ...]
    routes: NmRoutes | None = None


class NodeNetworkSpec(Model):
    node_selector: Mapping[str, LabelValue]
    desired_state: DesiredState


class NodeNetworkConfigurationPolicy(Object):
    api_version: Literal["nmstate.io/v1"] = "nmstate.io/v1"
    kind: Literal["NodeNetworkConfigurationPolicy"] = "NodeNetworkConfigurationPolicy"
    spec: NodeNetworkSpec


class CniRoute(Model):
    dst: Prefix


class Ipam(Model):
    """whereabouts, which gives out the addresses of a range over the whole cluster."""

    model_config = Model.model_config | {"alias_generator": None}
    type: Literal["whereabouts"] = "whereabouts"
    range: Prefix
    range_start: Address
    range_end: Address
    gateway: Address | None = None
    routes: tuple[CniRoute, ...] | None = None

    @model_validator(mode="after")
    def _inside(self) -> Self:
        inside = [self.range_start, self.range_end, *([self.gateway] if self.gateway else [])]
        if any(address not in self.range for address in inside) or int(self.range_start) > int(self.range_end):
            raise ValueError(f"start, end and gateway stand in order in {self.range}")
        return self


class BridgeCni(Model):
    cni_version: Literal["0.3.1"] = "0.3.1"
    name: str
    type: Literal["bridge"] = "bridge"
    bridge: InterfaceName
    is_gateway: bool
    is_default_gateway: bool
    ip_masq: bool
    hairpin_mode: bool = True
    force_address: bool = False
    ipam: Ipam


class AttachmentSpec(Model):
    config: Json[BridgeCni]
    """JSON in a string, as the API has it."""

    @field_serializer("config")
    def _json(self, value: BridgeCni) -> str:
        return value.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n"

    @field_validator("config", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return value.model_dump_json(by_alias=True, exclude_none=True) if isinstance(value, BridgeCni) else value


class NetworkAttachmentDefinition(Object):
    api_version: Literal["k8s.cni.cncf.io/v1"] = "k8s.cni.cncf.io/v1"
    kind: Literal["NetworkAttachmentDefinition"] = "NetworkAttachmentDefinition"
    spec: AttachmentSpec


class AllocationRange(Model):
    start: Address
    end: Address


class SubnetRoute(Model):
    destination: Prefix
    nexthop: Address


class Subnet(Model):
    name: NetworkName
    cidr: Prefix
    allocation_ranges: Annotated[tuple[AllocationRange, ...], Field(min_length=1)]
    gateway: Address | None = None
    routes: tuple[SubnetRoute, ...] | None = None
    vlan: Annotated[int, Field(strict=True, ge=1, le=4094)] | None = None

    @model_validator(mode="after")
    def _inside(self) -> Self:
        """What the operator's webhook asks: everything in the CIDR, ranges in order."""
        ranges = [address for entry in self.allocation_ranges for address in (entry.start, entry.end)]
        hops = [route.nexthop for route in self.routes or ()]
        wrong = [a for a in (*ranges, *hops, *([self.gateway] if self.gateway else [])) if a not in self.cidr]
        if wrong:
            raise ValueError(f"{wrong} are not in {self.cidr}")
        if any(int(entry.start) > int(entry.end) for entry in self.allocation_ranges):
            raise ValueError(f"{self.name}: a range ends before it starts")
        return self


class ConfiguredNetwork(Model):
    name: NetworkName
    dns_domain: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
    ]
    mtu: Mtu
    subnets: Annotated[tuple[Subnet, ...], Field(min_length=1)]


class NetConfigSpec(Model):
    networks: Annotated[tuple[ConfiguredNetwork, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        """Network names, domains, and CIDRs over all networks are there once; subnet names once a network."""
        subnets = [subnet for network in self.networks for subnet in network.subnets]
        lists = [
            [network.name.lower() for network in self.networks],
            [network.dns_domain for network in self.networks],
            [str(subnet.cidr) for subnet in subnets],
            *([subnet.name for subnet in network.subnets] for network in self.networks),
        ]
        twice = [name for entries in lists for name, count in Counter(entries).items() if count > 1]
        if twice:
            raise ValueError(f"{twice} are there more than once")
        return self


class NetConfig(Object):
    api_version: Literal["network.openstack.org/v1beta1"] = "network.openstack.org/v1beta1"
    kind: Literal["NetConfig"] = "NetConfig"
    spec: NetConfigSpec
