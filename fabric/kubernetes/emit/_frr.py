"""FRRConfigurations: what a node announces beside MetalLB, or all of it where there is no MetalLB.

Up to OpenShift 4.22 MetalLB takes one router id for the whole cluster and announces services only. So each node has
FRRConfigurations of its own with its router id and its addresses, one for each family of sessions; frr-k8s merges
them with the one that MetalLB writes, whose neighbors they repeat word by word.

infra-operator clones the FRRConfiguration that has one exact selector and gives the clone's neighbors the pod's
prefixes. In a dual-stack fabric MetalLB's has neighbors of both families, and frr-k8s refuses (from 4.20) an IPv4
prefix for an IPv6 neighbor; so there the operator is pointed to ours of the pods' family.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabric.config import Family, Neighbor
from fabric.errors import InputError
from fabric.kubernetes.emit._cluster import HOSTNAME, Cluster, FabricNode
from fabric.kubernetes.emit._metallb import bfd_profiles, bfd_times, remote_asn, session_fields
from fabric.kubernetes.emit._model import Metadata, Object, Prefix, Requirement, Selector
from fabric.kubernetes.emit._model_bgp import (
    Allowed,
    BaseSelector,
    BgpConfiguration,
    BgpConfigurationSpec,
    Everything,
    FrrConfiguration,
    FrrConfigurationSpec,
    Listed,
    NamedBfdProfile,
    Raw,
    Received,
    Router,
    RouterList,
    ToAdvertise,
    ToReceive,
)
from fabric.kubernetes.emit._model_bgp import Neighbor as FrrNeighbor

Families = tuple[Family, ...]


def frr_resources(cluster: Cluster) -> Iterator[Object]:
    """The nodes' FRRConfigurations; raises `InputError` for what frr-k8s of the release would refuse."""
    _refuse(cluster)
    for node in cluster.speakers:
        groups = node.groups()
        for ordinal, families in enumerate(groups):
            suffix = f"-{families[0]}" if len(groups) > 1 else ""
            metadata = Metadata(name=f"fabric-{node.name}{suffix}", namespace=cluster.frr_namespace)
            spec = _spec(cluster, node, (families, groups[families]), ordinal)
            yield FrrConfiguration(metadata=metadata, spec=spec)


def bgp_configuration(cluster: Cluster) -> Iterator[Object]:
    """infra-operator's configuration, which announces the addresses of OpenStack's pods."""
    if not (cluster.is_rhoso and cluster.options.pods_over_bgp and cluster.speakers):
        return
    dual = any(len(node.groups()) > 1 for node in cluster.metallb_nodes)
    selectors = (BaseSelector(node_name=n.name, node_selector=_selector(cluster, n, 0)) for n in cluster.metallb_nodes)
    spec = BgpConfigurationSpec(
        frr_configuration_namespace=cluster.frr_namespace,
        frr_node_configuration_selector=tuple(selectors) if dual else None,
    )
    metadata = Metadata(name="bgpconfiguration", namespace=cluster.options.openstack_namespace)
    yield BgpConfiguration(metadata=metadata, spec=spec)


def _refuse(cluster: Cluster) -> None:
    options = cluster.options
    with_pods = [node for node in cluster.speakers if cluster.bridges_of(node)]
    if cluster.is_rhoso and options.pods_over_bgp and bfd_profiles(with_pods):
        raise InputError(
            f"{cluster.where('bfd', 'nodes')}The cluster's sessions have BFD, and infra-operator's clones for pods "
            "would name its profile without defining it, which frr-k8s refuses. Leave bfd.nodes out, or set "
            "kubernetes.pods_over_bgp: false."
        )
    interfaces = options.release.dialect.interface_peers
    wrong = next((n for n in cluster.speakers for b in n.bgp.neighbors if b.by_interface and not interfaces), None)
    if wrong:
        raise InputError(
            f"{cluster.where('links', 'nodes')}Node {wrong.name} has unnumbered links, which frr-k8s of release "
            f"{options.release.name} has no field for. Set links.nodes to 'numbered', or take release 4.19 or newer."
        )


def _selector(cluster: Cluster, node: FabricNode, ordinal: int) -> Selector:
    """The node's hostname, in another form for each of its resources.

    infra-operator's default is to clone what selects by the hostname alone: MetalLB's, else our first.
    """
    if ordinal > 0:
        return Selector(match_expressions=(Requirement(key=HOSTNAME, operator="In", values=(node.name,)),))
    beside = {"kubernetes.io/os": "linux"} if cluster.has_metallb(node) else {}
    return Selector(match_labels={HOSTNAME: node.name, **beside})


def _spec(
    cluster: Cluster, node: FabricNode, group: tuple[Families, tuple[Neighbor, ...]], ordinal: int
) -> FrrConfigurationSpec:
    families, neighbors = group
    prefixes = node.announced(families, virtual=not cluster.has_metallb(node))
    profiles = tuple(NamedBfdProfile(name=p.name, **bfd_times(p)) for p in bfd_profiles((node,)))
    router = Router(
        asn=node.bgp.asn,
        id=node.plan.router_id,
        prefixes=prefixes,
        neighbors=tuple(_neighbor(cluster, node, neighbor, prefixes) for neighbor in neighbors),
    )
    raw = "\n".join(_raw(cluster, node, neighbors))
    return FrrConfigurationSpec(
        node_selector=_selector(cluster, node, ordinal),
        bgp=RouterList(routers=(router,), bfd_profiles=profiles or None),
        raw=Raw(raw_config=raw) if raw else None,
    )


def _neighbor(cluster: Cluster, node: FabricNode, neighbor: Neighbor, prefixes: tuple[Prefix, ...]) -> FrrNeighbor:
    return FrrNeighbor.model_validate(
        {
            "asn": remote_asn(node, neighbor),
            **({"interface": cluster.nic(str(neighbor.peer))} if neighbor.by_interface else {"address": neighbor.peer}),
            "to_advertise": ToAdvertise(allowed=Allowed(prefixes=prefixes)),
            "to_receive": _to_receive(node, neighbor),
            **session_fields(cluster, neighbor),
        }
    )


def _to_receive(node: FabricNode, neighbor: Neighbor) -> ToReceive | None:
    """What the session's lists let in; `None`, which the API takes for nothing, where they deny all."""
    names = {entry.prefix_list_in for entry in neighbor.families}
    if None in names:
        return ToReceive(allowed=Everything())
    rules = (rule for entry in node.config.policies.prefix_lists if entry.name in names for rule in entry.rules)
    found = tuple(
        Received(prefix=rule.prefix, ge=rule.ge, le=rule.ge)
        for rule in rules
        if rule.action == "permit" and rule.prefix is not None
    )
    return ToReceive(allowed=Listed(prefixes=found)) if found else None


def _raw(cluster: Cluster, node: FabricNode, neighbors: tuple[Neighbor, ...]) -> Iterator[str]:
    """`allowas-in`, for which the API has no field: nodes that share an ASN would drop each other's routes."""
    wanted = [(n, entry) for n in neighbors for entry in n.families if entry.allowas_in]
    if wanted:
        yield f"router bgp {node.bgp.asn}"
    for neighbor, entry in wanted:
        peer = cluster.nic(str(neighbor.peer)) if neighbor.by_interface else neighbor.peer
        yield f" address-family {entry.family} unicast"
        yield f"  neighbor {peer} allowas-in {entry.allowas_in}"
        yield " exit-address-family"
    if wanted:
        yield "exit"
