"""What changes between two configurations of a fabric."""

from __future__ import annotations

from fabric import config, plan
from fabric.config import Changes
from fabric.plan import Plan
from tests.designs import Values, design_of

BASE: Values = {
    "version": 1,
    "name": "change",
    "spines": 2,
    "zones": [{"name": "zone-a", "racks": [{"name": "a1", "leaves": 1}, {"name": "a2", "leaves": 1}]}],
}


def planned(old: Plan | None = None, **values: object) -> Plan:
    return plan.build(design_of({**BASE, **values}), old.ledger if old else plan.EMPTY)


def changes(old: Plan, new: Plan) -> Changes:
    return config.diff(config.build(old), config.build(new))


def test_nothing_changes_where_nothing_does() -> None:
    assert not changes(planned(), planned())


def test_an_added_spine_touches_leaves_only_by_new_links() -> None:
    old = planned()
    found = changes(old, planned(old, spines=3))
    assert found
    assert {change.kind for change in found.entries} == {"added"}
    assert found.devices == ("a1-leaf-1", "a2-leaf-1", "spine-3")
    assert [change.device for change in found.of("device")] == ["spine-3"]
    assert [(c.device, c.name, c.new) for c in found.of("link")] == [
        ("spine-3", "eth1", "a1-leaf-1:eth3"),
        ("spine-3", "eth2", "a2-leaf-1:eth3"),
    ]
    assert [(c.device, c.name) for c in found.of("session")][:2] == [
        ("a1-leaf-1", "10.244.0.4"),
        ("a2-leaf-1", "10.244.0.36"),
    ]


def test_timers_change_sessions_and_nothing_else() -> None:
    found = changes(planned(), planned(timers={"keepalive_s": 10, "hold_s": 30}))
    assert {(change.subject, change.kind) for change in found.entries} == {("session", "changed")}
    first = found.entries[0]
    assert first.old == "spine-1, AS 64520, ipv4, BFD, 3/9 s"
    assert first.new == "spine-1, AS 64520, ipv4, BFD, 10/30 s"


def test_an_override_changes_the_asn_and_the_peers_sessions() -> None:
    old = planned()
    found = changes(old, planned(old, asn={"overrides": {"a1-leaf-1": 64700}}))
    assert [(c.device, c.old, c.new) for c in found.of("ASN")] == [("a1-leaf-1", "64640", "64700")]
    assert {c.device for c in found.of("session")} == {"spine-1", "spine-2"}


def test_a_removed_rack_is_removed_everywhere() -> None:
    old = planned()
    found = changes(old, planned(old, zones=[{"name": "zone-a", "racks": [{"name": "a1", "leaves": 1}]}]))
    assert {change.kind for change in found.entries} == {"removed"}
    assert [change.device for change in found.of("device")] == ["a2-leaf-1"]


def test_an_mtu_and_a_pool_are_named() -> None:
    found = changes(planned(), planned(mtu={"fabric": 9000}))
    assert {(c.subject, c.old, c.new) for c in found.entries} == {("MTU", "9216", "9000")}
    found = changes(planned(), planned(pools={"loopbacks": {"ipv4": "10.9.0.0/16"}}))
    assert "prefix-list hosts-ipv4" in {change.name for change in found.of("policy")}
    assert {change.device for change in found.of("router id")} == {"spine-1", "spine-2", "a1-leaf-1", "a2-leaf-1"}
