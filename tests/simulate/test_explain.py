"""Why a device has a route, or none: one case for each way in which it can end."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from fabric import config, plan
from fabric.config import FabricConfig
from fabric.resources import directory
from fabric.simulate import Explanation, Outcome, Reason, Silence, explain, simulate, what_if
from fabric.topology import load
from tests.simulate.build import prefix


def _load(name: str) -> FabricConfig:
    return config.build(plan.build(load(directory("topologies") / f"{name}.yaml")))


@pytest.fixture(scope="module")
def quickstart() -> FabricConfig:
    return _load("quickstart")


@pytest.fixture(scope="module")
def dz() -> FabricConfig:
    return _load("rhoso-dz")


def _explain(fabric: FabricConfig, device: str, wanted: str, *fail: str) -> Explanation:
    asked = what_if(fabric, fail)
    return explain(
        simulate(asked.fabric, asked.failures), device, prefix(wanted) if "/" in wanted else ip_address(wanted)
    )


def test_two_paths_are_installed(quickstart: FabricConfig) -> None:
    found = _explain(quickstart, "a1-leaf-1", "10.240.0.131/32")
    assert found.outcome is Outcome.INSTALLED
    assert [(item.sender, item.candidate.best, item.installed) for item in found.candidates] == [
        ("spine-1", True, True),
        ("spine-2", False, True),
    ]
    assert {(n.device, n.silence, n.reason) for n in found.silent} == {
        ("a1-server-1", Silence.WITHHELD, Reason.PREFIX_LIST),
        ("a1-server-2", Silence.WITHHELD, Reason.PREFIX_LIST),
    }


def test_an_address_stands_for_its_longest_prefix(quickstart: FabricConfig) -> None:
    assert _explain(quickstart, "a1-leaf-1", "10.240.0.131") == _explain(quickstart, "a1-leaf-1", "10.240.0.131/32")
    assert _explain(quickstart, "a1-leaf-1", "192.0.2.1").prefix == prefix("192.0.2.1/32")


def test_a_fib_filter_keeps_every_path_out(dz: FabricConfig) -> None:
    found = _explain(dz, "rack-0-compute-0", "172.17.0.80/32")
    assert found.outcome is Outcome.FILTERED
    assert {(item.filter, item.installed) for item in found.candidates} == {("only-default-ipv4", False)}
    assert found.covering is not None
    assert found.covering.prefix == prefix("0.0.0.0/0")


def test_a_connected_route_is_preferred_to_the_paths(dz: FabricConfig) -> None:
    found = _explain(dz, "rack-0-worker-0", "172.17.0.80/32")
    assert found.outcome is Outcome.OTHER_PROTOCOL
    reasons = {item.sender: item.candidate.rejected for item in found.candidates}
    assert reasons[None] is None
    assert reasons["rack-0-leaf-0"] is Reason.ORIGINATOR_LOOP


def test_every_path_is_refused(quickstart: FabricConfig) -> None:
    found = _explain(quickstart, "spine-1", "10.243.208.2/32")
    assert found.outcome is Outcome.NO_USABLE_PATH
    assert {item.candidate.rejected for item in found.candidates} == {Reason.AS_LOOP}
    assert len(found.candidates) == 4


def test_nobody_has_the_prefix_any_more(dz: FabricConfig) -> None:
    found = _explain(dz, "rack-0-compute-0", "0.0.0.0/0", "node:router-0")
    assert found.outcome is Outcome.NO_PATH
    assert (found.fib, found.covering, found.candidates) == (None, None, ())
    assert {(n.device, n.silence) for n in found.silent} == {
        ("rack-0-leaf-0", Silence.NO_PATH),
        ("rack-0-leaf-1", Silence.NO_PATH),
    }


def test_a_session_that_is_down_brings_nothing(quickstart: FabricConfig) -> None:
    found = _explain(quickstart, "a1-leaf-1", "10.240.0.131/32", "link:spine-1:eth1", "node:spine-2")
    assert found.outcome is Outcome.NO_PATH
    downs = {n.device: n.explanation for n in found.silent if n.silence is Silence.SESSION_DOWN}
    assert set(downs) == {"spine-1", "spine-2"}
    assert "no carrier" in downs["spine-1"]
    assert "spine-2 is down" in downs["spine-2"]


@pytest.mark.parametrize("name", ["quickstart", "rhoso-dz"])
def test_what_is_said_to_be_installed_is_in_the_fib(name: str) -> None:
    simulation = simulate(_load(name))
    for device in simulation.fabric:
        for family in ("ipv4", "ipv6"):
            fib = simulation.fib(device.name, family)
            for wanted in simulation.rib(device.name, family):
                found = explain(simulation, device.name, wanted)
                installed = [item for item in found.candidates if item.installed]
                assert bool(installed) == (wanted in fib and fib[wanted].protocol == "bgp"), (device.name, wanted)
                assert (found.outcome is Outcome.INSTALLED) == bool(installed)
