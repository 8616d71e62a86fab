"""Ports from models of switches, the cabling table and oversubscription."""

from __future__ import annotations

from fabric import config, plan
from fabric.plan import EMPTY, CablePlan, Ledger, Plan
from tests.designs import Values, design_of

LEAF: Values = {
    "ports": [
        {"name": "swp{}", "count": 8, "speed_gbps": 25, "use": "downlink"},
        {"name": "swp{}", "first": 9, "count": 4, "speed_gbps": 100, "use": "uplink"},
    ]
}
SPINE: Values = {"ports": [{"name": "swp{}", "count": 16, "speed_gbps": 100}]}
SPLIT: Values = {"ports": [{"name": "swp{}", "count": 4, "speed_gbps": 100, "breakout": 4}]}


def planned(ledger: Ledger = EMPTY, **values: object) -> Plan:
    base: Values = {
        "version": 1,
        "name": "ports",
        "spines": 2,
        "zones": [{"name": "zone-a", "racks": [{"name": "a1", "nodes": {"servers": 4}}]}],
        "node_groups": {"servers": {"role": "server"}},
        "hardware": {"leaf-model": LEAF, "spine-model": SPINE, "split": SPLIT},
        "models": {"leaf": "leaf-model", "spine": "spine-model"},
    }
    return plan.build(design_of({**base, **values}), ledger)


def ports_of(made: Plan, device: str) -> dict[str, str]:
    return {far.device: near.interface for _, near, far in made.links_of[device]}


def test_uplinks_and_downlinks_have_ports_of_their_kind() -> None:
    assert ports_of(planned(), "a1-leaf-1") == {
        "a1-server-1": "swp1",
        "a1-server-2": "swp2",
        "a1-server-3": "swp3",
        "a1-server-4": "swp4",
        "spine-1": "swp9",
        "spine-2": "swp10",
    }


def test_a_tier_without_a_model_keeps_its_names() -> None:
    assert list(ports_of(planned(), "a1-server-1").values()) == ["eth1", "eth2"]
    assert list(ports_of(planned(models={}), "a1-leaf-1").values()) == [f"eth{n}" for n in range(1, 7)]


def test_a_split_port_has_a_name_a_part() -> None:
    made = planned(models={"spine": "split"})
    assert list(ports_of(made, "spine-1").values()) == ["swp1s0", "swp1s1"]
    (_, near, _), *_ = made.links_of["spine-1"]
    assert near.speed_gbps == 25


def test_a_new_spine_takes_a_free_uplink_and_moves_no_cable() -> None:
    before = planned()
    after = planned(before.ledger, spines=3)
    old, new = ports_of(before, "a1-leaf-1"), ports_of(after, "a1-leaf-1")
    assert old.items() <= new.items()
    assert new["spine-3"] == "swp11"


def test_configuration_and_cables_have_the_ports_names() -> None:
    fabric = config.build(planned())
    assert "swp9" in [interface.name for interface in fabric.by_name["a1-leaf-1"].interfaces]
    assert "swp9" in {cable.b.interface for cable in fabric.cables}


def test_the_cabling_table_has_every_cable_with_the_slower_speed() -> None:
    made = planned()
    table = plan.cabling(made)
    assert len(table) == len(made.links)
    assert table[0] == CablePlan("spine-1", "swp1", None, "a1-leaf-1", "swp9", "a1", 100.0)
    assert table[-1] == CablePlan("a1-leaf-2", "swp4", "a1", "a1-server-4", "eth2", "a1", 25.0)


def test_oversubscription_is_what_comes_in_over_what_goes_up() -> None:
    found = plan.oversubscription(planned())
    assert [(entry.device, entry.down_gbps, entry.up_gbps, entry.ratio) for entry in found] == [
        ("a1-leaf-1", 100.0, 200.0, 0.5),
        ("a1-leaf-2", 100.0, 200.0, 0.5),
    ]
    assert plan.oversubscription(planned(models={})) == ()
