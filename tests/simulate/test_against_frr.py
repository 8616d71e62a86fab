"""The simulator's FIBs against the kernel's, on real FRR daemons."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fabric.config import FabricConfig
from fabric.simulate import Failures, FibEntry, Simulation, simulate
from tests.simulate import fabrics, fabrics_far, fabrics_policy
from tests.simulate.build import cable
from tests.simulate.frr_lab import FrrLab, KernelRoute, running

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/usr/lib/frr/bgpd").exists() or shutil.which("ip") is None,
        reason="needs root, iproute2 and FRR",
    ),
]

Tables = dict[tuple[str, str], dict[str, KernelRoute]]


def predicted(simulation: Simulation) -> Tables:
    """What the simulator says that zebra puts into the kernel."""
    return {
        (device.name, family): {
            str(prefix): _as_kernel(entry)
            for prefix, entry in simulation.fib(device.name, family).items()
            if entry.protocol != "connected"
        }
        for device in simulation.fabric
        for family in ("ipv4", "ipv6")
    }


def _as_kernel(entry: FibEntry) -> KernelRoute:
    hops = frozenset(
        (hop.interface, "link-local" if hop.link_local else None if hop.gateway is None else str(hop.gateway))
        for hop in entry.next_hops
    )
    return KernelRoute(entry.protocol, hops, None if entry.source is None else str(entry.source), entry.blackhole)


def observed(lab: FrrLab, tables: Tables) -> Tables:
    return {key: lab.kernel(*key) for key in tables}


def differences(expected: Tables, found: Tables) -> list[str]:
    return [
        f"{device} {family} {prefix}: simulated {said.get(prefix)}, kernel {real.get(prefix)}"
        for (device, family), said in expected.items()
        for real in (found[device, family],)
        for prefix in sorted({*said, *real})
        if said.get(prefix) != real.get(prefix)
    ]


def agree(lab: FrrLab, simulation: Simulation, deadline_s: float = 45) -> list[str]:
    """The differences that remain at the deadline; none as soon as kernel and simulation agree."""
    expected = predicted(simulation)
    lab.wait(lambda: not differences(expected, observed(lab, expected)), deadline_s)
    return differences(expected, observed(lab, expected))


def sessions_agree(lab: FrrLab, simulation: Simulation) -> list[str]:
    up = {(end.device, end.peer) for session in simulation.sessions if session.up for end in session.ends}
    real = {(device.name, peer) for device in simulation.fabric for peer in lab.sessions_up(device.name)}
    return sorted(f"{device}->{peer}" for device, peer in up ^ real)


@pytest.mark.parametrize(
    ("fabric", "broken"),
    [
        (fabrics.numbered(), "s0:eth0 l0:eth0"),
        (fabrics.numbered((65000, 65009)), "s0:eth0 l0:eth0"),
        (fabrics.unnumbered(), "s1:eth1 l1:eth1"),
        (fabrics.rhoso(), "l0:eth2 c0:eth0"),
        (fabrics_far.overlay(), "a0:eth0 b0:eth0"),
        (fabrics_policy.filtered(), "p1:eth0 h0:eth1"),
    ],
    ids=["numbered", "unique-spines", "unnumbered", "rhoso", "overlay", "filtered"],
)
def test_kernel_follows_the_simulator_through_a_failure(fabric: FabricConfig, broken: str) -> None:
    with running(fabric) as lab:
        healthy = simulate(fabric)
        assert agree(lab, healthy) == []
        assert sessions_agree(lab, healthy) == []
        lost = cable(broken)
        lab.set_link(lost.b, "down")
        assert agree(lab, simulate(fabric, Failures(cables=frozenset({lost})))) == []
        lab.set_link(lost.b, "up")
        assert agree(lab, healthy) == []


@pytest.mark.parametrize("broken", [None, "r0:eth2 c2:eth0"])
def test_recursive_next_hops_from_a_cold_start(broken: str | None) -> None:
    """Started in the state in question: live, zebra 8.4.4 can leave a route inactive whose recursive next hop moved."""
    fabric = fabrics_far.reflection()
    lost = frozenset({cable(broken)} if broken else ())
    with running(fabric, [item.b for item in lost]) as lab:
        simulation = simulate(fabric, Failures(cables=lost))
        assert agree(lab, simulation) == []
        assert sessions_agree(lab, simulation) == []


def test_sessions_that_fit_and_those_that_do_not() -> None:
    fabric = fabrics_policy.misfits()
    simulation = simulate(fabric)
    expected = sum(session.up for session in simulation.sessions)
    with running(fabric) as lab:
        lab.wait(lambda: len(lab.sessions_up("h0")) >= expected, 30)
        lab.wait(lambda: len(lab.sessions_up("h0")) > expected, 8)  # time for one that should not come up
        assert sessions_agree(lab, simulation) == []
        assert agree(lab, simulation, 10) == []
