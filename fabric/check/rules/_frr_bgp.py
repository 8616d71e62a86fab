"""Rules about BGP in `frr.conf`, single files and files that stand side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fabric.check._frr_text import FrrFile, Line, Peer, Router
from fabric.check._rule import Hit, Rule
from fabric.check._scene import FrrScene
from fabric.check._values import address, prefix
from fabric.check.rules._frr import hit
from fabric.config import Prefix

_POLICIES = ("prefix-list", "route-map", "filter-list", "distribute-list")


def _routers(scene: FrrScene) -> Iterator[tuple[FrrFile, Router]]:
    for file in scene.files:
        for router in file.routers:
            yield file, router


def _whole(scene: FrrScene) -> Iterator[tuple[FrrFile, Router]]:
    """The instances of whole files, where what is not said is not there."""
    return ((file, router) for file, router in _routers(scene) if not file.fragment)


def _head(router: Router) -> Line:
    return router.lines[0]


def no_lasting_shutdown(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _routers(scene):
        for line in router.having("bgp", "graceful-shutdown"):
            yield hit(
                file, line, "`bgp graceful-shutdown` is left on: all routes are announced with local preference 0"
            )


def policies_on_ebgp(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _whole(scene):
        if _needs_policies(file, router):
            for peer in router.peers:
                missing = _without_policy(peer) if peer.external else []
                if missing:
                    text = f"the eBGP peer {peer.name} has no policy {' and '.join(missing)}, so no route passes"
                    yield hit(file, peer.lines[0], text)


def _needs_policies(file: FrrFile, router: Router) -> bool:
    """FRR 7.4 and later ask for policies, but in the datacenter profile."""
    off = any(router.having("no", "bgp", "ebgp-requires-policy"))
    datacenter = any(file.having("frr", "defaults", "datacenter"))
    versions = [line.words[2] for line in file.having("frr", "version") if len(line.words) > 2]
    old = any(
        version.startswith(("1.", "2.", "3.", "4.", "5.", "6.", "7.0", "7.1", "7.2", "7.3")) for version in versions
    )
    return not (off or datacenter or old)


def _without_policy(peer: Peer) -> list[str]:
    ways = {way for line in peer.lines if set(line.words) & set(_POLICIES) for way in line.words[-1:]}
    return [way for way in ("in", "out") if way not in ways]


def default_is_conditional(scene: FrrScene) -> Iterator[Hit]:
    """A router with peers to whom it originates a default, and others from whom it could learn one."""
    for file, router in _routers(scene):
        towards = {peer.name for peer in router.peers if peer.says("default-originate")}
        above = [peer.name for peer in router.peers if peer.name not in towards]
        for peer in router.peers:
            for line in peer.having("default-originate"):
                if above and "route-map" not in line.words:
                    text = f"a default route to {peer.name} whatever happens to {', '.join(above[:3])}"
                    yield hit(file, line, text)


def router_id_is_given(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _whole(scene):
        lines = list(_router_ids(router))
        if not lines and not any(file.having("ip", "router-id")) and not any(file.having("router-id")):
            yield hit(file, _head(router), f"`{router.head}` has no `bgp router-id`")
        yield from (hit(file, x, f"the router id {x.words[2]}") for x in lines if x.words[2:3] == ("0.0.0.0",))  # noqa: S104


def _router_ids(router: Router) -> Iterator[Line]:
    return (line for line in router.having("bgp", "router-id") if len(line.words) > 2)


def router_ids_differ(scene: FrrScene) -> Iterator[Hit]:
    first: dict[str, tuple[str, str]] = {}
    for file, router in _routers(scene):
        for line in _router_ids(router):
            known = first.setdefault(line.words[2], (file.device, file.where(line)))
            if known[0] != file.device:
                yield hit(file, line, f"the router id {line.words[2]} is {known[0]}'s too ({known[1]})")


def shared_asn_is_let_in(scene: FrrScene) -> Iterator[Hit]:
    """Files of one AS with nodes in it, whose routes come back over another AS."""
    by_asn: dict[str, dict[str, frozenset[str]]] = {}
    for file, router in _whole(scene):
        if any(peer.external for peer in router.peers):
            by_asn.setdefault(router.asn, {})[file.device] = file.addresses
    for file, router in _whole(scene):
        outside = [peer for peer in router.peers if peer.external]
        if outside and _has_nodes_below(router) and not any(peer.says("allowas-in") for peer in outside):
            others = _beyond_another_as(file, router, by_asn[router.asn])
            if others:
                text = f"AS {router.asn} is {', '.join(others[:3])}'s too, and no eBGP peer has `allowas-in`"
                yield hit(file, _head(router), text)


def _beyond_another_as(file: FrrFile, router: Router, members: Mapping[str, frozenset[str]]) -> list[str]:
    """The devices of the router's AS whose routes come over another AS.

    `members` have eBGP peers: what a node without any announces comes from its leaf.
    """
    near = {peer.name for peer in router.peers if peer.internal}
    return sorted(name for name, addresses in members.items() if name != file.device and not near & addresses)


def _has_nodes_below(router: Router) -> bool:
    """True for a leaf whose nodes have its ASN; spines that share one need no routes of each other."""
    return any(peer.internal and peer.says("route-reflector-client") for peer in router.peers)


def reflector_between_groups(scene: FrrScene) -> Iterator[Hit]:
    """A router all of whose peers are internal and of several groups passes routes on, and has to reflect them."""
    for file, router in _whole(scene):
        groups = _groups(router)
        internal = [peer for peer in router.peers if peer.internal]
        if (
            len(groups) > 1
            and len(internal) == len(router.peers)
            and not any(peer.says("route-reflector-client") for peer in internal)
        ):
            text = f"all peers are internal ({', '.join(sorted(groups))}), and none is a route-reflector client"
            yield hit(file, _head(router), text)


def _groups(router: Router) -> set[str]:
    """The groups of internal peers; those of IPv6 addresses count only where there are no others, as their twins."""
    by_family: dict[bool, set[str]] = {}
    for peer in router.peers:
        if peer.internal and peer.group:
            by_family.setdefault(":" in peer.name, set()).add(peer.group)
    return by_family.get(False) or by_family.get(True, set())


def failures_are_detected(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _whole(scene):
        common = any(router.having("timers", "bgp")) or any(file.having("frr", "defaults", "datacenter"))
        slow = [peer for peer in router.peers if not (peer.says("bfd") or peer.says("timers"))]
        if slow and not common:
            names = ", ".join(peer.name for peer in slow[:3])
            yield hit(file, slow[0].lines[0], f"neither BFD nor timers for {names}: the hold time is 180 s")


def connected_is_filtered(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _whole(scene):
        open_peers = [peer.name for peer in router.peers if peer.external and "out" in _without_policy(peer)]
        for line in router.having("redistribute", "connected"):
            if "route-map" not in line.words and open_peers:
                yield hit(file, line, f"all connected subnets are announced to {', '.join(open_peers[:3])}")


def unlike_paths_are_used(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _whole(scene):
        asns = {peer.remote_as for peer in router.peers if peer.external and peer.remote_as.isdigit()}
        relaxed = any(router.having("bgp", "bestpath", "as-path", "multipath-relax"))
        if len(asns) > 1 and not relaxed and not any(file.having("frr", "defaults", "datacenter")):
            text = f"peers of AS {', '.join(sorted(asns))}, and no `bgp bestpath as-path multipath-relax`"
            yield hit(file, _head(router), text)


def multipath_is_on(scene: FrrScene) -> Iterator[Hit]:
    for file, router in _routers(scene):
        for line in router.having("maximum-paths"):
            if line.words[-1] == "1":
                yield hit(file, line, f"`{line.text}` uses one path of all")


def no_source_beside_bfd(scene: FrrScene) -> Iterator[Hit]:
    """Internal peers on a link, with BFD and a source; between loopbacks, where both ends have one, both come up."""
    for file, router in _routers(scene):
        links = [] if _waits_for_no_bfd(file) else list(_links(file))
        for peer in router.peers:
            far = address(peer.name)
            if peer.internal and peer.says("bfd") and far is not None and any(far in link for link in links):
                for line in peer.having("update-source"):
                    yield hit(file, line, f"`{line.text}` for the iBGP peer {peer.name} with BFD, which is on a link")


def _waits_for_no_bfd(file: FrrFile) -> bool:
    """True for a file that an FRR before 10 has written."""
    releases = [line.words[2].partition(".")[0] for line in file.having("frr", "version") if len(line.words) > 2]
    return any(release.isdecimal() and int(release) < 10 for release in releases)


def _links(file: FrrFile) -> Iterator[Prefix]:
    """The subnets of the file's interfaces, without host addresses."""
    for family in ("ip", "ipv6"):
        for line in file.having(family, "address"):
            subnet = prefix(line.words[-1]) if line.section.startswith("interface ") else None
            if subnet is not None and subnet.num_addresses > 1:
                yield subnet


