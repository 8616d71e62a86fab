"""Demands and loads after failures, told from those before them, against the same worked out anew."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.config import FabricConfig
from fabric.intents import Demand, IntentJudge, Kind, demands
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import (
    FAMILIES,
    NONE,
    Endpoint,
    Failures,
    LoadJudge,
    Situation,
    Stream,
    Sweep,
    bench,
    endpoints,
    loopback,
    scenarios,
    uniform,
)
from fabric.simulate._scenarios import Kind as Failing
from fabric.topology import load
from tests.simulate.test_effects import QUICK, designs
from tests.simulate.test_oracle import clos

_ANY = tuple(Sweep(kind, 2) for kind in ("links", "nodes", "racks", "zones"))
_KINDS = [kind for kind in Kind if kind is not Kind.OUTAGE]


@st.composite
def questions(draw: st.DrawFn, fabric: FabricConfig) -> tuple[Demand, ...]:
    """Some demands on some pairs of devices, broken or not."""
    found = ((d.name, loopback(d, family), family) for d in fabric for family in FAMILIES)
    points = [(Endpoint(name, address), family) for name, address, family in found if address is not None]
    pairs = [(a, b) for a, f in points for b, g in points if f == g and a.device != b.device]
    names = st.frozensets(st.sampled_from(sorted(fabric.by_name)), max_size=3)
    made = []
    for kind in draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=4)):
        chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=8))
        width, zones = draw(st.integers(1, 3)), draw(st.sampled_from([0, 0, 1, 2]))
        made.append(Demand(kind.value, kind, tuple(chosen), _ANY, draw(names), True, width, zones))
    return tuple(made)


@st.composite
def matrices(draw: st.DrawFn, fabric: FabricConfig) -> tuple[Stream, ...]:
    """Some traffic between endpoints; rates do not divide evenly."""
    points = [point for family in FAMILIES for point in endpoints(fabric, family)]
    pairs = [(a, b) for a in points for b in points if a.device != b.device and a.address.version == b.address.version]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=12)) if pairs else []
    return tuple(Stream(*pair, gbps=draw(st.sampled_from([0.1, 1.0, 7.3]))) for pair in chosen)


def _all_alike(fabric: FabricConfig, failures: Failures, data: st.DataObject, *, count: int = 3) -> None:
    at_once = data.draw(st.integers(1, 2))
    failing: Failing = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, failing, at_once))
    intents = IntentJudge(data.draw(questions(fabric)))
    load_ = LoadJudge(data.draw(matrices(fabric)), data.draw(st.sampled_from([None, 1.0])))
    found = bench(fabric, failures)
    for scenario in data.draw(st.lists(st.sampled_from(todo), max_size=count)) if todo else []:
        told = found.situation(scenario)
        anew = Situation(fabric, told.failures)
        assert list(intents(told)) == list(intents(anew))
        assert list(load_(told)) == list(load_(anew))


@settings(max_examples=15, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(designs(), st.data())
def test_judges_say_of_what_is_told_what_they_say_of_what_is_simulated(
    fabric: FabricConfig, data: st.DataObject
) -> None:
    lost = frozenset(data.draw(st.sets(st.sampled_from(fabric.cables), max_size=1)))
    _all_alike(fabric, Failures(cables=lost), data)


@settings(max_examples=25, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(clos([None]), st.data())
def test_judges_say_the_same_whether_or_not_scenarios_are_told(fabric: FabricConfig, data: st.DataObject) -> None:
    _all_alike(fabric, NONE, data)


@pytest.mark.parametrize("name", ["rhoso-bgp-dt02", "clos5"])
def test_judges_say_the_same_of_shipped_designs(name: str) -> None:
    design = load(directory("topologies") / f"{name}.yaml")
    fabric = configure(plan.build(design))
    judges = IntentJudge(demands(design.topology, fabric)), LoadJudge(uniform(fabric, 1.0), 10.0)
    found = bench(fabric)
    for scenario in [*scenarios(fabric, "links", 1)][::12] + [*scenarios(fabric, "racks", 1)][:2]:
        told = found.situation(scenario)
        anew = Situation(fabric, told.failures)
        for judge in judges:
            assert list(judge(told)) == list(judge(anew))
