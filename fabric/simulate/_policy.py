"""Prefix lists, community lists, AS-path lists and route maps, applied as FRR applies them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from fabric._values import dataclass
from fabric.config import (
    Address,
    AsPathList,
    CommunityList,
    Family,
    Match,
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    Policies,
    Prefix,
    PrefixRule,
    Protocol,
    RouteMap,
    Set,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
    SetNextHop,
    SetSource,
    SetWeight,
)
from fabric.simulate._attributes import Attributes, BgpNextHop, as_path_text

GRACEFUL_SHUTDOWN = "65535:0"
NO_EXPORT = "65535:65281"
NO_ADVERTISE = "65535:65282"
LOCAL_AS = "65535:65283"
BLACKHOLE = "65535:666"

_WELL_KNOWN = {
    "graceful-shutdown": GRACEFUL_SHUTDOWN,
    "accept-own": "65535:1",
    "llgr-stale": "65535:6",
    "no-llgr": "65535:7",
    "blackhole": BLACKHOLE,
    "no-export": NO_EXPORT,
    "no-advertise": NO_ADVERTISE,
    "local-AS": LOCAL_AS,
    "no-peer": "65535:65284",
    "internet": "0:0",
}
_INTERNET = "0:0"
_OFF_THE_END = 65536


def community(text: str) -> str:
    """The community in figures: FRR's name for a well-known one becomes `65535:n`."""
    return _WELL_KNOWN.get(text, text)


class Subject(NamedTuple):
    """What a route map looks at: a path in bgpd, or one next hop of a route in zebra."""

    prefix: Prefix
    attributes: Attributes = Attributes()
    next_hop: BgpNextHop = BgpNextHop()
    interface: str | None = None
    protocol: Protocol | None = None
    """Set for a route that zebra filters; `None` for one that bgpd looks at."""
    source: Address | None = None
    kind: Protocol | Literal["system"] | None = None
    """What bgpd takes for the path's protocol; `None` where the release does not look at that."""


@dataclass(frozen=True)
class Policy:
    """The policy objects of one device by name; a name that does not exist behaves as FRR lets it behave."""

    prefix_lists: dict[tuple[str, str], PrefixMatcher]
    as_path_lists: dict[str, AsPathList]
    community_lists: dict[tuple[str, bool], CommunityList]
    route_maps: dict[str, RouteMap]

    @classmethod
    def of(cls, policies: Policies) -> Policy:
        """The objects of `policies`, found by name."""
        return cls(
            {(item.name, item.family): matcher(item.family, item.rules) for item in policies.prefix_lists},
            {item.name: item for item in policies.as_path_lists},
            {(item.name, item.large): item for item in policies.community_lists},
            {item.name: item for item in policies.route_maps},
        )

    def prefix_list_permits(self, name: str, prefix: Prefix) -> bool:
        """True when the list permits the prefix. A list that does not exist denies (lib/plist.c)."""
        found = self.prefix_lists.get((name, f"ipv{prefix.version}"))
        return found is not None and found.permits(prefix)

    def apply(self, name: str, subject: Subject) -> Subject | None:
        """The subject as the route map leaves it, `None` when denied. A map that does not exist denies."""
        verdict = self._walk(name, subject, None)
        return None if verdict is None else verdict[1]

    def shape(self, name: str, subject: Subject, target: Subject) -> tuple[int, Subject] | None:
        """`target` as the map's `set` clauses leave it when `subject` is permitted, and the entry that permitted it.

        Where `on-match next` ran off the end of the map, FRR gives the entry as 65536.
        """
        return self._walk(name, subject, target)

    def _walk(self, name: str, subject: Subject, target: Subject | None) -> tuple[int, Subject] | None:
        """The verdict of `route_map_apply_ext`.

        `on-match next` goes on, and a later entry that does not match turns the answer into a denial: the last entry
        looked at decides. What a map sets, its later entries see; a separate target they do not.
        """
        found = self.route_maps.get(name)
        shaped = subject if target is None else target
        permitted = False
        for entry in sorted(found.entries, key=lambda item: item.seq) if found else ():
            looked_at = shaped if target is None else subject
            if not all(self._matches(match, looked_at) for match in entry.matches):
                permitted = False
                continue
            if entry.action == "deny":
                return None
            for item in entry.sets:
                shaped = _set(item, shaped)
            if not entry.on_match_next:
                return entry.seq, shaped
            permitted = True
        return (_OFF_THE_END, shaped) if permitted else None

    def _matches(self, match: Match, subject: Subject) -> bool:
        """True when the clause holds; in the daemon that does not know it, it always does."""
        if isinstance(match, MatchPrefixList):
            plist = self.prefix_lists.get((match.name, match.family))
            return plist is not None and plist.permits(subject.prefix)
        if isinstance(match, MatchCommunity):
            return subject.protocol is not None or self._community_matches(match, subject.attributes)
        if isinstance(match, MatchAsPath):
            if subject.protocol is not None:
                return True
            aslist = self.as_path_lists.get(match.name)
            return aslist is not None and _as_path_permits(aslist, as_path_text(subject.attributes.as_path))
        if isinstance(match, MatchInterface):
            return subject.interface == match.name
        return (subject.protocol or subject.kind) in (None, match.protocol)

    def _community_matches(self, match: MatchCommunity, attributes: Attributes) -> bool:
        found = self.community_lists.get((match.name, match.large))
        held = attributes.large_communities if match.large else attributes.communities
        for rule in sorted(found.rules, key=lambda item: item.seq) if found else ():
            wanted = frozenset(map(community, rule.communities))
            if _INTERNET in wanted or (held == wanted if match.exact else bool(held) and wanted <= held):
                return rule.action == "permit"
        return False


