"""Walking FIBs by destination against every path of every pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fabric.config import FabricConfig
from fabric.simulate import (
    DELIVERED,
    FAMILIES,
    NONE,
    Endpoint,
    Failures,
    Fate,
    Walk,
    lost_pairs,
    reachable,
    simulate,
)
from tests.simulate import fabrics, fabrics_far, fabrics_policy
from tests.simulate.build import device, fabric, interface, static

FABRICS = (
    fabrics.numbered,
    fabrics.unnumbered,
    fabrics.rhoso,
    fabrics_far.overlay,
    fabrics_far.reflection,
    fabrics_policy.filtered,
)


def _failures(built: FabricConfig) -> Iterator[Failures]:
    yield NONE
    yield from (Failures(cables=frozenset({cable})) for cable in built.cables)
    yield from (Failures(devices=frozenset({item.name})) for item in built)


def _points(built: FabricConfig, version: int) -> list[Endpoint]:
    return [Endpoint(d.name, a.ip) for d in built for a in d.loopback_addresses() if a.version == version]


@pytest.mark.parametrize("make", FABRICS, ids=lambda make: make.__name__)
def test_fates_are_those_of_all_paths(make: Callable[[], FabricConfig]) -> None:
    built = make()
    for failures in _failures(built):
        simulation = simulate(built, failures)
        for family in FAMILIES:
            walk = Walk(simulation, family)
            for point in _points(built, int(family[-1])):
                for source in built.by_name:
                    expected = {path.fate for path in simulation.paths(source, point.address)}
                    assert walk.fates(source, point.address) == expected, (failures, source, point)


@pytest.mark.parametrize("make", FABRICS, ids=lambda make: make.__name__)
def test_lost_pairs_are_those_that_are_not_reachable(make: Callable[[], FabricConfig]) -> None:
    built = make()
    for failures in _failures(built):
        simulation = simulate(built, failures)
        for family in FAMILIES:
            points = [p for p in _points(built, int(family[-1])) if p.device not in failures.devices]
            expected = {
                (one, two)
                for one in points
                for two in points
                if one.device != two.device and not reachable(simulation, one.device, one.address, two.address)
            }
            found = lost_pairs(Walk(simulation, family), points)
            assert {(pair.source, pair.destination) for pair in found} == expected


def test_a_loop_with_a_way_out() -> None:
    """`a` and `b` send to each other; `b` also to `c`, which drops; `d` leads into the loop, and `e` nowhere."""
    target = "10.9.9.9/32"
    devices = (
        device("a1", 1, [interface("e0", "10.0.0.0/31")], static_routes=(static(target, "10.0.0.1"),)),
        device(
            "b1",
            2,
            [interface("e0", "10.0.0.1/31"), interface("e1", "10.0.1.0/31"), interface("e2", "10.0.2.0/31")],
            static_routes=(static(target, "10.0.0.0", "10.0.1.1"),),
        ),
        device("c1", 3, [interface("e0", "10.0.1.1/31")], static_routes=(static(target, None),)),
        device("d1", 4, [interface("e0", "10.0.2.1/31")], static_routes=(static(target, "10.0.2.0"),)),
        device("e1", 5, [interface("lo", "10.9.9.9/32")]),
    )
    simulation = simulate(fabric(devices, "a1:e0 b1:e0", "b1:e1 c1:e0", "b1:e2 d1:e0"))
    walk = Walk(simulation, "ipv4")
    [address] = (a.ip for a in devices[-1].loopback_addresses())
    looping = {Fate.LOOP, Fate.BLACKHOLE}
    expected = {"a1": looping, "b1": looping, "c1": {Fate.BLACKHOLE}, "d1": looping, "e1": DELIVERED}
    assert {name: walk.fates(name, address) for name in expected} == expected


def test_a_device_that_does_not_forward_still_sends() -> None:
    middle = (static("10.255.0.3/32", "10.0.1.1"), static("10.255.0.1/32", "10.0.0.0"))
    devices = (
        device(
            "a1",
            1,
            [interface("lo", "10.255.0.1/32"), interface("e0", "10.0.0.0/31")],
            static_routes=(static("10.255.0.3/32", "10.0.0.1"),),
        ),
        device(
            "b1",
            2,
            [interface("e0", "10.0.0.1/31"), interface("e1", "10.0.1.0/31")],
            static_routes=middle,
            forwarding=False,
        ),
        device("c1", 3, [interface("lo", "10.255.0.3/32"), interface("e0", "10.0.1.1/31")]),
    )
    walk = Walk(simulate(fabric(devices, "a1:e0 b1:e0", "b1:e1 c1:e0")), "ipv4")
    address = devices[2].loopback_addresses()[0].ip
    assert walk.fates("b1", address) == DELIVERED
    assert walk.fates("a1", address) == {Fate.NOT_FORWARDING}
