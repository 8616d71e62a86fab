"""What a change does to the values given out, and whether file and ledger agree."""

from __future__ import annotations

from fabric import plan
from fabric.plan import EMPTY, Key, Ledger, ValueChange
from fabric.topology import Design
from tests.designs import Values, design_of


def design(racks: int = 2, **extra: object) -> Design:
    values: Values = {
        "version": 1,
        "name": "change",
        "spines": 2,
        "zones": [{"name": "zone-a", "racks": [{"name": f"r{n}", "leaves": 1} for n in range(racks)]}],
        **extra,
    }
    return design_of(values)


def test_a_plan_does_not_differ_from_itself() -> None:
    assert plan.diff(plan.build(design()), plan.build(design())) == ()


def test_a_new_rack_adds_values_of_its_own_only() -> None:
    old = plan.build(design(2))
    changes = plan.diff(old, plan.build(design(3), old.ledger))
    assert {change.kind for change in changes} == {"added"}
    assert {change.key.place for change in changes} == {"r2"}
    asn = next(change for change in changes if change.key.kind == "asn.leaf")
    assert str(asn) == "r2/asn.leaf/r2-leaf-1: 64644 is given out"


def test_a_removed_rack_is_said_to_have_no_owner() -> None:
    old = plan.build(design(2))
    changes = plan.diff(old, plan.build(design(1), old.ledger))
    assert {change.kind for change in changes} == {"removed"}
    assert "r1/loopback.ipv4/r1-leaf-1: 10.240.0.129 has no owner any more" in map(str, changes)


def test_without_the_ledger_a_moved_pool_moves_values() -> None:
    changes = plan.diff(plan.build(design()), plan.build(design(pools={"loopbacks": {"ipv4": "10.9.0.0/16"}})))
    assert {change.kind for change in changes} == {"moved"}
    key = Key("r0", "loopback.ipv4", "r0-leaf-1")
    assert ValueChange(key, "10.240.0.1", "10.9.0.1") in changes
    assert str(ValueChange(key, "10.240.0.1", "10.9.0.1")).endswith("10.240.0.1 becomes 10.9.0.1")


def test_file_and_ledger_agree_after_planning() -> None:
    assert plan.drift(design(), plan.build(design()).ledger) == ()


def test_everything_is_missing_from_an_empty_ledger() -> None:
    assert len(plan.drift(design(), EMPTY)) == len(plan.build(design()).ledger)


def test_a_design_that_grew_drifts() -> None:
    changes = plan.drift(design(3), plan.build(design(2)).ledger)
    assert {(change.kind, change.key.place) for change in changes} == {("added", "r2")}


def test_a_value_that_only_the_ledger_has_drifts() -> None:
    ledger = plan.build(design()).ledger
    extra = Ledger({**ledger.given, ("r9", "slot.rack"): {"r9": 9}})
    assert [str(change) for change in plan.drift(design(), extra)] == ["r9/slot.rack/r9: 9 has no owner any more"]
