"""Where a ledger puts what is new: a first plan is dense, later ones let names pick."""

from __future__ import annotations

import re
from collections import defaultdict
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
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
    assert 2 <= named < 128


def test_a_new_racks_leaves_are_on_ports_side_by_side_and_alike_at_every_spine() -> None:
    base = plan.build(design(BASE)).ledger
    grown = plan.build(design({**BASE, "annex": "west"}), base)
    ends: defaultdict[str, list[int]] = defaultdict(list)
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

Racks = dict[str, list[dict[str, Any]]]


def zoned(zones: Racks, spines: int) -> Any:
    """A fabric with everything in it that zones and racks share: subnets, ASNs, ports."""
    networks = {
        "storage": {"ipv4": "172.18.0.0/16", "roles": ["server"], "scope": "fabric"},
        "internal": {"ipv4": "172.20.0.0/16", "roles": ["server"], "scope": "zone"},
        "tenant": {"ipv4": "172.22.0.0/16", "roles": ["server"], "scope": "rack"},
    }
    whole = {"version": 1, "name": "places", "spines": spines, "networks": networks, "growth": {"leaves_per_rack": 4}}
    return parse(
        yaml.safe_dump(
            {
                **whole,
                "asn": {"width": 4, "leaves": "per-zone"},
                "zones": [{"name": name, "racks": racks} for name, racks in zones.items()],
                "node_groups": {"servers": {"role": "server"}},
            }
        )
    )


def rack(name: str, servers: int = 2) -> dict[str, Any]:
    return {"name": name, "nodes": {"servers": servers}}


_FIRST: Racks = {"zone-1": [rack("r1"), rack("r2")], "zone-2": [rack("s1", 3), rack("s2")]}


@st.composite
def _edit(draw: st.DrawFn, mine: str) -> tuple[str, str, str, int]:
    """What a branch does to a rack or zone that is its own, or to its name's: the kind, where, what, how many."""
    kind = draw(st.sampled_from(["rack", "zone", "nodes", "leaves"]))
    where = {"one": "r1", "other": "s1"}[mine] if kind in ("nodes", "leaves") else draw(st.sampled_from([*_FIRST]))
    return kind, where, f"{mine}-{draw(_words)}", draw(st.integers(1, 2))


def edited(zones: Racks, edit: tuple[str, str, str, int]) -> Racks:
    kind, where, name, count = edit
    found = deepcopy(zones)
    match kind:
        case "rack":
            found[where] += [rack(f"{name}-{number}") for number in range(count)]
        case "zone":
            found[name] = [rack(f"{name}-r{number}") for number in range(count)]
        case "nodes":
            next(r for racks in found.values() for r in racks if r["name"] == where)["nodes"]["servers"] += count
        case _:
            next(r for racks in found.values() for r in racks if r["name"] == where)["leaves"] = 2 + count
    return found


def united(base: Ledger, *branches: Ledger) -> dict[tuple[str, str], dict[str, int]]:
    """The lines of all, as git merges what was added; what the base has, every branch has kept."""
    lines = {section: dict(owners) for section, owners in base.given.items()}
    for branch in branches:
        for section, owners in base.given.items():
            assert owners.items() <= branch.given.get(section, {}).items()
        for section, owners in branch.given.items():
            lines.setdefault(section, {}).update(owners)
    return lines


@given(_edit("one"), _edit("other"))
@example(("zone", "zone-1", "one-scy67", 1), ("zone", "zone-1", "other-ccy67", 1))
@settings(max_examples=60, deadline=None)
def test_two_branches_keep_what_they_gave_or_one_command_settles_it(one: Any, other: Any) -> None:
    """Two branches that edit different places, merged; a clash names two owners, and either can be renumbered."""
    base = plan.build(zoned(_FIRST, 2)).ledger
    branches = [plan.build(zoned(edited(_FIRST, edit), 2), base).ledger for edit in (one, other)]
    lines, both = united(base, *branches), zoned(edited(edited(_FIRST, one), other), 2)
    try:
        assert plan.build(both, Ledger(lines)).ledger.given == lines
    except PlanError as error:
        offered = re.findall(r"--renumber ([^\s,.]+)", str(error))
        theirs = {name for name in offered if any(name.startswith(mine[2]) or name == mine[1] for mine in (other,))}
        racks = {zone.name: [rack.name for rack in zone.racks] for zone in both.topology.zones}
        gone = theirs.union(*(racks.get(name, ()) for name in theirs))
        kept = plan.build(both, plan.without(Ledger(lines), theirs, racks)).ledger.given
        for section, owners in united(base, branches[0]).items():
            if section[0] not in gone:
                assert owners.items() <= kept[section].items()


