"""Rules about the addresses of nodes: links to leaves, and loopbacks."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Address, Path, Prefix, address, at, inside, items, prefix
from fabric.check._views import Assigned, NodeNetwork
from fabric.check.rules._peers import by_node
from fabric.kubernetes import Resource

_POINT_TO_POINT = {4: (30, 31), 6: (126, 127)}
_HOST = {4: 32, 6: 128}
_LOOPBACK = "lo"
_MAIN = ("bgpmainnet", "bgpmainnetv6")


def network_of(assigned: Assigned) -> Prefix | None:
    """The subnet that an address is configured with."""
    if assigned.length is None or not 0 <= assigned.length <= assigned.address.max_prefixlen:
        return None
    return ip_network(f"{assigned.address}/{assigned.length}", strict=False)


def _policies(scene: ResourceScene) -> dict[str, NodeNetwork]:
    return {network.node: network for network in scene.nodes if network.is_policy}


def peer_is_across_the_link(scene: ResourceScene) -> Iterator[Hit]:
    policies = _policies(scene)
    for node, peers in by_node(scene).items():
        network = policies.get(node)
        for peer in peers if network is not None else ():
            assert network is not None
            found = address(at(peer.spec, "peerAddress"))
            if found is None:
                continue
            own = {entry.address for entry in network.addresses}
            near = [n for entry in network.addresses if (n := network_of(entry)) is not None and inside(found, n)]
            if found in own:
                yield about(peer, ("spec", "peerAddress"), f"{found} is {node}'s own address, not its leaf's")
            elif not near:
                yield about(peer, ("spec", "peerAddress"), f"{found} is on no subnet of {node}")


def links_are_point_to_point(scene: ResourceScene) -> Iterator[Hit]:
    policies = _policies(scene)
    for node, peers in by_node(scene).items():
        network = policies.get(node)
        leaves = [found for peer in peers if (found := address(at(peer.spec, "peerAddress"))) is not None]
        for assigned in network.own() if network is not None else ():
            assert network is not None
            subnet, allowed = network_of(assigned), _POINT_TO_POINT[assigned.address.version]
            if subnet is None or subnet.prefixlen in allowed or assigned.interface == _LOOPBACK:
                continue
            if any(inside(leaf, subnet) for leaf in leaves):
                lengths = " or ".join(f"/{length}" for length in allowed)
                text = f"{node}'s link {assigned.interface} to a leaf has a /{subnet.prefixlen}, not {lengths}"
                yield about(network.resource, assigned.path, text)


def _uses(scene: ResourceScene) -> Iterator[tuple[str, Address, Resource, Path]]:
    for network in scene.nodes:
        loopbacks: set[int] = set()
        for assigned in network.own():
            if assigned.interface != _LOOPBACK or assigned.address.version not in loopbacks:
                yield network.node, assigned.address, network.resource, assigned.path
            if assigned.interface == _LOOPBACK:
                loopbacks.add(assigned.address.version)
    for node_set in scene.node_sets:
        for name, path, node in node_set.nodes():
            for place, entry in items(node, "networks"):
                found = address(at(entry, "fixedIP"))
                if found is not None:
                    yield name, found, node_set.resource, (*node_set.path, *path, *place, "fixedIP")


def every_address_once(scene: ResourceScene) -> Iterator[Hit]:
    """Of a loopback's addresses only the first of a family: others may be announced in several places on purpose."""
    first: dict[Address, tuple[str, str]] = {}
    for node, found, resource, path in _uses(scene):
        known = first.setdefault(found, (node, resource.where(path)))
        if known[0] != node:
            yield about(resource, path, f"{node} has {found}, which {known[0]} has too ({known[1]})")


def loopbacks_are_hosts(scene: ResourceScene) -> Iterator[Hit]:
    for network in scene.nodes:
        for assigned in network.addresses:
            wanted = _HOST[assigned.address.version]
            if assigned.interface == _LOOPBACK and assigned.length is not None and assigned.length != wanted:
                if assigned.address.is_loopback:
                    continue
                text = f"{network.node}'s loopback {assigned.address} has a /{assigned.length}, not a /{wanted}"
                yield about(network.resource, assigned.path, text)


def loopbacks_in_their_network(scene: ResourceScene) -> Iterator[Hit]:
    """OpenShift nodes' loopbacks against bgpmainnet, and against what the nodes have routes for."""
    known = [s.cidr for s in scene.subnets if s.network.lower() in _MAIN and s.cidr is not None]
    families = {cidr.version for cidr in known}
    known += [destination for network in scene.nodes for destination in _destinations(network)]
    for network in scene.nodes:
        loopbacks = [a for a in network.own() if a.interface == _LOOPBACK and not a.address.is_loopback]
        for version in families:
            own = [entry for entry in loopbacks if entry.address.version == version]
            if own and not any(inside(entry.address, cidr) for entry in own for cidr in known):
                text = f"{network.node}'s loopback {own[0].address} is in no subnet of bgpmainnet"
                yield about(network.resource, own[0].path, text)


def _destinations(network: NodeNetwork) -> Iterator[Prefix]:
    for _, route in items(network.resource.value, *network.routes):
        destination = prefix(at(route, "destination"))
        if destination is not None and destination.prefixlen:
            yield destination


RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-601",
        "A BGPPeer's address is the far end of the node's link",
        "error",
        "A peer that is on no subnet of the node, or is the node itself, is never connected to.",
        "RFC 4271 section 8; architecture commit 4712813b (:10 written for :a)",
        "Write the leaf's address on the link to this node.",
        peer_is_across_the_link,
    ),
    Rule(
        "FAB-602",
        "A link to a leaf is a /30 or /31, in IPv6 a /126 or /127",
        "error",
        "Leaves that peer by interface find the node's address only in a subnet of two.",
        "FRR, bgpd/bgpd.c (bgp_peer_conf_if_to_su_update_v4)",
        "Give the link a subnet of its own, the same on both ends.",
        links_are_point_to_point,
    ),
    Rule(
        "FAB-603",
        "Every address belongs to one node",
        "error",
        "Two nodes announce it, and packets go to whichever is nearer.",
        "fabric; values of published examples",
        "Give one of the two another address.",
        every_address_once,
    ),
    Rule(
        "FAB-604",
        "Loopbacks are host addresses",
        "error",
        "The fabric's filters pass /32 and /128 only, and a wider loopback takes its neighbors' addresses with it.",
        "ci-framework, leaf template (only-host-prefixes)",
        "Write prefix-length 32, or 128.",
        loopbacks_are_hosts,
    ),
    Rule(
        "FAB-605",
        "Loopbacks lie in bgpmainnet",
        "warning",
        "Data-plane nodes and nodes of the cluster are told one network for loopbacks; what is outside has no route.",
        "OpenStack operators' reference topologies (bgpmainnet by rack)",
        "Take an address of the rack's subnet, or widen it.",
        loopbacks_in_their_network,
    ),
)
