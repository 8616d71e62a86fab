"""NetConfig: the networks of the data plane, a subnet for each rack (or each scope of a design's network).

Every network has one family, so a dual-stack fabric has `bgpmainnet` and `bgpmainnetv6`, `storage` and `storagev6`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, ip_network

from fabric._values import dataclass
from fabric.errors import InputError
from fabric.kubernetes.emit._cluster import Cluster, FabricNode
from fabric.kubernetes.emit._metallb import runs
from fabric.kubernetes.emit._model import Address, Metadata, Object, Prefix
from fabric.kubernetes.emit._model_network import (
    AllocationRange,
    ConfiguredNetwork,
    NetConfig,
    NetConfigSpec,
    Subnet,
    SubnetRoute,
)
from fabric.plan import SubnetPlan

CTLPLANE = "ctlplane"
_FIRST_HOST = 100
_IPV6_BLOCK = 1 << 16
_OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Place:
    """An address of a node, and the network and subnet of NetConfig that it is in."""

    network: str
    subnet: str
    address: Address


@dataclass(frozen=True)
class DataPlane:
    """The data plane's networks and what each node has in them."""

    cluster: Cluster

    def places(self, node: FabricNode) -> tuple[Place, ...]:
        """The addresses of a node, the one on the control plane first."""
        return (Place(CTLPLANE, _subnet(rack_of(node)), self._host(node)), *self._routed_places(node))

    def _routed_places(self, node: FabricNode) -> Iterator[Place]:
        rack = _subnet(rack_of(node))
        for number, port in enumerate(node.ports):
            yield from (Place(_named(f"bgpnet{number}", a.ip), rack, a.ip) for a in port.addresses)
        yield from (Place(_named("bgpmainnet", address), rack, address) for address in node.plan.loopbacks)
        for host in node.plan.hosts:
            yield Place(_named(network_name(host.network), host.address), self._scope(node, host.network), host.address)

        for vlan in node.vlans:
            segment = self.cluster.segment_of(node, vlan)
            yield from (
                Place(_named(network_name(segment.network), a.ip), _subnet(segment.scope), a.ip) for a in vlan.addresses
            )

    def _scope(self, node: FabricNode, network: str) -> str:
        device = node.plan.device
        scopes = {"fabric": "fabric", "zone": device.zone, "rack": device.rack}
        return _subnet(scopes[self.cluster.plan.design.topology.networks[network].scope])

    def _host(self, node: FabricNode) -> IPv4Address:
        """The node's address on its rack's control-plane subnet, from .100 up as the references have it."""
        subnet = self.control_subnets[rack_of(node)]
        offset = min(_FIRST_HOST, subnet.num_addresses // 2) + node.plan.device.index
        if offset >= subnet.num_addresses - 1:
            raise InputError(
                f"The control-plane subnet {subnet} has no address for {node.name}. Give 'ctlplane' a larger prefix."
            )
        return subnet.network_address + offset

    @cached_property
    def control_subnets(self) -> dict[str, IPv4Network]:
        """The control-plane subnet of each rack: one after the other, leaping over the design's own networks."""
        design, found = self.cluster.plan.design, dict[str, IPv4Network]()
        taken = [n.ipv4 for n in design.settings.networks.values() if n.ipv4] + [*self.cluster.options.cluster_networks]
        subnet = self.cluster.options.ctlplane
        for rack in (*design.fabric.racks, _OUTSIDE):
            while any(subnet.overlaps(entry) for entry in taken):
                subnet = _next(subnet)
            found[rack], subnet = subnet, _next(subnet)
        return found


def rack_of(node: FabricNode) -> str:
    """The node's rack, or a word for the nodes that stand in none."""
    return node.plan.device.rack or _OUTSIDE


def _next(subnet: IPv4Network) -> IPv4Network:
    return IPv4Network((int(subnet.broadcast_address) + 1, subnet.prefixlen))


def _subnet(scope: str | None) -> str:
    """A subnet's name in NetConfig."""
    return f"subnet-{scope}"


def network_name(name: str) -> str:
    """A network of the design; `ctlplane` is the SSH network's name, on which OpenStack's nodes are managed."""
    return "ctlplanehosts" if name == CTLPLANE else name


def _named(network: str, address: Address) -> str:
    return network if address.version == 4 else f"{network}v6"


def netconfig(cluster: Cluster) -> Iterator[Object]:
    """The one NetConfig of the namespace; none without a data plane."""
    if not cluster.data_plane:
        return
    plane = DataPlane(cluster)
    found: dict[str, dict[str, list[Address]]] = {CTLPLANE: {}}
    for node in cluster.data_plane:
        for place in plane.places(node):
            found.setdefault(place.network, {}).setdefault(place.subnet, []).append(place.address)
    networks = tuple(_network(plane, name, subnets) for name, subnets in found.items())
    metadata = Metadata(name="netconfig", namespace=cluster.options.openstack_namespace)
    yield NetConfig(metadata=metadata, spec=NetConfigSpec(networks=networks))


def _network(plane: DataPlane, name: str, subnets: dict[str, list[Address]]) -> ConfiguredNetwork:
    return ConfiguredNetwork(
        name=name,
        dns_domain=f"{name}.{plane.cluster.options.dns_domain}",
        mtu=plane.cluster.plan.design.topology.mtu.nodes,
        subnets=tuple(_subnet_of(plane, name, subnet, addresses) for subnet, addresses in subnets.items()),
    )


def _subnet_of(plane: DataPlane, network: str, name: str, addresses: list[Address]) -> Subnet:
    if network == CTLPLANE:
        return _control_subnet(plane, name, addresses)
    cidr, segment = _cidr(plane, network, name, addresses), _segment(plane, network, name)
    if segment is None:
        return Subnet(name=name, cidr=cidr, allocation_ranges=_ranges(addresses))
    gateway = next((entry for entry in segment.gateways if entry in cidr), None)
    return Subnet(name=name, cidr=cidr, allocation_ranges=_ranges(addresses), gateway=gateway, vlan=segment.vlan)


def _segment(plane: DataPlane, network: str, name: str) -> SubnetPlan | None:
    """The segment that a subnet of NetConfig is; `None` for a routed one."""
    segments = (entry for entry in plane.cluster.plan.subnets if entry.kind == "segment")
    return next((entry for entry in segments if _is_of(entry, network, name)), None)


def _is_of(subnet: SubnetPlan, network: str, name: str) -> bool:
    """Whether a subnet of the plan is the one that NetConfig has by these names."""
    return network.removesuffix("v6") == network_name(subnet.network) and name == _subnet(subnet.scope)


def _control_subnet(plane: DataPlane, name: str, addresses: list[Address]) -> Subnet:
    """With a route to the cluster only: a default route here would win over the one that BGP brings."""
    cidr = plane.control_subnets[name.removeprefix("subnet-")]
    gateway = cidr.network_address + 1
    routes = tuple(SubnetRoute(destination=d, nexthop=gateway) for d in plane.cluster.options.cluster_networks)
    return Subnet(name=name, cidr=cidr, allocation_ranges=_ranges(addresses), gateway=gateway, routes=routes or None)


def _ranges(addresses: Iterable[Address]) -> tuple[AllocationRange, ...]:
    """Exactly the planned addresses: every node has fixed ones, and nothing else may be given out."""
    return tuple(AllocationRange(start=first, end=last) for first, last in runs(addresses))


def _cidr(plane: DataPlane, network: str, name: str, addresses: list[Address]) -> Prefix:
    """The subnet of a design's network, else the rack's block in which its link or loopback addresses stand."""
    for subnet in plane.cluster.plan.subnets:
        if _is_of(subnet, network, name):
            return next(prefix for prefix in subnet.prefixes if prefix.version == addresses[0].version)
    return _block(addresses, _block_size(plane.cluster, network, addresses[0].version))


def _block_size(cluster: Cluster, network: str, version: int) -> int:
    """How many addresses a rack's block holds by the plan's rule, so that growth leaves the subnet as it is."""
    growth, settings = cluster.plan.design.topology.growth, cluster.plan.design.settings
    if version == 6:
        return _IPV6_BLOCK
    if network.startswith("bgpmainnet"):
        return max(_power_of_two(1 + growth.leaves_per_rack + growth.nodes_per_rack), settings.rack_loopbacks)
    return _power_of_two(growth.nodes_per_rack) << (32 - settings.node_links.prefix)


def _power_of_two(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()


def _block(addresses: list[Address], size: int) -> Prefix:
    """The aligned block of `size` addresses with the first one, made wider until it has them all."""
    length = addresses[0].max_prefixlen - (size.bit_length() - 1)
    block: Prefix = ip_network((int(addresses[0]), addresses[0].max_prefixlen)).supernet(new_prefix=length)
    while any(address not in block for address in addresses):
        block = block.supernet()
    return block
