"""Sweeps against simulating every scenario and asking about every pair."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import combinations

import pytest

from fabric import config, plan
from fabric.config import AsPathList, AsPathRule, Cable, DeviceConfig, FabricConfig, MatchAsPath, SetLocalPreference
from fabric.errors import InputError
from fabric.resources import directory
from fabric.simulate import (
    FAMILIES,
    NONE,
    Failures,
    Remark,
    Simulation,
    Situation,
    Sweep,
    SweepOptions,
    endpoints,
    parse_sweeps,
    reachable,
    scenarios,
    simulate,
    sweep,
    what_if,
)
from fabric.topology import load, parse
from tests.simulate.build import Own, cable, deny, device, interface, neighbor, permit, policies, route_map
from tests.simulate.build import fabric as built

Pairs = set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def fabric() -> FabricConfig:
    """Two spines, and a second zone whose only leaf is a single point of failure."""
    text = (directory("topologies") / "quickstart.yaml").read_text()
    thin = text.replace("{name: b1, nodes", "{name: b1, leaves: 1, nodes").replace("servers: 2}", "servers: 1}")
    return config.build(plan.build(parse(thin, "test")))


def _cut(simulation: Simulation) -> Pairs:
    found: Pairs = set()
    for family in FAMILIES:
        alive = [p for p in endpoints(simulation.fabric, family) if p.device not in simulation.failures.devices]
        for one, two in combinations(sorted(alive), 2):
            if not reachable(simulation, one.device, one.address, two.address):
                found.add((one.device, two.device, family))
    return found


def _next_hops_lost(healthy: Simulation, broken: Simulation) -> int:
    lost = 0
    for name in healthy.fabric.by_name:
        for family in FAMILIES:
            after = broken.fib(name, family)
            for prefix, entry in healthy.fib(name, family).items():
                if prefix in after:
                    lost += max(0, len(entry.next_hops) - len(after[prefix].next_hops))
    return lost


def test_single_failures_are_judged_as_brute_force_judges_them(fabric: FabricConfig) -> None:
    report = sweep(fabric, parse_sweeps("links=1,nodes=1,racks=1,zones=1"))
    healthy = simulate(fabric)
    expected: dict[tuple[str, ...], Pairs] = {}
    for result in report.results:
        most = 0
        for scenario in scenarios(fabric, result.kind, 1):
            broken = simulate(fabric, scenario.failures)
            expected[scenario.targets] = _cut(broken)
            most = max(most, _next_hops_lost(healthy, broken))
        assert (result.narrowest.narrowed.next_hops if result.narrowest and result.narrowest.narrowed else 0) == most
    found = {j.scenario.targets: {(c.one, c.two, c.family) for c in j.cuts} for j in report.single_points_of_failure}
    assert found == {targets: pairs for targets, pairs in expected.items() if pairs}
    assert ("node:b1-leaf-1",) in found
    assert not report.sound


def test_of_two_failures_only_what_neither_does_alone_is_reported(fabric: FabricConfig) -> None:
    report = sweep(fabric, [Sweep("links", 2)])
    alone, together = report.results
    assert (alone.at_once, together.at_once) == (1, 2)
    cuts = {cable.name: _cut(simulate(fabric, Failures(cables=frozenset({cable})))) for cable in fabric.cables}
    expected: dict[tuple[str, ...], Pairs] = {}
    for one, two in combinations(fabric.cables, 2):
        beyond = _cut(simulate(fabric, Failures(cables=frozenset({one, two})))) - cuts[one.name] - cuts[two.name]
        if beyond:
            expected[f"link:{one.name}", f"link:{two.name}"] = beyond
    found = {j.scenario.targets: {(c.one, c.two, c.family) for c in j.cuts} for j in together.harmful}
    assert found == expected
    assert expected


def test_scenarios_are_named_as_fail_takes_them(fabric: FabricConfig) -> None:
    for kind in ("links", "nodes", "racks", "zones"):
        for scenario in scenarios(fabric, kind, 1):
            assert what_if(fabric, scenario.targets).failures == scenario.failures


def test_all_mappers_give_one_answer(fabric: FabricConfig) -> None:
    heard: list[tuple[int, int]] = []
    sweeps = parse_sweeps("links=1,zones=1")
    one = sweep(fabric, sweeps, options=SweepOptions(listener=lambda done, total: heard.append((done, total))))
    with ProcessPoolExecutor(2) as pool:
        assert sweep(fabric, sweeps, options=SweepOptions(pool.map)) == one
    total = len(fabric.cables) + 2
    assert heard[-1] == (total, total)
    assert heard == sorted(heard)


def test_what_is_broken_before_is_not_reported_again(fabric: FabricConfig) -> None:
    first: Cable = fabric.cables[0]
    broken = Failures(devices=frozenset({"b1-leaf-1"}))
    report = sweep(fabric, parse_sweeps("links=1"), broken)
    assert report.cut_before == len(_cut(simulate(fabric, broken))) > 0
    cuts = {(c.one, c.two, c.family) for j in report.single_points_of_failure for c in j.cuts}
    assert not cuts & _cut(simulate(fabric, broken))
    assert first.name in {t.removeprefix("link:") for s in scenarios(fabric, "links", 1) for t in s.targets}
    assert sweep(fabric, parse_sweeps("links=1"), NONE).cut_before == 0


@pytest.mark.parametrize("text", ["links", "links=3", "cables=1", "", "links=1,,nodes=1"])
def test_a_bad_specification_says_what_is_allowed(text: str) -> None:
    with pytest.raises(InputError, match="allowed: links=1 or links=2"):
        parse_sweeps(text)


def test_the_shipped_zone_design_hangs_on_its_router_alone() -> None:
    """The nodes of rhoso-dz follow the default route, which only the one border router originates."""
    dz = config.build(plan.build(load(directory("topologies") / "rhoso-dz.yaml")))
    report = sweep(dz, parse_sweeps("zones=1"))
    assert report.sound
    broken = simulate(dz, Failures(devices=frozenset({"router-0"})))
    one, two = (p for p in endpoints(dz, "ipv4") if p.device in ("rack-0-compute-0", "rack-0-compute-1"))
    assert not reachable(broken, one.device, one.address, two.address)


def _gadget() -> FabricConfig:
    """Three devices that each prefer the next one's direct path to their own; a second link of `n0` settles them."""
    own = Own(("10.255.0.9/32",))
    ports = [interface(f"e{n}", f"10.0.{n}.0/31") for n in range(4)]
    peers = [neighbor(f"10.0.{n}.1", "external") for n in range(4)]
    origin = device("z9", 65009, [interface("lo", "10.255.0.9/32"), *ports], peers, own)
    cables = [*(f"z9:e{n} n{n}:e0" for n in range(3)), "z9:e3 n0:e3", *(f"n{n}:e1 n{(n + 1) % 3}:e2" for n in range(3))]
    return built((origin, *map(_gadget_member, range(3))), *cables)


