"""The resources of a RHOSO deployment as a found network: who peers with whom tells racks, leaves and ASNs.

Nodes are those of NodeNetworkConfigurationPolicy, BGPPeer, FRRConfiguration and OpenStackDataPlaneNodeSet. Every
address that a node peers with is a leaf's; nodes whose first leaf addresses lie in one /24 (/112) are in one rack, and
a leaf is told by its side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from fabric._values import dataclass
from fabric.draft._found import Found, FoundDevice, FoundLink, proper_name, role_in
from fabric.draft._resource import is_address, items, mapping, natural, number, objects
from fabric.draft._rhoso_networks import networks_in, networks_left_out, nics_in
from fabric.errors import InputError
from fabric.kubernetes import HOSTNAME_LABEL, Document, parse_documents

_Address = IPv4Address | IPv6Address

_ZONE_LABEL = "topology.kubernetes.io/zone"
_ROLE_LABEL = "node-role.kubernetes.io/"
_ASN = 64999
"""What `edpm_frr_bgp_asn` is where nobody sets it (edpm-ansible, role edpm_frr)."""
_SPINE_ASNS = (65000, 64999)
"""What the references give to spines: the one that no leaf has."""
_ROUTER = "router-0"
_SPINES = ("spine-0", "spine-1")
_UPPER_TIERS = "The resources do not say what is above the leaves: two spines and a border router stand for it."
_ADDRESSES = "Addresses of links and loopbacks are planned anew, by the rule of the published references."


@dataclass(frozen=True, slots=True)
class _Node:
    """A node as all resources together have it."""

    name: str
    role: str = ""
    zone: str = ""
    asn: int | None = None
    peers: tuple[tuple[str, int | None], ...] = ()
    """Addresses that it peers with, and their ASN where it is said."""
    place: str = ""


def from_rhoso(texts: Mapping[str, str]) -> Found:
    """The network that Kubernetes resources describe, by file name and text.

    Raises `ResourceError` for what is no YAML and `InputError` where no resource says who peers with whom.
    """
    documents = [document for file, text in texts.items() for document in parse_documents(text, file)]
    nodes = _nodes(documents)
    peering = sorted((node for node in nodes.values() if node.peers), key=lambda node: natural(node.name))
    if not peering:
        raise InputError(
            f"{', '.join(texts)}: found no node that peers with a leaf; allowed: BGPPeer resources with "
            "host names in nodeSelectors, FRRConfigurations, or NodeSets with edpm_frr_bgp_peers. Name their folder."
        )
    racks = _racks(peering)
    leaves = _leaves(peering, racks)
    families = _families(peering)
    sides = {node.name: [str(address) for address, _ in _sides(node)] for node in peering}
    return Found(
        "imported",
        f"the resources in {_folder(texts)}",
        (*_upper(leaves), *leaves, *(_device(node, racks) for node in peering)),
        (*_upper_links(leaves), *_links(peering, racks)),
        families,
        profile="rhoso",
        sections=(*networks_in(documents, families), *nics_in(documents, sides)),
        notes=(
            _UPPER_TIERS,
            _ADDRESSES,
            *networks_left_out(documents, families),
            *_zones(peering),
            *_left_out(nodes.values()),
        ),
    )


def _folder(texts: Mapping[str, str]) -> str:
    """The folder that all files are in."""
    first = next(iter(texts))
    folder = first.rpartition("/")[0]
    while folder and not all(file.startswith(f"{folder}/") for file in texts):
        folder = folder.rpartition("/")[0]
    return folder or first


def _nodes(documents: Sequence[Document]) -> dict[str, _Node]:
    """Nodes by name; what several resources say of one is put together."""
    nodes: dict[str, _Node] = {}
    for node in _nodes_found(documents):
        known = nodes.get(node.name, node)
        peers = tuple(dict.fromkeys((*known.peers, *node.peers)))
        nodes[node.name] = replace(
            known, role=known.role or node.role, zone=known.zone or node.zone, asn=known.asn or node.asn, peers=peers
        )
    for item in objects(documents, "Node"):
        known = nodes.get(item.name, _Node(item.name))
        tester = any("tester" in str(mapping(taint).get("key")).lower() for taint in items(item.spec.get("taints")))
        role = "tester" if tester else known.role or _role(item.labels)
        nodes[item.name] = replace(known, role=role, zone=str(item.labels.get(_ZONE_LABEL) or "") or known.zone)
    return {name: replace(node, role=node.role or role_in(name)) for name, node in nodes.items()}


def _nodes_found(documents: Sequence[Document]) -> Iterator[_Node]:
    yield from _policy_nodes(documents)
    yield from _peer_nodes(documents)
    yield from _frr_nodes(documents)
    yield from _node_set_nodes(documents)


def _role(labels: Mapping[str, Any]) -> str:
    """The role that OpenShift's role labels tell, a control-plane node's before a worker's; empty without one."""
    roles = [role_in(label) for label in labels if label.startswith(_ROLE_LABEL)]
    return "control-plane" if "control-plane" in roles else next(iter(roles), "")


