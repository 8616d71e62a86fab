"""Devices that between them use every directive the FRR templates know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface, ip_network

from fabric.config import (
    Aggregate,
    AsPathList,
    AsPathRule,
    BfdProfile,
    BgpFamily,
    BgpInstance,
    CommunityList,
    CommunityRule,
    DeviceConfig,
    FibFilter,
    Interface,
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    MatchSourceProtocol,
    Neighbor,
    NeighborFamily,
    Place,
    Policies,
    PrefixList,
    PrefixRule,
    Redistribute,
    RouteMap,
    RouteMapEntry,
    Secret,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
    SetNextHop,
    SetSource,
    SetWeight,
    StaticNextHop,
    StaticRoute,
    Timers,
)


def _v4(text: str) -> IPv4Network:
    return IPv4Network(text)


def _v6(text: str) -> IPv6Network:
    return IPv6Network(text)


def _only(name: str, *prefixes: str) -> PrefixList:
    """A list that permits host routes inside `prefixes`."""
    rules = tuple(PrefixRule(5 * n, "permit", ip_network(text), le=32) for n, text in enumerate(prefixes, 1))
    return PrefixList(name, "ipv4", rules)


def numbered_leaf() -> DeviceConfig:
    """A leaf of an eBGP fabric on /31 links: two spines, two nodes, a password and BFD towards the spines."""
    spines = tuple(
        Neighbor(
            peer=ip_address(address),
            remote_as=64600,
            families=(
                NeighborFamily("ipv4", prefix_list_out="loopbacks", maximum_prefix=4000),
                NeighborFamily("ipv6"),
            ),
            group="spines",
            description=name,
            password=Secret("s3cret-of-zone-1"),
            timers=Timers(3, 9),
            connect_s=5,
            bfd=True,
            bfd_profile="fabric",
        )
        for name, address in (("spine-2", "100.64.0.2"), ("spine-1", "100.64.0.0"))
    )
    nodes = tuple(
        Neighbor(
            peer=ip_address(f"100.64.1.{2 * number + 1}"),
            remote_as=65100 + number,
            families=(NeighborFamily("ipv4", prefix_list_in="nodes", default_originate=True),),
            group="nodes",
            description=f"compute-{number}",
            passive=True,
        )
        for number in (0, 1)
    )
    return DeviceConfig(
        name="leaf-1",
        place=Place("leaf", zone="zone-1", rack="rack-1"),
        interfaces=(
            Interface("swp10", (ip_interface("100.64.1.2/31"),), 9216, "compute-1:eth1"),
            Interface("swp1", (ip_interface("100.64.0.1/31"), ip_interface("2001:db8::1/127")), 9216, "spine-1:swp1"),
            Interface("swp2", (ip_interface("100.64.0.3/31"), ip_interface("2001:db8::3/127")), 9216, "spine-2:swp1"),
            Interface("swp9", (ip_interface("100.64.1.0/31"),), 9216, "compute-0:eth1"),
            Interface("lo", (ip_interface("10.255.1.1/32"), ip_interface("2001:db8:ff::1/128")), 65536),
        ),
        bgp=(
            BgpInstance(
                asn=65001,
                router_id="10.255.1.1",
                neighbors=spines + nodes,
                families=(
                    BgpFamily("ipv4", networks=(_v4("10.255.1.1/32"),)),
                    BgpFamily("ipv6", networks=(_v6("2001:db8:ff::1/128"),)),
                ),
            ),
        ),
        policies=Policies(prefix_lists=(_only("nodes", "10.255.100.0/24"), _only("loopbacks", "10.255.0.0/16"))),
        bfd_profiles=(BfdProfile("fabric", 150, 150, 4),),
    )


def unnumbered_spine() -> DeviceConfig:
    """A spine whose leaves, each of an ASN of its own, are found by router advertisements."""
    leaves = tuple(
        Neighbor(
            peer=f"swp{number}",
            remote_as=65000 + number,
            families=(NeighborFamily("ipv4"), NeighborFamily("ipv6")),
            group="leaves",
            description=f"leaf-{number}",
            bfd=True,
        )
        for number in (1, 2, 10)
    )
    return DeviceConfig(
        name="spine-1",
        place=Place("spine", zone="zone-1"),
        interfaces=(
            Interface("lo", (ip_interface("10.255.0.1/32"),)),
            *(Interface(f"swp{n}", description=f"leaf-{n}:swp1", router_advertisements=True) for n in (1, 2, 10)),
        ),
        bgp=(BgpInstance(64600, "10.255.0.1", leaves, (BgpFamily("ipv4", networks=(_v4("10.255.0.1/32"),)),)),),
        defaults="datacenter",
        kernel_nexthop_groups=True,
    )


def dialling_node() -> DeviceConfig:
    """A Kubernetes node with iBGP to two leaves: it only dials out, and installs routes with its loopback as source."""
    leaves = tuple(
        Neighbor(ip_address(f"172.16.{n}.1"), 64999, (NeighborFamily("ipv4", route_map_out="to-leaf"),), group="leaves")
        for n in (0, 1)
    )
    return DeviceConfig(
        name="worker-1",
        place=Place("worker", zone="zone-1", rack="rack-1"),
        interfaces=(
            Interface("lo", (ip_interface("172.30.0.5/32"),)),
            Interface("enp7s0", (ip_interface("172.16.0.2/30"),)),
            Interface("enp8s0", (ip_interface("172.16.1.2/30"),)),
        ),
        bgp=(BgpInstance(64999, "172.30.0.5", leaves, (), network_import_check=False, multipath_relax=False),),
        static_routes=(StaticRoute(_v4("172.22.0.0/15"), (StaticNextHop(),), 200),),
        policies=Policies(
            prefix_lists=(PrefixList("default-only", "ipv4", (PrefixRule(5, "permit", _v4("0.0.0.0/0")),)),),
            route_maps=(
                RouteMap("to-leaf", (RouteMapEntry(10, "permit", (MatchSourceProtocol("connected"),)),)),
                RouteMap(
                    "source",
                    (
                        RouteMapEntry(
                            10,
                            "permit",
                            (MatchPrefixList("default-only", "ipv4"),),
                            (SetSource(ip_address("172.30.0.5")),),
                        ),
                        RouteMapEntry(20, "deny"),
                    ),
                ),
            ),
        ),
        fib_filters=(FibFilter("ipv4", "bgp", "source"),),
        resolve_via_default=True,
        forwarding=False,
        bgp_listens=False,
    )


def reflecting_border() -> DeviceConfig:
    """A border with a tenant VRF, leaked routes, static routes, aggregates and a route reflector's clients."""
    inside = Neighbor(
        ip_address("10.1.0.1"),
        "internal",
        (NeighborFamily("ipv4", route_reflector_client=True, next_hop_self=True, next_hop_self_force=True),),
        update_source=ip_address("10.255.9.1"),
    )
    outside = Neighbor(
        ip_address("192.0.2.1"),
        "external",
        (NeighborFamily("ipv4", route_map_in="from-isp", prefix_list_out="ours", remove_private_as=True),),
        ebgp_multihop=True,
    )
    tenant = Neighbor(ip_address("10.2.0.1"), 65200, (NeighborFamily("ipv4", as_override=True, allowas_in=2),))
    return DeviceConfig(
        name="border-1",
        place=Place("border"),
        interfaces=(
            Interface("lo", (ip_interface("10.255.9.1/32"),)),
            Interface("swp1", (ip_interface("10.1.0.0/31"),)),
            Interface("swp2", (ip_interface("192.0.2.0/31"),)),
            Interface("swp3", (ip_interface("10.2.0.0/31"),), vrf="tenant"),
        ),
        bgp=(
            BgpInstance(65300, "10.2.0.0", (tenant,), (BgpFamily("ipv4", import_vrfs=("default",)),), vrf="tenant"),
            BgpInstance(
                65300,
                "10.255.9.1",
                (inside, outside),
                (
                    BgpFamily(
                        "ipv4",
                        networks=(_v4("10.255.9.1/32"),),
                        redistribute=(Redistribute("static", "from-isp"), Redistribute("connected")),
                        aggregates=(
                            Aggregate(_v4("10.1.0.0/16"), summary_only=True),
                            Aggregate(_v4("10.0.0.0/16"), as_set=True),
                        ),
                        maximum_paths=16,
                        import_vrfs=("tenant",),
                    ),
                ),
                ebgp_requires_policy=True,
            ),
        ),
        static_routes=(
            StaticRoute(
                _v4("0.0.0.0/0"),
                (StaticNextHop(ip_address("192.0.2.1")), StaticNextHop(ip_address("192.0.2.3"), "swp2")),
            ),
            StaticRoute(_v4("10.9.0.0/24"), (StaticNextHop(interface="swp3"),), 20, vrf="tenant"),
            StaticRoute(_v6("2001:db8:9::/48"), (StaticNextHop(),)),
        ),
        policies=Policies(
            prefix_lists=(_only("ours", "10.0.0.0/8"),),
            route_maps=(RouteMap("from-isp", (RouteMapEntry(10, "permit", (), (SetLocalPreference(50),)),)),),
        ),
    )


