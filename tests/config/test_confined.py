"""Networks that stay in their zone: what leaves learn and drop, and who reaches whom by it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from fabric.intents import IntentJudge, Kind, demands, intent_judge
from fabric.kubernetes import configure
from fabric.plan import build
from fabric.topology import parse

_DESIGN = """\
version: 1
name: confined
profile: PROFILE
families: [ipv4, ipv6]
spines: 2
borders: {routers: 1}
zones:
  - {name: za, racks: [{name: a1, nodes: &rack {computes: 1, arrays: 1}}, {name: a2, nodes: *rack}]}
  - {name: zb, racks: [{name: b1, nodes: *rack}]}
node_groups: {computes: {role: compute}, arrays: {role: storage}}
networks:
  storage: {scope: SCOPE, confined: CONFINED, ipv4: 172.18.0.0/16, ipv6: "fd00:18::/48", roles: [compute, storage]}
intents:
  - storage_confined: {}
"""


def broken(profile: str, *, confined: bool, scope: str = "zone") -> set[Kind]:
    """The kinds of demands that the design breaks at rest."""
    text = _DESIGN.replace("PROFILE", profile).replace("CONFINED", str(confined).lower()).replace("SCOPE", scope)
    plan = build(parse(text))
    fabric = configure(plan)
    wanted = demands(plan.design.topology, fabric)
    assert all(demand.pairs for demand in wanted)
    kept = intent_judge(wanted, fabric)
    assert isinstance(kept, IntentJudge)
    return {demand.kind for demand in wanted} - {demand.kind for demand in kept.demands}


@pytest.mark.parametrize("profile", ["rfc7938", "rhoso"])
def test_confined_storage_is_reached_from_all_racks_of_its_zone_and_from_no_other(profile: str) -> None:
    assert broken(profile, confined=False) == {Kind.ISOLATED}
    assert broken(profile, confined=True) == set()


def test_storage_confined_to_racks_is_not_reached_from_the_zones_other_rack() -> None:
    assert Kind.REACHABLE in broken("rhoso", confined=True, scope="rack")


def test_a_leaf_learns_its_own_subnet_and_drops_the_others() -> None:
    text = _DESIGN.replace("PROFILE", "rhoso").replace("CONFINED", "true").replace("SCOPE", "zone")
    fabric = configure(build(parse(text)))
    leaf, spine = fabric.by_name["b1-leaf-0"], fabric.by_name["spine-0"]
    dropped = {route.prefix for route in leaf.static_routes if all(hop.blackhole for hop in route.next_hops)}
    assert dropped == {ip_network("172.18.0.0/16"), ip_network("fd00:18::/48")}
    assert not dropped & set(leaf.bgp[0].families[0].networks)
    lists = {entry.name: {rule.prefix for rule in entry.rules} for entry in leaf.policies.prefix_lists}
    assert ip_network("172.18.1.0/24") in lists["default-and-hosts-ipv4"]
    assert ip_network("172.18.0.0/16") not in lists["default-and-hosts-ipv4"]
    assert not any(hop.blackhole for route in spine.static_routes for hop in route.next_hops)
