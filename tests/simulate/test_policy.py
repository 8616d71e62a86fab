"""Prefix lists and route maps as FRR applies them."""

from __future__ import annotations

import pytest

from fabric.config import (
    AsPathList,
    AsPathRule,
    CommunityList,
    CommunityRule,
    MatchAsPath,
    MatchCommunity,
    MatchPrefixList,
    MatchSourceProtocol,
    PrefixList,
    RouteMap,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
)
from fabric.simulate import Attributes
from fabric.simulate._policy import Policy, Subject
from tests.simulate.build import deny, permit, policies, prefix, prefix_list, route_map


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        ("permit 10.0.0.0/8", ["10.0.0.0/8"], ["10.0.0.0/9", "10.1.0.0/16", "0.0.0.0/0"]),
        ("permit 10.0.0.0/8 le 16", ["10.0.0.0/8", "10.3.0.0/16"], ["10.3.1.0/24", "11.0.0.0/16"]),
        ("permit 10.0.0.0/8 ge 32", ["10.0.0.1/32"], ["10.0.0.0/8", "10.3.0.0/16"]),
        ("permit 0.0.0.0/0 ge 32", ["192.0.2.1/32"], ["0.0.0.0/0", "192.0.2.0/24"]),
        ("permit 0.0.0.0/0", ["0.0.0.0/0"], ["10.0.0.0/8"]),
        ("permit any", ["0.0.0.0/0", "10.0.0.1/32"], ["fd00::/64"]),
    ],
)
def test_prefix_rule(rule: str, inside: list[str], outside: list[str]) -> None:
    policy = Policy.of(policies(prefix_list("list", rule)))
    assert [text for text in inside if not policy.prefix_list_permits("list", prefix(text))] == []
    assert [text for text in outside if policy.prefix_list_permits("list", prefix(text))] == []


def test_lowest_sequence_number_decides_whatever_the_order_in_the_file() -> None:
    listed = prefix_list("list", "deny 10.1.0.0/16", "permit 10.0.0.0/8 le 32")
    backwards = PrefixList("list", "ipv4", listed.rules[::-1])
    assert not Policy.of(policies(backwards)).prefix_list_permits("list", prefix("10.1.0.0/16"))


def test_missing_list_denies_and_empty_list_permits() -> None:
    policy = Policy.of(policies(PrefixList("empty", "ipv4", ())))
    assert policy.prefix_list_permits("empty", prefix("10.0.0.0/8"))
    assert not policy.prefix_list_permits("missing", prefix("10.0.0.0/8"))


def _apply(route_map_: RouteMap, *others: object, attributes: Attributes | None = None) -> Attributes | None:
    subject = Subject(prefix("10.0.0.0/24"), attributes or Attributes())
    verdict = Policy.of(policies(route_map_, *others)).apply("map", subject)
    return None if verdict is None else verdict.attributes


def test_first_match_decides_and_no_match_denies() -> None:
    ten = prefix_list("ten", "permit 10.0.0.0/24")
    first = route_map("map", permit(MatchPrefixList("ten", "ipv4"), SetMetric(1)), permit(SetMetric(2)))
    assert _apply(first, ten) == Attributes(med=1)
    assert _apply(route_map("map", permit(MatchPrefixList("missing", "ipv4")))) is None
    assert _apply(route_map("map", deny(MatchPrefixList("ten", "ipv4")), permit()), ten) is None
    assert _apply(RouteMap("map", ())) is None


def test_on_match_next_collects_sets_until_an_entry_does_not_match() -> None:
    """FRR turns a later mismatch into a denial (`route_map_apply_ext`), as seen on 8.4.4 with the fabric `filtered`."""
    going_on = permit(SetMetric(1), on_match_next=True)
    assert _apply(route_map("map", going_on, permit(SetLocalPreference(7)))) == Attributes(med=1, local_preference=7)
    assert _apply(route_map("map", going_on, permit(MatchPrefixList("missing", "ipv4")))) is None
    assert _apply(route_map("map", going_on)) == Attributes(med=1)


def test_clauses_that_only_zebra_knows_always_hold_in_bgpd() -> None:
    only_static = route_map("map", permit(MatchSourceProtocol("static"), SetMetric(5)))
    assert _apply(only_static) == Attributes(med=5)
    subject = Subject(prefix("10.0.0.0/24"), protocol="bgp")
    assert Policy.of(policies(only_static)).apply("map", subject) is None


@pytest.mark.parametrize(
    ("held", "exact", "matches"),
    [({"1:1", "1:2", "1:3"}, False, True), ({"1:1"}, False, False), ({"1:1", "1:2"}, True, True),
     ({"1:1", "1:2", "1:3"}, True, False), (set(), False, False)],
)  # fmt: skip
def test_community_rule_needs_all_of_its_communities(held: set[str], exact: bool, matches: bool) -> None:
    listed = CommunityList("both", (CommunityRule(5, "permit", ("1:1", "1:2")),))
    found = _apply(
        route_map("map", permit(MatchCommunity("both", exact=exact))), listed,
        attributes=Attributes(communities=frozenset(held)),
    )  # fmt: skip
    assert (found is not None) is matches


def test_communities_replace_or_add_by_well_known_name() -> None:
    before = Attributes(communities=frozenset({"1:1"}))
    added = _apply(route_map("map", permit(SetCommunities(("no-export",)))), attributes=before)
    assert added is not None
    assert added.communities == {"1:1", "65535:65281"}
    replaced = _apply(route_map("map", permit(SetCommunities(("2:2",), additive=False))), attributes=before)
    assert replaced is not None
    assert replaced.communities == {"2:2"}


@pytest.mark.parametrize(("regex", "matches"), [("^$", False), ("_65002$", True), ("^65001_", True), ("_6500_", False)])
def test_as_path_expression(regex: str, matches: bool) -> None:
    listed = AsPathList("path", (AsPathRule(5, "permit", regex),))
    found = _apply(
        route_map("map", permit(MatchAsPath("path"), SetAsPathPrepend((9, 9)))), listed,
        attributes=Attributes(as_path=(65001, 65002)),
    )  # fmt: skip
    assert (found == Attributes(as_path=(9, 9, 65001, 65002))) is matches
