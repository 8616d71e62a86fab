"""States that are told from the healthy one against the same states simulated: tables, sessions, ways, what moved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.config import FabricConfig
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import FAMILIES, NONE, Failures, Scenario, Situation, Sweep, Walk, bench, scenarios, simulate
from fabric.simulate._scenarios import Kind
from fabric.topology import load
from tests.simulate import fabrics
from tests.simulate.test_effects import QUICK, designs
from tests.simulate.test_oracle import MONOTONIC, clos

_SHARED = settings(deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])


def _told(fabric: FabricConfig, todo: list[Scenario], failures: Failures = NONE) -> Iterator[Situation]:
    """Those of the scenarios that need no simulation."""
    found = bench(fabric, failures)
    return (s for s in map(found.situation, todo) if s.told is not None)


def _same(situation: Situation) -> None:
    simulated = simulate(situation.fabric, situation.failures)
    assert situation.before is not None
    assert situation.sessions == simulated.sessions
    for family in FAMILIES:
        told, walk = situation.walks[family], Walk(simulated, family)
        assert told.fibs == walk.fibs
        _same_ways(told, walk, situation.before.walks[family])
    assert "simulation" not in vars(situation)


def _same_ways(told: Walk, walk: Walk, before: Walk) -> None:
    """Towards an address of every interface, dead ones and those of links among them."""
    version = 4 if walk.family == "ipv4" else 6
    devices = list(before.simulation.fabric)
    for address in {a.ip for d in devices for i in d.interfaces for a in i.addresses if a.version == version}:
        for device in devices:
            assert told.step(device.name, address) == walk.step(device.name, address)
            assert told.legs(device.name, address) == walk.legs(device.name, address)
            assert told.fates(device.name, address) == walk.fates(device.name, address)
            assert told.path_length(device.name, address) == walk.path_length(device.name, address)
        assert told.moved(before, address) == walk.moved(before, address)


@settings(_SHARED, max_examples=12)
@given(designs(), st.data())
def test_designs_after_failures_are_told_as_they_are_simulated(fabric: FabricConfig, data: st.DataObject) -> None:
    lost = frozenset(data.draw(st.sets(st.sampled_from(fabric.cables), max_size=1)))
    kind: Kind = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, kind, data.draw(st.integers(1, 2))))
    chosen = data.draw(st.lists(st.sampled_from(todo), min_size=1, max_size=4)) if todo else []
    told = list(_told(fabric, chosen, Failures(cables=lost)))
    assert len(told) == len(chosen)
    for situation in told:
        _same(situation)


@settings(_SHARED, max_examples=30)
@given(clos(MONOTONIC), st.data())
def test_any_fabric_after_failures_is_told_as_it_is_simulated(fabric: FabricConfig, data: st.DataObject) -> None:
    kind: Kind = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, kind, data.draw(st.integers(1, 2))))
    for situation in _told(fabric, data.draw(st.lists(st.sampled_from(todo), max_size=4)) if todo else []):
        _same(situation)


def test_every_two_failures_of_a_small_fabric_are_told() -> None:
    fabric = fabrics.unnumbered()
    todo = [scenario for sweep in (Sweep("links", 2), Sweep("nodes", 2)) for scenario in _all(fabric, sweep)]
    told = list(_told(fabric, todo))
    assert len(told) == len(todo)
    for situation in told:
        _same(situation)


def _all(fabric: FabricConfig, sweep: Sweep) -> Iterator[Scenario]:
    for at_once in range(1, sweep.at_once + 1):
        yield from scenarios(fabric, sweep.kind, at_once)


@pytest.mark.parametrize("name", ["quickstart", "clos3-rfc7938"])
def test_shipped_designs_are_told(name: str) -> None:
    fabric = configure(plan.build(load(directory("topologies") / f"{name}.yaml")))
    todo = [*scenarios(fabric, "links", 1), *scenarios(fabric, "racks", 1), *scenarios(fabric, "zones", 1)]
    told = list(_told(fabric, todo))
    assert len(told) == len(todo)
    for situation in told[::3]:
        _same(situation)


def test_what_cannot_be_told_is_simulated() -> None:
    fabric = fabrics.rhoso()
    scenario = next(scenarios(fabric, "links", 1))
    situation = bench(fabric).situation(scenario)
    assert situation.told is None
    assert situation.sessions == simulate(fabric, scenario.failures).sessions
