"""Rules about single routers and neighbors of FRRConfigurations."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, ip_interface

from fabric.kubernetes._golang import SECOND_NS, parse_cidr
from fabric.kubernetes.frr_k8s import DEFAULT_CONNECT_S, DEFAULT_HOLD_S, DEFAULT_KEEPALIVE_S, Neighbor, Router
from fabric.kubernetes.lint._finding import Finding, Scene, finding


def _routers(scene: Scene) -> Iterator[Router]:
    for configuration in scene.configurations:
        yield from configuration.routers


def _neighbors(scene: Scene) -> Iterator[Neighbor]:
    for router in _routers(scene):
        yield from router.neighbors


def router_id(scene: Scene) -> Iterator[Finding]:
    """frr-k8s writes any text; FRR takes a dotted quad only and then refuses the whole reload."""
    for router in _routers(scene):
        try:
            usable = not router.id or int(IPv4Address(router.id)) != 0
        except AddressValueError:
            usable = False
        if not usable:
            text = f"the router id {router.id!r} is no dotted quad, so FRR refuses the node's whole reload. Correct it."
            yield finding("router-id", "error", router.origin.resource, (*router.origin.path, "id"), text)


def imports_other_asn(scene: Scene) -> Iterator[Finding]:
    """bgpd creates an imported VRF with the importer's ASN, and then refuses the VRF's own `router bgp`."""
    for configuration in scene.configurations:
        asns = {router.vrf: router.asn for router in configuration.routers}
        for router in configuration.routers:
            for index, vrf in enumerate(router.imports):
                other = asns.get("" if vrf == "default" else vrf, router.asn)
                if other != router.asn:
                    text = (
                        f"AS {router.asn} imports VRF {vrf} of AS {other}: bgpd creates that VRF with the importer's "
                        "AS and then loses its own configuration. Use one ASN for both."
                    )
                    path = (*router.origin.path, "imports", index)
                    yield finding("imports-other-asn", "error", router.origin.resource, path, text)


def unnumbered(scene: Scene) -> Iterator[Finding]:
    """FRR refuses multihop on an interface peer, and ignores a source address there."""
    for neighbor in _neighbors(scene):
        if not neighbor.interface:
            continue
        resource, path = neighbor.origin.resource, neighbor.origin.path
        if neighbor.ebgp_multi_hop:
            text = (
                f"FRR refuses ebgpMultiHop on the interface peer {neighbor.interface}, after the reload began. Drop it."
            )
            yield finding("unnumbered-multihop", "error", resource, (*path, "ebgpMultiHop"), text)
        if neighbor.source_address:
            text = f"FRR ignores sourceaddress on the interface peer {neighbor.interface}. Drop it."
            yield finding("unnumbered-source", "warning", resource, (*path, "sourceaddress"), text)


def timers(scene: Scene) -> Iterator[Finding]:
    """Values that FRR changes, or that frr-k8s takes for defaults and leaves out."""
    for neighbor in _neighbors(scene):
        resource, path = neighbor.origin.resource, neighbor.origin.path
        if neighbor.hold_ns is not None and neighbor.keepalive_ns is not None:
            hold_s, keepalive_s = neighbor.hold_ns // SECOND_NS, neighbor.keepalive_ns // SECOND_NS
            if hold_s and keepalive_s * 3 > hold_s:
                text = (
                    f"keepaliveTime {keepalive_s} s is more than a third of holdTime {hold_s} s: bgpd lowers it to "
                    f"{hold_s // 3} s and differs from the file at every reload. Write {hold_s // 3}s."
                )
                yield finding("keepalive-over-a-third", "warning", resource, (*path, "keepaliveTime"), text)
            if _loses_timers(hold_s, keepalive_s, scene):
                text = (
                    f"holdTime {hold_s} s with keepaliveTime {keepalive_s} s: frr-k8s clears the one that equals its "
                    "default and then writes no timers at all, so FRR runs 180 and 60 s. Change both."
                )
                yield finding("timers-lost", "error", resource, (*path, "holdTime"), text)
        if neighbor.connect_ns == DEFAULT_CONNECT_S * SECOND_NS and scene.release.dialect.self_merge:
            text = (
                "connectTime 60 s is taken for a default and never written; FRR's own default is 120 s (30 s from "
                "10.3 on). Write 59s or 61s."
            )
            yield finding("connect-time-lost", "warning", resource, (*path, "connectTime"), text)


def _loses_timers(hold_s: int, keepalive_s: int, scene: Scene) -> bool:
    one_default = (hold_s == DEFAULT_HOLD_S) != (keepalive_s == DEFAULT_KEEPALIVE_S)
    return one_default and scene.release.dialect.self_merge


def clear_text_password(scene: Scene) -> Iterator[Finding]:
    """Whoever may read the object reads the password."""
    for neighbor in _neighbors(scene):
        if neighbor.password and neighbor.origin.where != neighbor.origin.resource.document.file:
            text = (
                "the password stands in clear text. Put it into a kubernetes.io/basic-auth Secret; use passwordSecret."
            )
            path = (*neighbor.origin.path, "password")
            yield finding("clear-text-password", "warning", neighbor.origin.resource, path, text)
    for peer in scene.resources.of_kind("BGPPeer"):
        if peer.spec.get("password"):
            text = (
                "the password stands in clear text. Put it into a kubernetes.io/basic-auth Secret; use passwordSecret."
            )
            yield finding("clear-text-password", "warning", peer, ("spec", "password"), text)


def prefix_spelling(scene: Scene) -> Iterator[Finding]:
    """frr-k8s compares prefixes as text, bgpd as numbers."""
    for router in _routers(scene):
        for index, prefix in enumerate(router.prefixes):
            if parse_cidr(prefix) is None:
                continue
            normal = str(ip_interface(prefix).network)
            if normal != prefix:
                text = (
                    f"bgpd announces {prefix} as {normal}, but frr-k8s compares prefixes as text, so other fields must "
                    f"repeat this spelling. Write {normal}."
                )
                path = (*router.origin.path, "prefixes", index)
                yield finding("prefix-spelling", "warning", router.origin.resource, path, text)


def wildcard_route_target(scene: Scene) -> Iterator[Finding]:
    """`*:N` needs a newer FRR than 8.4."""
    for router in _routers(scene):
        vnis = (*router.evpn.l2vnis, router.evpn.l3vni) if router.evpn else ()
        for vni in vnis:
            for target in vni.import_rts if vni else ():
                if target.startswith("*:"):
                    text = f"the import route target {target} is malformed for FRR 8.4. Run a newer FRR on the nodes."
                    path = (*router.origin.path, "evpn")
                    yield finding("wildcard-route-target", "warning", router.origin.resource, path, text)