class PrefixMatcher:
    """A prefix list that remembers its verdicts; see `matcher`, which shares one among lists of the same rules."""

    def __init__(self, family: Family, rules: tuple[PrefixRule, ...]) -> None:
        self._family = family
        self._rules = tuple(sorted(rules, key=lambda rule: rule.seq))
        self._verdicts: dict[Prefix, bool] = {}

    def permits(self, prefix: Prefix) -> bool:
        """True when the lowest matching rule permits the prefix; no match denies, a list without rules permits."""
        verdict = self._verdicts.get(prefix)
        if verdict is None:
            hit = next((rule for rule in self._rules if _covers(rule, self._family, prefix)), None)
            verdict = self._verdicts[prefix] = not self._rules or (hit is not None and hit.action == "permit")
        return verdict


@lru_cache(maxsize=4096)
def matcher(family: Family, rules: tuple[PrefixRule, ...]) -> PrefixMatcher:
    """The matcher of these rules: the same object for the same rules."""
    return PrefixMatcher(family, rules)


def _covers(rule: PrefixRule, family: Family, prefix: Prefix) -> bool:
    if family != f"ipv{prefix.version}":
        return False
    if rule.prefix is None:
        return True
    length = prefix.prefixlen
    if rule.prefix.version != prefix.version or length < rule.prefix.prefixlen:
        return False
    inside = (int(prefix.network_address) ^ int(rule.prefix.network_address)) & int(rule.prefix.netmask) == 0
    if rule.ge is None and rule.le is None:
        return inside and length == rule.prefix.prefixlen
    return inside and (rule.ge is None or length >= rule.ge) and (rule.le is None or length <= rule.le)


@lru_cache(maxsize=4096)
def _as_path_permits(aslist: AsPathList, text: str) -> bool:
    for rule in sorted(aslist.rules, key=lambda item: item.seq):
        # FRR's `_` stands for a delimiter or an end of the path (bgpd/bgp_regex.c).
        if re.search(rule.regex.replace("_", "(?:^|[,{}() ]|$)"), text):
            return rule.action == "permit"
    return False


def _set(item: Set, subject: Subject) -> Subject:
    attributes = subject.attributes
    if isinstance(item, SetNextHop):
        if item.address is None:
            return subject._replace(next_hop=subject.next_hop._replace(prefer_global=True))
        return subject._replace(next_hop=subject.next_hop._replace(address=item.address))
    if isinstance(item, SetSource):
        return subject._replace(source=item.address)
    if isinstance(item, SetLocalPreference):
        attributes = attributes._replace(local_preference=item.value)
    elif isinstance(item, SetMetric):
        attributes = attributes._replace(med=item.value)
    elif isinstance(item, SetWeight):
        attributes = attributes._replace(weight=item.value)
    elif isinstance(item, SetAsPathPrepend):
        attributes = attributes._replace(as_path=item.asns + attributes.as_path)
    else:
        attributes = _set_communities(item, attributes)
    return subject._replace(attributes=attributes)


def _set_communities(item: SetCommunities, attributes: Attributes) -> Attributes:
    values = frozenset(map(community, item.values))
    if item.large:
        return attributes._replace(
            large_communities=(attributes.large_communities | values if item.additive else values)
        )
    return attributes._replace(communities=attributes.communities | values if item.additive else values)
