"""Flows: every path of a pair at once."""

from __future__ import annotations

from itertools import permutations

import pytest

from fabric.intents import Predicted, flow
from fabric.simulate import FAMILIES, Fate, Walk, endpoints, simulate, what_if
from tests.intents.fabrics import TARGET, Wires, designed

LOOPS = {"source": ("a", "b"), "a": ("target",), "b": ("c",), "c": ("b",)}


@pytest.mark.parametrize(
    ("there", "fates"),
    [
        ({"source": ("target",)}, {Fate.DELIVERED}),
        ({"source": ("a", "b"), "a": ("target",), "b": ("target",)}, {Fate.DELIVERED}),
        ({"source": ("a", "b"), "a": ("target",)}, {Fate.DELIVERED, Fate.NO_ROUTE}),
        ({"source": ("a", None), "a": ("target",)}, {Fate.DELIVERED, Fate.NO_NEIGHBOR}),
        (LOOPS, {Fate.DELIVERED, Fate.LOOP}),
        ({"source": ("source",)}, {Fate.LOOP}),
        ({}, {Fate.NO_ROUTE}),
    ],
)
def test_the_ends_of_all_paths(there: dict[str, tuple[str | None, ...]], fates: set[Fate]) -> None:
    assert flow(Wires(there), "source", TARGET.address).fates == fates


def test_a_host_sends_and_does_not_forward() -> None:
    wires = Wires({"source": ("a",), "a": ("target",)}, hosts=frozenset({"source", "a"}))
    assert flow(wires, "source", TARGET.address).fates == {Fate.NOT_FORWARDING}


def test_edges_and_width() -> None:
    found = flow(Wires({"source": ("a", "b", "b"), "a": ("target",), "b": ("target",)}), "source", TARGET.address)
    assert found.width == 3
    assert found.edges == {("source", "a"), ("source", "b"), ("a", "target"), ("b", "target")}


def test_predicted_flows_end_as_the_simulator_says() -> None:
    _, fabric = designed()
    for target in ("link:spine-1--a1-leaf-1", "node:b1-leaf-2", "tier:spine"):
        simulation = simulate(fabric, what_if(fabric, [target]).failures)
        ground = Predicted(simulation)
        for family in FAMILIES:
            walk = Walk(simulation, family)
            for one, two in permutations(endpoints(fabric, family), 2):
                assert flow(ground, one.device, two.address).fates == walk.fates(one.device, two.address)
