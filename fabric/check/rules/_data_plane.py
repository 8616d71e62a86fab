"""Rules about FRR on data-plane nodes, and about what OpenStack's networking takes over BGP."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Address, Prefix, address, at, items, number, prefix, texts
from fabric.check._views import NodeSet
from fabric.kubernetes import Resource

_BGP_PLUGINS = ("ovn-bgp", "ovn_bgp", "evpn")
_VLAN_TYPE = re.compile(r"^\s*(tenant_network_types|type_drivers|network_vlan_ranges)\s*=.*\S", re.MULTILINE)
_CIDR = ("resource", "cidr")


def _external(node_set: NodeSet) -> bool:
    return bool(node_set.variable("edpm_frr_bgp_uplinks_scope")[1] == "external")


def external_without_ttl_security(scene: ResourceScene) -> Iterator[Hit]:
    """The role's default is one hop, so a variable that is missing breaks the rule too."""
    for node_set in filter(_external, scene.node_sets):
        path, value = node_set.variable("edpm_frr_bgp_neighbor_ttl_security_hops")
        if value != 0:
            found = "is not set, which means 1" if value is None else f"is {value}"
            yield node_set.hit(path, f"uplinks are external, and edpm_frr_bgp_neighbor_ttl_security_hops {found}")


def external_without_graceful_shutdown(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        path, value = node_set.variable("edpm_frr_bgp_graceful_shutdown")
        if value is True or (value is None and _external(node_set)):
            found = "is on" if value else "is not set, which means on"
            yield node_set.hit(path, f"edpm_frr_bgp_graceful_shutdown {found}: every route gets local preference 0")


def agent_has_the_asn(scene: ResourceScene) -> Iterator[Hit]:
    names = ("edpm_ovn_bgp_agent_bgp_as", "edpm_neutron_ovn_agent_ovn_evpn_bgp_as")
    for node_set in scene.node_sets:
        own = number(node_set.variable("edpm_frr_bgp_asn")[1])
        for name in names:
            path, value = node_set.variable(name)
            if own is not None and number(value) not in (None, own):
                yield node_set.hit(path, f"{name} is {value}, and edpm_frr_bgp_asn {own}")


def external_asn_is_no_leafs(scene: ResourceScene) -> Iterator[Hit]:
    """The leaves' ASNs are those that BGPPeers name."""
    leaves = {number(peer.spec.get("peerASN")): peer for peer in scene.of_kind("BGPPeer")}
    for node_set in filter(_external, scene.node_sets):
        path, value = node_set.variable("edpm_frr_bgp_asn")
        peer = leaves.get(number(value)) if value is not None else None
        if peer is not None:
            yield node_set.hit(path, f"uplinks are external, and AS {value} is the leaf's of {peer} ({peer.where()})")


def _runs_frr(node_set: NodeSet) -> bool:
    return "frr" in texts(node_set.value, "services")


def peers_are_given(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        if not _runs_frr(node_set):
            continue
        for name, path, node in node_set.nodes():
            if not any(node_set.of_node(node, key) for key in ("edpm_frr_bgp_peers", "edpm_frr_bgp_uplinks")):
                yield node_set.hit(path, f"{name} has neither edpm_frr_bgp_peers nor edpm_frr_bgp_uplinks")


def peers_are_across_the_link(scene: ResourceScene) -> Iterator[Hit]:
    """A node's peers against its addresses: a link of two holds both."""
    for node_set in scene.node_sets:
        for name, path, node in node_set.nodes():
            own = [found for _, e in items(node, "networks") if (found := address(at(e, "fixedIP"))) is not None]
            place = (*path, "ansible", "ansibleVars", "edpm_frr_bgp_peers")
            for text in texts(node, "ansible", "ansibleVars", "edpm_frr_bgp_peers"):
                peer = address(text)
                mates = [a for a in own if peer is not None and a.version == peer.version]
                if peer is not None and mates and not any(_link_of_two(a, peer) for a in mates):
                    yield node_set.hit(place, f"{name}'s peer {peer} is on no link of its own")


def _link_of_two(one: Address, other: Address) -> bool:
    """True for two different addresses of one /30 or /126, which is the wider of the two kinds of links."""
    return one != other and int(one) >> 2 == int(other) >> 2


def bfd_is_on(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        path, value = node_set.variable("edpm_frr_bfd")
        if value is False:
            yield node_set.hit(path, "edpm_frr_bfd is off: a leaf that dies silently is noticed at the hold time only")


def both_timers(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        keepalive_path, keepalive = node_set.variable("edpm_frr_bgp_neighbor_keepalive")
        hold_path, hold = node_set.variable("edpm_frr_bgp_neighbor_holdtime")
        if (keepalive is None) != (hold is None):
            path = keepalive_path if hold is None else hold_path
            yield node_set.hit(path, "keepalive and hold time are set together, or none")
        keepalive_s, hold_s = number(keepalive), number(hold)
        if hold_s is not None and (hold_s in (1, 2) or (keepalive_s is not None and hold_s and keepalive_s >= hold_s)):
            yield node_set.hit(hold_path, f"a hold time of {hold_s} s with a keepalive of {keepalive_s} s")


def _control_planes(scene: ResourceScene) -> tuple[Resource, ...]:
    return scene.of_kind("OpenStackControlPlane")


def no_gateway_on_openshift(scene: ResourceScene) -> Iterator[Hit]:
    for resource in _control_planes(scene):
        path = ("spec", "ovn", "template", "ovnController")
        if at(resource.value, *path):
            yield about(resource, path, "ovnController runs on OpenShift nodes")


def no_service_that_breaks(scene: ResourceScene) -> Iterator[Hit]:
    for resource in _control_planes(scene):
        if not _over_bgp(resource):
            continue
        for name in ("octavia", "designate"):
            if at(resource.spec, name, "enabled") is True:
                yield about(resource, ("spec", name, "enabled"), f"{name} is on, and Neutron announces by ovn-bgp")


def _neutron(resource: Resource) -> str:
    text = at(resource.spec, "neutron", "template", "customServiceConfig")
    return text if isinstance(text, str) else ""


def _over_bgp(resource: Resource) -> bool:
    return any(plugin in _neutron(resource) for plugin in _BGP_PLUGINS)


def flat_networks_only(scene: ResourceScene) -> Iterator[Hit]:
    for resource in _control_planes(scene):
        for match in _VLAN_TYPE.finditer(_neutron(resource)) if _over_bgp(resource) else ():
            if "vlan" in match[0]:
                path = ("spec", "neutron", "template", "customServiceConfig")
                yield about(resource, path, f"{match[0].strip()!r} allows VLAN provider networks")


def one_provider_network(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        extensions = str(node_set.variable("edpm_neutron_ovn_agent_agent_extensions")[1])
        path, value = node_set.variable("edpm_ovn_bridge_mappings")
        mappings = texts(node_set.value, *path) if isinstance(value, list) else str(value or "").split(",")
        if "ovn-bgp" in extensions and len([m for m in mappings if m]) > 1:
            yield node_set.hit(path, f"{len(mappings)} provider networks; native BGP announces one")


def tenants_do_not_overlap(scene: ResourceScene) -> Iterator[Hit]:
    """Subnets of OpenStack that are resources themselves, against each other and against the networks of nodes.

    Where nothing in the files announces them, tenants may well use one prefix twice.
    """
    if not any(map(_over_bgp, _control_planes(scene))) and not any(map(_runs_frr, scene.node_sets)):
        return
    own = [(subnet, cidr) for subnet in scene.of_kind("Subnet") if (cidr := prefix(at(subnet.spec, *_CIDR)))]
    for count, (subnet, cidr) in enumerate(own):
        for other, taken in own[:count]:
            if _overlap(cidr, taken):
                yield about(subnet, ("spec", *_CIDR), f"{cidr} overlaps {taken} of {other} ({other.where()})")
        for network in scene.subnets:
            if network.cidr is not None and _overlap(cidr, network.cidr):
                text = f"{cidr} overlaps {network.cidr} of {network.network}/{network.name}"
                yield about(subnet, ("spec", *_CIDR), text)


def _overlap(one: Prefix, other: Prefix) -> bool:
    return one.version == other.version and bool(one.overlaps(other))


def a_networker_somewhere(scene: ResourceScene) -> Iterator[Hit]:
    """With several racks of computes in the files, each has a gateway of its own, by the subnet of its nodes."""
    racks: dict[str, bool] = {}
    example: dict[str, NodeSet] = {}
    for node_set in scene.node_sets:
        gateway = node_set.variable("edpm_enable_chassis_gw")[1] is True
        for _, _, node in node_set.nodes():
            for _, entry in items(node, "networks"):
                if str(at(entry, "name")).lower() == "bgpmainnet" and at(entry, "subnetName"):
                    rack = str(at(entry, "subnetName"))
                    racks[rack] = racks.get(rack, False) or gateway
                    example.setdefault(rack, node_set)
    for rack, served in racks.items():
        if not served and any(racks.values()):
            text = f"no node of {rack} has edpm_enable_chassis_gw (which networkers have), and other racks have one"
            yield example[rack].hit((), text)


_NO_KERNEL = ("dpdk", "sriov")


def kernel_routes_all(scene: ResourceScene) -> Iterator[Hit]:
    """Node sets whose services put traffic past the kernel, where an agent of BGP runs."""
    for node_set in scene.node_sets:
        names = texts(node_set.value, "services")
        extensions = str(node_set.variable("edpm_neutron_ovn_agent_agent_extensions")[1])
        agent = "ovn-bgp-agent" in names or any(plugin in extensions for plugin in _BGP_PLUGINS)
        past = [name for name in names if any(word in name for word in _NO_KERNEL)]
        if agent and past:
            yield node_set.hit(
                ("services",), f"{', '.join(past)} beside an agent that announces what the kernel routes"
            )


_EDPM = "edpm-ansible, edpm_frr"
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-711",
        "External uplinks have no TTL security",
        "error",
        "The leaves do not send with TTL 255, so the session stays in OpenSent for ever.",
        f"{_EDPM}; bgp_dt02; fabric (seen with FRR 8.4.4)",
        "Set edpm_frr_bgp_neighbor_ttl_security_hops to 0, or switch on ttl-security on the leaves too.",
        external_without_ttl_security,
    ),
    Rule(
        "FAB-712",
        "Graceful shutdown is not left on",
        "error",
        "It marks every route with local preference 0, for good: it is made for the minutes before maintenance.",
        "RFC 8326; edpm-ansible pull request 1215; ci-framework pull request 3900",
        "Set edpm_frr_bgp_graceful_shutdown to false.",
        external_without_graceful_shutdown,
    ),
    Rule(
        "FAB-713",
        "The OVN agent has FRR's ASN",
        "error",
        "The agent writes its own `router bgp`, and FRR has one ASN a VRF.",
        "bgp_dt02 (443b7db8); ovn-bgp-agent",
        "Write the same ASN in both.",
        agent_has_the_asn,
    ),
    Rule(
        "FAB-714",
        "An external node's ASN is not the leaf's",
        "error",
        "With one ASN on both ends the session is internal, whatever the scope says.",
        "RFC 4271; bgp_dt02",
        "Give the nodes an ASN outside of the leaves' range.",
        external_asn_is_no_leafs,
    ),
    Rule(
        "FAB-715",
        "Every node has peers or uplinks",
        "error",
        "The role stops with an assertion.",
        _EDPM,
        "Set edpm_frr_bgp_peers, or edpm_frr_bgp_uplinks.",
        peers_are_given,
    ),
    Rule(
        "FAB-716",
        "A node's peers are across its links",
        "error",
        "A peer that is on no link of the node is never connected to.",
        "RFC 4271 section 8; architecture commit 4712813b",
        "Write the leaves' addresses on this node's links.",
        peers_are_across_the_link,
    ),
    Rule(
        "FAB-717",
        "Data-plane nodes have BFD",
        "warning",
        "Without it, half of a node's traffic is lost for up to the hold time when a leaf dies silently.",
        "fabric (measured: 5 s with the role's default BFD, up to 180 s without)",
        "Set edpm_frr_bfd to true; the leaves' side of the session needs it too.",
        bfd_is_on,
    ),
    Rule(
        "FAB-718",
        "Timers of data-plane nodes are set together",
        "error",
        "The role writes timers only when it has both, and the session keeps 180 and 60 s.",
        "edpm-ansible commit 8035489d; RFC 4271 section 4.2",
        "Set edpm_frr_bgp_neighbor_keepalive and edpm_frr_bgp_neighbor_holdtime, the second three times the first.",
        both_timers,
    ),
    Rule(
        "FAB-719",
        "No OVN controller on OpenShift nodes",
        "error",
        "OpenShift nodes would become gateways that no BGP speaker announces.",
        "architecture commit 1a1a5307",
        "Remove ovnController; networkers are the gateways.",
        no_gateway_on_openshift,
    ),
    Rule(
        "FAB-720",
        "No service that native OVN BGP breaks",
        "error",
        "Load balancers and DNS of OpenStack need a second provider network, which native BGP does not announce.",
        "OSPRH-30907 (octavia), OSPRH-26878 (designate); bgp_dt01",
        "Switch the service off, or use the ovn-bgp-agent.",
        no_service_that_breaks,
    ),
    Rule(
        "FAB-721",
        "Provider networks are flat",
        "error",
        "Neutron's BGP plugin refuses VLAN provider networks: racks share no segment.",
        "Neutron documentation, OVN BGP (bgp)",
        "Leave vlan out of the types and ranges.",
        flat_networks_only,
    ),
    Rule(
        "FAB-722",
        "There is one provider network",
        "error",
        "Native OVN BGP announces one provider network; what is on another is not reached.",
        "OSPRH-30907; Neutron documentation, OVN BGP",
        "Keep one entry in edpm_ovn_bridge_mappings.",
        one_provider_network,
    ),
    Rule(
        "FAB-723",
        "Every rack of the data plane has a gateway",
        "warning",
        "Traffic of a rack without one leaves by another rack, and stops with it.",
        "OpenStack operators' reference topologies (a networker a rack)",
        "Set edpm_enable_chassis_gw on a node set of the rack; in a topology, give the rack a node of role networker.",
        a_networker_somewhere,
    ),
    Rule(
        "FAB-724",
        "No DPDK or SR-IOV on nodes that announce by BGP",
        "error",
        "Announced traffic is routed by the kernel, which never sees what DPDK and SR-IOV pass around it.",
        "Red Hat, dynamic routing environment, 2.1; ovn-bgp-agent",
        "Keep such workloads on nodes whose networks are not announced.",
        kernel_routes_all,
    ),
    Rule(
        "FAB-725",
        "Subnets that are announced by BGP do not overlap",
        "error",
        "The kernels of nodes and leaves route announced traffic by one table: of two equal prefixes one is lost.",
        "Red Hat, RHOSO 18.0 dynamic routing, 2.1; openstack-resource-controller, Subnet",
        "Give each subnet a prefix of its own, best from one subnet pool in an address scope.",
        tenants_do_not_overlap,
    ),
)