def every_directive() -> DeviceConfig:
    """What no realistic device has at once: each remaining directive, none of them at FRR's default."""
    odd = Neighbor(
        ip_address("10.0.0.9"),
        65009,
        (
            NeighborFamily("ipv4", soft_reconfiguration_in=True, allowas_in="origin", next_hop_self=True),
            NeighborFamily("ipv6", default_originate=True, default_originate_map="all-sets"),
        ),
        description="all of it, at once",
        port=1790,
        ttl_security_hops=1,
        local_as=65010,
        local_as_mode="no-prepend",
        passive=True,
        graceful_restart=True,
        extended_next_hop=True,
        shutdown=True,
    )
    return DeviceConfig(
        name="everything",
        place=Place("leaf"),
        interfaces=(Interface("eth0", (ip_interface("10.0.0.8/31"),)),),
        bgp=(
            BgpInstance(
                65001,
                "10.0.0.8",
                (odd,),
                (
                    BgpFamily("ipv4", redistribute=(Redistribute("table", "all-sets", 100), Redistribute("kernel"))),
                    BgpFamily("ipv6", redistribute=(Redistribute("ospf"),)),
                ),
                graceful_restart=True,
                graceful_shutdown=True,
                coalesce_ms=200,
            ),
        ),
        policies=_every_policy(),
        bfd_profiles=(BfdProfile("slow", 500, 600, 5, echo_ms=70, passive=True, minimum_ttl=250), BfdProfile("plain")),
        fib_filters=(FibFilter("ipv6", "static", "all-sets"), FibFilter("ipv4", "bgp", "all-sets")),
        raw=("ip route 10.77.0.0/16 blackhole\nip route 10.78.0.0/16 blackhole", "! a note"),
    )


