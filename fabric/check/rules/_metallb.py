"""Rules about BGPPeers, pools and advertisements beyond what the controllers look at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import address, at, items, overlap, span_of, texts
from fabric.check.rules._peers import by_node, hostnames, passwords, selected

_SECONDS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_FIPS_KINDS = ("MachineConfig",)


def one_peer_a_leaf(scene: ResourceScene) -> Iterator[Hit]:
    """A node that has fewer peers of a family than most: it misses a leaf."""
    families: dict[tuple[str, int], int] = {}
    for name, peers in by_node(scene).items():
        for peer in peers:
            found = address(at(peer.spec, "peerAddress"))
            if found is not None:
                families[name, found.version] = families.get((name, found.version), 0) + 1
    for (name, version), count in families.items():
        others = [number for (_, family), number in families.items() if family == version]
        usual = max(set(others), key=others.count)
        if count < usual and others.count(usual) > 1:
            text = f"{name} has {count} BGPPeer over IPv{version}, where other nodes have {usual}"
            yield about(by_node(scene)[name][0], ("metadata", "name"), text)


def _seconds(value: object) -> int | None:
    match = _SECONDS.fullmatch(value) if isinstance(value, str) and value else None
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def timers_go_together(scene: ResourceScene) -> Iterator[Hit]:
    for peer in scene.of_kind("BGPPeer"):
        hold_s, keepalive_s = _seconds(at(peer.spec, "holdTime")), _seconds(at(peer.spec, "keepaliveTime"))
        if (hold_s is None) != (keepalive_s is None):
            key = "holdTime" if hold_s is not None else "keepaliveTime"
            yield about(peer, ("spec", key), f"{key} stands alone; both timers are set, or none")
        if hold_s is not None and 0 < hold_s < 3:
            yield about(peer, ("spec", "holdTime"), f"a hold time of {hold_s} s; the least is 3 s")
        if hold_s and keepalive_s and keepalive_s >= hold_s:
            text = (
                f"a keepalive time of {keepalive_s} s with a hold time of {hold_s} s: the session ends again and again"
            )
            yield about(peer, ("spec", "keepaliveTime"), text)


def own_router_id(scene: ResourceScene) -> Iterator[Hit]:
    for peer in scene.of_kind("BGPPeer"):
        names = hostnames(peer)
        if peer.spec.get("routerID") and len(names) != 1:
            which = f"{len(names)} nodes" if names else "every node"
            yield about(peer, ("spec", "routerID"), f"{which} get the router id {peer.spec['routerID']}")


def unique_router_ids(scene: ResourceScene) -> Iterator[Hit]:
    first: dict[str, tuple[str, str]] = {}
    for resource in scene.of_kind("FRRConfiguration"):
        node = " ".join(selected(at(resource.spec, "nodeSelector")))
        for path, router in items(resource.value, "spec", "bgp", "routers"):
            router_id = at(router, "id")
            known = first.setdefault(str(router_id), (node, resource.where((*path, "id")))) if router_id else None
            if known is not None and known[0] != node:
                text = f"the router id {router_id} is that of another node too ({known[1]})"
                yield about(resource, (*path, "id"), text)


def no_source_beside_bfd(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("FRRConfiguration"):
        for path, router in items(resource.value, "spec", "bgp", "routers"):
            for inside, neighbor in items(router, "neighbors"):
                internal = at(neighbor, "asn") in (at(router, "asn"), None) and at(neighbor, "dynamicASN") != "external"
                if internal and at(neighbor, "bfdProfile") and at(neighbor, "sourceaddress"):
                    text = f"the iBGP neighbor {at(neighbor, 'address')} has a BFD profile and a source address"
                    yield about(resource, (*path, *inside, "sourceaddress"), text)


def _fips(scene: ResourceScene) -> str | None:
    """Where it is written that the nodes run in FIPS mode."""
    for document in scene.others:
        if at(document.value, "fips") is True:
            return document.where(("fips",))
    for kind in _FIPS_KINDS:
        for resource in scene.of_kind(kind):
            if at(resource.spec, "fips") is True:
                return resource.where(("spec", "fips"))
    return None


def no_password_in_fips_mode(scene: ResourceScene) -> Iterator[Hit]:
    where = _fips(scene)
    if where is None:
        return
    for peer in scene.of_kind("BGPPeer"):
        for key in ("password", "passwordSecret"):
            if peer.spec.get(key):
                yield about(peer, ("spec", key), f"a TCP-MD5 password on nodes in FIPS mode ({where})")
    for resource, path, _ in passwords(scene):
        if resource.kind != "BGPPeer":
            yield about(resource, path, f"a TCP-MD5 password on nodes in FIPS mode ({where})")


def one_password(scene: ResourceScene) -> Iterator[Hit]:
    """Leaves have one password for all their nodes, in the reference's templates."""
    found = list(passwords(scene))
    for resource, path, value in found[1:]:
        if value != found[0][2]:
            yield about(resource, path, f"the password differs from the one at {found[0][0].where(found[0][1])}")


