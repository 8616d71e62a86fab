"""Blocks: each rack and leaf has a prefix of its own that holds what it was given, apart from every other."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_network
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings

from fabric import plan
from fabric.errors import PlanError
from fabric.plan import Block, Plan
from fabric.resources import directory
from fabric.topology import load, parse
from tests.designs import Values, design_of, topologies


def block(made: Plan, owner: str, pool: str) -> Block:
    return next(b for b in made.blocks if (b.owner, b.pool) == (owner, pool))


def test_blocks_show_the_room_that_is_left() -> None:
    made = plan.build(load(directory("topologies") / "quickstart.yaml"))
    assert block(made, "b1", "pools.loopbacks.ipv4") == Block(
        "b1", "pools.loopbacks.ipv4", ip_network("10.240.0.128/25"), 4, 66
    )
    assert block(made, "b1-leaf-2", "pools.node_links.ipv6").prefix == ip_network("fd00:fab:0:2::3:0/112")
    assert block(made, "a1-leaf-2", "pools.fabric_links.ipv4") == Block(
        "a1-leaf-2", "pools.fabric_links.ipv4", ip_network("10.244.0.16/28"), 2, 8, "leaf"
    )


def test_rhoso_blocks_are_the_references_subnets() -> None:
    made = plan.build(load(directory("topologies") / "rhoso-dz.yaml"))
    assert block(made, "rack-2", "pools.loopbacks.ipv4").prefix == ip_network("99.99.2.0/24")
    assert block(made, "rack-2-leaf-1", "pools.node_links.ipv4").prefix == ip_network("100.65.2.0/24")


@given(topologies())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_blocks_hold_what_their_owner_has_and_are_apart(values: Values) -> None:
    made = plan.build(design_of(values))
    by_pool = defaultdict(list)
    for entry in made.blocks:
        by_pool[entry.pool, entry.level].append(entry.prefix)
        assert entry.used <= entry.capacity
    for prefixes in by_pool.values():
        assert not any(a.overlaps(b) for a, b in combinations(prefixes, 2))
    for device in made.devices:
        if device.device.rack:
            for address in device.loopbacks:
                assert address in block(made, device.device.rack, f"pools.loopbacks.ipv{address.version}").prefix
    for link in made.links:
        leaf = link.upper if link.link.kind == "node" else link.lower
        for address in leaf.addresses if made.by_name[leaf.device].device.tier == "leaf" else ():
            pool = f"pools.{link.link.kind}_links.ipv{address.version}"
            assert address.ip in block(made, leaf.device, pool).prefix


def test_a_design_too_large_for_its_pool_is_refused_before_blocks_are_made() -> None:
    case = directory("topologies") / "quickstart.yaml"
    text = f"{case.read_text()}pools:\n  loopbacks: {{ipv4: 10.0.0.0/28}}\n"
    with pytest.raises(PlanError, match=r"pools\.loopbacks\.ipv4: found 10\.0\.0\.0/28, which is exhausted"):
        plan.build(parse(text))