@pytest.mark.parametrize(("first", "second"), [("zone-3", "zone-4"), ("harbour", "airport")])
def test_two_branches_that_each_add_a_zone_give_it_different_subnets_and_asns(first: str, second: str) -> None:
    base = plan.build(zoned(_FIRST, 2)).ledger
    edits = [("zone", "", name, 1) for name in (first, second)]
    branches = [plan.build(zoned(edited(_FIRST, edit), 2), base).ledger for edit in edits]
    lines, both = united(base, *branches), zoned(edited(edited(_FIRST, edits[0]), edits[1]), 2)
    assert plan.build(both, Ledger(lines)).ledger.given == lines


def test_a_zone_is_numbered_as_its_name_says() -> None:
    base = plan.build(zoned(_FIRST, 2)).ledger
    grown = plan.build(zoned(edited(_FIRST, ("zone", "", "zone-7", 1)), 2), base)
    assert (
        str(next(s for s in grown.subnets if (s.network, s.scope) == ("internal", "zone-7")).prefixes[0])
        == "172.20.6.0/24"
    )
    asns = {d.device.zone: d.asn for d in grown.devices if d.device.tier == "leaf"}
    assert asns["zone-7"] == (asns["zone-1"] or 0) + 6


def test_racks_of_unequal_size_have_stretches_of_a_shared_subnet_that_lie_apart() -> None:
    """A rack of three servers with ordinal 8 and one of two with ordinal 13 once overlapped."""
    for pair in [(a, b) for a in range(4, 12) for b in (6, 13) if a != b]:
        base = plan.build(zoned(_FIRST, 2)).ledger
        racks = [rack(f"r{number}", servers) for number, servers in zip(pair, (3, 2), strict=True)]
        grown = [plan.build(zoned({**_FIRST, "zone-1": [*_FIRST["zone-1"], r]}, 2), base).ledger for r in racks]
        hosts = [set(g.given[r["name"], "host.storage.ipv4"].values()) for g, r in zip(grown, racks, strict=True)]
        assert hosts[0].isdisjoint(hosts[1]), pair


def test_node_asns_of_a_narrow_range_are_a_stretch_a_rack() -> None:
    """64 nodes a rack do not fit many times into 2-byte ASNs: what comes later has its stretch by rack all the same."""
    base = plan.build(design(BASE, asn={"width": 2})).ledger
    found = {}
    for number in range(3, 40):
        grown = plan.build(design({**BASE, f"r{number}": "east"}, asn={"width": 2}), base).ledger
        found[number] = sorted(grown.given[f"r{number}", "asn.node"].values())
    every = [asn for asns in found.values() for asn in asns]
    assert len(set(every)) == len(every)
    assert all(asns[1] == asns[0] + 1 for asns in found.values())


def test_a_new_spine_has_its_ports_in_order_and_the_routers_next_ones() -> None:
    """It once had port 117 for the first rack, and a border router port 2454 for it."""
    more: dict[str, Any] = {"borders": {"routers": 1}}
    base = plan.build(design(BASE, **more)).ledger
    grown = plan.build(design(BASE, **{**more, "spines": 3}), base)
    new = [end.port for link in grown.links for end in (link.upper, link.lower) if end.device == "spine-3"]
    assert sorted(new) == list(range(1, len(new) + 1))
    border = [link.upper.port for link in grown.links if link.upper.device == "border-1"]
    assert sorted(border) == list(range(1, len(border) + 1))
