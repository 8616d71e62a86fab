"""A prediction leaves nothing that only the cyclic garbage collector can free: the command hardly ever runs it."""

import gc

from fabric import config, plan
from fabric.resources import directory
from fabric.simulate import NONE, Failures, simulate
from fabric.topology import load


def test_predictions_end_with_their_last_reference() -> None:
    fabric = config.build(plan.build(load(directory("topologies") / "quickstart.yaml")))
    gc.collect()
    gc.disable()
    try:
        for failures in (NONE, Failures(devices=frozenset({"spine-1"}))):
            simulation = simulate(fabric, failures)
            assert simulation.compressed_fib("spine-2", "ipv4")
            del simulation
            assert gc.collect() == 0
    finally:
        gc.enable()
