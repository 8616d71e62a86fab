"""Sweeps by effects on the healthy fabric against the same sweeps with every scenario simulated in full."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fabric import config, plan
from fabric.config import FabricConfig
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import Failures, Sweep, SweepOptions, simulate, sweep
from fabric.simulate._classsets import ClassSet
from fabric.simulate._effects import Unit, fail
from fabric.simulate._ground import ground
from fabric.simulate._lines import Held, Offer
from fabric.simulate._together import Rules
from fabric.topology import load, parse
from tests.simulate import fabrics
from tests.simulate.test_oracle import MONOTONIC, clos

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Shrinking a fabric takes longer than reading it."""
_IN_FULL = SweepOptions(in_full=True)
_DOUBLE = [Sweep("links", 2), Sweep("nodes", 2), Sweep("racks", 1), Sweep("zones", 1)]


@st.composite
def designs(draw: st.DrawFn) -> FabricConfig:
    """A planned fabric of one to three spines and up to four racks, dual-homed or not, with or without nodes."""
    spines, nodes = draw(st.integers(1, 3)), draw(st.booleans())
    lines = ["version: 1", "name: drawn", f"spines: {spines}"]
    lines.append(draw(st.sampled_from(["families: [ipv4]", "families: [ipv4, ipv6]"])))
    lines.append(f"links: {{fabric: {draw(st.sampled_from(['numbered', 'unnumbered']))}}}")
    lines += ["node_groups:", "  servers: {role: server}"] if nodes else []
    lines.append("zones:")
    for number in range(draw(st.integers(1, 2))):
        lines += [f"  - name: zone-{number}", "    racks:"]
        for rack in range(draw(st.integers(1, 2))):
            leaves = draw(st.integers(1, 2))
            inside = f", nodes: {{servers: {draw(st.integers(1, 2))}}}" if nodes else ""
            lines.append(f"      - {{name: z{number}r{rack}, leaves: {leaves}{inside}}}")
    return config.build(plan.build(parse("\n".join(lines) + "\n", "drawn")))


@settings(max_examples=10, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(designs(), st.data())
def test_effects_say_what_simulation_says_of_designs(fabric: FabricConfig, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(fabric.cables), max_size=1))
    failures = Failures(cables=frozenset(lost))
    assert ground(simulate(fabric, failures)) is not None
    sweeps = [Sweep("links", data.draw(st.integers(1, 2))), Sweep("nodes", 2), Sweep("racks", 1)]
    if len(fabric.cables) > 12:
        sweeps = [Sweep("links", 1), Sweep("nodes", 1)]
    assert sweep(fabric, sweeps, failures) == sweep(fabric, sweeps, failures, _IN_FULL)


@settings(max_examples=12, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(clos(MONOTONIC), st.booleans())
def test_effects_say_what_simulation_says_of_any_fabric(fabric: FabricConfig, pairs: bool) -> None:
    sweeps = [Sweep("links", 2 if pairs and len(fabric.cables) < 8 else 1), Sweep("nodes", 1)]
    assert sweep(fabric, sweeps) == sweep(fabric, sweeps, options=_IN_FULL)


def test_two_failures_of_a_whole_design_are_judged_alike() -> None:
    text = (directory("topologies") / "quickstart.yaml").read_text().replace("servers: 2}}]", "servers: 1}}]")
    fabric = config.build(plan.build(parse(text, "test")))
    assert ground(simulate(fabric)) is not None
    assert sweep(fabric, _DOUBLE) == sweep(fabric, _DOUBLE, options=_IN_FULL)


@pytest.mark.parametrize("fabric", [fabrics.unnumbered(), fabrics.numbered((65100, 65101))])
def test_small_fabrics_are_judged_alike(fabric: FabricConfig) -> None:
    assert sweep(fabric, _DOUBLE) == sweep(fabric, _DOUBLE, options=_IN_FULL)


def test_what_more_than_announcements_decides_is_simulated_in_full() -> None:
    """It announces the subnets of its links, which are gone with them."""
    assert ground(simulate(fabrics.numbered())) is None


def test_racks_with_reflectors_are_judged_alike() -> None:
    """Nodes have static routes and filters, so that packets must be followed."""
    fabric = configure(plan.build(load(directory("topologies") / "rhoso-bgp-dt02.yaml")))
    healthy = ground(simulate(fabric))
    assert healthy is not None
    assert not any(family.plain for family in healthy.families)
    sweeps = [Sweep("links", 1), Sweep("nodes", 1), Sweep("racks", 2), Sweep("zones", 1)]
    assert sweep(fabric, sweeps) == sweep(fabric, sweeps, options=_IN_FULL)


def test_after_a_failure_only_its_classes_are_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leaf of the design has routes of six classes; the failed link bears on one of them at the other leaves."""
    text = "version: 1\nname: c\nspines: 2\nzones:\n  - name: a\n    racks:\n"
    text += "".join(f"      - {{name: r{n}, leaves: 1}}\n" for n in range(4))
    found = ground(simulate(config.build(plan.build(parse(text, "clos")))))
    assert found is not None
    family = found.families[0]
    decided: list[int] = []
    decide = Rules.decide

    def heard(rules: Rules, offers: Iterable[Offer], within: ClassSet = -1) -> Held:
        decided.append(within)
        return decide(rules, offers, within)

    monkeypatch.setattr(Rules, "decide", heard)
    spine = next(c for c in family.rules.graph.channels if c.sender.name == "r0-leaf-1")
    effect = fail(family, Unit(frozenset({spine.index, spine.index ^ 1}), frozenset()))
    assert effect.changed
    assert sorted(classes.bit_count() for classes in decided if classes != -1)[:4] == [1, 1, 1, 1]
