"""Routing policy as the templates walk it: the words of every list entry and route map line."""

from __future__ import annotations

from collections.abc import Iterable

from fabric._values import dataclass
from fabric.config import (
    Action,
    AsPathList,
    CommunityList,
    Family,
    Match,
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    MatchSourceProtocol,
    Policies,
    PrefixList,
    PrefixRule,
    RouteMap,
    RouteMapEntry,
    Set,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
    SetNextHop,
    SetSource,
    SetWeight,
)
from fabric.render._text import natural

IP = {"ipv4": "ip", "ipv6": "ipv6"}
"""FRR's word for a family in front of a command."""
_ALL = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


@dataclass(frozen=True, slots=True)
class ListView:
    """A prefix, AS-path or community list: the words before the sequence number, and its entries."""

    head: str
    rules: tuple[tuple[int, Action, str], ...]
    """Sequence number, action and what is matched."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """One `route-map NAME ACTION SEQ` block."""

    name: str
    action: Action
    seq: int
    matches: tuple[str, ...]
    on_match_next: bool
    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyView:
    prefix_lists: tuple[ListView, ...]
    path_and_community_lists: tuple[ListView, ...]
    route_map_entries: tuple[EntryView, ...]


def policy_view(policies: Policies) -> PolicyView:
    """Lists and route maps by name, their entries by sequence number."""
    prefix_lists = sorted(policies.prefix_lists, key=lambda entry: (entry.family, natural(entry.name)))
    as_paths = sorted(policies.as_path_lists, key=lambda entry: natural(entry.name))
    communities = sorted(policies.community_lists, key=lambda entry: (entry.large, natural(entry.name)))
    maps = sorted(policies.route_maps, key=lambda entry: natural(entry.name))
    return PolicyView(
        prefix_lists=tuple(map(_prefix_list, prefix_lists)),
        path_and_community_lists=(*map(_as_path_list, as_paths), *map(_community_list, communities)),
        route_map_entries=tuple(_entry(entry, rule) for entry in maps for rule in _by_seq(entry)),
    )


def _by_seq(route_map: RouteMap) -> Iterable[RouteMapEntry]:
    return sorted(route_map.entries, key=lambda rule: rule.seq)


def _prefix_list(entry: PrefixList) -> ListView:
    rules = sorted((rule.seq, rule.action, _prefix_words(rule, entry.family)) for rule in entry.rules)
    return ListView(f"{IP[entry.family]} prefix-list {entry.name}", tuple(rules))


def _prefix_words(rule: PrefixRule, family: Family) -> str:
    if rule.prefix is None and rule.ge is None and rule.le is None:
        return "any"
    prefix = _ALL[family] if rule.prefix is None else str(rule.prefix)
    ge = "" if rule.ge is None else f" ge {rule.ge}"
    le = "" if rule.le is None else f" le {rule.le}"
    return f"{prefix}{ge}{le}"


def _as_path_list(entry: AsPathList) -> ListView:
    rules = sorted((rule.seq, rule.action, rule.regex) for rule in entry.rules)
    return ListView(f"bgp as-path access-list {entry.name}", tuple(rules))


def _community_list(entry: CommunityList) -> ListView:
    kind = "large-community-list" if entry.large else "community-list"
    rules = sorted((rule.seq, rule.action, _community_words(rule.communities)) for rule in entry.rules)
    return ListView(f"bgp {kind} standard {entry.name}", tuple(rules))


def _community_words(communities: Iterable[str]) -> str:
    """Communities in FRR's order: by number; the well-known names, which are the highest numbers, last."""
    return " ".join(sorted(communities, key=lambda text: (not text[0].isdecimal(), natural(text))))


def _entry(route_map: RouteMap, rule: RouteMapEntry) -> EntryView:
    return EntryView(
        name=route_map.name,
        action=rule.action,
        seq=rule.seq,
        matches=tuple(_match_words(match) for match in rule.matches),
        on_match_next=rule.on_match_next,
        sets=tuple(words for change in rule.sets for words in _set_words(change)),
    )


def _match_words(condition: Match) -> str:
    match condition:
        case MatchPrefixList(name, family):
            return f"{IP[family]} address prefix-list {name}"
        case MatchCommunity(name, large, exact):
            return f"{'large-community' if large else 'community'} {name}{' exact-match' if exact else ''}"
        case MatchAsPath(name):
            return f"as-path {name}"
        case MatchSourceProtocol(protocol):
            return f"source-protocol {protocol}"
        case MatchInterface(name):
            return f"interface {name}"


def _set_words(change: Set) -> Iterable[str]:
    match change:
        case SetLocalPreference(value):
            yield f"local-preference {value}"
        case SetMetric(value):
            yield f"metric {value}"
        case SetWeight(value):
            yield f"weight {value}"
        case SetCommunities():
            yield _set_communities(change)
        case SetAsPathPrepend(asns):
            yield f"as-path prepend {' '.join(map(str, asns))}"
        case SetSource(address):
            yield f"src {address}"
        case SetNextHop():
            yield from _set_next_hop(change)


def _set_communities(change: SetCommunities) -> str:
    kind = "large-community" if change.large else "community"
    if not change.values and not change.additive:
        return f"{kind} none"
    return f"{kind} {_community_words(change.values)}{' additive' if change.additive else ''}"


def _set_next_hop(change: SetNextHop) -> Iterable[str]:
    if change.address is not None:
        yield (
            f"ip next-hop {change.address}" if change.address.version == 4 else f"ipv6 next-hop global {change.address}"
        )
    if change.address is None or change.prefer_global:
        yield "ipv6 next-hop prefer-global"