def _policy_nodes(documents: Sequence[Document]) -> Iterator[_Node]:
    for item in objects(documents, "NodeNetworkConfigurationPolicy"):
        selector = mapping(item.spec.get("nodeSelector"))
        name = str(selector.get(HOSTNAME_LABEL) or item.name)
        yield _Node(name, "" if role_in(name) == "control-plane" else _role(selector), place=item.document.where())


def _peer_nodes(documents: Sequence[Document]) -> Iterator[_Node]:
    for item in objects(documents, "BGPPeer"):
        address, asn = item.spec.get("peerAddress"), number(item.spec.get("peerASN"))
        if not is_address(address):
            continue
        for host in _hosts(item.spec):
            role = "" if role_in(host) != "server" else "worker"
            place = item.document.where(("spec", "peerAddress"))
            yield _Node(host, role, "", number(item.spec.get("myASN")), ((str(address), asn),), place)


def _frr_nodes(documents: Sequence[Document]) -> Iterator[_Node]:
    """The nodes whose host name an FRRConfiguration selects, with its neighbors that have an address."""
    for item in objects(documents, "FRRConfiguration"):
        for host in _hosts({"nodeSelectors": [item.spec.get("nodeSelector")]}):
            role = "" if role_in(host) != "server" else "worker"
            for router in map(mapping, items(mapping(item.spec.get("bgp")).get("routers"))):
                neighbors = map(mapping, items(router.get("neighbors")))
                peers = tuple(
                    (str(n["address"]), number(n.get("asn"))) for n in neighbors if is_address(n.get("address"))
                )
                yield _Node(host, role, asn=number(router.get("asn")), peers=peers, place=item.document.where())


def _hosts(spec: Mapping[str, Any]) -> Iterator[str]:
    """The host names that `nodeSelectors` name."""
    for selector in map(mapping, items(spec.get("nodeSelectors"))):
        labels = mapping(selector.get("matchLabels"))
        if HOSTNAME_LABEL in labels:
            yield str(labels[HOSTNAME_LABEL])
        for expression in map(mapping, items(selector.get("matchExpressions"))):
            if expression.get("key") == HOSTNAME_LABEL:
                yield from map(str, items(expression.get("values")))


def _node_set_nodes(documents: Sequence[Document]) -> Iterator[_Node]:
    for item in objects(documents, "OpenStackDataPlaneNodeSet"):
        common = _variables(mapping(item.spec.get("nodeTemplate")))
        zone = str(item.labels.get(_ZONE_LABEL) or "")
        for key, values in mapping(item.spec.get("nodes")).items():
            variables = {**common, **_variables(mapping(values))}
            asn = number(variables.get("edpm_frr_bgp_asn")) or _ASN
            internal = variables.get("edpm_frr_bgp_uplinks_scope", "internal") == "internal"
            peers = filter(is_address, items(variables.get("edpm_frr_bgp_peers")))
            name = str(mapping(values).get("hostName") or key)
            role = role_in(item.name, name)
            yield _Node(
                name,
                "compute" if role == "server" else role,
                zone or _only(items(variables.get("edpm_ovn_availability_zones"))),
                asn,
                tuple((peer, asn if internal else None) for peer in peers),
                item.document.where(("spec", "nodes", key)),
            )


