"""The simulator's FIBs and BGP tables against the kernel's and bgpd's, on real FRR daemons.

With `FABRIC_RECORD` set to a directory, what FRR showed is kept there. `recordings/` is made so, and read by
`test_recordings` where no FRR can run.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from fabric.config import FabricConfig
from fabric.lab import find_frr
from fabric.simulate import Failures, Simulation, simulate
from tests.simulate import fabrics_policy
from tests.simulate.build import cable
from tests.simulate.frr_lab import FrrLab, running
from tests.simulate.observation import Observation, differences, predict, unsure_prefixes
from tests.simulate.scenes import SCENES

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/usr/lib/frr/bgpd").exists() or shutil.which("ip") is None,
        reason="needs root, iproute2 and FRR",
    ),
]


def agree(lab: FrrLab, simulation: Simulation, deadline_s: float = 45) -> list[str]:
    """The differences that remain at the deadline; none as soon as FRR and simulation agree."""
    said, unsure = predict(simulation), unsure_prefixes(simulation)
    seen: list[Observation] = []

    def same() -> bool:
        seen.append(lab.observe())
        return not differences(said, seen[-1], unsure)

    lab.wait(same, deadline_s)
    return differences(said, seen[-1], unsure)


def sessions_agree(lab: FrrLab, simulation: Simulation) -> list[str]:
    """The sessions whose state differs; up means that both ends say so: a peer of `ttl-security` may say so alone."""
    established = {device.name: lab.sessions_up(device.name) for device in simulation.fabric}
    return [
        f"{session.a} {session.explanation or 'should be up'}"
        for session in simulation.sessions
        if session.up != all(end.peer in established[end.device] for end in session.ends)
    ]


def _record(lab: FrrLab, name: str) -> None:
    if directory := os.environ.get("FABRIC_RECORD"):
        (Path(directory) / f"{name}.json").write_text(json.dumps(lab.observe(), indent=1, sort_keys=True) + "\n")


def as_run_here(fabric: FabricConfig) -> FabricConfig:
    """The fabric, run by the FRR of this machine."""
    return fabric.run_by(find_frr(os.environ).version)


NEEDS = {"tenants": pytest.mark.kernel("vrf")}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NEEDS.get(name, ())) for name in SCENES if name != "reflection"]
)
def test_frr_follows_the_simulator_through_a_failure(name: str) -> None:
    scene, broken = SCENES[name]
    fabric = as_run_here(scene)
    with running(fabric) as lab:
        healthy = simulate(fabric)
        assert agree(lab, healthy) == []
        assert sessions_agree(lab, healthy) == []
        _record(lab, name)
        lost = cable(broken)
        lab.set_link(lost.b, "down")
        assert agree(lab, simulate(fabric, Failures(cables=frozenset({lost})))) == []
        _record(lab, f"{name}-broken")
        lab.set_link(lost.b, "up")
        assert agree(lab, healthy) == []


@pytest.mark.parametrize("state", ["reflection", "reflection-broken"])
def test_recursive_next_hops_from_a_cold_start(state: str) -> None:
    """Started in the state in question: live, zebra 8.4.4 can leave a route inactive whose recursive next hop moved."""
    scene, broken = SCENES["reflection"]
    fabric = as_run_here(scene)
    lost = frozenset({cable(broken)} if state.endswith("broken") else ())
    with running(fabric, [item.b for item in lost]) as lab:
        simulation = simulate(fabric, Failures(cables=lost))
        assert agree(lab, simulation) == []
        assert sessions_agree(lab, simulation) == []
        _record(lab, state)


def test_sessions_that_fit_and_those_that_do_not() -> None:
    fabric = as_run_here(fabrics_policy.misfits())
    simulation = simulate(fabric)
    expected = sum(session.up for session in simulation.sessions)
    with running(fabric) as lab:
        lab.wait(lambda: len(lab.sessions_up("h0")) >= expected, 30)
        lab.wait(lambda: len(lab.sessions_up("h0")) > expected, 8)  # time for one that should not come up
        assert sessions_agree(lab, simulation) == []
        assert agree(lab, simulation, 10) == []