def no_l2_beside_bgp(scene: ResourceScene) -> Iterator[Hit]:
    announced = [texts(entry.spec, "ipAddressPools") for entry in scene.of_kind("BGPAdvertisement")]
    everywhere = any(not names for names in announced)
    for entry in scene.of_kind("L2Advertisement"):
        pools = texts(entry.spec, "ipAddressPools")
        both = sorted(set(pools) & {name for names in announced for name in names})
        if announced and (both or everywhere or not pools):
            which = ", ".join(both) or "its pools"
            yield about(entry, ("metadata", "name"), f"{which} are announced by ARP and by BGP")


def pools_are_announced(scene: ResourceScene) -> Iterator[Hit]:
    entries = [*scene.of_kind("BGPAdvertisement"), *scene.of_kind("L2Advertisement")]
    if not entries or any(not entry.spec.get("ipAddressPools") for entry in entries):
        return
    named = {name for entry in entries for name in texts(entry.spec, "ipAddressPools")}
    for pool in scene.of_kind("IPAddressPool"):
        if pool.name not in named:
            yield about(pool, ("metadata", "name"), f"no advertisement names the pool {pool.name}")


_PINNED = "metallb.universe.tf/"
_PINNED_NEW = "metallb.io/"


def pinned_address_in_its_pool(scene: ResourceScene) -> Iterator[Hit]:
    pools = {pool.name: pool for pool in scene.of_kind("IPAddressPool")}
    for service in scene.of_kind("Service"):
        for prefix in (_PINNED, _PINNED_NEW):
            wanted = service.annotations.get(f"{prefix}loadBalancerIPs", "")
            pool = pools.get(service.annotations.get(f"{prefix}address-pool", ""))
            spans = [span for text in texts(pool.spec, "addresses") if (span := span_of(text))] if pool else []
            for text in filter(None, (part.strip() for part in wanted.split(","))):
                found = address(text)
                if pool is not None and found is not None and not any(overlap((found, found), s) for s in spans):
                    path = ("metadata", "annotations", f"{prefix}loadBalancerIPs")
                    yield about(service, path, f"{text} is not in the pool {pool.name}")


def peer_is_no_own_address(scene: ResourceScene) -> Iterator[Hit]:
    """A pool that holds the address of a leaf: MetalLB may give it to a service."""
    for pool in scene.of_kind("IPAddressPool"):
        spans = [span for text in texts(pool.spec, "addresses") if (span := span_of(text))]
        for peer in scene.of_kind("BGPPeer"):
            found = address(at(peer.spec, "peerAddress"))
            if found is not None and any(inside_span(found, span) for span in spans):
                yield about(pool, ("spec", "addresses"), f"the pool holds {found}, the address of {peer}")


def inside_span(value: object, span: tuple[object, object]) -> bool:
    """True where the address lies between both ends."""
    return overlap((value, value), span)  # type: ignore[arg-type]


def release_has_frr_k8s(scene: ResourceScene) -> Iterator[Hit]:
    """The version in a ClusterVersion; `--release` is what the user says, and no finding."""
    for resource in scene.of_kind("ClusterVersion"):
        for path in (("spec", "desiredUpdate", "version"), ("status", "desired", "version")):
            version = str(at(resource.value, *path) or "")
            major, _, rest = version.partition(".")
            minor = rest.partition(".")[0]
            if major == "4" and minor.isdigit() and int(minor) < 18:
                yield about(resource, path, f"OpenShift {version} has no supported frr-k8s; 4.18 has")


