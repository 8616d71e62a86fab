"""VRFs: tables of their own, `import vrf` between them, and packets that cross."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from fabric.config import FabricConfig
from fabric.report import overview_tables
from fabric.simulate import Failures, Fate, loopback, overview, reachable, simulate, vrf_device, what_if
from tests.simulate.build import cable, prefix
from tests.simulate.fabrics import numbered
from tests.simulate.fabrics_vrf import tenants

SHARED = prefix("10.70.0.0/24")


def _without_imports(fabric: FabricConfig) -> FabricConfig:
    devices = tuple(
        replace(d, bgp=tuple(
            replace(i, families=tuple(replace(f, import_vrfs=()) for f in i.families)) for i in d.bgp
        ))
        for d in fabric
    )  # fmt: skip
    return replace(fabric, devices=devices)


def _next_hops(fabric: FabricConfig, device: str) -> set[str]:
    entry = simulate(fabric).fib(device, "ipv4").get(SHARED)
    return set() if entry is None else set(map(str, entry.next_hops))


def test_a_fabric_without_vrfs_is_simulated_as_it_is() -> None:
    fabric = numbered()
    assert simulate(fabric).fabric is fabric


def test_tenants_may_have_the_same_prefix() -> None:
    alone = _without_imports(tenants())
    assert _next_hops(alone, vrf_device("h0", "red")) == {"10.7.0.1 dev eth0"}
    assert _next_hops(alone, vrf_device("h0", "blue")) == {"10.7.0.5 dev eth2"}
    assert _next_hops(alone, "h0") == set()


def test_what_is_imported_leaves_by_the_other_vrfs_ports() -> None:
    assert _next_hops(tenants(), "h0") == {"10.7.0.1 dev eth0"}
    best = simulate(tenants()).rib("h0", "ipv4")[SHARED].best
    assert best is not None
    assert (best.learned_from, best.attributes.as_path) == (None, (100,))


def test_frr_10_hands_packets_for_connected_routes_of_a_vrf_to_the_vrf() -> None:
    """Seen on 10.3; 8.4.4 sends them out of the VRF's port."""
    old, new = (simulate(tenants().run_by(version)) for version in ("8.4.4", "10.3"))
    spoke = ip_address("10.7.0.1")
    assert {str(h) for h in old.fib("h0", "ipv4")[prefix("10.7.0.0/31")].next_hops} == {"eth0"}
    assert {str(h) for h in new.fib("h0", "ipv4")[prefix("10.7.0.0/31")].next_hops} == {"red"}
    assert [path.devices for path in old.paths("d0", spoke)] == [("d0", "h0", "a0")]
    assert [(path.devices, path.fate) for path in new.paths("d0", spoke)] == [
        (("d0", "h0", "h0%red", "a0"), Fate.DELIVERED)
    ]
    assert new.delivers("d0", spoke)
    assert new.fib("h0%red", "ipv4")[prefix("10.7.0.6/31")] == old.fib("h0%red", "ipv4")[prefix("10.7.0.6/31")]
    assert overview(new).matrices == overview(old).matrices
    down = simulate(tenants().run_by("10.3"), Failures(cables=frozenset({cable("h0:eth0 a0:eth0")})))
    assert {path.fate for path in down.paths("d0", spoke)} == {Fate.NO_ROUTE}


@pytest.mark.parametrize("version", ["8.4.4", "10.3"])
def test_packets_that_leave_by_another_vrf_have_an_address_of_it(version: str) -> None:
    """It raised `KeyError` where the sender has the port in another VRF."""
    simulation = simulate(tenants().run_by(version))
    red = {ip_address("10.7.0.0"), ip_address("10.7.0.2")}
    assert simulation.source_towards("h0", ip_address("10.7.0.3")) in red
    assert simulation.source_towards("h0", ip_address("10.70.0.1")) == ip_address("10.7.0.0")


def test_nothing_is_imported_twice() -> None:
    simulation = simulate(tenants())
    candidates = simulation.rib("h0%red", "ipv4")[SHARED].candidates
    assert all(
        candidate.learned_from is not None for candidate in candidates
    )  # nothing comes back from the default VRF


def test_packets_cross_from_one_vrf_to_the_other_where_routes_do() -> None:
    fabric = tenants()
    simulation = simulate(fabric)
    here, there, blue = (loopback(fabric.by_name[name], "ipv4") for name in ("a0", "d0", "c0"))
    assert here is not None
    assert there is not None
    assert blue is not None
    assert reachable(simulation, "a0", here, there)
    (path,) = simulation.paths("a0", there)
    assert (path.devices, path.fate) == (("a0", "h0%red", "d0"), Fate.DELIVERED)
    assert not reachable(simulation, "a0", here, blue)
    assert not reachable(simulate(_without_imports(fabric)), "a0", here, there)


def test_failures_of_a_device_take_its_vrfs_along() -> None:
    fabric = tenants()
    what = what_if(fabric, ["node:h0"])
    simulation = simulate(what.fabric, what.failures)
    assert not any(session.up for session in simulation.sessions)
    what = what_if(fabric, ["session:h0->10.7.0.3"])
    down = [session for session in simulate(what.fabric, what.failures).sessions if not session.up]
    assert [str(session.a) for session in down] == ["h0%red->10.7.0.3"]
    what = what_if(fabric, ["link:h0--b0"])
    assert not what.failures.devices
    assert [s.a.device for s in simulate(what.fabric, what.failures).sessions if not s.up] == ["h0%red"]


def test_the_overview_has_a_row_for_each() -> None:
    names = [summary.device.name for summary in overview(simulate(tenants())).devices]
    assert names[:3] == ["h0", "h0%red", "h0%blue"]
    assert list(overview_tables(overview(simulate(tenants()))))
