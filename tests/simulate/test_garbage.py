"""A prediction leaves nothing that only the cyclic garbage collector can free: the command hardly ever runs it."""

import gc
from weakref import ref

from fabric import config, plan
from fabric.resources import directory
from fabric.simulate import FAMILIES, NONE, Failures, simulate
from fabric.topology import load


def test_predictions_end_with_their_last_reference() -> None:
    fabric = config.build(plan.build(load(directory("topologies") / "quickstart.yaml")))
    gc.disable()
    try:
        for failures in (NONE, Failures(devices=frozenset({"spine-1"}))):
            simulation = simulate(fabric, failures)
            assert simulation.compressed_fib("spine-2", "ipv4")
            outcome = simulation._round
            parts: list[ref[object]] = [ref(simulation), ref(simulation._links), ref(outcome.zebra)]
            parts += [ref(part) for family in FAMILIES for part in (outcome.bgp[family], outcome.bgp[family].graph)]
            del simulation, outcome
            assert [part() for part in parts] == [None] * len(parts)
    finally:
        gc.enable()
