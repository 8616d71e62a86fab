"""All destination classes at once against one after the other: tables, kernel routes and reasons must be the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import config, plan
from fabric.config import FabricConfig, Prefix
from fabric.resources import directory
from fabric.simulate import FAMILIES, NONE, Failures, FibEntry, RibEntry, simulate, what_if
from fabric.topology import load
from tests.simulate import fabrics
from tests.simulate.test_oracle import MONOTONIC, clos

Tables = dict[str, tuple[dict[Prefix, RibEntry], dict[Prefix, FibEntry]]]


def _tables(fabric: FabricConfig, failures: Failures) -> Tables:
    simulation = simulate(fabric, failures)
    return {
        f"{device.name} {family}": (
            {prefix: _sorted(entry) for prefix, entry in simulation.rib(device.name, family).items()},
            dict(simulation.fib(device.name, family)),
        )
        for device in fabric
        for family in FAMILIES
    }


def _sorted(entry: RibEntry) -> RibEntry:
    """Candidates that rank alike in any order."""
    return replace(entry, candidates=tuple(sorted(entry.candidates, key=str)))


def _one_by_one(fabric: FabricConfig, failures: Failures) -> Tables:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fabric.simulate._outcomes.obstacles", lambda *_: iter(("asked for",)))
        return _tables(fabric, failures)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clos(MONOTONIC), st.data())
def test_both_ways_agree_on_random_fabrics_and_failures(fabric: FabricConfig, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(fabric.cables), max_size=2))
    failures = Failures(cables=frozenset(lost))
    assert not simulate(fabric, failures).obstacles
    assert _tables(fabric, failures) == _one_by_one(fabric, failures)


@pytest.mark.parametrize(
    "fabric", [fabrics.numbered(), fabrics.numbered((65100, 65101)), fabrics.unnumbered(), fabrics.rhoso()]
)
def test_both_ways_agree_after_every_single_failure(fabric: FabricConfig) -> None:
    assert not simulate(fabric).obstacles
    for device in fabric:
        failures = Failures(devices=frozenset({device.name}))
        assert _tables(fabric, failures) == _one_by_one(fabric, failures)


@pytest.mark.parametrize("name", ["quickstart", "rhoso-dz", "clos5"])
def test_both_ways_agree_on_what_ships(name: str) -> None:
    fabric = config.build(plan.build(load(directory("topologies") / f"{name}.yaml")))
    assert not simulate(fabric).obstacles
    assert _tables(fabric, NONE) == _one_by_one(fabric, NONE)


def test_a_drained_spine_of_an_external_fabric_is_no_obstacle() -> None:
    drained = what_if(fabrics.numbered(), ["drain:s0"]).fabric
    assert not simulate(drained).obstacles
    assert _tables(drained, NONE) == _one_by_one(drained, NONE)
