"""Hand edits of a ledger: what is wrong with them is said with owners, lines and what to do."""

from __future__ import annotations

import pytest

from fabric import plan
from fabric.errors import PlanError
from fabric.plan import Key, ledger_text, parse_ledger, reclaim
from fabric.topology import Design, parse

TOPOLOGY = """\
version: 1
name: hand
spines: 2
zones:
  - {name: zone-a, racks: [{name: a1, nodes: {workers: 2}}]}
  - {name: zone-b, racks: [{name: b1, nodes: {workers: 2}}]}
node_groups:
  workers: {role: worker}
networks:
  storage: {ipv4: 172.18.0.0/24, roles: [worker], vips: 1}
"""


def design(text: str = TOPOLOGY) -> Design:
    return parse(text, "hand.yaml")


def edited(old: str, new: str) -> str:
    """The ledger's text after a hand edit."""
    text = ledger_text(plan.build(design()).ledger)
    assert text.count(old) == 1
    return text.replace(old, new)


def message(ledger: str, topology: str = TOPOLOGY) -> str:
    with pytest.raises(PlanError) as caught:
        plan.build(design(topology), parse_ledger(ledger, "plan.lock.yaml"))
    return str(caught.value)


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("a1/loopback.ipv4/a1-leaf-1", "b1/loopback.ipv4/b1-leaf-1", "10.240.0.1"),
        ("a1/node-link.ipv4/a1-leaf-1>a1-worker-1", "a1/node-link.ipv4/a1-leaf-2>a1-worker-1", "10.248.0.0/31"),
        ("a1/asn.leaf/a1-leaf-1", "b1/asn.leaf/b1-leaf-2", "64640"),
        ("a1/port/spine-1>a1-leaf-1", "b1/port/spine-1>b1-leaf-1", "1"),
        ("a1/slot.rack/a1", "b1/slot.rack/b1", "0"),
        ("a1/host.storage.ipv4/a1-worker-1", "CORE/vip.storage.ipv4/fabric.0", "172.18.0.10"),
    ],
)
def test_a_collision_names_both_owners_and_lines(one: str, other: str, value: str) -> None:
    text = ledger_text(plan.build(design()).ledger)
    line = text.splitlines()[line_of(text, f"{other}: ") - 1]
    changed = text.replace(line, f"{other}: {value}")
    told = message(changed)
    for key in (one, other):
        assert key in told
        assert str(line_of(changed, f"{key}: ")) in told
    assert f"found {value}, which" in told
    assert "allowed: each value once" in told
    assert "plan again" in told


def test_a_pinned_value_is_kept() -> None:
    text = edited("a1/loopback.ipv4/a1-leaf-1: 10.240.0.1\n", "a1/loopback.ipv4/a1-leaf-1: 10.240.77.7\n")
    made = plan.build(design(), parse_ledger(text))
    assert str(made.by_name["a1-leaf-1"].router_id) == "10.240.77.7"
    assert ledger_text(made.ledger) == text


def test_a_value_outside_its_pool_is_refused() -> None:
    text = edited("a1/loopback.ipv4/a1-leaf-1: 10.240.0.1\n", "a1/loopback.ipv4/a1-leaf-1: 10.9.9.9\n")
    told = message(text)
    assert f"plan.lock.yaml:{line_of(text, 'a1/loopback.ipv4/a1-leaf-1')}: a1/loopback.ipv4/a1-leaf-1: found" in told
    assert "10.9.9.9; allowed: /32 inside 10.240.0.0/14 (pools.loopbacks.ipv4)." in told


def test_a_pool_that_was_moved_is_one_problem_that_counts() -> None:
    topology = f"{TOPOLOGY}pools:\n  loopbacks: {{ipv4: 10.9.0.0/16}}\n"
    told = message(ledger_text(plan.build(design()).ledger), topology)
    assert told.count("\n") == 0
    assert "10.240.0.1 (and 7 more such values)" in told or "(and 9 more such values)" in told
    assert "Set pools.loopbacks.ipv4 back to what it was; or remove such lines" in told


def test_links_of_another_length_are_refused() -> None:
    told = message(ledger_text(plan.build(design()).ledger), f"{TOPOLOGY}links: {{fabric_prefix: 30}}\n")
    assert "/31 (and 7 more such values); allowed: /30 inside 10.244.0.0/14" in told


def test_an_asn_outside_its_range_is_refused() -> None:
    told = message(edited("a1/asn.leaf/a1-leaf-1: 64640\n", "a1/asn.leaf/a1-leaf-1: 64512\n"))
    assert "found 64512; allowed: 64640-64999 (asn.leaf_range)" in told


def test_an_override_keeps_others_off_its_number() -> None:
    made = plan.build(design(f"{TOPOLOGY}asn: {{overrides: {{b1-leaf-2: 64640}}}}\n"))
    assert made.by_name["b1-leaf-2"].asn == 64640
    assert made.by_name["a1-leaf-1"].asn != 64640


def test_quarantine_that_fills_a_rack_is_named() -> None:
    small = TOPOLOGY.replace("{workers: 2}}]}\n  - {name: zone-b", "{workers: [w1, w2]}}]}\n  - {name: zone-b")
    small += "growth: {nodes_per_rack: 2}\n"
    ledger = plan.build(design(small)).ledger
    replaced = design(small.replace("[w1, w2]", "[w3, w2]"))
    with pytest.raises(PlanError) as caught:
        plan.build(replaced, ledger)
    told = str(caught.value)
    assert "growth.nodes_per_rack: found room for 2, which is exhausted; allowed: at least 3." in told
    assert "Raise growth.nodes_per_rack, or reclaim the 1 values that nobody has any more." in told
    after = plan.build(replaced, reclaim(replaced, ledger))
    assert after.by_name["w3"].router_id == plan.build(design(small)).by_name["w1"].router_id
    assert after.by_name["w2"] == plan.build(design(small)).by_name["w2"]
    assert not after.ledger.released


def test_a_key_reads_as_its_line_does() -> None:
    assert str(Key("a1", "asn.leaf", "a1-leaf-1")) == "a1/asn.leaf/a1-leaf-1"