def _gadget_member(n: int) -> DeviceConfig:
    following, before = (n + 1) % 3, (n + 2) % 3
    near = AsPathList("near", (AsPathRule(5, "permit", f"^{65000 + following} 65009$"),))
    maps = (
        route_map("next", permit(MatchAsPath("near"), SetLocalPreference(200))),
        route_map("none", deny()),
        route_map("first", permit(SetLocalPreference(300))),
    )
    ports = [
        interface("e0", f"10.0.{n}.1/31"),
        interface("e1", f"10.1.{n}.0/31"),
        interface("e2", f"10.1.{before}.1/31"),
    ]
    peers = [
        neighbor(f"10.0.{n}.0", "external"),
        neighbor(f"10.1.{n}.1", "external", route_map_in="next"),
        neighbor(f"10.1.{before}.0", "external", route_map_in="none"),
    ]
    if n == 0:
        ports.append(interface("e3", "10.0.3.1/31"))
        peers.append(neighbor("10.0.3.0", "external", route_map_in="first"))
    return device(f"n{n}", 65000 + n, ports, peers, Own(), policies=policies(near, *maps))


def test_a_failure_that_leaves_no_stable_state_is_a_finding() -> None:
    gadget = _gadget()
    report = sweep(gadget, [Sweep("links", 1)])
    unstable = [judged for judged in report.single_points_of_failure if judged.unstable]
    assert [judged.scenario.failures.cables for judged in unstable] == [frozenset({cable("z9:e3 n0:e3")})]
    assert "n0, n1, n2" in unstable[0].unstable


def _count_spines(situation: Situation) -> list[Remark]:
    """A judge: how many spines are left to the first leaf, which needs one."""
    up = sum(s.up and "a1-leaf-1" in (e.device for e in s.ends) for s in situation.simulation.sessions)
    lost = situation.failures.devices & {"spine-1", "spine-2"}
    return [Remark("spines", f"lost {sorted(lost)}", len(lost) - up / 100, harmful=len(lost) == 2)] if lost else []


def test_a_further_judge_is_asked_of_every_scenario(fabric: FabricConfig) -> None:
    with ProcessPoolExecutor(2) as pool:
        alone, together = sweep(
            fabric, [Sweep("nodes", 2)], options=SweepOptions(pool.map, judges=(_count_spines,))
        ).results
    assert [j.scenario.targets for j in alone.harmful if j.remarks] == []
    assert alone.worst["spines"].scenario.targets == ("node:spine-1",)
    said = {j.scenario.targets: j.remarks for j in together.harmful if j.remarks}
    assert [remark.text for remark in said["node:spine-1", "node:spine-2"]] == ["lost ['spine-1', 'spine-2']"]
    assert together.worst["spines"].scenario.targets == ("node:spine-1", "node:spine-2")
    assert not any(remark.text == "lost ['spine-1']" for remarks in said.values() for remark in remarks)
