"""Rules about OpenStackDataPlaneNodeSets: names, services, and the networks of their nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Path, address, at, inside, items, prefix, texts
from fabric.check._views import NodeSet, Subnet

_ORDER = ("configure-os", "configure-network", "frr", "validate-network")
_MOST_NAME = 53
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def services_in_order(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        names = texts(node_set.value, "services")
        places = [names.index(name) for name in _ORDER if name in names]
        if places != sorted(places):
            found = ", ".join(name for name in names if name in _ORDER)
            yield node_set.hit(("services",), f"the order is {found}; it has to be {', '.join(_ORDER)}")
        if "frr" not in names and "configure-network" in names and _speaks_bgp(node_set):
            yield node_set.hit(("services",), "the service frr is missing, and the nodes have BGP peers")


def _speaks_bgp(node_set: NodeSet) -> bool:
    wanted = ("edpm_frr_bgp_peers", "edpm_frr_bgp_uplinks")
    return any(node_set.of_node(node, name) for _, _, node in node_set.nodes() for name in wanted)


def usable_name(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("OpenStackDataPlaneNodeSet"):
        if len(resource.name) > _MOST_NAME or not _NAME.fullmatch(resource.name):
            text = f"the name has {len(resource.name)} characters; {_MOST_NAME} of a-z, 0-9 and - are allowed"
            yield about(resource, ("metadata", "name"), text)


_Use = tuple[NodeSet, str, Path, object]


def _networks(scene: ResourceScene) -> Iterator[_Use]:
    """Every network of every node: its node set, the node's name, the path and the entry."""
    for node_set in scene.node_sets:
        for name, path, node in node_set.nodes():
            for place, entry in items(node, "networks"):
                yield node_set, name, (*path, *place), entry


def _subnets(scene: ResourceScene, network: object, subnet: object) -> list[Subnet]:
    wanted = str(network).lower()
    return [s for s in scene.subnets if s.network.lower() == wanted and subnet in (None, s.name)]


def networks_exist(scene: ResourceScene) -> Iterator[Hit]:
    known = {subnet.network.lower() for subnet in scene.subnets}
    for node_set, name, path, entry in _networks(scene) if known else ():
        network, subnet = at(entry, "name"), at(entry, "subnetName")
        if str(network).lower() not in known:
            yield node_set.hit((*path, "name"), f"{name} is in {network}, which no NetConfig has")
        elif not _subnets(scene, network, subnet):
            yield node_set.hit((*path, "subnetName"), f"{name} is in {subnet} of {network}, which has no such subnet")


def network_once_a_node(scene: ResourceScene) -> Iterator[Hit]:
    seen: set[tuple[int, str, str]] = set()
    for node_set, name, path, entry in _networks(scene):
        mark = (id(node_set), name, str(at(entry, "name")).lower())
        if mark in seen:
            yield node_set.hit((*path, "name"), f"{name} has the network {at(entry, 'name')} twice")
        seen.add(mark)


def address_in_its_subnet(scene: ResourceScene) -> Iterator[Hit]:
    for node_set, name, path, entry in _networks(scene):
        found = address(at(entry, "fixedIP"))
        for subnet in _subnets(scene, at(entry, "name"), at(entry, "subnetName")) if found is not None else ():
            assert found is not None
            if at(entry, "subnetName") and subnet.cidr is not None and not inside(found, subnet.cidr):
                text = f"{name} has {found} in {subnet.network}/{subnet.name}, which is {subnet.cidr}"
                yield node_set.hit((*path, "fixedIP"), text)


def one_default_route(scene: ResourceScene) -> Iterator[Hit]:
    seen: set[tuple[int, str, int]] = set()
    for node_set, name, path, entry in _networks(scene):
        if at(entry, "defaultRoute") is not True:
            continue
        for subnet in _subnets(scene, at(entry, "name"), at(entry, "subnetName"))[:1]:
            version = subnet.cidr.version if subnet.cidr else 4
            if at(subnet.value, "gateway") is None:
                text = f"{name}'s default route is in {subnet.network}/{subnet.name}, which has no gateway"
                yield node_set.hit((*path, "defaultRoute"), text)
            if (id(node_set), name, version) in seen:
                yield node_set.hit((*path, "defaultRoute"), f"{name} has a second default route in IPv{version}")
            seen.add((id(node_set), name, version))


def ssh_from_its_rack(scene: ResourceScene) -> Iterator[Hit]:
    """Where a node is reached by Ansible, against the ranges from which it takes SSH."""
    for node_set in scene.node_sets:
        path, _ = node_set.variable("edpm_sshd_allowed_ranges")
        ranges = [network for text in texts(node_set.value, *path) if (network := prefix(text)) is not None]
        for name, place, node in node_set.nodes() if ranges else ():
            host = address(at(node, "ansible", "ansibleHost"))
            if host is not None and not any(inside(host, network) for network in ranges):
                text = f"{name} is reached at {host}, and takes SSH from {', '.join(map(str, ranges))} only"
                yield node_set.hit((*place, "ansible", "ansibleHost"), text)


_IPSET = "infra-operator, IPSet webhook"
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-701",
        "Services of a node set run in their order",
        "error",
        "validate-network fails before frr has run: there is no route yet; and frr needs the links that come before.",
        "architecture commit 66d2b628",
        "Order them configure-os, configure-network, frr, validate-network.",
        services_in_order,
    ),
    Rule(
        "FAB-702",
        "A node set has a usable name",
        "error",
        "Names of what is made from it get longer than Kubernetes takes.",
        "Red Hat, RHOSO 18.0 distributed zones, 7.5",
        "Shorten the name to 53 characters of a-z, 0-9 and -.",
        usable_name,
    ),
    Rule(
        "FAB-703",
        "Networks of data-plane nodes exist",
        "error",
        "The webhook refuses the node's IPSet, and the deployment waits for ever.",
        _IPSET,
        "Correct name or subnetName, or add the subnet to NetConfig.",
        networks_exist,
    ),
    Rule(
        "FAB-704",
        "A node has each network once",
        "error",
        "The webhook refuses the node's IPSet.",
        _IPSET,
        "Remove one of the two.",
        network_once_a_node,
    ),
    Rule(
        "FAB-705",
        "A fixed address lies in its subnet",
        "error",
        "The webhook refuses the node's IPSet, or the node sits in another rack's subnet.",
        _IPSET,
        "Correct fixedIP or subnetName.",
        address_in_its_subnet,
    ),
    Rule(
        "FAB-706",
        "A node has one default route a family, in a subnet with a gateway",
        "error",
        "The webhook refuses the node's IPSet.",
        _IPSET,
        "Leave defaultRoute to the control-plane network, and give its subnet a gateway.",
        one_default_route,
    ),
    Rule(
        "FAB-707",
        "Data-plane nodes take SSH from their rack's control-plane subnet",
        "error",
        "Ansible is locked out of the node by the first run that sets up its firewall.",
        "edpm-ansible, edpm_sshd; OpenStack operators' reference topologies",
        "Add the rack's control-plane subnet to edpm_sshd_allowed_ranges.",
        ssh_from_its_rack,
    ),
)
