"""Rules about MetalLB's resources, and about BGPConfiguration on top of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fabric.kubernetes._resources import HOSTNAME_LABEL, Resource
from fabric.kubernetes.lint._finding import Finding, Scene, finding
from fabric.kubernetes.metallb import MetallbError, parse_metallb

_MOST_INT32 = 2147483647
_COMPARED = ("holdTime", "keepaliveTime", "connectTime", "peerPort", "password", "passwordSecret")
"""What frr-k8s compares where two resources describe one session."""


def metallb_refuses(scene: Scene) -> Iterator[Finding]:
    """MetalLB takes all of its resources or none."""
    if not any(scene.resources.of_kind(kind) for kind in ("BGPPeer", "IPAddressPool", "BGPAdvertisement")):
        return
    try:
        parse_metallb(scene.resources, scene.release)
    except MetallbError as error:
        for refusal in error.refusals:
            last = refusal.origins[-1]
            others = "".join(f" See also {origin}." for origin in refusal.origins[:-1])
            text = f"MetalLB refuses its whole configuration: {refusal.reason}.{others}"
            yield finding("metallb-refuses", "error", last.resource, last.path, text)


def absent_names(scene: Scene) -> Iterator[Finding]:
    """A name that does not exist is passed over without a word, and what it meant is not announced."""
    for key, kind in (("peers", "BGPPeer"), ("ipAddressPools", "IPAddressPool")):
        known = {resource.name for resource in scene.resources.of_kind(kind)}
        for advertisement in scene.resources.of_kind("BGPAdvertisement"):
            for index, name in enumerate(advertisement.spec.get(key) or ()):
                if name not in known:
                    text = f"there is no {kind} {name}: MetalLB passes over the name silently. Correct or remove it."
                    yield finding("absent-name", "error", advertisement, ("spec", key, index), text)


def unused_peer(scene: Scene) -> Iterator[Finding]:
    """A peer that every advertisement leaves out gets no address at all."""
    advertisements = scene.resources.of_kind("BGPAdvertisement")
    if not advertisements or any(not entry.spec.get("peers") for entry in advertisements):
        return
    named = {name for entry in advertisements for name in entry.spec["peers"]}
    for peer in scene.resources.of_kind("BGPPeer"):
        if peer.name not in named:
            text = "no BGPAdvertisement names this peer, so it gets no address. Add it to one's peers."
            yield finding("unused-peer", "warning", peer, ("metadata", "name"), text)


def hostname_label(scene: Scene) -> Iterator[Finding]:
    """MetalLB selects nodes by the hostname label with the node's name as value."""
    if not scene.resources.of_kind("BGPPeer"):
        return
    for node in scene.resources.of_kind("Node"):
        label = node.labels.get(HOSTNAME_LABEL, node.name)  # kubelet adds the one that a document leaves out
        if label != node.name:
            text = (
                f"the label {HOSTNAME_LABEL} is {label!r}, not the node's name: MetalLB's FRRConfiguration selects no "
                "node then. Set the label to the name."
            )
            yield finding("hostname-label", "error", node, ("metadata", "labels", HOSTNAME_LABEL), text)


def not_carried_over(scene: Scene) -> Iterator[Finding]:
    """In frr-k8s mode MetalLB drops two fields of a peer."""
    for peer in scene.resources.of_kind("BGPPeer"):
        for key in ("sourceAddress", "localASN"):
            if peer.spec.get(key):
                text = f"{key} is not passed on to frr-k8s. Set it by an FRRConfiguration of your own for the peer."
                yield finding("not-carried-over", "warning", peer, ("spec", key), text)


def _bgp_configuration(scene: Scene) -> Resource | None:
    return next(iter(scene.resources.of_kind("BGPConfiguration")), None)


def peer_beside_bgp_configuration(scene: Scene) -> Iterator[Finding]:
    """The infra-operator copies neighbors, but not what they refer to."""
    if _bgp_configuration(scene) is None:
        return
    for peer in scene.resources.of_kind("BGPPeer"):
        if peer.spec.get("bfdProfile"):
            text = (
                "the pod configurations made from it name the BFD profile but do not define it, so frr-k8s refuses "
                "them. BFD and BGPConfiguration do not go together."
            )
            yield finding("bfd-with-bgp-configuration", "error", peer, ("spec", "bfdProfile"), text)
        if peer.spec.get("vrf"):
            text = "the pod configurations made from it put the neighbor into the default VRF. Use the default VRF."
            yield finding("vrf-with-bgp-configuration", "error", peer, ("spec", "vrf"), text)


def settled_by_bgp_configuration(scene: Scene) -> Iterator[Finding]:
    """What frr-k8s compares cannot change while clones hold it; one note for all peers, at the first of them."""
    if _bgp_configuration(scene) is None:
        return
    peers = scene.resources.of_kind("BGPPeer")
    held = {key: peer for peer in reversed(peers) for key in _COMPARED if _is_set(peer.spec, key)}
    keys = [key for key in _COMPARED if key in held]
    if keys:
        of_all = f" (the same goes for all {len(peers)} BGPPeers)" if len(peers) > 1 else ""
        text = (
            f"{', '.join(keys)} cannot be changed any more once pod configurations hold it: the webhook refuses either "
            f"side first{of_all}. Settle it before pods run, or delete the pod configurations to change it."
        )
        yield finding("settled-by-bgp-configuration", "note", held[keys[0]], ("spec", keys[0]), text)


def _is_set(spec: Mapping[str, Any], key: str) -> bool:
    return key in spec and (key, spec[key]) != ("peerPort", 179)


def attributes_beside_bgp_configuration(scene: Scene) -> Iterator[Finding]:
    """Communities and local preference are copied with prefixes that the pod configurations do not hold."""
    if _bgp_configuration(scene) is None:
        return
    for advertisement in scene.resources.of_kind("BGPAdvertisement"):
        for key in ("communities", "localPref"):
            if advertisement.spec.get(key):
                text = (
                    f"{key} is copied into the pod configurations with prefixes that they do not hold, so frr-k8s "
                    "refuses them. Leave it out beside a BGPConfiguration."
                )
                yield finding("attributes-with-bgp-configuration", "error", advertisement, ("spec", key), text)


def four_byte_asn(scene: Scene) -> Iterator[Finding]:
    """Schemas that call an ASN `int32` are refused as a whole from Kubernetes 1.36 on (metallb issue 3034)."""
    if scene.release.frr_k8s_schema in ("v0.0.25", "main"):
        return
    for peer in scene.resources.of_kind("BGPPeer"):
        for key in ("myASN", "peerASN"):
            if peer.spec.get(key, 0) > _MOST_INT32:
                text = (
                    f"{key} {peer.spec[key]} does not fit the int32 format that release {scene.release.name} declares; "
                    "API servers from Kubernetes 1.36 on refuse it. Prefer an ASN up to 2147483647."
                )
                yield finding("four-byte-asn", "note", peer, ("spec", key), text)
