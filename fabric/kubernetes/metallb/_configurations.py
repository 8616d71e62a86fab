"""MetalLB in frr-k8s mode: peers, pools, advertisements and Services to one FRRConfiguration for each node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fabric._values import dataclass
from fabric.errors import InputError, Problem
from fabric.kubernetes._admission import admit
from fabric.kubernetes._documents import Document
from fabric.kubernetes._refusal import Origin, Refusal, Refusals
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resource, Resources, nodes_of
from fabric.kubernetes._selectors import SelectorIndex
from fabric.kubernetes.frr_k8s import BfdProfile
from fabric.kubernetes.metallb._duplicates import ParseError, refuse_duplicate_selectors, refuse_duplicates
from fabric.kubernetes.metallb._model import MetallbConfig, Peer
from fabric.kubernetes.metallb._peers import check_peers_together, parse_bfd_profiles, parse_peers
from fabric.kubernetes.metallb._pools import advertise, parse_communities, parse_pools
from fabric.kubernetes.metallb._services import Announcement, NotAnnounced, announcements, pool_of, services_of
from fabric.kubernetes.metallb._sessions import PeerSession, Target, frr_configuration

_WATCHED = ("BGPPeer", "BGPAdvertisement", "IPAddressPool", "BFDProfile", "Community", "L2Advertisement")


class MetallbError(InputError):
    """What MetalLB refuses: its speakers keep what they had, on every node."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("\n".join(["MetalLB takes none of it, because it refuses:", *map(str, self.refusals)]))

    @property
    def reason(self) -> str:
        """The one reason that MetalLB itself reports."""
        return self.refusals[0].reason


@dataclass(frozen=True, slots=True)
class MetallbOptions:
    """How MetalLB is installed."""

    namespace: str | None = None
    """MetalLB's own; `None` takes the release's, or the only one that holds its resources."""
    frr_k8s_namespace: str | None = None
    """Where it writes FRRConfigurations; `None` takes the release's."""
    secret_passthrough: bool = False
    """`--frrk8s-secret-passthrough`: hand secrets on by name even to another namespace."""


@dataclass(frozen=True, slots=True)
class MetallbConfigurations:
    """What the speakers of all nodes write, and what they leave out."""

    resources: tuple[Resource, ...]
    """The FRRConfigurations, as the cluster stores them."""
    not_announced: tuple[tuple[str, Resource, NotAnnounced], ...] = ()
    """Node, Service and reason."""
    idle_peers: tuple[Problem, ...] = ()
    """BGPPeers whose selectors match no node."""


def metallb_configurations(
    resources: Resources, release: Release, options: MetallbOptions | None = None
) -> MetallbConfigurations:
    """The FRRConfiguration of each node among the resources.

    Raises `MetallbError` where MetalLB would refuse its configuration.
    """
    options = options or MetallbOptions()
    parsed = parse_metallb(resources, release, options)
    services = [(service, pool_of(service, parsed.pools)) for service in services_of(resources)]
    peers: SelectorIndex[Peer] = SelectorIndex()
    for peer in parsed.peers:
        peers.add(peer, *peer.selectors)
    namespace = options.frr_k8s_namespace or release.namespace
    own = metallb_namespace(resources, release, options)
    written, silent = [], []
    nodes = nodes_of(resources)
    for node in nodes:
        announced: list[Announcement] = []
        for service, pool in services:
            found = announcements(service, node, pool)
            if isinstance(found, NotAnnounced):
                silent.append((node.name, service.resource, found))
            else:
                announced.extend(found)
        target = Target(node.name, namespace, release, options.secret_passthrough or namespace == own)
        sessions = [PeerSession(peer, _for_peer(announced, peer)) for peer in peers.of(node.labels)]
        document = _configuration(target, sessions, parsed.bfd_profiles)
        if document is not None:
            written.append(document)
    idle = (_idle(peer, nodes) for peer in parsed.peers if not _selects_any(peer, nodes))
    return MetallbConfigurations(admit(written, release).items, tuple(silent), tuple(filter(None, idle)))


def _selects_any(peer: Peer, nodes: Iterable[Node]) -> bool:
    return not peer.selectors or any(selector.matches(node.labels) for node in nodes for selector in peer.selectors)


