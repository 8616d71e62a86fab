"""Budgets and intents after failures by what moves, against simulating each scenario and asking about every pair."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from fabric import plan
from fabric.config import FabricConfig
from fabric.intents import demands, judge_failures
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import Situation, _judging, bench_of, budgets
from fabric.topology import load
from tests.simulate import fabrics
from tests.simulate.test_effects import QUICK, designs
from tests.simulate.test_oracle import MONOTONIC, clos


class _Everybody(frozenset[str]):
    """All devices, so that no pair is left out."""

    def __contains__(self, _device: object) -> bool:
        return True


def _in_full(patch: pytest.MonkeyPatch) -> None:
    """Simulate everything, and ask about everybody."""
    bench_of.cache_clear()
    _judging._at_rest.cache_clear()
    patch.setattr(_judging, "ground", lambda _: None)
    patch.setattr("fabric.simulate._budget._Towards.concerned", _Everybody())
    patch.setattr(Situation, "concerned", lambda self, _: frozenset(self.fabric.by_name))


def _alike(fabric: FabricConfig) -> None:
    told = budgets(fabric)
    with pytest.MonkeyPatch.context() as patch:
        _in_full(patch)
        assert budgets(fabric) == told
    bench_of.cache_clear()


@settings(max_examples=8, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(designs())
def test_budgets_of_designs_are_told_as_they_are_simulated(fabric: FabricConfig) -> None:
    _alike(fabric)


@settings(max_examples=15, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(clos(MONOTONIC))
def test_budgets_of_any_fabric_are_told_as_they_are_simulated(fabric: FabricConfig) -> None:
    _alike(fabric)


@pytest.mark.parametrize("fabric", [fabrics.unnumbered(), fabrics.numbered((65100, 65101)), fabrics.rhoso()])
def test_budgets_of_small_fabrics_are_told_as_they_are_simulated(fabric: FabricConfig) -> None:
    _alike(fabric)


@pytest.mark.parametrize("name", ["quickstart", "rhoso-bgp-dt02"])
def test_intents_of_shipped_designs_are_judged_alike(name: str) -> None:
    design = load(directory("topologies") / f"{name}.yaml")
    fabric = configure(plan.build(design))
    wanted = demands(design.topology, fabric)
    told = judge_failures(wanted, fabric)
    with pytest.MonkeyPatch.context() as patch:
        _in_full(patch)
        assert judge_failures(wanted, fabric) == told
    bench_of.cache_clear()
