"""States that are told from the healthy one against the same states simulated: tables, sessions, ways, what moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import plan
from fabric.config import DeviceConfig, FabricConfig, FibFilter, MatchPrefixList, StaticRoute
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import (
    FAMILIES,
    NONE,
    Failures,
    NoStableStateError,
    Scenario,
    Situation,
    Sweep,
    Walk,
    bench,
    scenarios,
    simulate,
)
from fabric.simulate._scenarios import Kind
from fabric.topology import load, parse
from tests.simulate import fabrics
from tests.simulate.build import Own, device, interface, neighbor, permit, prefix, route_map, static
from tests.simulate.build import fabric as built
from tests.simulate.test_effects import QUICK, designs
from tests.simulate.test_oracle import MONOTONIC, clos

_HOSTS_ONLY = route_map(
    "hosts-only", permit(MatchPrefixList("hosts", "ipv4")), permit(MatchPrefixList("hosts", "ipv6"))
)
_FILTERS = tuple(FibFilter("ipv6", protocol, "hosts-only") for protocol in ("bgp", "static"))
_SHARED = settings(deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])


def _told(fabric: FabricConfig, todo: list[Scenario], failures: Failures = NONE) -> Iterator[Situation]:
    """Those of the scenarios that need no simulation."""
    found = bench(fabric, failures)
    return (s for s in map(found.situation, todo) if s.told is not None)


def _same(situation: Situation) -> None:
    simulated = simulate(situation.fabric, situation.failures)
    assert situation.before is not None
    assert situation.sessions == simulated.sessions
    for family in FAMILIES:
        told, walk = situation.walks[family], Walk(simulated, family)
        assert told.fibs == walk.fibs
        _same_ways(told, walk, situation.before.walks[family])
    assert "simulation" not in vars(situation)


def _same_ways(told: Walk, walk: Walk, before: Walk) -> None:
    """Towards an address of every interface, dead ones and those of links among them."""
    version = 4 if walk.family == "ipv4" else 6
    devices = list(before.simulation.fabric)
    for address in {a.ip for d in devices for i in d.interfaces for a in i.addresses if a.version == version}:
        for name in (d.name for d in devices):
            assert told.step(name, address) == walk.step(name, address)
            assert told.legs(name, address) == walk.legs(name, address)
            assert told.fates(name, address) == walk.fates(name, address)
            assert told.path_length(name, address) == walk.path_length(name, address)
        assert told.moved(before, address) == walk.moved(before, address)


@settings(_SHARED, max_examples=12)
@given(designs(), st.data())
def test_designs_after_failures_are_told_as_they_are_simulated(fabric: FabricConfig, data: st.DataObject) -> None:
    lost = frozenset(data.draw(st.sets(st.sampled_from(fabric.cables), max_size=1)))
    kind: Kind = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, kind, data.draw(st.integers(1, 2))))
    chosen = data.draw(st.lists(st.sampled_from(todo), min_size=1, max_size=4)) if todo else []
    told = list(_told(fabric, chosen, Failures(cables=lost)))
    assert len(told) == len(chosen)
    for situation in told:
        _same(situation)


@settings(_SHARED, max_examples=30)
@given(clos(MONOTONIC), st.data())
def test_any_fabric_after_failures_is_told_as_it_is_simulated(fabric: FabricConfig, data: st.DataObject) -> None:
    kind: Kind = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, kind, data.draw(st.integers(1, 2))))
    for situation in _told(fabric, data.draw(st.lists(st.sampled_from(todo), max_size=4)) if todo else []):
        _same(situation)


def test_every_two_failures_of_a_small_fabric_are_told() -> None:
    fabric = fabrics.unnumbered()
    todo = [scenario for sweep in (Sweep("links", 2), Sweep("nodes", 2)) for scenario in _all(fabric, sweep)]
    told = list(_told(fabric, todo))
    assert len(told) == len(todo)
    for situation in told:
        _same(situation)


def _all(fabric: FabricConfig, sweep: Sweep) -> Iterator[Scenario]:
    for at_once in range(1, sweep.at_once + 1):
        yield from scenarios(fabric, sweep.kind, at_once)


@pytest.mark.parametrize("name", ["quickstart", "clos3-rfc7938"])
def test_shipped_designs_are_told(name: str) -> None:
    fabric = configure(plan.build(load(directory("topologies") / f"{name}.yaml")))
    todo = [*scenarios(fabric, "links", 1), *scenarios(fabric, "racks", 1), *scenarios(fabric, "zones", 1)]
    told = list(_told(fabric, todo))
    assert len(told) == len(todo)
    for situation in told[::3]:
        _same(situation)


@st.composite
def with_statics(draw: st.DrawFn) -> FabricConfig:
    """A Clos of which some devices have static routes, of own ones too, and filters before their kernels."""
    fabric = draw(clos(MONOTONIC))
    return replace(fabric, devices=tuple(draw(_with_statics(device)) for device in fabric))


@st.composite
def _with_statics(draw: st.DrawFn, device: DeviceConfig) -> DeviceConfig:
    (instance,) = device.bgp
    peers = [str(peer.peer) for peer in instance.neighbors if not isinstance(peer.peer, str)]
    made = [draw(_static(peers)) for _ in range(draw(st.sampled_from([0, 0, 1, 2])))]
    routes = tuple({route.prefix: route for route in made}.values())
    if draw(st.booleans()):
        own = {f"ipv{route.prefix.version}": route.prefix for route in routes}
        families = tuple(
            replace(f, networks=(*f.networks, own[f.family])) if f.family in own else f for f in instance.families
        )
        instance = replace(instance, families=families)
    filters = draw(st.sampled_from([(), (), (FibFilter("ipv4", "bgp", "hosts-only"),), _FILTERS]))
    found = replace(device.policies, route_maps=(*device.policies.route_maps, _HOSTS_ONLY))
    return replace(device, bgp=(instance,), static_routes=routes, fib_filters=filters, policies=found)


@st.composite
def _static(draw: st.DrawFn, peers: list[str]) -> StaticRoute:
    """A static route to what others have too, to what nobody has, or next to everything; over peers or nowhere."""
    hops = draw(st.lists(st.sampled_from([*peers, None]), min_size=1, max_size=2, unique=True))
    six = any(hop is not None and ":" in hop for hop in hops)
    chosen = [hop for hop in hops if hop is None or (":" in hop) is six]
    four = ["10.255.0.1/32", "10.99.0.0/24", "192.0.2.0/24", "10.0.0.0/30", "0.0.0.0/0"]
    other = ["fd00::1/128", "fd99::/64", "2001:db8::/64", "fd01::/126", "::/0"]
    return static(
        draw(st.sampled_from(other if six else four)), *chosen, distance=draw(st.sampled_from([1, 1, 19, 30]))
    )


def settles(fabric: FabricConfig) -> bool:
    """True when there is anything to be told: static routes over routes that follow from them may chase each other."""
    try:
        simulate(fabric)
    except NoStableStateError:
        return False
    return True


@settings(_SHARED, max_examples=40)
@given(with_statics().filter(settles), st.data())
def test_static_routes_and_filters_are_told_as_they_are_simulated(fabric: FabricConfig, data: st.DataObject) -> None:
    kind: Kind = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, kind, data.draw(st.integers(1, 2))))
    for situation in _told(fabric, data.draw(st.lists(st.sampled_from(todo), max_size=4)) if todo else []):
        _same(situation)


@st.composite
def racks_that_reflect(draw: st.DrawFn) -> FabricConfig:
    """A design of the RHOSO profile: nodes with FIB filters, with static routes, and without BGP."""
    groups = {"computes": "compute", "networkers": "networker", "workers": "worker", "arrays": "storage"}
    lines = ["version: 1", "name: drawn", "profile: rhoso", f"spines: {draw(st.integers(1, 2))}"]
    lines += ["families: [ipv4, ipv6]", "borders: {routers: 1}", "node_groups:"]
    lines += [f"  {name}: {{role: {role}}}" for name, role in groups.items()]
    lines += [
        "networks:",
        '  internalapi: {ipv4: 172.17.0.0/24, ipv6: "fd00:17::/64", roles: [worker], vips: 3, vip_offset: 80}',
    ]
    lines += ['  storage: {scope: zone, ipv4: 172.18.0.0/16, ipv6: "fd00:18::/48", roles: [storage, worker, compute]}']
    lines.append("zones:")
    for number in range(draw(st.integers(1, 2))):
        counts = {name: draw(st.integers(0, 1)) for name in groups}
        inside = ", ".join(f"{name}: {count}" for name, count in counts.items() if count)
        lines.append(f"  - {{name: zone-{number}, racks: [{{name: rack-{number}, nodes: {{{inside}}}}}]}}")
    return configure(plan.build(parse("\n".join(lines) + "\n", "drawn")))


@settings(_SHARED, max_examples=10)
@given(racks_that_reflect(), st.data())
def test_racks_that_reflect_are_told_as_they_are_simulated(fabric: FabricConfig, data: st.DataObject) -> None:
    lost = frozenset(data.draw(st.sets(st.sampled_from(fabric.cables), max_size=1)))
    kind: Kind = data.draw(st.sampled_from(["links", "nodes"]))
    todo = list(scenarios(fabric, kind, data.draw(st.integers(1, 2))))
    for situation in _told(fabric, data.draw(st.lists(st.sampled_from(todo), max_size=3)), Failures(cables=lost)):
        _same(situation)


@pytest.mark.parametrize("name", ["rhoso-dz", "rhoso-bgp-dt01", "dcn-edge"])
def test_all_failures_of_the_shipped_racks_are_told(name: str) -> None:
    fabric = configure(plan.build(load(directory("topologies") / f"{name}.yaml")))
    todo = [*scenarios(fabric, "links", 1), *scenarios(fabric, "nodes", 1)]
    told = list(_told(fabric, todo))
    assert len(told) == len(todo)
    arrays = [x for x, s in zip(told, todo, strict=True) if "array" in s.targets[0]]  # leaves announce them
    for situation in [*told[::30], *arrays[:2]]:
        _same(situation)


def test_two_ports_of_one_static_route_take_the_announcement_with_them() -> None:
    """Neither alone does: the leaf announces a storage array's address while it reaches it at all."""
    ports = [interface("eth0", "10.0.0.0/31"), interface("eth1", "10.0.1.0/31"), interface("eth2", "10.0.2.0/31")]
    routes = (static("192.0.2.1/32", "10.0.1.1", "10.0.2.1"),)
    own = Own(("192.0.2.1/32",))
    leaf = device("l0", 65001, ports, [neighbor("10.0.0.1", "external")], own, static_routes=routes)
    spine = device("s0", 65000, [interface("eth0", "10.0.0.1/31")], [neighbor("10.0.0.0", "external")], Own())
    array = device("a0", 65002, [interface(f"eth{n}", f"10.0.{n + 1}.1/31") for n in range(2)])
    fabric = built((leaf, spine, replace(array, bgp=())), "s0:eth0 l0:eth0", "l0:eth1 a0:eth0", "l0:eth2 a0:eth1")
    todo = [*scenarios(fabric, "links", 1), *scenarios(fabric, "links", 2)]
    told = list(_told(fabric, todo))
    assert len(told) == len(todo)
    for situation in told:
        _same(situation)
    assert [prefix("192.0.2.1/32") in s.walks["ipv4"].fibs["s0"] for s in told] == [False, True, True] + [False] * 3


def test_what_cannot_be_told_is_simulated() -> None:
    fabric = fabrics.numbered()  # announces the subnets of its links
    scenario = next(scenarios(fabric, "links", 1))
    situation = bench(fabric).situation(scenario)
    assert situation.told is None
    assert situation.sessions == simulate(fabric, scenario.failures).sessions
