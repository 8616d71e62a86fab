"""MetalLB: a peer for each session of a node, the pools of virtual addresses, and who announces which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fabric.config import BfdProfile as ConfiguredBfd
from fabric.config import Neighbor
from fabric.kubernetes.emit._cluster import CONTROL_PLANE, HOSTNAME, WORKER, Cluster, FabricNode
from fabric.kubernetes.emit._model import Address, Metadata, Object, Reference, Requirement, Selector
from fabric.kubernetes.emit._model_bgp import (
    BfdProfile,
    BfdTimes,
    BgpAdvertisement,
    BgpAdvertisementSpec,
    BgpPeer,
    BgpPeerSpec,
    Community,
    CommunityAlias,
    CommunitySpec,
    IpAddressPool,
    IpAddressPoolSpec,
    MetalLb,
    MetalLbSpec,
    Toleration,
)
from fabric.plan import SubnetPlan

_WELL_KNOWN = {"graceful-shutdown": "65535:0", "no-export": "65535:65281", "no-advertise": "65535:65282"}
"""RFC 8326 section 4 and RFC 1997; not used by the design, at hand for an operator's own BGPAdvertisement."""


def metallb_resources(cluster: Cluster) -> Iterator[Object]:
    """What MetalLB is told; nothing where the sessions are written by hand."""
    if not cluster.metallb_runs:
        return
    yield _metallb(cluster)
    if cluster.metallb_gives_addresses:
        yield from (_pool(cluster, subnet) for subnet in cluster.plan.subnets if subnet.vips)
        return
    aliases = tuple(CommunityAlias(name=name, value=value) for name, value in _WELL_KNOWN.items())
    yield Community(metadata=_metadata(cluster, "well-known"), spec=CommunitySpec(communities=aliases))
    for profile in bfd_profiles(cluster.metallb_nodes):
        yield BfdProfile(metadata=_metadata(cluster, profile.name), spec=BfdTimes(**bfd_times(profile)))
    for node in cluster.metallb_nodes:
        yield from (_peer(cluster, node, neighbor) for neighbor in node.bgp.neighbors)
    for subnet in (entry for entry in cluster.plan.subnets if entry.vips):
        yield from _announced(cluster, subnet)


def _metadata(cluster: Cluster, name: str) -> Metadata:
    return Metadata(name=name, namespace=cluster.options.metallb)


def _metallb(cluster: Cluster) -> MetalLb:
    """On the workers, or on all nodes where control-plane nodes have sessions too: up to 4.19 it brings frr-k8s."""
    if all(node.role == "worker" for node in cluster.speakers):
        return MetalLb(metadata=_metadata(cluster, "metallb"), spec=MetalLbSpec(node_selector={WORKER: ""}))
    tolerations = tuple(
        Toleration(key=key, operator="Exists", effect="NoSchedule")
        for key in ("node-role.kubernetes.io/master", CONTROL_PLANE)
    )
    spec = MetalLbSpec(node_selector={"kubernetes.io/os": "linux"}, speaker_tolerations=tolerations)
    return MetalLb(metadata=_metadata(cluster, "metallb"), spec=spec)


def bfd_profiles(nodes: Iterable[FabricNode]) -> tuple[ConfiguredBfd, ...]:
    """The BFD profiles that the sessions of some nodes name, each once."""
    return tuple({profile.name: profile for node in nodes for profile in node.config.bfd_profiles}.values())


def bfd_times(profile: ConfiguredBfd) -> Mapping[str, int]:
    """A profile's intervals in ms and its multiplier, by the names that both controllers have for them."""
    return {
        "detect_multiplier": profile.multiplier,
        "receive_interval": profile.receive_ms,
        "transmit_interval": profile.transmit_ms,
    }


def peer_name(node: FabricNode, neighbor: Neighbor) -> str:
    """`node-leaf-family`, which stays when a leaf or a family is added."""
    return f"{node.name}-{neighbor.description}-{neighbor.families[0].family}"


