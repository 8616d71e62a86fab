"""Rules about routes, MTUs and kernel settings of OpenShift nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Address, Path, address, at, inside, items, number, prefix
from fabric.check._views import NodeNetwork
from fabric.check.rules._node_addresses import network_of
from fabric.check.rules._peers import by_node

_ETHERNET_MTU = 1500
"""What the kernel gives to an Ethernet interface of which nobody says a word."""
_RP_FILTER = re.compile(r"net\.ipv4\.conf\.([^\s=]+)\.rp_filter\s*=\s*(\d+)")


def _routes(network: NodeNetwork) -> Iterator[tuple[Path, object]]:
    """The static routes of a node, with their paths in the object."""
    return items(network.resource.value, *network.routes)


def _twice(network: NodeNetwork, version: int) -> dict[str, list[tuple[Path, object]]]:
    """The destinations of a family that have several routes in one table."""
    found: dict[str, list[tuple[Path, object]]] = {}
    for path, route in _routes(network):
        destination = prefix(at(route, "destination"))
        if destination is not None and destination.version == version and at(route, "state") != "absent":
            found.setdefault(f"{destination} {at(route, 'table-id')}", []).append((path, route))
    return {key: routes for key, routes in found.items() if len(routes) > 1}


def weights_on_ipv4_twins(scene: ResourceScene) -> Iterator[Hit]:
    for network in scene.nodes:
        for routes in _twice(network, 4).values():
            metrics = {str(at(route, "metric")) for _, route in routes}
            for path, route in routes if len(metrics) < len(routes) else ():
                if at(route, "weight") is None:
                    text = f"a further route to {at(route, 'destination')} without weight"
                    yield about(network.resource, path, text)


def metrics_on_ipv6_twins(scene: ResourceScene) -> Iterator[Hit]:
    for network in scene.nodes:
        for routes in _twice(network, 6).values():
            for path, route in routes:
                if at(route, "weight") is not None:
                    text = f"weight on an IPv6 route to {at(route, 'destination')}"
                    yield about(network.resource, path, text)
            metrics = [str(at(route, "metric")) for _, route in routes]
            if len(set(metrics)) < len(metrics):
                path, route = routes[-1]
                text = f"routes to {at(route, 'destination')} with the same metric"
                yield about(network.resource, path, text)


def next_hops_are_neighbors(scene: ResourceScene) -> Iterator[Hit]:
    for network in scene.nodes:
        for path, route in _routes(network):
            hop = address(at(route, "next-hop-address"))
            if hop is not None and not hop.is_link_local and _strange(network, hop):
                text = f"the next hop {hop} is on no subnet of {network.node}"
                yield about(network.resource, (*path, "next-hop-address"), text)


def _strange(network: NodeNetwork, hop: Address) -> bool:
    """True where no address of the node is on a link with the next hop.

    A value file says no prefix lengths, so there only a next hop counts that is near a link of two and not on it.
    """
    own = [entry for entry in network.addresses if entry.address.version == hop.version]
    if network.is_policy:
        subnets = [subnet for entry in own if (subnet := network_of(entry)) is not None]
        return bool(subnets) and not any(inside(hop, subnet) for subnet in subnets)
    links = [ip_network(f"{entry.address}/30", strict=False) for entry in own if entry.interface == "bgp"]
    near = any(inside(hop, link.supernet(new_prefix=24)) for link in links if link.version == 4)
    return near and not any(inside(hop, link) for link in links)


def mtu_of_children(scene: ResourceScene) -> Iterator[Hit]:
    """A VLAN or bridge whose MTU is larger than that of what carries it."""
    for network in scene.nodes:
        mtus = {str(at(entry, "name")): number(at(entry, "mtu")) for _, entry in network.interfaces()}
        for path, entry in network.interfaces():
            own = number(at(entry, "mtu"))
            below = [at(entry, "vlan", "base-iface"), *(at(port, "name") for _, port in items(entry, "bridge", "port"))]
            for base in filter(None, below):
                carried = mtus.get(str(base))
                if own is not None and carried is not None and own > carried:
                    text = f"{at(entry, 'name')} of {network.node} has MTU {own} over {base}, which has {carried}"
                    yield network.hit((*path, "mtu"), text)


def one_mtu_a_network(scene: ResourceScene) -> Iterator[Hit]:
    """Interfaces of one name, on all nodes."""
    first: dict[str, tuple[int, str, str]] = {}
    for network in scene.nodes:
        for path, entry in network.interfaces():
            name, mtu = str(at(entry, "name")), number(at(entry, "mtu"))
            if mtu is None or name == "lo":
                continue
            known = first.setdefault(name, (mtu, network.node, network.hit((*path, "mtu"), "").where))
            if known[0] != mtu:
                text = f"{name} has MTU {mtu} on {network.node} and {known[0]} on {known[1]} ({known[2]})"
                yield network.hit((*path, "mtu"), text)


def network_mtu_fits_the_ports(scene: ResourceScene) -> Iterator[Hit]:
    """A NetConfig network and the interface of its name on OpenShift nodes."""
    mtus: dict[str, int] = {}
    for network in scene.nodes:
        for _, entry in network.interfaces():
            mtu = number(at(entry, "mtu"))
            if mtu is not None:
                mtus.setdefault(str(at(entry, "name")), mtu)
    for resource in scene.of_kind("NetConfig"):
        for path, entry in items(resource.value, "spec", "networks"):
            name, mtu = str(at(entry, "name")).lower(), number(at(entry, "mtu"))
            if mtu is not None and name in mtus and mtus[name] != mtu:
                text = f"the network {name} has MTU {mtu}, and the OpenShift nodes' interface {mtus[name]}"
                yield about(resource, (*path, "mtu"), text)


def mtu_of_the_design(scene: ResourceScene) -> Iterator[Hit]:
    """Interfaces that hold a link's address, against the MTU that the design's plan gives to that link."""
    planned = _planned_mtus(scene)
    for network in scene.nodes if planned else ():
        found = {str(at(entry, "name")): (path, number(at(entry, "mtu"))) for path, entry in network.interfaces()}
        wanted = {a.interface: planned[a.address] for a in network.addresses if a.address in planned}
        for name, mtu in wanted.items():
            path, own = found.get(name, ((), None))
            if name in found and (own or _ETHERNET_MTU) != mtu:
                says = f"MTU {own}" if own else f"no MTU, which means {_ETHERNET_MTU}"
                text = f"{name} of {network.node} has {says}, and its link in the design {mtu}"
                yield network.hit((*path, "mtu") if own else path, text)


def _planned_mtus(scene: ResourceScene) -> dict[Address, int]:
    """Of every interface of a node in the design but its loopback, by address."""
    if scene.design is None:
        return {}
    devices = scene.design.plan.design.fabric.by_name
    return {
        address.ip: interface.mtu
        for config in scene.design.fabric
        for interface in config.interfaces
        for address in interface.addresses
        if devices[config.name].tier == "node" and interface.name != "lo"
    }


def no_reverse_path_filter(scene: ResourceScene) -> Iterator[Hit]:
    """Ports with a BGPPeer on their subnet, against the sysctls of all Tuned profiles."""
    off = _filters_off(scene)
    for network in scene.nodes:
        if not network.is_policy:
            continue
        leaves = [address(at(peer.spec, "peerAddress")) for peer in by_node(scene).get(network.node, ())]
        for assigned in network.own():
            subnet = network_of(assigned)
            towards = [leaf for leaf in leaves if leaf is not None and subnet is not None and inside(leaf, subnet)]
            if towards and assigned.address.version == 4 and assigned.interface not in off:
                text = f"no Tuned sets net.ipv4.conf.{assigned.interface}.rp_filter=0 for {network.node}"
                yield about(network.resource, assigned.path, text)


def _filters_off(scene: ResourceScene) -> set[str]:
    found: set[str] = set()
    for resource in scene.of_kind("Tuned"):
        for _, profile in items(resource.spec, "profile"):
            text = at(profile, "data")
            found |= {name for name, value in _RP_FILTER.findall(text if isinstance(text, str) else "") if value == "0"}
    return found


RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-611",
        "IPv4 routes to one destination have weights",
        "error",
        "nmstate 2.2.50 and later refuses two routes to one destination that say neither weight nor metric.",
        "architecture commit 3fa098b2",
        "Add the same weight to each.",
        weights_on_ipv4_twins,
    ),
    Rule(
        "FAB-612",
        "IPv6 routes to one destination have metrics of their own, and no weight",
        "error",
        "nmstate has no weighted IPv6 routes: it refuses the policy, or keeps one of the two.",
        "architecture commit 88006380; nmstate issue 3206",
        "Give each route another metric, and take the weights away.",
        metrics_on_ipv6_twins,
    ),
    Rule(
        "FAB-613",
        "A next hop is on a subnet of its node",
        "error",
        "The kernel refuses the route and nmstate rolls the policy back, or the route leads to another node's leaf.",
        "Linux, route resolution; values of published examples",
        "Write the address of the leaf on this node's link.",
        next_hops_are_neighbors,
    ),
    Rule(
        "FAB-614",
        "Ports towards leaves have no reverse-path filter",
        "error",
        "Answers come back over the other leaf, and the kernel drops them as forged.",
        "OpenStack operators' reference topologies (disable-rp-filters)",
        "Add a Tuned with rp_filter=0 for exactly these ports.",
        no_reverse_path_filter,
    ),
    Rule(
        "FAB-615",
        "No interface has a larger MTU than what carries it",
        "error",
        "The kernel refuses it, or full packets are lost.",
        "Linux, VLAN and bridge devices; Red Hat, guidance for clusters spanning multiple sites (MTU)",
        "Lower the MTU above, or raise the one below.",
        mtu_of_children,
    ),
    Rule(
        "FAB-616",
        "A network has one MTU on all nodes",
        "error",
        "Packets of the larger size are lost on the way to the smaller one: connections hang once they carry data.",
        "Red Hat, guidance for clusters spanning multiple sites (MTU)",
        "Write the same MTU in all policies.",
        one_mtu_a_network,
    ),
    Rule(
        "FAB-617",
        "NetConfig and the nodes agree on a network's MTU",
        "warning",
        "The data plane takes the MTU from NetConfig, and the control plane from its policies.",
        "Red Hat, guidance for clusters spanning multiple sites (MTU)",
        "Write the same MTU in both.",
        network_mtu_fits_the_ports,
    ),
    Rule(
        "FAB-620",
        "A node's port has the MTU of its link in the design",
        "error",
        "Where the two ends differ, small packets pass and sessions come up; full ones vanish.",
        "Red Hat, guidance for clusters spanning multiple sites (MTU)",
        "Write the design's MTU (`mtu.nodes`) into the policy, or change the design.",
        mtu_of_the_design,
    ),
)
