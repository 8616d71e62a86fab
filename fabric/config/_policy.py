"""Routing policy of a device: prefix, community and AS-path lists, and route maps.

Names and meanings are FRR's (https://docs.frrouting.org, "Filtering" and "Route Maps"): the first matching
entry decides, and what no entry matches is denied.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

from fabric._values import dataclass

Family = Literal["ipv4", "ipv6"]
Action = Literal["permit", "deny"]
Prefix = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Protocol = Literal["connected", "static", "kernel", "bgp", "ospf", "table"]


@dataclass(frozen=True, slots=True)
class PrefixRule:
    """`ip prefix-list NAME seq SEQ ACTION PREFIX [ge GE] [le LE]`; prefix `None` is FRR's `any`."""

    seq: int
    action: Action
    prefix: Prefix | None = None
    ge: int | None = None
    le: int | None = None


@dataclass(frozen=True, slots=True)
class PrefixList:
    name: str
    family: Family
    rules: tuple[PrefixRule, ...]


@dataclass(frozen=True, slots=True)
class AsPathRule:
    """`bgp as-path access-list NAME seq SEQ ACTION REGEX`."""

    seq: int
    action: Action
    regex: str


@dataclass(frozen=True, slots=True)
class AsPathList:
    name: str
    rules: tuple[AsPathRule, ...]


@dataclass(frozen=True, slots=True)
class CommunityRule:
    """One entry of a community list; a rule matches a route that carries *all* of `communities`."""

    seq: int
    action: Action
    communities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommunityList:
    """`bgp [large-]community-list standard NAME`."""

    name: str
    rules: tuple[CommunityRule, ...]
    large: bool = False


@dataclass(frozen=True, slots=True)
class MatchPrefixList:
    name: str
    family: Family


@dataclass(frozen=True, slots=True)
class MatchCommunity:
    name: str
    large: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class MatchAsPath:
    name: str


@dataclass(frozen=True, slots=True)
class MatchSourceProtocol:
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class MatchInterface:
    name: str


Match = MatchPrefixList | MatchCommunity | MatchAsPath | MatchSourceProtocol | MatchInterface


@dataclass(frozen=True, slots=True)
class SetLocalPreference:
    value: int


@dataclass(frozen=True, slots=True)
class SetMetric:
    """`set metric VALUE`: the MED of a BGP route (RFC 4271 section 5.1.4)."""

    value: int


@dataclass(frozen=True, slots=True)
class SetWeight:
    value: int


@dataclass(frozen=True, slots=True)
class SetCommunities:
    """`set community …` or `set large-community …`; well-known names as FRR writes them."""

    values: tuple[str, ...]
    large: bool = False
    additive: bool = True


@dataclass(frozen=True, slots=True)
class SetAsPathPrepend:
    asns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetSource:
    """`set src ADDRESS`: the preferred source of the kernel route, in an `ip protocol` route map."""

    address: Address


@dataclass(frozen=True, slots=True)
class SetNextHop:
    """`set ip next-hop` or `set ipv6 next-hop global`; `None`: `set ipv6 next-hop prefer-global`."""

    address: Address | None
    prefer_global: bool = False


Set = SetLocalPreference | SetMetric | SetWeight | SetCommunities | SetAsPathPrepend | SetSource | SetNextHop


@dataclass(frozen=True, slots=True)
class RouteMapEntry:
    """One `route-map NAME ACTION SEQ`; all matches must hold (none: everything matches)."""

    seq: int
    action: Action
    matches: tuple[Match, ...] = ()
    sets: tuple[Set, ...] = ()
    on_match_next: bool = False
    """FRR `on-match next`: go on with the following entry after this one applied."""


@dataclass(frozen=True, slots=True)
class RouteMap:
    name: str
    entries: tuple[RouteMapEntry, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """All named policy objects of one device."""

    prefix_lists: tuple[PrefixList, ...] = ()
    as_path_lists: tuple[AsPathList, ...] = ()
    community_lists: tuple[CommunityList, ...] = ()
    route_maps: tuple[RouteMap, ...] = ()
