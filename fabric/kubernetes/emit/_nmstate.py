"""Node network policies: the addresses, bridges and routes of each node, one policy a node.

BGP gives OpenShift nodes no routes, so they reach the fabric by static ones over all their leaves: weighted in IPv4;
in IPv6, where nmstate has no weights, by metrics that rise from leaf to leaf.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabric.config import LOOPBACK, Interface, StaticRoute
from fabric.kubernetes.emit._cluster import CONTROL_PLANE, HOSTNAME, WORKER, Cluster, FabricNode, PodNetwork
from fabric.kubernetes.emit._model import Address, Metadata, Object
from fabric.kubernetes.emit._model_network import (
    Bridge,
    BridgeOptions,
    DesiredState,
    InterfaceAddress,
    IpState,
    NmInterface,
    NmRoute,
    NmRoutes,
    NodeNetworkConfigurationPolicy,
    NodeNetworkSpec,
    Stp,
    Vlan,
)

_WEIGHT = 200
_FIRST_METRIC = 101
_ROLE_LABELS = {"control-plane": CONTROL_PLANE, "worker": WORKER}
_LOOPBACK_MTU = 65_536


def network_policies(cluster: Cluster) -> Iterator[Object]:
    """The policy of each node of the cluster."""
    for node in cluster.nodes:
        label = _ROLE_LABELS.get(node.role)
        selector = {HOSTNAME: node.name, **({label: ""} if label else {})}
        routes = tuple(_routes(cluster, node))
        state = DesiredState(
            interfaces=tuple(_interfaces(cluster, node)), routes=NmRoutes(config=routes) if routes else None
        )
        spec = NodeNetworkSpec(node_selector=selector, desired_state=state)
        yield NodeNetworkConfigurationPolicy(metadata=Metadata(name=node.name), spec=spec)


def _interfaces(cluster: Cluster, node: FabricNode) -> Iterator[NmInterface]:
    for port in node.ports:
        yield _port(cluster, port)
    for vlan in node.vlans:
        yield _vlan(cluster, vlan)
    own = node.own_addresses
    if node.plan.asn is not None and not (cluster.has_metallb(node) or cluster.metallb_gives_addresses):
        own = (*own, *(vip.address for vip in node.plan.vips))  # no service holds them
    yield _loopback(tuple(InterfaceAddress(ip=a, prefix_length=a.max_prefixlen) for a in own))
    yield from (_bridge(cluster, network) for network in cluster.bridges_of(node))


def _loopback(addresses: tuple[InterfaceAddress, ...]) -> NmInterface:
    """`lo`, on which nmstate refuses to switch a family off."""
    ipv4, ipv6 = (state if (state := _ip(addresses, version)).enabled else None for version in (4, 6))
    return NmInterface(name=LOOPBACK, type="loopback", mtu=_LOOPBACK_MTU, ipv4=ipv4, ipv6=ipv6)


def _port(cluster: Cluster, port: Interface) -> NmInterface:
    addresses = tuple(InterfaceAddress(ip=a.ip, prefix_length=a.network.prefixlen) for a in port.addresses)
    return NmInterface(
        name=cluster.nic(port.name),
        description=port.description or None,
        type="ethernet",
        mtu=port.mtu,
        ipv4=_ip(addresses, 4),
        ipv6=_ip(addresses, 6, link_local=not addresses),
    )


def _vlan(cluster: Cluster, vlan: Interface) -> NmInterface:
    """A segment of the rack, on the port towards the leaf that has its gateway."""
    addresses = tuple(InterfaceAddress(ip=a.ip, prefix_length=a.network.prefixlen) for a in vlan.addresses)
    assert vlan.parent is not None
    assert vlan.vlan is not None
    return NmInterface(
        name=cluster.vlan_nic(vlan),
        description=vlan.description or None,
        type="vlan",
        mtu=vlan.mtu,
        ipv4=_ip(addresses, 4),
        ipv6=_ip(addresses, 6),
        vlan=Vlan(base_iface=cluster.nic(vlan.parent), id=vlan.vlan),
    )


def _bridge(cluster: Cluster, network: PodNetwork) -> NmInterface:
    """A bridge without ports that holds the pods' gateway: nmstate takes away an address that is not declared."""
    gateway = (InterfaceAddress(ip=network.gateway, prefix_length=network.block.prefixlen),)
    return NmInterface(
        name=network.bridge,
        description=f"pods on {network.name}",
        type="linux-bridge",
        mtu=cluster.plan.design.topology.mtu.nodes,
        ipv4=_ip(gateway, 4),
        ipv6=_ip(gateway, 6),
        bridge=Bridge(options=BridgeOptions(stp=Stp(enabled=False)), port=()),
    )


def _ip(addresses: tuple[InterfaceAddress, ...], version: int, *, link_local: bool = False) -> IpState:
    """One family's state; `link_local` is for unnumbered links, whose sessions run over link-local addresses."""
    found = tuple(entry for entry in addresses if entry.ip.version == version)
    if not found and not link_local:
        return IpState(enabled=False)
    return IpState(enabled=True, dhcp=False, autoconf=False if version == 6 else None, address=found or None)


def _routes(cluster: Cluster, node: FabricNode) -> Iterator[NmRoute]:
    for route in node.config.static_routes:
        for ordinal, hop in enumerate(route.next_hops):
            assert hop.address is not None, "a node's routes lead to its leaves"
            yield NmRoute(
                destination=route.prefix,
                next_hop_address=hop.address,
                next_hop_interface=cluster.nic(_towards(node, hop.address)),
                weight=_weight(route),
                metric=_FIRST_METRIC + route.distance - 1 + ordinal if route.prefix.version == 6 else None,
            )


def _weight(route: StaticRoute) -> int | None:
    return _WEIGHT if route.prefix.version == 4 and len(route.next_hops) > 1 else None


def _towards(node: FabricNode, next_hop: Address) -> str:
    return next(p.name for p in node.ports for a in p.addresses if next_hop in a.network)
