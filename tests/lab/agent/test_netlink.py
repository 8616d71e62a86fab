"""The parser, on bytes that Linux 6.18 answered with (interfaces 10 and 12)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest

from fabric.lab._agent import _netlink as netlink
from fabric.lab._agent._netlink import RawHop, RawNexthop, RawRoute

MULTIPATH = (
    "02180000feba00010000000008000f00fe00000008000100c00002000800060014000000080007000a000001240009001000"
    "00010a000000080005000a000002100000000c000000080005000a000102"
)
VIA_IPV6 = "02180000fe0400010000000008000f00fe00000008000100c6336400160012000a0020010db8000000000000000000000002" + (
    "0000080004000a000000"
)
NEXTHOP_ID_ONLY = "02180000feba00010000000008000f00fe000000080001006440000008001e0003000000"
BLACKHOLE = "02180000fec400060000000008000f00fe00000008000100cb007100"
DEFAULT = "02000000fe0300010000000008000f00fe000000080005000a000002080004000a000000"
MULTIPATH_IPV6 = (
    "0a400000feba00010000000008000f00fe00000014000100fd00000100000000000000000000000008000600140000003c00"
    "09001c0000000a0000001400050020010db80000000000000000000000021c0000000c0000001400050020010db800010000"
    "000000000000000224000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000"
)
LINK_LOCAL_PREFIX = (
    "0a400000fe0200010000000008000f00fe00000014000100fe8000000000000000000000000000000800060000010000080004"
    "000b00000024000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000"
)
NEXTHOP = "02fd0000000000000800010001000000080005000a000000080006000a000002"
NEXTHOP_GROUP = (
    "000000000000000008000100030000000600030000000000140002000100000001000000020000000000000008000e0000000080"
)
NEXTHOP_BLACKHOLE = "0200000000000000080001000400000004000400"
TWO_MESSAGES = (
    "3400000018002200010000008728000002000000fe0300010000000008000f00fe000000080005000a000002080004000a000000"
    "1400000003000200010000008728000000000000"
)


def route(text: str) -> RawRoute:
    parsed = netlink.parse_route(bytes.fromhex(text))
    assert parsed is not None
    return parsed


def hop(gateway: str | None, interface: int, weight: int = 1, flags: int = 0) -> RawHop:
    return RawHop(ip_address(gateway) if gateway else None, interface, weight, flags)


def test_a_multipath_route_keeps_weights_metric_and_source() -> None:
    assert route(MULTIPATH) == RawRoute(
        prefix=IPv4Network("192.0.2.0/24"),
        kind=1,
        protocol=186,
        metric=20,
        source=ip_address("10.0.0.1"),
        nexthop_id=0,
        hops=(hop("10.0.0.2", 10, weight=2), hop("10.0.1.2", 12)),
    )


def test_an_ipv4_route_may_lead_to_an_ipv6_router() -> None:
    assert route(VIA_IPV6).hops == (hop("2001:db8::2", 10),)


def test_a_route_that_names_only_its_nexthop_object_has_no_hops_of_its_own() -> None:
    parsed = route(NEXTHOP_ID_ONLY)
    assert (parsed.prefix, parsed.nexthop_id, parsed.hops) == (IPv4Network("100.64.0.0/24"), 3, ())


def test_a_blackhole_has_no_hops() -> None:
    parsed = route(BLACKHOLE)
    assert (parsed.kind, parsed.protocol, parsed.hops) == (6, 196, ())


def test_the_default_route_comes_without_a_prefix_attribute() -> None:
    assert route(DEFAULT).prefix == IPv4Network("0.0.0.0/0")


def test_ipv6_multipath() -> None:
    parsed = route(MULTIPATH_IPV6)
    assert parsed.prefix == IPv6Network("fd00:1::/64")
    assert parsed.hops == (hop("2001:db8::2", 10), hop("2001:db8:1::2", 12))


def test_flags_of_a_single_next_hop_are_read_from_the_route() -> None:
    dead_and_linkdown = bytearray.fromhex(DEFAULT)
    dead_and_linkdown[8] = netlink.RTNH_F_DEAD | netlink.RTNH_F_LINKDOWN
    assert route(dead_and_linkdown.hex()).hops == (hop("10.0.0.2", 10, flags=0x11),)


def test_flags_of_a_multipath_member_are_its_own() -> None:
    second_dead = bytearray.fromhex(MULTIPATH)
    second_dead[second_dead.index(bytes.fromhex("100000000c000000")) + 2] = netlink.RTNH_F_DEAD
    assert [member.flags for member in route(second_dead.hex()).hops] == [0, 1]


def test_link_local_prefixes_are_left_out() -> None:
    assert netlink.parse_route(bytes.fromhex(LINK_LOCAL_PREFIX)) is None


def test_other_tables_are_left_out() -> None:
    local = DEFAULT.replace("08000f00fe000000", "08000f00ff000000")
    assert netlink.parse_route(bytes.fromhex(local)) is None


def test_cached_clones_are_left_out() -> None:
    clone = bytearray.fromhex(DEFAULT)
    clone[9] = 0x02
    assert netlink.parse_route(bytes(clone)) is None


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        (NEXTHOP, 1, RawNexthop(hop("10.0.0.2", 10), False, ())),
        (NEXTHOP_GROUP, 3, RawNexthop(None, False, ((1, 2), (2, 1)))),
        (NEXTHOP_BLACKHOLE, 4, RawNexthop(None, True, ())),
    ],
)
def test_nexthop_objects(text: str, number: int, expected: RawNexthop) -> None:
    assert netlink.parse_nexthop(bytes.fromhex(text)) == (number, expected)


def test_a_buffer_is_split_into_its_messages() -> None:
    first, done = netlink.messages(bytes.fromhex(TWO_MESSAGES))
    assert (first.kind, first.flags, first.body.hex()) == (netlink.RTM_NEWROUTE, 0x22, DEFAULT)
    assert (done.kind, netlink.error_number(done.body)) == (netlink.NLMSG_DONE, 0)


def test_a_message_cut_off_in_the_middle_is_left_out() -> None:
    assert [message.kind for message in netlink.messages(bytes.fromhex(TWO_MESSAGES)[:-4])] == [netlink.RTM_NEWROUTE]


@pytest.mark.parametrize("length", [0, 3, 200])
def test_parsing_ends_at_an_attribute_of_impossible_length(length: int) -> None:
    good, bad = bytes.fromhex("08000100c0000200"), length.to_bytes(2, "little") + bytes(6)
    assert netlink.attributes(good + bad, 0) == {1: bytes.fromhex("c0000200")}


def test_an_error_answer_carries_its_errno() -> None:
    assert netlink.error_number((-2).to_bytes(4, "little", signed=True)) == 2
