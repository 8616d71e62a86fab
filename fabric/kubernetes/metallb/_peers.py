"""BGPPeer (metallb.io/v1beta2) and BFDProfile, as MetalLB parses and refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Any

from fabric.kubernetes._golang import SECOND_NS, format_duration, parse_duration, parse_ip, quote
from fabric.kubernetes._refusal import Origin, Refusals, RefusedError
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resource
from fabric.kubernetes._secrets import secret_password
from fabric.kubernetes._selectors import LabelSelector, SelectorError, SelectorIndex, parse_selector
from fabric.kubernetes.frr_k8s import BfdProfile
from fabric.kubernetes.metallb._duplicates import ParseError, refuse_duplicate_selectors
from fabric.kubernetes.metallb._model import Address, Peer

_BFD_RANGES = (
    ("detectMultiplier", "detect multiplier", 2, 255),
    ("receiveInterval", "receive interval", 10, 60000),
    ("transmitInterval", "transmit interval", 10, 60000),
    ("minimumTtl", "minimum ttl", 1, 254),
    ("echoInterval", "echo interval", 10, 60000),
)


def parse_bfd_profiles(resources: Iterable[Resource], refusals: Refusals) -> tuple[BfdProfile, ...]:
    """The BFD profiles by name."""
    found: dict[str, BfdProfile] = {}
    for index, resource in enumerate(resources):
        origin = Origin(resource, ())
        try:
            profile = _bfd_profile(resource)
        except ParseError as reason:
            refusals.add(f"parsing bfd profile #{index + 1}: {reason}", [origin])
            continue
        if profile.name in found:
            refusals.add(f"found duplicate bfd profile name {profile.name}", [origin])
        found.setdefault(profile.name, profile)
    return tuple(found[name] for name in sorted(found))


def _bfd_profile(resource: Resource) -> BfdProfile:
    spec = resource.spec
    if not resource.name:
        raise ParseError("missing bfd profile name")
    for key, words, low, high in _BFD_RANGES:
        value = spec.get(key)
        if value is not None and not low <= value <= high:
            raise ParseError(f"invalid value {value}, must be in {low}-{high} range\ninvalid {words} value")
    return BfdProfile(
        resource.name,
        spec.get("receiveInterval"),
        spec.get("transmitInterval"),
        spec.get("detectMultiplier"),
        spec.get("echoInterval"),
        bool(spec.get("echoMode")),
        bool(spec.get("passiveMode")),
        spec.get("minimumTtl"),
    )


def parse_peers(
    resources: Iterable[Resource],
    secrets: Mapping[str, Resource] | None,
    profiles: frozenset[str],
    release: Release,
    refusals: Refusals,
) -> tuple[Peer, ...]:
    """The peers in the order of the files; `secrets` is `None` where frr-k8s looks them up itself."""
    found: dict[Peer, None] = {}
    for resource in resources:
        origin = Origin(resource, ("spec",))
        try:
            peer = _peer(resource, secrets, release)
        except (ParseError, SelectorError) as reason:
            refusals.add(f"parsing peer {resource.name} {reason}", [origin])
            continue
        if peer.bfd_profile and peer.bfd_profile not in profiles:
            text = f"peer {resource.name} referencing non existing bfd profile {peer.bfd_profile}"
            refusals.add(text, [Origin(resource, ("spec", "bfdProfile"))])
        if peer in found:
            refusals.add(f"peer {resource.name} already exists", [origin])
        found.setdefault(peer)
    return tuple(found)


def _peer(resource: Resource, secrets: Mapping[str, Resource] | None, release: Release) -> Peer:
    spec = resource.spec
    _check_asns(spec)
    _check_end(spec)
    hold_ns, keepalive_ns = _timers(spec, release.metallb_hold_s)
    address = _address(spec, "peerAddress", "BGPPeer address")
    router_id = _address(spec, "routerID", "router ID")
    source = _address(spec, "sourceAddress", "source IP")
    selectors = _selectors(resource)
    reference = spec.get("passwordSecret") or {}
    return Peer(
        name=resource.name,
        my_asn=spec["myASN"],
        asn=spec.get("peerASN", 0),
        dynamic_asn=spec.get("dynamicASN", ""),
        local_asn=spec.get("localASN", 0),
        address=address,
        interface=spec.get("interface", ""),
        source=source,
        port=spec.get("peerPort", 0),
        hold_ns=hold_ns,
        keepalive_ns=keepalive_ns,
        connect_ns=parse_duration(spec["connectTime"]) if spec.get("connectTime") else None,
        router_id=router_id,
        selectors=selectors,
        password=spec.get("password", ""),
        secret=(reference.get("namespace", ""), reference["name"]) if reference.get("name") else None,
        secret_password=_secret_password(resource, reference.get("name", ""), secrets),
        bfd_profile=spec.get("bfdProfile", ""),
        graceful_restart=spec.get("enableGracefulRestart", False),
        ebgp_multi_hop=spec.get("ebgpMultiHop", False),
        vrf=spec.get("vrf", ""),
        disable_mp=spec.get("disableMP", False),
        dual_stack=spec.get("dualStackAddressFamily", False),
        origin=Origin(resource, ("spec",)),
    )


def _check_asns(spec: Mapping[str, Any]) -> None:
    asn, dynamic = spec.get("peerASN", 0), spec.get("dynamicASN", "")
    if not spec.get("myASN"):
        raise ParseError("missing local ASN")
    if not asn and not dynamic:
        raise ParseError("missing peer ASN and dynamicASN")
    if asn and dynamic:
        raise ParseError("both peer ASN and dynamicASN specified")
    if dynamic not in ("", "internal", "external"):
        raise ParseError(f"invalid dynamicASN {dynamic}")
    if asn == spec["myASN"] and spec.get("ebgpMultiHop"):
        raise ParseError("invalid ebgp-multihop parameter set for an ibgp peer")


def _check_end(spec: Mapping[str, Any]) -> None:
    if not spec.get("peerAddress") and not spec.get("interface"):
        raise ParseError("peer has no Address or Interface specified")
    if spec.get("peerAddress") and spec.get("interface"):
        raise ParseError("peer has both Address and Interface specified")


def _timers(spec: Mapping[str, Any], default_hold_s: int | None) -> tuple[int | None, int | None]:
    """Hold and keepalive time; one alone gives the other, by a factor of three, unless the release has a default."""
    try:
        hold = parse_duration(spec["holdTime"]) if spec.get("holdTime") else None
        keepalive = parse_duration(spec["keepaliveTime"]) if spec.get("keepaliveTime") else None
    except ValueError as error:
        raise ParseError(f"invalid BGPPeer timers: {error}") from error
    if hold is None and default_hold_s is not None:
        hold = default_hold_s * SECOND_NS
    if hold is None and keepalive is None:
        return None, None
    hold_ns = hold if hold is not None else (keepalive or 0) * 3
    keepalive_ns = keepalive if keepalive is not None else hold_ns // 3
    if hold_ns // SECOND_NS in (1, 2):
        raise ParseError(f'invalid BGPPeer timers: invalid hold time "{format_duration(hold_ns)}": must be 0 or >=3s')
    if keepalive_ns > hold_ns:
        times = f'"{format_duration(keepalive_ns)}", must be lower than holdTime "{format_duration(hold_ns)}"'
        raise ParseError(f"invalid BGPPeer timers: invalid keepaliveTime {times}")
    return hold_ns, keepalive_ns


def _address(spec: Mapping[str, Any], key: str, words: str) -> Address | None:
    text = spec.get(key, "")
    address = parse_ip(text) if text else None
    if text and address is None:
        raise ParseError(f"invalid {words} {quote(text)}")
    return address


def _selectors(resource: Resource) -> tuple[LabelSelector, ...]:
    selectors = resource.spec.get("nodeSelectors") or ()
    refuse_duplicate_selectors(selectors, "nodeSelectors")
    try:
        return tuple(map(parse_selector, selectors))
    except SelectorError as error:
        raise ParseError(f"{error}\nfailed to convert peer {resource.name} node selector") from error


def _secret_password(resource: Resource, name: str, secrets: Mapping[str, Resource] | None) -> str:
    place = f"{quote(resource.namespace)}/{quote(resource.name)}"
    if resource.spec.get("password") and name:
        raise ParseError(f"can not have both password and secret ref set in peer config {place}")
    if not name or secrets is None:
        return ""
    failed = f"failed to parse peer {resource.name} password secret"
    if name not in secrets:
        raise ParseError(f"secret ref not found for peer config {place}\n{failed}")
    try:
        return secret_password(secrets[name])
    except RefusedError as reason:
        raise ParseError(f"{str(reason).replace('password field not', 'password not')}\n{failed}") from reason


def check_peers_together(
    resources: Iterable[Resource], nodes: Iterable[Node], release: Release, refusals: Refusals
) -> None:
    """Notes peers that frr-k8s mode does not take beside each other.

    Releases differ: up to 0.15.3 the whole cluster must agree on one router id and, in each VRF, one ASN; later
    only the peers of one node must.
    """
    peers = tuple(resources)
    if release.cluster_wide_peers:
        _check_cluster(peers, refusals)
    else:
        _check_nodes(peers, tuple(nodes), refusals)


def _check_cluster(peers: tuple[Resource, ...], refusals: Refusals) -> None:
    known: dict[str, Resource] = {}
    for peer in peers:
        first = peers[0]
        if _text(peer, "routerID") != _text(first, "routerID"):
            ids = f"peer {_text(peer, 'routerID')} has RouterID different from {_text(first, 'routerID')}"
            refusals.add(f"{ids}, in FRR mode all RouterID must be equal", _both(first, peer, "routerID"))
        earlier = known.setdefault(_identity(peer), peer)
        if earlier is not peer:
            text = f"peer {_identity(peer)} already exists, FRR mode doesn't support duplicate BGPPeers"
            refusals.add(text, _both(earlier, peer, "peerAddress"))
    by_vrf: dict[str, Resource] = {}
    for peer in peers:
        first = by_vrf.setdefault(_text(peer, "vrf"), peer)
        if peer.spec.get("myASN") != first.spec.get("myASN"):
            names = f"peer {_text(peer, 'peerAddress')} has myAsn different from {_text(first, 'peerAddress')}"
            refusals.add(f"{names}, in FRR mode all myAsn must be equal for the same VRF", _both(first, peer, "myASN"))


def _check_nodes(peers: tuple[Resource, ...], nodes: tuple[Node, ...], refusals: Refusals) -> None:
    """Compares every two peers that share a node; without any known node MetalLB assumes that all may meet."""
    if nodes:
        index = _peers_by_selector(peers)
        meeting = {pair for node in nodes for pair in combinations(index.of(node.labels), 2)}
    else:
        meeting = set(combinations(range(len(peers)), 2))
    for first, second in sorted(meeting, key=lambda pair: pair[::-1]):
        _check_pair(peers[first], peers[second], refusals)


def _peers_by_selector(peers: tuple[Resource, ...]) -> SelectorIndex[int]:
    """The positions of the peers by their selectors; a peer whose selector is bad is refused by itself."""
    index: SelectorIndex[int] = SelectorIndex()
    for position, peer in enumerate(peers):
        with suppress(SelectorError):
            index.add(position, *map(parse_selector, peer.spec.get("nodeSelectors") or ()))
    return index


def _check_pair(first: Resource, peer: Resource, refusals: Refusals) -> None:
    same_node = "in FRR mode peers selecting the same node must"
    if _text(peer, "routerID") != _text(first, "routerID"):
        ids = f"peer {_text(peer, 'routerID')} has RouterID different from {_text(first, 'routerID')}"
        refusals.add(f"{ids}, {same_node} all have the same RouterID", _both(first, peer, "routerID"))
    if _identity(peer) == _identity(first):
        duplicate = "FRR mode doesn't support duplicate BGPPeers selecting the same node"
        refusals.add(f"peer {_identity(peer)} already exists, {duplicate}", _both(first, peer, "peerAddress"))
    if _text(peer, "vrf") == _text(first, "vrf") and peer.spec.get("myASN") != first.spec.get("myASN"):
        names = f"peer {_text(peer, 'peerAddress')} has myAsn different from {_text(first, 'peerAddress')}"
        refusals.add(f"{names}, {same_node} have the same myAsn within the same VRF", _both(first, peer, "myASN"))


def _text(peer: Resource, key: str) -> str:
    return str(peer.spec.get(key, ""))


def _identity(peer: Resource) -> str:
    end = _text(peer, "peerAddress") or _text(peer, "interface")
    return f"{end}-{_text(peer, 'vrf')}" if _text(peer, "vrf") else end


def _both(first: Resource, second: Resource, key: str) -> list[Origin]:
    return [Origin(first, ("spec", key)), Origin(second, ("spec", key))]