_FRR_K8S = "MetalLB, frr-k8s mode"
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-531",
        "Every node has a BGPPeer for each leaf",
        "warning",
        "A node with fewer peers than its like announces its addresses over one leaf, and is gone with it.",
        "OpenStack operators' reference topologies (two peers a worker)",
        "Add the missing BGPPeer, and name it in the BGPAdvertisements.",
        one_peer_a_leaf,
    ),
    Rule(
        "FAB-532",
        "Timers of a BGPPeer are usable",
        "error",
        "One timer alone is ignored or refused, and a hold time below 3 s or below the keepalive ends every session.",
        "RFC 4271 section 4.2; MetalLB documentation, BGPPeer",
        "Set holdTime (3 s or more) and keepaliveTime (a third of it) together.",
        timers_go_together,
    ),
    Rule(
        "FAB-533",
        "A router id on a BGPPeer is for one node",
        "error",
        "All nodes that the peer selects get the same BGP identifier, and their iBGP sessions refuse each other.",
        "RFC 6286; RFC 4271 section 6.8",
        "Select one node with the peer, or leave routerID out.",
        own_router_id,
    ),
    Rule(
        "FAB-534",
        "Router ids differ from node to node",
        "error",
        "Two routers with one BGP identifier refuse each other, and drop each other's reflected routes.",
        "RFC 6286; RFC 4456 section 8",
        "Use the IPv4 loopback of each node.",
        unique_router_ids,
    ),
    Rule(
        "FAB-535",
        "No BGP password in FIPS mode",
        "error",
        "TCP-MD5 does not exist on a node in FIPS mode, so the session never comes up.",
        "RHEL-63205",
        "Leave the passwords out on both ends.",
        no_password_in_fips_mode,
    ),
    Rule(
        "FAB-536",
        "Sessions to the leaves have one password",
        "warning",
        "Leaves have one password for all nodes below them; a session whose ends differ is silent, not refused.",
        "RFC 2385; ci-framework, leaf template",
        "Write the same password in BGPPeers and node sets.",
        one_password,
    ),
    Rule(
        "FAB-537",
        "A pool is announced by BGP or by ARP, not by both",
        "warning",
        "An L2Advertisement answers ARP on a segment that a routed fabric does not have, and hides missing routes.",
        "OpenStack operators' reference topologies (they remove all L2Advertisements)",
        "Remove the L2Advertisement.",
        no_l2_beside_bgp,
    ),
    Rule(
        "FAB-538",
        "Every pool is announced",
        "warning",
        "Services get an address from the pool, and nobody outside the cluster has a route to it.",
        "MetalLB documentation, BGPAdvertisement",
        "Name the pool in a BGPAdvertisement.",
        pools_are_announced,
    ),
    Rule(
        "FAB-539",
        "A pinned service address lies in its pool",
        "error",
        "MetalLB gives the service no address at all, and its endpoint never answers.",
        "MetalLB documentation, requesting specific IPs",
        "Choose an address of the pool, or widen the pool.",
        pinned_address_in_its_pool,
    ),
    Rule(
        "FAB-540",
        "No pool holds a leaf's address",
        "error",
        "A service that gets it takes the address of the session that should announce it.",
        "fabric",
        "Take the address out of the pool.",
        peer_is_no_own_address,
    ),
    Rule(
        "FAB-541",
        "The cluster runs OpenShift 4.18 or newer",
        "error",
        "MetalLB's frr-k8s mode, which carries pods' routes, is supported from 4.18 on.",
        "OpenStack operators' reference topologies (README); RHOSO 18.0 distributed zones, 1.1.1",
        "Update the cluster first.",
        release_has_frr_k8s,
    ),
    Rule(
        "FAB-542",
        "iBGP neighbors have BFD or a source address, not both",
        "warning",
        "FRR 10 waits for BFD before the session, and with a source asks for BFD over several hops: neither comes up.",
        "fabric (seen with FRR 10.3, whether one end or both name a source; FRR 8.4.4 does not wait)",
        "Leave sourceaddress out; keep it where the peer is a loopback that names its source too.",
        no_source_beside_bfd,
    ),
)
