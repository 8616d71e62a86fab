"""Tracing and path MTU in namespaces by hand: a diamond, routers that are silent, links that are small."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from fabric.lab import ProbePair, TraceSettings
from fabric.lab._agent import PathMtu, TraceEnd, TraceRequest
from fabric.lab._agent._path_mtu import path_mtu
from fabric.lab._agent._trace import trace
from tests.lab.agent.conftest import Lab

pytestmark = pytest.mark.lab

LINKS = (("a", "e0", "s"), ("s", "e1", "l"), ("s", "e2", "r"), ("l", "e3", "b"), ("r", "e4", "b"))
"""a - s < l, r > b; link N has 10.0.N.0/24, and the first end .1."""


@pytest.fixture
def diamond(lab: Lab) -> Lab:
    lab.add("a", "s", "l", "r", "b")
    for number, (near, port, far) in enumerate(LINKS):
        lab.cable(near, port, far, f"from-{near}", number)
    for name in ("s", "l", "r"):
        lab.sysctl(name, "net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0", "net.ipv6.icmp.ratemask=255")
    lab.ip("b", "addr add 10.9.9.9/32 dev lo", "addr add fd09::9/128 dev lo nodad")
    lab.ip("a", "route add default via 10.0.0.2", "route add default via fd00:0::2")
    lab.ip("s", "route add 10.9.9.9 nexthop via 10.0.1.2 nexthop via 10.0.2.2")
    lab.ip("s", "route add fd09::9 nexthop via fd00:1::2 nexthop via fd00:2::2")
    for name, number in (("l", 3), ("r", 4)):
        lab.ip(name, f"route add 10.9.9.9 via 10.0.{number}.2", f"route add fd09::9 via fd00:{number}::2")
        lab.ip(
            name, f"route add 10.0.0.0/24 via 10.0.{number - 2}.1", f"route add fd00:0::/64 via fd00:{number - 2}::1"
        )
    return lab


def request(lab: Lab, version: int = 4, settings: TraceSettings = TraceSettings()) -> TraceRequest:  # noqa: B008
    ends = ("10.0.0.1", "10.9.9.9") if version == 4 else ("fd00:0::1", "fd09::9")
    return TraceRequest(lab.paths, ProbePair("a", ip_address(ends[0]), "b", ip_address(ends[1])), settings)


@pytest.mark.parametrize("version", [4, 6])
def test_every_branch_is_found_and_flows_keep_to_theirs(diamond: Lab, version: int) -> None:
    flows = trace(request(diamond, version))
    prefix = "10.0.{}.{}" if version == 4 else "fd00:{}::{}"
    first = ip_address(prefix.format(0, 2))
    left, right = (ip_address(prefix.format(n, 2)) for n in (1, 2))
    assert {flow.hops for flow in flows} == {(first, left), (first, right)}
    assert {flow.end for flow in flows} == {TraceEnd.ARRIVED}
    assert trace(request(diamond, version))[:32] == flows[:32], "a flow takes the path it took before"


def test_an_address_of_several_devices_is_arrived_at_on_each(diamond: Lab) -> None:
    diamond.ip("l", "addr add 10.9.9.9/32 dev lo")
    found = trace(replace(request(diamond), owners=("l",)))
    first, right = ip_address("10.0.0.2"), ip_address("10.0.2.2")
    assert {(flow.hops, flow.arrived_at) for flow in found} == {((first,), "l"), ((first, right), "b")}
    assert path_mtu(replace(request(diamond), owners=("l",))).packet_bytes == 1500


def test_a_silent_router_is_a_gap_and_not_an_end(diamond: Lab) -> None:
    drop = "type filter hook output priority 0; icmp type time-exceeded drop;"
    diamond.run("l", "nft", f"add table inet t {{ chain c {{ {drop} }}; }}")
    found = {(flow.hops[1], flow.end) for flow in trace(request(diamond))}
    assert found == {(None, TraceEnd.ARRIVED), (ip_address("10.0.2.2"), TraceEnd.ARRIVED)}


def test_who_has_no_way_on_says_so_and_a_blackhole_says_nothing(diamond: Lab) -> None:
    diamond.ip("l", "route del 10.9.9.9")
    diamond.ip("r", "route replace blackhole 10.9.9.9")
    ends = {flow.hops[:2]: flow.end for flow in trace(request(diamond, settings=TraceSettings(flows=16)))}
    first = ip_address("10.0.0.2")
    assert ends == {(first, ip_address("10.0.1.2")): TraceEnd.UNREACHABLE, (first, None): TraceEnd.SILENT}


@pytest.mark.parametrize("version", [4, 6])
def test_the_source_limits_by_its_own_interface(diamond: Lab, version: int) -> None:
    assert path_mtu(request(diamond, version)) == PathMtu(1500, None, at_source=True)


@pytest.mark.parametrize("version", [4, 6])
def test_the_smallest_branch_limits_and_its_router_is_named(diamond: Lab, version: int) -> None:
    diamond.ip("r", "link set e4 mtu 1401")
    said = ip_address("10.0.2.2" if version == 4 else "fd00:2::2")
    assert path_mtu(request(diamond, version)) == PathMtu(1401, said)


def test_a_link_that_loses_long_packets_in_silence_is_found_by_halves(diamond: Lab) -> None:
    rule = "type filter hook forward priority 0; meta length > 1333 drop;"
    diamond.run("l", "nft", f"add table inet t {{ chain c {{ {rule} }}; }}")
    assert path_mtu(request(diamond, settings=TraceSettings(flows=8))).packet_bytes == 1333
