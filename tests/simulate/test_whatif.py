"""The words of `--fail` on a fabric with every kind of thing to break."""

from __future__ import annotations

import pytest

from fabric import config, plan
from fabric.config import FabricConfig
from fabric.resources import directory
from fabric.simulate import NONE, Failures, SessionEnd, WhatIfError, combined, drain, simulate, what_if
from fabric.topology import load
from tests.simulate.build import cable


@pytest.fixture(scope="module")
def fabric() -> FabricConfig:
    return config.build(plan.build(load(directory("topologies") / "quickstart.yaml")))


UPLINK = cable("spine-1:eth1 a1-leaf-1:eth1")
ZONE_A = {"a1-leaf-1", "a1-leaf-2", "a1-server-1", "a1-server-2"}


@pytest.mark.parametrize(
    ("target", "failures"),
    [
        ("link:spine-1:eth1", Failures(cables=frozenset({UPLINK}))),
        ("link:a1-leaf-1:eth1", Failures(cables=frozenset({UPLINK}))),
        ("link:spine-1--a1-leaf-1", Failures(cables=frozenset({UPLINK}))),
        ("link:a1-leaf-1--spine-1", Failures(cables=frozenset({UPLINK}))),
        ("link:a1-leaf-1:eth1--spine-1", Failures(cables=frozenset({UPLINK}))),
        ("link:spine-1:eth1--a1-leaf-1:eth1", Failures(cables=frozenset({UPLINK}))),
        ("node:spine-1", Failures(devices=frozenset({"spine-1"}))),
        ("rack:a1", Failures(devices=frozenset(ZONE_A))),
        ("zone:zone-a", Failures(devices=frozenset(ZONE_A))),
        ("tier:spine", Failures(devices=frozenset({"spine-1", "spine-2"}))),
        ("session:spine-1->10.244.0.1", Failures(sessions=frozenset({SessionEnd("spine-1", "10.244.0.1")}))),
        (
            "session:spine-1->a1-leaf-1",
            Failures(sessions=frozenset({SessionEnd("spine-1", peer) for peer in ("10.244.0.1", "fd00:fab:0:1::1")})),
        ),
    ],
)
def test_a_target_breaks_exactly_what_it_names(fabric: FabricConfig, target: str, failures: Failures) -> None:
    asked = what_if(fabric, [target])
    assert asked.failures == failures
    assert asked.fabric is fabric


def test_targets_add_up(fabric: FabricConfig) -> None:
    both = what_if(fabric, ["node:spine-1", "link:spine-2:eth1"]).failures
    assert both == combined(*(what_if(fabric, [t]).failures for t in ("node:spine-1", "link:spine-2:eth1")))
    assert what_if(fabric, []).failures == NONE


def test_every_mistake_is_reported_at_once_with_near_misses(fabric: FabricConfig) -> None:
    wrong = [
        "node:spine-11",
        "zone:zona-a",
        "link:spine-1:eth9",
        "link:a1-leaf-1--b1-leaf-1",
        "lnk:x",
        "session:spine-1",
    ]
    with pytest.raises(WhatIfError) as caught:
        what_if(fabric, [*wrong, "node:spine-1", "session:spine-1->b1-leaf-9", "drain:nobody"])
    lines = caught.value.problems
    assert len(lines) == len(wrong) + 2
    assert all(line.startswith(f"--fail {target}: ") for line, target in zip(lines, wrong, strict=False))
    assert "Did you mean spine-1" in lines[0]
    assert "Did you mean zone-a" in lines[1]
    assert "spine-1:eth1--a1-leaf-1:eth1" in lines[2]
    assert "no cable joins a1-leaf-1 and b1-leaf-1" in lines[3]
    assert "link" in lines[4]
    assert "DEVICE->PEER" in lines[5]
    assert "Did you mean b1-leaf-2" in lines[6]


def test_a_drained_device_keeps_its_sessions_and_loses_its_transit(fabric: FabricConfig) -> None:
    asked = what_if(fabric, ["drain:spine-1"])
    assert asked.failures == NONE
    assert asked.fabric == drain(fabric, ["spine-1"]) != fabric
    before, after = simulate(fabric), simulate(asked.fabric)
    assert all(session.up for session in after.sessions)
    far = fabric.by_name["b1-server-1"].loopback_addresses()[0].ip
    assert {p.devices[2] for p in before.paths("a1-server-1", far)} == {"spine-1", "spine-2"}
    assert {p.devices[2] for p in after.paths("a1-server-1", far)} == {"spine-2"}


def test_a_device_without_bgp_cannot_be_drained() -> None:
    dz = config.build(plan.build(load(directory("topologies") / "rhoso-dz.yaml")))
    with pytest.raises(WhatIfError, match="speaks no BGP"):
        what_if(dz, ["drain:rack-0-array-0"])
