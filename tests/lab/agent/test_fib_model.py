from __future__ import annotations

from ipaddress import ip_address, ip_network

from fabric.config import Prefix
from fabric.lab._fib_model import (
    Hop,
    KernelFib,
    KernelNextHop,
    KernelRoute,
    RouteDifference,
    RouteKind,
    differences,
    hop,
)

A, B = ip_network("192.0.2.0/24"), ip_network("2001:db8::/64")
VIA_1 = KernelNextHop(ip_address("10.0.1.2"), "eth1")
VIA_2 = KernelNextHop(ip_address("10.0.2.2"), "eth2")
HOP_1: Hop = (ip_address("10.0.1.2"), "eth1")
HOP_2: Hop = (ip_address("10.0.2.2"), "eth2")


def fib(*routes: KernelRoute) -> KernelFib:
    return KernelFib("leaf1", routes)


def test_a_link_local_gateway_is_named_by_its_interface_alone() -> None:
    assert hop(ip_address("fe80::1"), "eth1") == hop(ip_address("169.254.0.1"), "eth1") == (None, "eth1")


def test_the_lowest_metric_wins() -> None:
    routes = fib(KernelRoute(A, (VIA_1,), "bgp", metric=20), KernelRoute(A, (VIA_2,), "static", metric=5))
    assert routes.forwarding() == {A: frozenset({HOP_2})}


def test_a_route_hidden_by_a_better_one_of_another_protocol_does_not_forward() -> None:
    routes = fib(KernelRoute(A, (VIA_1,), "bgp", metric=20), KernelRoute(A, (VIA_2,), "static", metric=5))
    assert routes.forwarding(frozenset({"bgp"})) == {}


def test_routes_that_the_kernel_made_are_not_compared_by_default() -> None:
    routes = fib(KernelRoute(A, (VIA_1,), "kernel"), KernelRoute(B, (VIA_2,), "ra"))
    assert routes.forwarding() == {}
    assert set(routes.forwarding(frozenset({"kernel", "ra"}))) == {A, B}


def test_dead_members_do_not_forward() -> None:
    dead = KernelNextHop(VIA_2.gateway, VIA_2.interface, dead=True, linkdown=True)
    assert KernelRoute(A, (VIA_1, dead), "bgp").hops == {HOP_1}


def test_a_blackhole_forwards_to_nobody() -> None:
    assert fib(KernelRoute(A, (), "static", kind=RouteKind.BLACKHOLE)).forwarding() == {A: frozenset()}


def test_differences_tell_missing_unexpected_and_wrong_next_hops_apart() -> None:
    missing, extra, wrong, same = (ip_network(f"10.{i}.0.0/16") for i in range(4))
    one: frozenset[Hop] = frozenset({HOP_1})
    expected: dict[Prefix, frozenset[Hop]] = {wrong: one | {HOP_2}, same: one, missing: one}
    found = differences(expected, {extra: one, wrong: one, same: one})
    assert found == (
        RouteDifference(missing, one, None),
        RouteDifference(extra, None, one),
        RouteDifference(wrong, one | {HOP_2}, one),
    )
    assert [(d.missing, d.unexpected) for d in found] == [(True, False), (False, True), (False, False)]


def test_an_expected_blackhole_is_not_a_missing_route() -> None:
    drop: frozenset[Hop] = frozenset()
    assert differences({A: drop}, {}) == (RouteDifference(A, drop, None),)
    assert differences({A: drop}, {A: drop}) == ()


def test_differences_of_both_families_are_ordered() -> None:
    one: frozenset[Hop] = frozenset({HOP_1})
    assert [d.prefix for d in differences({B: one, A: one}, {})] == [A, B]