def _only(values: Sequence[Any]) -> str:
    """The one value of a list of one."""
    return str(values[0]) if len(values) == 1 else ""


def _variables(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(values.get("ansible")).get("ansibleVars"))


def _sides(node: _Node) -> tuple[tuple[_Address, int | None], ...]:
    """The leaves' addresses of one family, in order, so that the same place means the same side in every rack."""
    found = [(ip_address(address), asn) for address, asn in node.peers]
    chosen = [peer for peer in found if peer[0].version == 4] or found
    return tuple(sorted(dict(chosen).items(), key=lambda peer: int(peer[0])))


def _racks(nodes: Iterable[_Node]) -> dict[str, str]:
    """The rack of each node, numbered in the order of their addresses; testers stand outside."""
    keys = {node.name: _subnet(_sides(node)[0][0]) for node in nodes if node.role != "tester"}
    order = sorted(set(keys.values()), key=lambda subnet: int(subnet.network_address))
    return {name: f"rack-{order.index(key)}" for name, key in keys.items()}


def _subnet(address: _Address) -> Any:
    return ip_network((int(address), 24 if address.version == 4 else 112), strict=False)


def _leaf(rack: str, side: int) -> str:
    return f"{rack}-leaf-{side}"


def _leaves(nodes: Iterable[_Node], racks: Mapping[str, str]) -> tuple[FoundDevice, ...]:
    found: dict[str, FoundDevice] = {}
    for node in (node for node in nodes if node.name in racks):
        for side, (_, asn) in enumerate(_sides(node)):
            name = _leaf(racks[node.name], side)
            new = FoundDevice(name, "leaf", rack=racks[node.name], zone=_zone(node), asn=asn)
            known = found.get(name, new)
            found[name] = replace(known, asn=known.asn or asn, zone=known.zone or new.zone)
    return tuple(found[name] for name in sorted(found, key=natural))


def _zone(node: _Node) -> str:
    return proper_name(node.zone) if node.zone else ""


def _upper(leaves: Sequence[FoundDevice]) -> tuple[FoundDevice, ...]:
    taken = {leaf.asn for leaf in leaves}
    asn = next((asn for asn in _SPINE_ASNS if asn not in taken), None)
    return (FoundDevice(_ROUTER, "border", asn=asn), *(FoundDevice(name, "spine", asn=asn) for name in _SPINES))


def _upper_links(leaves: Sequence[FoundDevice]) -> Iterator[FoundLink]:
    for spine in _SPINES:
        yield FoundLink(_ROUTER, spine)
        yield from (FoundLink(spine, leaf.name) for leaf in leaves)


def _device(node: _Node, racks: Mapping[str, str]) -> FoundDevice:
    rack = racks.get(node.name, "")
    return FoundDevice(node.name, "node", node.role, _zone(node) if rack else "", rack, asn=node.asn, place=node.place)


def _links(nodes: Iterable[_Node], racks: Mapping[str, str]) -> Iterator[FoundLink]:
    for node in nodes:
        rack = racks.get(node.name)
        uppers = [_ROUTER] if rack is None else [_leaf(rack, side) for side in range(len(_sides(node)))]
        yield from (FoundLink(upper, node.name, node.place) for upper in uppers)


def _families(nodes: Iterable[_Node]) -> tuple[str, ...]:
    versions = {ip_address(address).version for node in nodes for address, _ in node.peers}
    return tuple(family for version, family in ((4, "ipv4"), (6, "ipv6")) if version in versions)


def _zones(nodes: Iterable[_Node]) -> Iterator[str]:
    names = sorted({f"{node.zone} is called {_zone(node)}" for node in nodes if _zone(node) != node.zone})
    if names:
        yield f"Zone names are lower case here, and so are the zone labels that would be written: {', '.join(names)}."


def _left_out(nodes: Iterable[_Node]) -> Iterator[str]:
    names = sorted((node.name for node in nodes if not node.peers), key=natural)
    if names:
        yield f"Nodes that peer with no leaf are left out: {', '.join(names)}."