def alike_neighbors() -> DeviceConfig:
    """Three pairs of neighbors, each with every setting that a peer-group can take: addresses, interfaces, iBGP."""
    rules = NeighborFamily(
        "ipv4", "in", "out", "map-in", "map-out", True, True, False, True, "map-out", 2, True, True, True, 55
    )
    first = Neighbor(
        ip_address("10.0.0.1"),
        65002,
        (rules, replace(rules, family="ipv6")),
        group="far",
        password=Secret("word"),
        timers=Timers(2, 7),
        connect_s=4,
        bfd=True,
        bfd_profile="fast",
        ebgp_multihop=True,
        update_source=ip_address("10.255.0.1"),
        passive=True,
        extended_next_hop=True,
    )
    near = replace(first, peer="eth0", group="near", ebgp_multihop=False, update_source=None, ttl_security_hops=1)
    clients = (replace(rules, route_reflector_client=True, remove_private_as=False, as_override=False),)
    inside = Neighbor(ip_address("10.5.0.1"), "internal", clients, group="inside", update_source=first.update_source)
    neighbors = (
        *(first, replace(first, peer=ip_address("10.0.0.3"), remote_as=65003)),
        *(near, replace(near, peer="eth1", remote_as=65003)),
        *(inside, replace(inside, peer=ip_address("10.5.0.2"))),
    )
    return DeviceConfig(
        name="alike",
        place=Place("leaf"),
        interfaces=tuple(Interface(name, router_advertisements=True) for name in ("eth0", "eth1")),
        bgp=(BgpInstance(65001, "10.255.0.1", neighbors, ()),),
        bfd_profiles=(BfdProfile("fast", 150, 160, 5),),
    )


def _every_policy() -> Policies:
    matches = (
        MatchPrefixList("any4", "ipv4"),
        MatchPrefixList("some6", "ipv6"),
        MatchCommunity("small", exact=True),
        MatchCommunity("large", large=True),
        MatchAsPath("own"),
        MatchSourceProtocol("bgp"),
        MatchInterface("eth0"),
    )
    sets = (
        SetLocalPreference(150),
        SetMetric(7),
        SetWeight(9),
        SetCommunities(("no-export", "65000:20", "65000:3")),
        SetCommunities(("65000:10:1", "65000:2:1"), large=True, additive=False),
        SetAsPathPrepend((65001, 65001)),
        SetSource(ip_address("10.0.0.8")),
        SetNextHop(ip_address("10.0.0.7")),
        SetNextHop(ip_address("2001:db8::7"), prefer_global=True),
    )
    return Policies(
        prefix_lists=(
            PrefixList("some6", "ipv6", (PrefixRule(5, "permit", _v6("2001:db8::/32"), 48, 64),)),
            PrefixList(
                "any4",
                "ipv4",
                (PrefixRule(20, "permit"), PrefixRule(5, "deny", ge=25), PrefixRule(10, "deny", _v4("10.0.0.0/8"))),
            ),
        ),
        as_path_lists=(AsPathList("own", (AsPathRule(5, "permit", "^65001_"),)),),
        community_lists=(
            CommunityList("large", (CommunityRule(5, "permit", ("65000:1:1",)),), large=True),
            CommunityList("small", (CommunityRule(5, "permit", ("no-export", "65000:3")),)),
        ),
        route_maps=(
            RouteMap(
                "all-sets",
                (
                    RouteMapEntry(20, "deny"),
                    RouteMapEntry(10, "permit", matches, sets, on_match_next=True),
                    RouteMapEntry(15, "permit", (), (SetCommunities((), additive=False), SetNextHop(None))),
                ),
            ),
        ),
    )


CASES: dict[str, Callable[[], DeviceConfig]] = {
    case.__name__: case
    for case in (numbered_leaf, unnumbered_spine, dialling_node, reflecting_border, every_directive, alike_neighbors)
}
