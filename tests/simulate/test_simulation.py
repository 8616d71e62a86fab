"""Whole simulations of small fabrics, and what each rule makes of them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from fabric.config import (
    DeviceConfig,
    FabricConfig,
    MatchPrefixList,
    NeighborFamily,
    SetLocalPreference,
)
from fabric.simulate import (
    Failures,
    Fate,
    NextHop,
    Reason,
    Session,
    SessionDown,
    SessionEnd,
    UnknownDeviceError,
    reachable,
    simulate,
    trace,
)
from tests.simulate import fabrics, fabrics_far, fabrics_policy
from tests.simulate.build import (
    Own,
    cable,
    device,
    fabric,
    interface,
    neighbor,
    permit,
    policies,
    prefix,
    prefix_list,
    route_map,
    static,
)


def loopback(number: int) -> str:
    return f"10.255.0.{number}/32"


def test_every_leaf_has_every_spine_as_next_hop() -> None:
    entry = simulate(fabrics.numbered()).fib("l0", "ipv4")[prefix(loopback(1))]
    assert {str(hop) for hop in entry.next_hops} == {"10.0.0.0 dev eth0", "10.0.0.6 dev eth1"}


def test_unnumbered_next_hops_are_link_local_in_both_families() -> None:
    simulation = simulate(fabrics.unnumbered())
    legs = frozenset({NextHop("eth0", None, link_local=True), NextHop("eth1", None, link_local=True)})
    assert simulation.fib("l0", "ipv4")[prefix(loopback(1))].next_hops == legs
    assert simulation.fib("l0", "ipv6")[prefix("fd00::1/128")].next_hops == legs


def test_frr_announces_a_route_back_to_its_sender_who_refuses_it() -> None:
    """bgpd has no split horizon without `neighbor … solo`; the sender finds its own AS in the path."""
    entry = simulate(fabrics.numbered()).rib("s0", "ipv4")[prefix(loopback(0))]
    reasons = {str(candidate.learned_from): candidate.rejected for candidate in entry.candidates}
    assert reasons == {"s0->10.0.0.1": None, "s0->10.0.0.3": Reason.AS_LOOP, "s0->10.0.0.5": Reason.AS_LOOP}


def test_leaves_of_one_as_need_allowas_in_to_see_each_other() -> None:
    config = fabrics.numbered()
    assert prefix(loopback(2)) not in simulate(config).fib("l1", "ipv4")
    allowed = replace(config, devices=tuple(_with_allowas_in(item, "origin") for item in config))
    assert prefix(loopback(2)) in simulate(allowed).fib("l1", "ipv4")


def _with_allowas_in(item: DeviceConfig, value: object) -> DeviceConfig:
    def settings(family: NeighborFamily) -> NeighborFamily:
        return replace(family, allowas_in=value)  # type: ignore[arg-type]  # a literal in the test

    instance = item.bgp[0]
    neighbors = tuple(replace(n, families=tuple(map(settings, n.families))) for n in instance.neighbors)
    return replace(item, bgp=(replace(instance, neighbors=neighbors),))


def test_network_is_announced_only_while_the_rib_has_it() -> None:
    simulation = simulate(fabrics.numbered())
    assert prefix(loopback(0)) in simulation.fib("l1", "ipv4")
    assert prefix("10.9.9.0/24") not in simulation.rib("l0", "ipv4")


def test_fib_filter_keeps_routes_out_of_the_kernel_and_not_out_of_bgp() -> None:
    simulation = simulate(fabrics.rhoso())
    bgp = {p: e for p, e in simulation.fib("c0", "ipv4").items() if e.protocol == "bgp"}
    assert {str(p): str(e.source) for p, e in bgp.items()} == {"0.0.0.0/0": "10.255.0.50"}
    assert prefix("10.255.0.51/32") in simulation.rib("c0", "ipv4")


def test_openshift_node_learns_nothing_and_is_learned() -> None:
    simulation = simulate(fabrics.rhoso())
    assert [e for e in simulation.fib("w0", "ipv4").values() if e.protocol == "bgp"] == []
    assert len(simulation.fib("l0", "ipv4")[prefix("172.17.0.80/32")].next_hops) == 1


def test_link_failure_moves_traffic_to_the_other_leaf() -> None:
    simulation = simulate(fabrics.rhoso(), Failures(cables=frozenset({cable("l0:eth2 c0:eth0")})))
    spine = simulation.fib("s0", "ipv4")[prefix("10.255.0.50/32")]
    assert spine.next_hops == {NextHop("eth1", None, link_local=True)}
    lost = next(s for s in simulation.sessions if SessionEnd("l0", "eth2") in s.ends)
    assert lost.why is SessionDown.INTERFACE_DOWN


def test_failed_device_has_no_routes_and_takes_the_carrier_from_its_neighbors() -> None:
    simulation = simulate(fabrics.numbered(), Failures(devices=frozenset({"s0"})))
    assert simulation.fib("s0", "ipv4") == {}
    assert prefix("10.0.0.0/31") not in simulation.fib("l0", "ipv4")
    assert {str(h) for h in simulation.fib("l0", "ipv4")[prefix(loopback(1))].next_hops} == {"10.0.0.6 dev eth1"}


def test_failed_session_leaves_the_link_up() -> None:
    simulation = simulate(fabrics.numbered(), Failures(sessions=frozenset({SessionEnd("l0", "10.0.0.0")})))
    assert prefix("10.0.0.0/31") in simulation.fib("l0", "ipv4")
    assert {str(h) for h in simulation.fib("l0", "ipv4")[prefix(loopback(1))].next_hops} == {"10.0.0.6 dev eth1"}


def test_session_between_loopbacks_waits_for_routes_and_follows_them() -> None:
    config = fabrics_far.overlay()
    end = SessionEnd("a0", "10.255.0.3")
    assert _session(simulate(config).sessions, end).up
    cut = Failures(cables=frozenset({cable("a0:eth0 b0:eth0"), cable("a0:eth1 b0:eth1")}))
    assert _session(simulate(config, cut).sessions, end).why is SessionDown.UNREACHABLE


def _session(sessions: tuple[Session, ...], end: SessionEnd) -> Session:
    return next(session for session in sessions if end in session.ends)


def test_static_route_needs_a_next_hop_that_resolves() -> None:
    fib = simulate(fabrics_far.overlay()).fib("a0", "ipv4")
    assert prefix("10.52.0.0/24") not in fib
    assert fib[prefix("10.51.0.0/24")].blackhole
    assert {str(h) for h in fib[prefix("10.50.0.0/24")].next_hops} == {"10.0.0.1 dev eth0", "10.0.0.3 dev eth1"}


def test_ipv6_route_that_linux_refuses_is_in_no_fib() -> None:
    """A hop both direct and at the end of a recursion is sent twice by zebra 8.4; seen on 8.4.4 with this fabric."""
    simulation = simulate(fabrics_far.reflection())
    assert len(simulation.rib("c2", "ipv6")[prefix("fd00::a/128")].candidates) == 2
    assert prefix("fd00::a/128") not in simulation.fib("c2", "ipv6")
    assert prefix("fd00::b/128") in simulation.fib("c2", "ipv6")


def test_reflector_refuses_what_comes_back() -> None:
    rib = simulate(fabrics_far.reflection()).rib("c0", "ipv4")
    reasons = {c.rejected for c in rib[prefix("10.255.0.11/32")].candidates}
    assert reasons == {None, Reason.ORIGINATOR_LOOP, Reason.AS_LOOP}


def test_communities_hold_routes_back() -> None:
    simulation = simulate(fabrics_policy.filtered())
    q0 = simulation.fib("q0", "ipv4")
    withheld = {n for n in range(12) if prefix(f"10.20.{n}.0/24") not in simulation.rib("q0", "ipv4")}
    assert {0, 1, 2, 3} <= withheld
    assert prefix("10.20.8.0/22") in q0
    assert prefix("10.20.0.0/22") in q0


@pytest.mark.parametrize(
    ("number", "why"),
    [(2, SessionDown.AUTHENTICATION), (3, SessionDown.AUTHENTICATION), (4, SessionDown.ASN), (5, SessionDown.ASN),
     (7, SessionDown.TTL_SECURITY), (11, SessionDown.ROUTER_ID), (12, None), (13, SessionDown.NO_COMMON_FAMILY),
     (14, SessionDown.NOBODY_DIALS), (16, None), (17, SessionDown.NOBODY_DIALS), (18, SessionDown.SHUTDOWN),
     (20, None)],
)  # fmt: skip
def test_session_states_are_those_seen_on_frr(number: int, why: SessionDown | None) -> None:
    sessions = simulate(fabrics_policy.misfits()).sessions
    session = _session(sessions, SessionEnd(f"m{number}", f"10.3.0.{2 * number}"))
    assert session.why is why
    assert bool(session.explanation) is (why is not None)


def test_speaker_without_any_ipv4_address_needs_a_router_id() -> None:
    """A spine with link-local addresses only and no `bgp router-id` sends 0.0.0.0, which every peer refuses."""
    ends = [
        device(name, asn, [interface("lo", f"fd00::{asn:x}/128"), interface("eth0")], [neighbor("eth0", "external")],
               bgp={"router_id": "0.0.0.0" if name == "s0" else "1.1.1.1"})  # a router id, not a bind address
        for name, asn in (("s0", 65000), ("l0", 65001))
    ]  # fmt: skip
    (session,) = simulate(fabric(ends, "s0:eth0 l0:eth0")).sessions
    assert session.why is SessionDown.ROUTER_ID


def _pair(*neighbors: str) -> FabricConfig:
    return fabric(
        [
            device("a0", 65001, [interface("eth0", "10.0.0.0/31")], [neighbor(neighbors[0], 65002)]),
            device("b0", 65002, [interface("eth0", "10.0.0.1/31")], [neighbor(n, 65001) for n in neighbors[1:]]),
        ],
        "a0:eth0 b0:eth0",
    )


@pytest.mark.parametrize(
    ("neighbors", "why"),
    [(("10.0.0.1", "10.0.0.0"), None), (("10.0.0.1", "eth0"), None), (("eth0", "eth0"), None),
     (("10.0.0.1",), SessionDown.NO_COUNTERPART), (("10.0.0.9", "10.0.0.0"), SessionDown.NO_OWNER),
     (("eth7", "10.0.0.0"), SessionDown.NO_PEER_ADDRESS)],
)  # fmt: skip
def test_statements_meet_by_address_or_interface(neighbors: tuple[str, ...], why: SessionDown | None) -> None:
    assert _session(simulate(_pair(*neighbors)).sessions, SessionEnd("a0", neighbors[0])).why is why


def test_interface_peers_with_ipv4_addresses_use_ipv4_next_hops() -> None:
    """FRR offers RFC 8950 next hops on IPv6 connections only, and a /31 makes the connection an IPv4 one."""
    config = _pair("eth0", "eth0")
    b0 = replace(config.devices[1], interfaces=(*config.devices[1].interfaces, interface("lo", "10.255.0.1/32")))
    fib = simulate(replace(config, devices=(config.devices[0], b0))).fib("a0", "ipv4")
    assert {str(hop) for hop in fib[prefix("10.255.0.1/32")].next_hops} == {"10.0.0.1 dev eth0"}


def test_network_that_only_bgp_knows_is_not_announced() -> None:
    config = _pair("10.0.0.1", "10.0.0.0")
    a0 = replace(config.devices[0], interfaces=(*config.devices[0].interfaces, interface("lo", "10.255.0.0/32")))
    families = tuple(Own((loopback(0),)).family(family) for family in ("ipv4", "ipv6"))
    b0 = replace(config.devices[1], bgp=(replace(config.devices[1].bgp[0], families=families),))
    rib = simulate(replace(config, devices=(a0, b0))).rib("b0", "ipv4")
    assert [candidate.learned_from for candidate in rib[prefix(loopback(0))].candidates] == [
        SessionEnd("b0", "10.0.0.0")
    ]


def test_reflector_map_filters_and_changes_nothing() -> None:
    """`bgp route-reflector allow-outbound-policy` is off in FRR."""
    config = fabrics_far.reflection()
    only = prefix_list("only", "permit 10.255.0.11/32", "permit 10.255.0.12/32")
    out = route_map("out", permit(MatchPrefixList("only", "ipv4"), SetLocalPreference(300)))
    r0 = config.by_name["r0"]
    neighbors = tuple(
        replace(n, families=tuple(replace(f, route_map_out="out") for f in n.families)) for n in r0.bgp[0].neighbors
    )
    changed = replace(r0, bgp=(replace(r0.bgp[0], neighbors=neighbors),), policies=policies(only, out))
    rib = simulate(replace(config, devices=tuple(changed if d.name == "r0" else d for d in config))).rib("r1", "ipv4")
    preferences = {
        str(p): e.candidates[0].attributes.local_preference for p, e in rib.items() if str(p).endswith("/32")
    }
    assert preferences["10.255.0.11/32"] == 100  # a client's, reflected
    assert preferences["10.255.0.12/32"] == 300  # the reflector's own
    assert "10.255.0.10/32" not in preferences


def test_every_statement_is_in_exactly_one_session() -> None:
    config = fabrics.rhoso()
    ends = [end for session in simulate(config).sessions for end in session.ends]
    statements = [SessionEnd(d.name, str(n.peer)) for d in config for b in d.bgp for n in b.neighbors]
    assert sorted(ends) == sorted(statements)


def test_maximum_prefix_closes_the_session() -> None:
    config = _pair("10.0.0.1", "10.0.0.0")
    limited = replace(config.devices[0].bgp[0].neighbors[0], families=(NeighborFamily("ipv4", maximum_prefix=1),))
    a0 = replace(config.devices[0], bgp=(replace(config.devices[0].bgp[0], neighbors=(limited,)),))
    b0 = replace(config.devices[1], interfaces=(*config.devices[1].interfaces, interface("lo", "10.255.0.1/32")))
    (session,) = simulate(replace(config, devices=(a0, b0))).sessions
    assert session.why is SessionDown.MAXIMUM_PREFIX


def test_trace_shows_every_ecmp_path_and_both_directions() -> None:
    simulation = simulate(fabrics.numbered())
    here, there = ip_address("10.255.0.0"), ip_address("10.255.0.1")
    found = trace(simulation, "l0", here, there)
    assert {path.devices for path in found.forward} == {("l0", "s0", "l1"), ("l0", "s1", "l1")}
    assert {path.devices for path in found.back} == {("l1", "s0", "l0"), ("l1", "s1", "l0")}
    assert found.fates == {Fate.DELIVERED}
    assert reachable(simulation, "l0", here, there)


def test_blackhole_of_an_isolated_leaf_that_keeps_its_default() -> None:
    """The leaf that lost both spines still announces a default route, so that half of a node's flows die there."""
    cut = Failures(cables=frozenset({cable("s0:eth0 l0:eth0"), cable("s1:eth0 l0:eth1")}))
    simulation = simulate(fabrics.rhoso(), cut)
    found = trace(simulation, "c0", ip_address("10.255.0.50"), ip_address("10.255.0.51"))
    assert found.fates == {Fate.DELIVERED, Fate.NO_ROUTE}
    assert not reachable(simulation, "c0", ip_address("10.255.0.50"), ip_address("10.255.0.51"))


def test_forwarding_loop_is_found() -> None:
    ends = [
        device(name, 65001 + n, [interface("eth0", f"10.0.0.{n}/31")], (), Own(),
               static_routes=(static("10.7.0.0/16", f"10.0.0.{1 - n}"),))
        for n, name in enumerate(("a0", "b0"))
    ]  # fmt: skip
    simulation = simulate(fabric(ends, "a0:eth0 b0:eth0"))
    (path,) = simulation.paths("a0", ip_address("10.7.0.1"))
    assert (path.devices, path.fate) == (("a0", "b0", "a0"), Fate.LOOP)
    assert not simulation.delivers("a0", ip_address("10.7.0.1"))


def test_unknown_device_is_named() -> None:
    with pytest.raises(UnknownDeviceError, match="found the device 'leaf9'; allowed: s0, s1, "):
        simulate(fabrics.numbered()).fib("leaf9", "ipv4")


def test_same_input_same_answer() -> None:
    one, two = simulate(fabrics.rhoso()), simulate(fabrics.rhoso())
    assert one.sessions == two.sessions
    assert all(one.rib(d.name, "ipv4") == two.rib(d.name, "ipv4") for d in one.fabric)
