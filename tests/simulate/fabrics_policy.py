"""Small fabrics that use every policy clause and every way in which a session can fail; see also `fabrics`."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from fabric.config import (
    Aggregate,
    AsPathList,
    AsPathRule,
    CommunityList,
    CommunityRule,
    DeviceConfig,
    FabricConfig,
    Interface,
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    MatchSourceProtocol,
    Neighbor,
    PrefixList,
    Secret,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
    SetNextHop,
    SetWeight,
)
from tests.simulate.build import (
    Own,
    deny,
    device,
    fabric,
    interface,
    neighbor,
    permit,
    policies,
    prefix_list,
    route_map,
    static,
)
from tests.simulate.fabrics import loopback


def filtered() -> FabricConfig:
    """Every policy clause, one device for each way to use it, on a star around `h0`.

    p0 sends twelve /24s 10.20.n.0 through its export map; h0 imports and hands on; q0 to q3 receive. AS numbers are
    public but for those of p0 and p1, which h0 removes towards q1.
    """
    nets = tuple(f"10.20.{n}.1/24" for n in range(12))
    lists = [prefix_list(f"n{n}", f"permit 10.20.{n}.0/24") for n in range(12)]
    at = [MatchPrefixList(f"n{n}", "ipv4") for n in range(12)]
    out = route_map(
        "out",
        permit(at[0], SetCommunities(("no-export",))),
        permit(at[1], SetCommunities(("no-advertise",))),
        permit(at[2], SetCommunities(("100:2", "100:22"))),
        permit(at[3], SetAsPathPrepend((64600, 64600, 64600))),
        permit(at[4], SetMetric(50)),
        deny(at[5]),
        permit(at[6], SetCommunities(("graceful-shutdown",))),
        permit(at[7], SetCommunities(("100:7",)), on_match_next=True),
        permit(at[8], SetCommunities(("100:8",), additive=False)),
        permit(at[9], SetCommunities(("64600:1:2",), large=True)),
        permit(at[10], MatchInterface("vips")),
        permit(at[11], SetCommunities(("local-AS",))),
        permit(MatchAsPath("missing")),
    )
    p0 = device(
        "p0",
        64600,
        [loopback(1), interface("eth0", "10.2.0.0/31"), interface("vips", *nets)],
        [neighbor("10.2.0.1", 200, route_map_out="out")],
        policies=policies(*lists, out),
    )
    p1_out = route_map("out", permit(at[4], SetMetric(10)), permit(SetAsPathPrepend((64601,))))
    p1 = device(
        "p1",
        64601,
        [loopback(2), interface("eth0", "10.2.0.2/31"), interface("vips", *nets)],
        [neighbor("10.2.0.3", 200, route_map_out="out")],
        policies=policies(*lists, p1_out),
    )
    return fabric(
        (p0, p1, _hub(lists), *_receivers()),
        "p0:eth0 h0:eth0",
        "p1:eth0 h0:eth1",
        "q0:eth0 h0:eth2",
        "q1:eth0 h0:eth3",
        "q2:eth0 h0:eth4",
        "q3:eth0 h0:eth5",
    )


def sources() -> FabricConfig:
    """A chain k0 - k1 - k2, AS 501 to 503, whose every kind of route map asks for the protocol of routes.

    Only bgpd of FRR 10 knows the question, and finds no protocol at all in what it is about to receive.
    """
    only = {name: route_map(name, permit(MatchSourceProtocol(name), SetMetric(5))) for name in ("static", "bgp")}
    default: dict[str, Any] = {"default_originate": True, "default_originate_map": "static"}
    maps = policies(*only.values(), route_map("connected", permit(MatchSourceProtocol("connected"))))
    k0 = device(
        "k0", 501, [loopback(20), interface("eth0", "10.8.0.0/31"), interface("vips", "10.80.1.1/24")],
        [neighbor("10.8.0.1", 502, route_map_out="static", **default)],
        Own(redistribute=("connected", "static")), static_routes=(static("10.80.0.0/24", None),), policies=maps,
    )  # fmt: skip
    k1 = device(
        "k1", 502, [loopback(21), interface("eth0", "10.8.0.1/31"), interface("eth1", "10.8.0.2/31")],
        [neighbor("10.8.0.0", 501), neighbor("10.8.0.3", 503, route_map_in="bgp", route_map_out="bgp", **default)],
        Own(redistribute=("connected",), maps=("static",)), policies=maps,
    )  # fmt: skip
    k2 = device(
        "k2", 503, [loopback(22), interface("eth0", "10.8.0.3/31"), interface("vips", "10.80.2.1/24")],
        [neighbor("10.8.0.2", 502)],
        Own(redistribute=("connected",), maps=("connected",)), policies=maps,
    )  # fmt: skip
    return fabric((k0, k1, k2), "k0:eth0 k1:eth0", "k1:eth1 k2:eth0")


def _hub(lists: Sequence[PrefixList]) -> DeviceConfig:
    import_map = route_map(
        "in",
        deny(MatchCommunity("c8", exact=True)),
        permit(MatchCommunity("c2"), SetLocalPreference(200)),
        permit(MatchCommunity("big", large=True), SetWeight(7)),
        permit(MatchAsPath("prepended"), SetMetric(77)),
        permit(),
    )
    to_q0 = route_map("q0", deny(MatchPrefixList("n2", "ipv4")), permit(MatchSourceProtocol("static"), SetMetric(5)))
    aggregates = (Aggregate(ip_network("10.20.8.0/22")), Aggregate(ip_network("10.20.0.0/22"), summary_only=True))
    next_hop = route_map("q3", permit(SetNextHop(ip_address("10.2.0.1"))))
    return device(
        "h0",
        200,
        [loopback(3), *(interface(f"eth{n}", f"10.2.0.{2 * n + 1}/31") for n in range(6))],
        [
            neighbor("10.2.0.0", 64600, route_map_in="in"),
            neighbor("10.2.0.2", 64601, route_map_in="in"),
            neighbor("10.2.0.4", 300, route_map_out="q0"),
            neighbor("10.2.0.6", 301, remove_private_as=True),
            neighbor("10.2.0.8", 64600, as_override=True),
            neighbor("10.2.0.10", 200, route_map_out="q3"),
        ],
        family={"aggregates": aggregates},
        policies=policies(
            *lists,
            import_map,
            to_q0,
            next_hop,
            CommunityList("c8", (CommunityRule(5, "permit", ("100:8",)),)),
            CommunityList("c2", (CommunityRule(5, "permit", ("100:22", "100:2")),)),
            CommunityList("big", (CommunityRule(5, "permit", ("64600:1:2",)),), large=True),
            AsPathList("prepended", (AsPathRule(5, "permit", "^64600_64600_"),)),
        ),
    )


def _receivers() -> tuple[DeviceConfig, ...]:
    asns = (300, 301, 64600, 200)
    return tuple(
        device(
            f"q{n}",
            asn,
            [loopback(4 + n), interface("eth0", f"10.2.0.{4 + 2 * n}/31")],
            [neighbor(f"10.2.0.{5 + 2 * n}", 200)],
        )
        for n, asn in enumerate(asns)
    )


def misfits() -> FabricConfig:
    """A hub with one neighbor for every way in which two ends can fail to agree, and for some that look wrong and work.

    Every spoke is eBGP 65100+n on 10.3.0.(2n+1)/31 unless its line says otherwise.
    """
    hub_peers: list[Neighbor] = []
    ports: list[Interface] = []
    spokes: list[DeviceConfig] = []
    for n, (hub, spoke) in enumerate(_misfit_pairs()):
        ports.append(interface(f"eth{n}", f"10.3.0.{2 * n}/31"))
        extra, options = dict(hub), dict(spoke)
        hub_peers.append(
            neighbor(f"10.3.0.{2 * n + 1}", extra.pop("remote_as", "external"), extra.pop("families", None), extra)
        )
        asn, device_extra = options.pop("asn", 65100 + n), options.pop("device", {})
        bgp = {"router_id": options.pop("router_id", f"20.0.0.{n + 1}")}
        families = options.pop("families", None)
        peer = neighbor(f"10.3.0.{2 * n}", options.pop("remote_as", 65000), families, options)
        lo = [loopback(n), interface("eth0", f"10.3.0.{2 * n + 1}/31")]
        spokes.append(device(f"m{n}", asn, lo, [peer], bgp=bgp, **device_extra))
    hub_device = device("h0", 65000, [loopback(250), *ports], hub_peers, bgp={"router_id": "20.0.0.200"})
    return fabric([hub_device, *spokes], *(f"h0:eth{n} m{n}:eth0" for n in range(len(spokes))))


def _misfit_pairs() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Settings of the hub's and the spoke's neighbor statement."""
    one, two = {"password": Secret("one")}, {"password": Secret("two")}
    return [
        ({}, {}),
        (one, one),
        (one, two),
        (one, {}),
        ({"remote_as": 65999}, {}),
        ({"remote_as": "internal"}, {}),
        ({}, {"remote_as": 65001}),
        ({"ttl_security_hops": 1}, {}),
        ({"ttl_security_hops": 1}, {"ttl_security_hops": 1}),
        ({"ttl_security_hops": 1}, {"ebgp_multihop": True}),
        ({"remote_as": "internal", "ttl_security_hops": 1}, {"asn": 65000}),
        ({"remote_as": "internal"}, {"asn": 65000, "router_id": "20.0.0.200"}),
        ({}, {"router_id": "20.0.0.200"}),
        ({}, {"families": ("ipv6",)}),
        ({"passive": True}, {"passive": True}),
        ({"passive": True}, {}),
        ({"passive": True}, {"device": {"bgp_listens": False}}),
        ({}, {"passive": True, "device": {"bgp_listens": False}}),
        ({"shutdown": True}, {}),
        ({"remote_as": 65200}, {"local_as": 65200}),
        ({}, {"router_id": "0.0.0.0"}),
        ({"families": ("ipv4", "ipv6")}, {"families": ("ipv4", "ipv6")}),
    ]