RULES: tuple[Rule[FrrScene], ...] = (
    Rule(
        "FAB-911",
        "Graceful shutdown is not left on",
        "warning",
        "It marks every route with local preference 0 for good, and a drained router looks like all others.",
        "RFC 8326; edpm-ansible pull request 1215; ci-framework pull request 3900",
        "Remove the line; use it for the minutes before maintenance.",
        no_lasting_shutdown,
    ),
    Rule(
        "FAB-912",
        "eBGP peers have policies, or need none",
        "error",
        "FRR 7.4 and later take and give no route on an eBGP session without a policy for each direction.",
        "RFC 8212; FRR, bgp ebgp-requires-policy",
        "Add a filter in and out, or write `no bgp ebgp-requires-policy`.",
        policies_on_ebgp,
    ),
    Rule(
        "FAB-913",
        "A default route is announced only while there is one",
        "warning",
        "Cut off from above, the router still attracts what it can only drop, and does not heal by itself.",
        "fabric (measured with the published templates on FRR 8.4.4: 15 to 22 of 40 flows arrive)",
        "Pass the learned default route on, or add a route-map that matches one.",
        default_is_conditional,
    ),
    Rule(
        "FAB-914",
        "Every BGP instance has its router id",
        "error",
        "FRR takes it from some interface; without IPv4 it is 0.0.0.0, which peers refuse (Bad BGP Identifier).",
        "RFC 6286; fabric (seen with FRR 8.4.4)",
        "Write `bgp router-id` with the IPv4 loopback.",
        router_id_is_given,
    ),
    Rule(
        "FAB-915",
        "Router ids differ",
        "error",
        "Two routers with one BGP identifier refuse each other, and reflected routes are dropped as loops.",
        "RFC 6286; RFC 4456 section 8",
        "Give each router its own.",
        router_ids_differ,
    ),
    Rule(
        "FAB-916",
        "Routers that share an ASN let it in",
        "error",
        "Each drops the other's routes as loops, and racks of one AS do not reach each other.",
        "RFC 4271 section 9.1.2; ci-framework, leaf template (allowas-in origin)",
        "Add `allowas-in origin` towards the spines, or give each rack an ASN.",
        shared_asn_is_let_in,
    ),
    Rule(
        "FAB-917",
        "An iBGP router that passes routes on reflects them",
        "error",
        "What one internal peer announces is passed on to no other, so what is behind is never learned.",
        "RFC 4456; ci-framework issue 4055",
        "Make the peers below route-reflector clients.",
        reflector_between_groups,
    ),
    Rule(
        "FAB-918",
        "Silent failures are detected",
        "warning",
        "With FRR's traditional defaults a dead peer is used for three minutes.",
        "RFC 4271 section 10; FRR, timers bgp",
        "Add `neighbor ... bfd`, or `timers bgp 3 9`.",
        failures_are_detected,
    ),
    Rule(
        "FAB-919",
        "Connected subnets are announced through a filter",
        "warning",
        "Every link and management network becomes a route of the whole fabric.",
        "RFC 7938 section 5.2.3; ci-framework, leaf template",
        "Add a route-map to the redistribution, or a prefix list out.",
        connected_is_filtered,
    ),
    Rule(
        "FAB-920",
        "Paths of different ASNs share traffic",
        "warning",
        "Without multipath-relax only paths with the same ASNs are used together, and most uplinks idle.",
        "RFC 7938 section 6.3; FRR, bgp bestpath as-path multipath-relax",
        "Add the line.",
        unlike_paths_are_used,
    ),
    Rule(
        "FAB-921",
        "Several paths are used",
        "warning",
        "One uplink carries all, and its loss interrupts what two would have carried on.",
        "RFC 7938 section 6.1",
        "Raise maximum-paths, or leave it out.",
        multipath_is_on,
    ),
    Rule(
        "FAB-922",
        "iBGP peers on a link have BFD or a source, not both",
        "warning",
        "FRR 10 waits for BFD before the session, and with a source asks for BFD over several hops: neither comes up.",
        "fabric (seen with FRR 10.3, whether one end or both name a source; FRR 8.4.4 does not wait)",
        "Remove `update-source`: the kernel takes the link's address anyway.",
        no_source_beside_bfd,
    ),
)
