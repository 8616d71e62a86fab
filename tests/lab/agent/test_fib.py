"""Kernel FIBs of real namespaces."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from fabric.errors import LabError
from fabric.lab._agent._fib import FibReader, read_fibs
from fabric.lab._fib_model import KernelNextHop, KernelRoute, RouteKind

from .conftest import Lab

pytestmark = pytest.mark.lab


def route(lab: Lab, device: str, prefix: str) -> KernelRoute:
    return read_fibs(lab.paths)[device].by_prefix[ip_network(prefix)]


def member(gateway: str | None, interface: str, weight: int = 1) -> KernelNextHop:
    return KernelNextHop(ip_address(gateway) if gateway else None, interface, weight)


def test_every_device_is_read_in_its_own_namespace(chain: Lab) -> None:
    fibs = read_fibs(chain.paths)
    assert {device: len(fib.forwarding()) for device, fib in fibs.items()} == {"a": 2, "r": 4, "b": 2}
    assert fibs["a"].by_prefix[ip_network("192.0.2.2/32")] == KernelRoute(
        ip_network("192.0.2.2/32"), (member("10.0.1.2", "r1"), member("10.0.2.2", "r2")), "bgp", 20
    )
    assert fibs["a"].by_prefix[ip_network("2001:db8::2/128")] == KernelRoute(
        ip_network("2001:db8::2/128"), (member("fd00:1::2", "r1"), member("fd00:2::2", "r2")), "bgp", 20
    )


def test_connected_routes_carry_their_source_and_no_gateway(chain: Lab) -> None:
    assert route(chain, "a", "10.0.1.0/24") == KernelRoute(
        ip_network("10.0.1.0/24"), (member(None, "r1"),), "kernel", 0, ip_address("10.0.1.1")
    )


def test_a_namespace_without_any_route_is_empty(lab: Lab) -> None:
    lab.add("lonely")
    lab.ip("lonely", "link set lo down")
    assert read_fibs(lab.paths)["lonely"].routes == ()


@pytest.mark.parametrize("compat_mode", [1, 0])
def test_nexthop_objects_are_expanded_whether_or_not_the_kernel_does_it(chain: Lab, compat_mode: int) -> None:
    chain.sysctl("a", f"net.ipv4.nexthop_compat_mode={compat_mode}")
    chain.ip(
        "a",
        "nexthop add id 1 via 10.0.1.2 dev r1",
        "nexthop add id 2 via 10.0.2.2 dev r2",
        "nexthop add id 3 group 1,3/2",
        "nexthop add id 4 blackhole",
        "nexthop add id 5 via fd00:1::2 dev r1",
        "route add 198.51.100.0/24 nhid 3 proto bgp",
        "route add 198.51.101.0/24 nhid 1 proto bgp",
        "route add 198.51.102.0/24 nhid 4 proto bgp",
        "route add 2001:db8:1::/64 nhid 5 proto bgp",
    )
    routes = read_fibs(chain.paths)["a"].by_prefix
    group, single, drop, ipv6 = (
        routes[ip_network(prefix)]
        for prefix in ("198.51.100.0/24", "198.51.101.0/24", "198.51.102.0/24", "2001:db8:1::/64")
    )
    assert group.next_hops == (member("10.0.1.2", "r1", weight=3), member("10.0.2.2", "r2"))
    assert single.next_hops == (member("10.0.1.2", "r1"),)
    assert (drop.kind, drop.next_hops) == (RouteKind.BLACKHOLE, ())
    assert ipv6.next_hops == (member("fd00:1::2", "r1"),)


def test_ipv4_behind_an_ipv6_router(chain: Lab) -> None:
    chain.ip("a", "route add 198.51.100.0/24 via inet6 fd00:1::2 dev r1 proto bgp")
    assert route(chain, "a", "198.51.100.0/24").next_hops == (member("fd00:1::2", "r1"),)


@pytest.mark.parametrize("prefix", ["198.51.100.0/24", "2001:db8:1::/64"])
@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_routes_that_drop(chain: Lab, kind: str, prefix: str) -> None:
    chain.ip("a", f"route add {kind} {prefix} proto static")
    found = route(chain, "a", prefix)
    assert (found.kind, found.next_hops, found.protocol) == (RouteKind(kind), (), "static")


def test_ipv6_members_that_the_kernel_cannot_group_are_one_route(chain: Lab) -> None:
    chain.ip("a", "route add 2001:db8:1::/64 dev r1 metric 9", "route append 2001:db8:1::/64 dev r2 metric 9")
    assert set(route(chain, "a", "2001:db8:1::/64").next_hops) == {member(None, "r1"), member(None, "r2")}


def test_frr_static_routes_are_static(chain: Lab) -> None:
    chain.ip("a", "route add 198.51.100.0/24 via 10.0.1.2 proto 196")
    assert route(chain, "a", "198.51.100.0/24").protocol == "static"


def test_a_protocol_without_a_name_is_its_number(chain: Lab) -> None:
    chain.ip("a", "route add 198.51.100.0/24 via 10.0.1.2 proto 250")
    assert route(chain, "a", "198.51.100.0/24").protocol == "250"


def test_a_reader_sees_what_changed_since(chain: Lab) -> None:
    with FibReader(chain.paths) as reader:
        before = reader.read("b").by_prefix
        chain.ip("b", "route del 192.0.2.1/32")
        after = reader.read("b").by_prefix
    assert before.keys() - after.keys() == {ip_network("192.0.2.1/32")}


def test_dumps_longer_than_one_buffer_are_read_to_the_end(chain: Lab) -> None:
    prefixes = [f"172.16.{number // 250}.{number % 250}/32" for number in range(4000)]
    chain.ip("a", *(f"route add {prefix} via 10.0.1.2" for prefix in prefixes))
    assert read_fibs(chain.paths)["a"].by_prefix.keys() >= set(map(ip_network, prefixes))


def test_a_namespace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="leaf9: found no network namespace"):
        read_fibs({"leaf9": tmp_path / "leaf9"})


def test_a_file_that_is_no_namespace_is_named(tmp_path: Path) -> None:
    (tmp_path / "leaf9").touch()
    with pytest.raises(LabError, match="leaf9: the kernel refused to enter"):
        read_fibs({"leaf9": tmp_path / "leaf9"})
