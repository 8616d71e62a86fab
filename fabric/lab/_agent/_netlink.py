"""Routes out of netlink messages (rtnetlink(7)): pure parsing of bytes, several times faster than a general decoder.

Messages repeat themselves: the same prefixes on every device, the same set of next hops behind every prefix. What those
bytes mean is remembered (`lru_cache`), so that a route costs little more than finding its attributes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_INET, AF_INET6
from typing import NamedTuple

from fabric.config import Address, Prefix

NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
RTM_NEWNEXTHOP, RTM_GETNEXTHOP = 104, 106
NLM_F_REQUEST, NLM_F_DUMP, NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
RT_TABLE_MAIN = 254
RTA_TABLE = 15

RTNH_F_DEAD, RTNH_F_LINKDOWN = 0x1, 0x10

_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC = 1, 4, 5, 6, 7
_RTA_MULTIPATH, _RTA_VIA, _RTA_NH_ID = 9, 18, 30
_NHA_ID, _NHA_GROUP, _NHA_BLACKHOLE, _NHA_OIF, _NHA_GATEWAY = 1, 2, 4, 5, 6
_RTM_F_CLONED = 0x200
_NLA_TYPE_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ROUTE = struct.Struct("=8BI")
_MULTIPATH = struct.Struct("=HBBi")
_NEXTHOP = struct.Struct("=4BI")
_GROUP_MEMBER = struct.Struct("=IBBH")
_U32 = struct.Struct("=I")


class Message(NamedTuple):
    """One netlink message of a received buffer."""

    kind: int
    flags: int
    body: bytes


class RawHop(NamedTuple):
    """A next hop as the kernel writes it; interface 0 means none."""

    gateway: Address | None
    interface: int
    weight: int
    flags: int


class RawRoute(NamedTuple):
    """A route of the main table as the kernel writes it."""

    prefix: Prefix
    kind: int
    protocol: int
    metric: int
    source: Address | None
    nexthop_id: int
    """Number of the nexthop object behind the route, 0 where it has none."""
    hops: tuple[RawHop, ...]
    """Empty for a route that drops, and where the kernel names only the nexthop object (`nexthop_compat_mode=0`)."""


class RawNexthop(NamedTuple):
    """A nexthop object (ip-nexthop(8)): one next hop, or a group of (id, weight)."""

    hop: RawHop | None
    blackhole: bool
    group: tuple[tuple[int, int], ...]


def messages(buffer: bytes) -> Iterator[Message]:
    """The messages of one received buffer; a cut-off last one is left out."""
    offset, end = 0, len(buffer)
    while offset + 16 <= end:
        length, kind, flags, _sequence, _port = _HEADER.unpack_from(buffer, offset)
        if not 16 <= length <= end - offset:
            return
        yield Message(kind, flags, buffer[offset + 16 : offset + length])
        offset += (length + 3) & ~3


def attributes(body: bytes, offset: int) -> dict[int, bytes]:
    """The attributes that start at `offset`, by type; parsing ends at the first malformed one."""
    found: dict[int, bytes] = {}
    end = len(body)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if not 4 <= length <= end - offset:
            break
        found[kind & _NLA_TYPE_MASK] = body[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


def parse_route(body: bytes) -> RawRoute | None:
    """The route of an `RTM_NEWROUTE` body, or `None` for one that no design speaks of.

    Left out: other tables than main, cached clones, link-local and multicast prefixes of IPv6.
    """
    family, length, _, _, table, protocol, _, kind, flags = _ROUTE.unpack_from(body)
    fields = attributes(body, 12)
    if flags & _RTM_F_CLONED or family not in (AF_INET, AF_INET6):
        return None
    if (_number(fields.get(RTA_TABLE)) or table) != RT_TABLE_MAIN:
        return None
    prefix = _prefix(family, fields.get(_RTA_DST, b""), length)
    if prefix is None:
        return None
    source = fields.get(_RTA_PREFSRC)
    return RawRoute(
        prefix,
        kind,
        protocol,
        _number(fields.get(_RTA_PRIORITY)),
        _address(source) if source else None,
        _number(fields.get(_RTA_NH_ID)),
        _hops(fields, flags),
    )


def parse_nexthop(body: bytes) -> tuple[int, RawNexthop]:
    """Number and content of the nexthop object of an `RTM_NEWNEXTHOP` body."""
    *_, flags = _NEXTHOP.unpack_from(body)
    fields = attributes(body, 8)
    # The kernel keeps a weight less one, in two octets that lie apart for history's sake (`struct nexthop_grp`).
    members = (
        _GROUP_MEMBER.unpack_from(fields[_NHA_GROUP], at) for at in range(0, len(fields.get(_NHA_GROUP, b"")), 8)
    )
    gateway = fields.get(_NHA_GATEWAY)
    hop = RawHop(_address(gateway) if gateway else None, _number(fields.get(_NHA_OIF)), 1, flags)
    return _number(fields[_NHA_ID]), RawNexthop(
        hop if hop.interface else None,
        _NHA_BLACKHOLE in fields,
        tuple((member, weight + (high << 8) + 1) for member, weight, high, _ in members),
    )


def dump_routes_request(family: int) -> bytes:
    """The message that asks for the main table of one family; the socket must have `NETLINK_GET_STRICT_CHK` set."""
    body = _ROUTE.pack(family, 0, 0, 0, RT_TABLE_MAIN, 0, 0, 0, 0)
    table = _ATTRIBUTE.pack(8, RTA_TABLE) + _U32.pack(RT_TABLE_MAIN)
    return _request(RTM_GETROUTE, body + table)


def dump_nexthops_request() -> bytes:
    """The message that asks for all nexthop objects."""
    return _request(RTM_GETNEXTHOP, _NEXTHOP.pack(0, 0, 0, 0, 0))


def error_number(body: bytes) -> int:
    """The errno of an `NLMSG_ERROR` or `NLMSG_DONE` body, 0 for success."""
    return -int(struct.unpack_from("=i", body)[0]) if len(body) >= 4 else 0


def _request(kind: int, body: bytes) -> bytes:
    return _HEADER.pack(16 + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body


def _hops(fields: dict[int, bytes], flags: int) -> tuple[RawHop, ...]:
    multipath = fields.get(_RTA_MULTIPATH)
    if multipath is not None:
        return _multipath(multipath)
    interface = _number(fields.get(_RTA_OIF))
    return (RawHop(_gateway(fields), interface, 1, flags & 0xFF),) if interface else ()


@lru_cache(maxsize=65536)
def _multipath(value: bytes) -> tuple[RawHop, ...]:
    hops, offset = [], 0
    while offset + 8 <= len(value):
        length, flags, hops_less_one, interface = _MULTIPATH.unpack_from(value, offset)
        if length < 8:
            break
        gateway = _gateway(attributes(value[offset : offset + length], 8))
        hops.append(RawHop(gateway, interface, hops_less_one + 1, flags))
        offset += (length + 3) & ~3
    return tuple(hops)


def _gateway(fields: dict[int, bytes]) -> Address | None:
    gateway = fields.get(_RTA_GATEWAY)
    if gateway is None:
        via = fields.get(_RTA_VIA)  # family and address: an IPv4 prefix behind an IPv6 router (RFC 5549)
        gateway = via[2:] if via else None
    return _address(gateway) if gateway else None


def _number(value: bytes | None) -> int:
    return int(_U32.unpack(value)[0]) if value else 0


@lru_cache(maxsize=65536)
def _address(value: bytes) -> Address:
    return IPv4Address(value) if len(value) == 4 else IPv6Address(value)


@lru_cache(maxsize=65536)
def _prefix(family: int, value: bytes, length: int) -> Prefix | None:
    """The prefix, or `None` for fe80::/64 and ff00::/8, which every IPv6 interface has."""
    if family == AF_INET:
        return IPv4Network((value or bytes(4), length))
    prefix = IPv6Network((value or bytes(16), length))
    return None if prefix.is_link_local or prefix.is_multicast else prefix