def _idle(peer: Peer, nodes: Iterable[Node]) -> Problem | None:
    if peer.origin is None:
        return None
    resource, path = peer.origin.resource, ("spec", "nodeSelectors")
    names = ", ".join(node.name for node in nodes)
    found = f"selectors of {resource} that match no node"
    return Problem(resource.where(path), "spec.nodeSelectors", found, f"one of {names}", "Correct the selectors.")


def _for_peer(announced: Iterable[Announcement], peer: Peer) -> tuple[Announcement, ...]:
    return tuple(entry for entry in announced if entry.for_peer(peer.name))


def _configuration(target: Target, sessions: Sequence[PeerSession], profiles: Sequence[BfdProfile]) -> Document | None:
    """The node's FRRConfiguration; `None` where there is nothing to say."""
    if not sessions and not profiles:
        return None
    return Document.generated(f"MetalLB's speaker on {target.node}", frr_configuration(target, sessions, profiles))


def parse_metallb(resources: Resources, release: Release, options: MetallbOptions | None = None) -> MetallbConfig:
    """MetalLB's configuration; raises `MetallbError` with everything that it would refuse."""
    options = options or MetallbOptions()
    namespace = metallb_namespace(resources, release, options)
    own = {kind: [r for r in resources.of_kind(kind) if r.namespace == namespace] for kind in _WATCHED}
    refusals = Refusals()
    check_peers_together(own["BGPPeer"], nodes_of(resources), release, refusals)
    profiles = parse_bfd_profiles(own["BFDProfile"], refusals)
    secrets = None if options.secret_passthrough else _secrets(resources, namespace)
    names = frozenset(profile.name for profile in profiles)
    peers = parse_peers(own["BGPPeer"], secrets, names, release, refusals)
    communities = parse_communities(own["Community"], refusals)
    nodes = resources.of_kind("Node")
    pools = parse_pools(own["IPAddressPool"], nodes, refusals)
    _check_layer_2(own["L2Advertisement"], refusals)
    pools = advertise(pools, own["BGPAdvertisement"], nodes, communities, refusals)
    parsed = MetallbConfig(peers, pools, profiles)
    _check_echo(parsed, refusals)
    if refusals.found:
        raise MetallbError(refusals.found)
    return parsed


def metallb_namespace(resources: Resources, release: Release, options: MetallbOptions) -> str:
    """The namespace in which MetalLB runs and reads its resources."""
    if options.namespace is not None:
        return options.namespace
    used = {resource.namespace for kind in _WATCHED for resource in resources.of_kind(kind)}
    return used.pop() if len(used) == 1 else release.metallb_namespace


def _secrets(resources: Resources, namespace: str) -> Mapping[str, Resource]:
    return {secret.name: secret for secret in resources.of_kind("Secret") if secret.namespace == namespace}


def _check_layer_2(resources: Iterable[Resource], refusals: Refusals) -> None:
    """Layer 2 does not touch BGP, but a mistake there is refused for all."""
    for resource in resources:
        try:
            refuse_duplicates(resource.spec.get("ipAddressPools") or (), "ipAddressPools")
            for key in ("ipAddressPoolSelectors", "nodeSelectors"):
                refuse_duplicate_selectors(resource.spec.get(key) or (), key)
        except ParseError as reason:
            refusals.add(str(reason), [Origin(resource, ("spec",))])


def _check_echo(parsed: MetallbConfig, refusals: Refusals) -> None:
    """Notes IPv6 pools that are advertised to peers with BFD echo, which works over IPv4 only."""
    echoing = {profile.name for profile in parsed.bfd_profiles if profile.echo_mode}
    for pool in parsed.pools:
        if not any(network.version == 6 for network in pool.networks):
            continue
        for advertisement in pool.advertisements:
            for peer in parsed.peers:
                named = not advertisement.peers or peer.name in advertisement.peers
                if named and peer.bfd_profile in echoing:
                    what = f"pool {pool.name} has bgpadvertisement {advertisement.name} which references"
                    reason = f"{what} peer {peer.name} which has bfd echo enabled, which is not possible"
                    refusals.add(reason, [advertisement.origin, peer.origin])
