"""What certainly arrives, told for all destinations at once, against packets that are followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import config, plan
from fabric.config import FabricConfig
from fabric.resources import directory
from fabric.simulate import DELIVERED, FAMILIES, NONE, Endpoint, Failures, Walk, endpoints, overview, simulate
from fabric.simulate._arrivals import Arrivals
from fabric.topology import load
from tests.simulate import fabrics, test_reachability
from tests.simulate.test_oracle import MONOTONIC, clos


def one_spine_does_not_forward() -> FabricConfig:
    fabric = fabrics.numbered()
    spine = next(d for d in fabric if d.name == "s0")
    return replace(fabric, devices=tuple(replace(d, forwarding=False) if d is spine else d for d in fabric))


FABRICS = (one_spine_does_not_forward, *test_reachability.FABRICS)


def _pairs(fabric: FabricConfig, failures: Failures) -> Iterator[tuple[bool, bool]]:
    """For each device and each loopback address: whether packets certainly arrive, and whether they do."""
    simulation = simulate(fabric, failures)
    for family in FAMILIES:
        walk = Walk(simulation, family)
        points = [Endpoint(d.name, a.ip) for d in fabric for a in d.loopback_addresses() if f"ipv{a.version}" == family]
        tables = {device.name: simulation.compressed_fib(device.name, family) for device in fabric}
        arrivals = Arrivals(walk, tables, points)
        for point in points:
            for source in fabric.by_name:
                arrives = walk.fates(source, point.address) == DELIVERED
                yield arrivals.certain(source, point.address), arrives


@pytest.mark.parametrize("make", FABRICS, ids=lambda make: make.__name__)
def test_what_is_certain_arrives(make: Callable[[], FabricConfig]) -> None:
    fabric = make()
    certain = 0
    for lost in [(), *((device.name,) for device in fabric)]:
        for sure, arrives in _pairs(fabric, Failures(devices=frozenset(lost))):
            assert arrives or not sure
            certain += sure
    assert certain


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clos(MONOTONIC), st.data())
def test_what_is_certain_arrives_on_random_fabrics(fabric: FabricConfig, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(fabric.cables), max_size=2))
    for sure, arrives in _pairs(fabric, Failures(cables=frozenset(lost))):
        assert arrives or not sure


@pytest.mark.parametrize("name", ["quickstart", "rhoso-dz", "clos3-rfc7938", "clos5", "rhoso-bgp-dt01"])
def test_nothing_is_left_open_where_everyone_has_host_routes(name: str) -> None:
    fabric = config.build(plan.build(load(directory("topologies") / f"{name}.yaml")))
    simulation = simulate(fabric, NONE)
    for family in FAMILIES:
        points = endpoints(fabric, family)
        tables = {device.name: simulation.compressed_fib(device.name, family) for device in fabric}
        arrivals = Arrivals(Walk(simulation, family), tables, points)
        assert all(arrivals.certain(one.device, two.address) for one in points for two in points)
    assert overview(simulation).sound
