"""Zones that stand together in every pool: zone, rack and network are a prefix each, and stay so under growth."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings

from fabric import config, plan
from fabric.errors import PlanError, TopologyError
from fabric.plan import EMPTY, Ledger, Plan, summaries
from fabric.simulate import simulate
from tests.designs import Values, design_of, topologies

BASE: Values = {
    "version": 1,
    "name": "zones",
    "families": ["ipv4", "ipv6"],
    "spines": 2,
    "borders": {"routers": 1, "nodes": {"servers": 1}},
    "zones": [
        {"name": "zone-a", "racks": [{"name": "a1", "nodes": {"servers": 2}}]},
        {"name": "zone-b", "racks": [{"name": "b1", "nodes": {"servers": 2}}]},
    ],
    "node_groups": {"servers": {"role": "server"}},
    "growth": {"racks_per_zone": 15, "networks_per_rack": 4},
    "pools": {"networks": {"ipv4": "10.64.0.0/12", "ipv6": "fd00:64::/48"}},
    "networks": {
        "machine": {"kind": "segment", "scope": "rack", "roles": ["server"]},
        "storage": {"scope": "rack", "roles": ["server"]},
        "shared": {"scope": "zone", "roles": ["server"]},
        "whole": {"roles": ["server"]},
    },
}


def planned(ledger: Ledger = EMPTY, **values: object) -> Plan:
    return plan.build(design_of({**deepcopy(BASE), **values}), ledger)


def grown() -> list[Values]:
    """The zones with a rack more in the first one."""
    zones = deepcopy(BASE["zones"])
    zones[0]["racks"].append({"name": "a2", "nodes": {"servers": 1}})
    return list(zones)


def prefixes(made: Plan, zone: str, pool: str) -> list[str]:
    found = next(s for s in summaries(made) if (s.zone, s.pool) == (zone, pool))
    assert not found.outside
    return list(map(str, found.prefixes))


def test_a_network_lies_in_its_rack_and_a_rack_in_its_zone() -> None:
    made = planned()
    blocks = {(b.level, b.owner): b.prefix for b in made.blocks if b.pool == "pools.networks.ipv4"}
    assert str(blocks["zone", "zone-a"]) == "10.64.64.0/18"
    assert str(blocks["rack", "b1"]) == "10.64.132.0/22"
    assert blocks["rack", "b1"].subnet_of(blocks["zone", "zone-b"])  # type: ignore[arg-type]
    subnets = {(s.network, s.scope): s.prefixes[0] for s in made.subnets}
    for network in ("machine", "storage"):
        assert subnets[network, "b1"].subnet_of(blocks["rack", "b1"])  # type: ignore[arg-type]
    assert subnets["shared", "zone-b"].subnet_of(blocks["zone", "zone-b"])  # type: ignore[arg-type]
    assert len(set(subnets.values())) == len(subnets)


@pytest.mark.parametrize("pool", ["loopbacks", "fabric_links", "node_links", "networks"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_zone_is_one_prefix_and_stays_it_when_a_rack_comes(pool: str, family: str) -> None:
    before = planned()
    (prefix,) = prefixes(before, "zone-a", f"pools.{pool}.{family}")
    after = planned(before.ledger, zones=grown())
    assert prefixes(after, "zone-a", f"pools.{pool}.{family}") == [prefix]
    assert prefixes(after, "zone-b", f"pools.{pool}.{family}") != [prefix]


def test_without_a_reserve_a_later_rack_is_a_prefix_of_its_own() -> None:
    flat: Values = {"growth": {"placement": "next-free"}, "pools": {}, "networks": {}}
    after = planned(planned(**flat).ledger, **flat, zones=grown())
    assert prefixes(after, "zone-a", "pools.loopbacks.ipv4") == ["10.240.0.0/25", "10.240.1.0/25"]


def test_the_reserve_of_every_level_is_shown() -> None:
    reserved = {(b.level, b.pool): (b.used, b.capacity) for b in planned().blocks if b.owner in ("zone-a", "a1")}
    assert reserved["zone", "pools.loopbacks.ipv4"] == (4, 15 * 66)
    assert reserved["zone", "pools.fabric_links.ipv4"] == (4, 15 * 2 * 8)
    assert reserved["zone", "pools.networks.ipv4"] == (3, 16 * 4)
    assert reserved["rack", "pools.networks.ipv4"] == (2, 4)


def test_a_rack_that_moves_to_another_zone_keeps_its_numbers_and_stands_outside() -> None:
    networks = {name: network for name, network in BASE["networks"].items() if network.get("scope") == "rack"}
    before, zones = planned(networks=networks), grown()
    zones[1]["racks"].append(zones[0]["racks"].pop(0))
    after = planned(before.ledger, zones=zones, networks=networks)
    assert after.by_name["a1-server-1"].loopbacks == before.by_name["a1-server-1"].loopbacks
    summary = next(s for s in summaries(after) if (s.zone, s.pool) == ("zone-b", "pools.loopbacks.ipv4"))
    assert any(before.by_name["a1-server-1"].router_id in prefix for prefix in summary.outside)


def test_another_network_takes_the_next_subnet_of_every_rack() -> None:
    before = planned()
    networks = {"first": {"scope": "rack", "roles": ["server"]}, **BASE["networks"]}
    with pytest.raises(TopologyError, match=r"found 5 networks in one pool; allowed: 4 \(growth.networks_per_rack\)"):
        planned(before.ledger, networks=networks)
    del networks["whole"]
    with pytest.raises(PlanError, match=r"growth\.networks_per_rack: found room for 4.*reclaim the 1 values"):
        planned(before.ledger, networks=networks)
    after = plan.build(design := design_of({**BASE, "networks": networks}), plan.reclaim(design, before.ledger))
    assert [str(s.prefixes[0]) for s in after.subnets if s.network == "first"] == ["10.64.71.0/24", "10.64.135.0/24"]


def test_zones_and_racks_beyond_the_reserve_are_refused() -> None:
    growth = {"racks_per_zone": 1, "zones": 1}
    with pytest.raises(TopologyError) as caught:
        planned(growth=growth, zones=grown())
    assert "zones: found 2; allowed: at most 1 (growth.zones)" in str(caught.value)
    assert "zones[0].racks: found 2; allowed: at most 1 (growth.racks_per_zone)" in str(caught.value)
    with pytest.raises(TopologyError, match=r"pools\.networks: found blocks .*; allowed: growth\.racks_per_zone"):
        planned(growth={})


def test_a_pool_too_small_for_the_zones_says_how_large_it_must_be() -> None:
    told = r"pools\.networks\.ipv4: found 10\.64\.0\.0/18, which is exhausted; allowed: a prefix of /1[67] or shorter"
    with pytest.raises(PlanError, match=told):
        planned(pools={"networks": {"ipv4": "10.64.0.0/18", "ipv6": "fd00:64::/48"}})


@given(topologies())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_summaries_of_a_new_plan_hold_all_of_a_zone(values: Values) -> None:
    made = plan.build(design_of(values))
    found = summaries(made)
    assert not any(summary.outside for summary in found)
    for summary in found if "racks_per_zone" in values.get("growth", {}) else ():
        sides = 2 if "node_links" in summary.pool else 1
        assert summary.pool.startswith("networks.") or len(summary.prefixes) <= sides


def test_borders_announce_aggregates_outside_and_hosts_inside() -> None:
    hosts = simulate(config.build(planned()))
    borders = {**BASE["borders"], "announce": "summaries"}
    summed = simulate(config.build(planned(borders=borders)))
    before, after = (set(map(str, s.fib("server-1", "ipv4"))) for s in (hosts, summed))
    assert {"10.240.0.0/21", "10.240.8.0/21", "10.64.64.0/18", "10.64.128.0/18", "10.64.3.0/24"} <= after
    assert "10.240.0.1/32" in before - after
    assert "10.243.208.1/32" in after  # a spine, which is in no zone's prefix
    for device in ("spine-1", "a1-leaf-1", "b1-server-1"):
        assert hosts.fib(device, "ipv4").keys() == summed.fib(device, "ipv4").keys()