def session_fields(cluster: Cluster, neighbor: Neighbor) -> dict[str, object]:
    """What a BGPPeer and a FRRConfiguration's neighbor say in the same words, and must: frr-k8s merges the two."""
    timers, secret = neighbor.timers, cluster.options.password_secret
    heeds_mp = not cluster.options.release.dialect.ignores_disable_mp
    return {
        "hold_time": f"{timers.hold_s}s" if timers else None,
        "keepalive_time": f"{timers.keepalive_s}s" if timers else None,
        "connect_time": f"{neighbor.connect_s}s" if neighbor.connect_s else None,
        "bfd_profile": neighbor.bfd_profile,
        "password_secret": Reference(name=secret) if secret else None,
        "disable_mp": True if heeds_mp and len(neighbor.families) == 1 else None,
    }


def remote_asn(node: FabricNode, neighbor: Neighbor) -> int:
    """The neighbor's ASN as a number."""
    if isinstance(neighbor.remote_as, int):
        return neighbor.remote_as
    assert neighbor.remote_as == "internal"
    return node.bgp.asn


def _peer(cluster: Cluster, node: FabricNode, neighbor: Neighbor) -> BgpPeer:
    """The router id is not among the fields: up to MetalLB 0.15.3 one id would have to do for the whole cluster."""
    here = Requirement(key=HOSTNAME, operator="In", values=(node.name,))
    assert not isinstance(neighbor.peer, str), "MetalLB's nodes are numbered"
    spec = BgpPeerSpec.model_validate(
        {
            "my_asn": node.bgp.asn,
            "peer_asn": remote_asn(node, neighbor),
            "peer_address": neighbor.peer,
            "node_selectors": (Selector(match_expressions=(here,)),),
            **session_fields(cluster, neighbor),
        }
    )
    return BgpPeer(metadata=_metadata(cluster, peer_name(node, neighbor)), spec=spec)


def pool_name(subnet: SubnetPlan) -> str:
    """The network's name, with the scope where the network has several subnets."""
    return subnet.network if subnet.scope == "fabric" else f"{subnet.network}-{subnet.scope}"


def _announced(cluster: Cluster, subnet: SubnetPlan) -> Iterator[Object]:
    """A subnet's virtual addresses, and every peer of every node that has them."""
    pool = _pool(cluster, subnet)
    yield pool
    name = pool.metadata.name
    wanted = set(subnet.vips)
    peers = tuple(
        peer_name(node, neighbor)
        for node in cluster.metallb_nodes
        if any(vip.network == subnet.network and vip.address in wanted for vip in node.plan.vips)
        for neighbor in node.bgp.neighbors
    )
    if peers:
        advertised = BgpAdvertisementSpec(ip_address_pools=(name,), peers=peers)
        yield BgpAdvertisement(metadata=_metadata(cluster, name), spec=advertised)


def _pool(cluster: Cluster, subnet: SubnetPlan) -> IpAddressPool:
    spec = IpAddressPoolSpec(addresses=tuple(_ranges(subnet.vips)), auto_assign=False)
    return IpAddressPool(metadata=_metadata(cluster, pool_name(subnet)), spec=spec)


def _ranges(addresses: Iterable[Address]) -> Iterator[str]:
    """`first-last` of each run of consecutive addresses, IPv4 first."""
    for first, last in runs(addresses):
        yield f"{first}-{last}"


def runs(addresses: Iterable[Address]) -> Iterator[tuple[Address, Address]]:
    """The first and last address of each run of consecutive ones, IPv4 first."""
    found: list[tuple[Address, Address]] = []
    for address in sorted(addresses, key=lambda entry: (entry.version, int(entry))):
        if found and found[-1][1].version == address.version and int(found[-1][1]) + 1 == int(address):
            found[-1] = (found[-1][0], address)
        else:
            found.append((address, address))
    return iter(found)
