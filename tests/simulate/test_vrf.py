"""VRFs: tables of their own, `import vrf` between them, and packets that cross."""

from __future__ import annotations

from dataclasses import replace

from fabric.config import FabricConfig
from fabric.report import overview_tables
from fabric.simulate import Fate, loopback, overview, reachable, simulate, vrf_device, what_if
from tests.simulate.build import prefix
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
