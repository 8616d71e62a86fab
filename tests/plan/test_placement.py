"""Where a ledger puts what is new: a first plan is dense, later ones let names pick."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.errors import PlanError
from fabric.plan import Ledger
from fabric.resources import directory
from fabric.topology import load, parse


def design(racks: dict[str, str], **more: Any) -> Any:
    """A fabric of two zones with these racks, each with its zone."""
    zones = [
        {"name": zone, "racks": [{"name": r, "nodes": {"servers": 2}} for r, at in racks.items() if at == zone]}
        for zone in ("east", "west")
    ]
    networks = {"storage": {"ipv4": "172.18.0.0/24", "roles": ["server"]}}
    whole = {"version": 1, "name": "places", "spines": 2, "asn": {"width": 4}, "networks": networks}
    return parse(yaml.safe_dump({**whole, "zones": zones, "node_groups": {"servers": {"role": "server"}}, **more}))


BASE = {"r1": "east", "r2": "west"}


def ordinals(ledger: Ledger) -> dict[str, int]:
    return {
        owner: value
        for (_, kind), owners in ledger.given.items()
        if kind == "slot.rack"
        for owner, value in owners.items()
    }


@pytest.mark.parametrize("path", sorted(directory("topologies").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_first_plan_is_in_order_whatever_the_names(path: Any) -> None:
    made = plan.build(load(path))
    values = yaml.safe_load(path.read_text())
    values["growth"] = {**values.get("growth", {}), "placement": "next-free"}
    assert plan.build(parse(yaml.safe_dump(values, sort_keys=False))).ledger.given == made.ledger.given


def test_a_numbered_rack_gets_what_its_number_says() -> None:
    base = plan.build(design(BASE)).ledger
    assert ordinals(base) == {"r1": 0, "r2": 1}
    assert ordinals(plan.build(design({**BASE, "r7": "east"}), base).ledger)["r7"] == 6
    named = ordinals(plan.build(design({**BASE, "annex": "east"}), base).ledger)["annex"]
    assert 2 <= named < 64


def test_a_new_racks_leaves_are_on_ports_side_by_side_and_alike_at_every_spine() -> None:
    base = plan.build(design(BASE)).ledger
    grown = plan.build(design({**BASE, "annex": "west"}), base)
    ends = {link.upper.device: [] for link in grown.links if link.lower.device.startswith("annex-leaf")}  # type: ignore[var-annotated]
    for link in grown.links:
        if link.lower.device.startswith("annex-leaf"):
            ends[link.upper.device].append(link.upper.port)
    first, second = ends.values()
    assert first == second
    assert first[1] == first[0] + 1


def test_next_free_is_next_free() -> None:
    settings_ = {"growth": {"placement": "next-free"}}
    base = plan.build(design(BASE, **settings_)).ledger
    assert ordinals(plan.build(design({**BASE, "r7": "east"}, **settings_), base).ledger)["r7"] == 2


def test_what_fits_is_not_refused_because_a_name_picked_badly() -> None:
    """The pool of loopbacks holds four racks; most names would pick a place beyond it."""
    small: dict[str, Any] = {
        "pools": {"loopbacks": {"ipv4": "10.240.0.0/22"}},
        "growth": {"nodes_per_rack": 64, "leaves_per_rack": 2, "spines": 2},
    }
    base = plan.build(design(BASE, **small)).ledger
    for name in ("annex", "tower", "cellar"):
        assert ordinals(plan.build(design({**BASE, name: "east"}, **small), base).ledger)[name] < 8


_words = st.from_regex(r"[a-z]{2,8}(-[a-z]{2,6})?[0-9]{0,2}", fullmatch=True).filter(lambda word: word not in BASE)


@given(st.lists(_words, min_size=2, max_size=2, unique=True), st.sampled_from(["east", "west"]))
@settings(max_examples=60, deadline=None)
def test_two_branches_keep_what_they_gave_or_are_told(names: list[str], zone: str) -> None:
    base = plan.build(design(BASE)).ledger
    one, other = {names[0]: "east"}, {names[1]: zone}
    branches = [plan.build(design({**BASE, **rack}), base).ledger for rack in (one, other)]
    lines = {section: dict(owners) for section, owners in base.given.items()}
    for branch in branches:
        for section, owners in branch.given.items():
            assert base.given.get(section, {}).items() <= owners.items()
            lines.setdefault(section, {}).update(owners)
    told, both = "", None
    try:
        both = plan.build(design({**BASE, **one, **other}), Ledger(lines)).ledger
    except PlanError as error:
        told = str(error)
    assert both is not None or "allowed: each value once" in told
    assert both is None or both.given == lines
