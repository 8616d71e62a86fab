"""Failures that are alike: judged once for all, with the same answers as one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric import config, plan
from fabric.config import DeviceConfig, FabricConfig, Interface, Neighbor
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import Bench, Chunk, Scenario, Sweep, SweepOptions, SweepReport, bench, scenarios, sweep
from fabric.simulate._alike import Alike
from fabric.simulate._ground import ground
from fabric.simulate._judging import Judgement, bench_of
from fabric.simulate._simulation import simulate
from fabric.simulate._sweep import Work
from fabric.simulate._symmetry import swaps
from fabric.topology import load, parse
from tests.simulate.build import Own, device, interface, neighbor, policies, prefix_list
from tests.simulate.build import fabric as built
from tests.simulate.test_effects import QUICK, designs
from tests.simulate.test_oracle import MONOTONIC, clos

_EVERYTHING = [Sweep("links", 2), Sweep("nodes", 2), Sweep("racks", 2), Sweep("zones", 2)]
_LISTS = (
    prefix_list("some", "deny 10.255.0.1/32", "permit 0.0.0.0/0 le 32"),
    prefix_list("all", "permit any"),
    prefix_list("apart", "permit 10.255.0.0/24 le 32"),
    prefix_list("hosts", "permit 10.255.0.0/16 ge 32", "permit 0.0.0.0/0"),
)


def _one_by_one(fabric: FabricConfig, sweeps: list[Sweep]) -> SweepReport:
    bench_of.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Bench, "_alike", None)
        return sweep(fabric, sweeps)


def _scenarios(fabric: FabricConfig, sweeps: list[Sweep]) -> list[list[Scenario]]:
    return [list(scenarios(fabric, s.kind, k)) for s in sweeps for k in range(1, s.at_once + 1)]


def _assert_same(fabric: FabricConfig, sweeps: list[Sweep]) -> Alike | None:
    """The report is the same, and what is said of alike scenarios is true of every single one of them."""
    expected = _one_by_one(fabric, sweeps)
    bench_of.cache_clear()
    assert sweep(fabric, sweeps) == expected
    prepared, single = bench(fabric), bench(fabric)
    single.__dict__["_alike"] = None
    alike = prepared._alike
    if alike is None:
        return None
    for group in _scenarios(fabric, sweeps):
        prepared.judge(group)
        for scenario in group:
            lost = alike._lost.get(alike._key(scenario))
            if lost is not None:
                judged = single._judged(scenario, 0)
                assert not judged.harmful
                assert (judged.narrowed.next_hops if judged.narrowed else 0) == lost
    return alike


def _orbits(alike: Alike | None, group: list[Scenario]) -> int:
    assert alike is not None
    return len({alike._key(scenario) for scenario in group})


@st.composite
def nearly_alike(draw: st.DrawFn) -> FabricConfig:
    """A Clos whose spines and leaves are alike but for up to two oddities; router ids in any order."""
    spines, leaves = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    spine_asns = draw(st.sampled_from([[65000] * 4, [65000, 65001, 65002, 65003], [65000, 65000, 65001, 65001]]))
    leaf_asns = draw(st.sampled_from([[65010, 65011, 65012, 65013, 65014], [65010, 65010, 65011, 65011, 65012]]))
    names = [*(f"s{n}" for n in range(spines)), *(f"l{n}" for n in range(leaves))]
    odd = draw(st.lists(st.tuples(st.sampled_from(_ODDITIES), st.sampled_from(names)), max_size=2))
    ids = draw(st.permutations(range(len(names))))
    common: dict[str, Any] = draw(
        st.sampled_from([{}, {"prefix_list_in": "hosts"}, {"prefix_list_out": "own"}, {"allowas_in": 1}])
    )
    links = [(f"s{s}", f"l{n}") for s in range(spines) for n in range(leaves)]
    links += [link for link in links if ("second link", link[0]) in odd and ("second link", link[1]) in odd]
    if any(what == "no link" for what, _ in odd):
        links.remove(draw(st.sampled_from(links)))
    ports: dict[str, list[Interface]] = {name: [] for name in names}
    peers: dict[str, list[Neighbor]] = {name: [] for name in names}
    cables = []
    for number, (a, b) in enumerate(links):
        ends = [f"{name}:eth{len(ports[name])}" for name in (a, b)]
        for side, name in enumerate((a, b)):
            extra: dict[str, Any] = {}
            for what, at in odd:
                extra |= _OF_PEERS.get(what, {}) if at == name else {}
            ports[name].append(interface(ends[side].split(":")[1], f"10.0.0.{2 * number + side}/31"))
            mate = f"10.0.0.{2 * number + 1 - side}"
            peers[name].append(neighbor(mate, "external", **{**common, **extra}))
        cables.append(" ".join(ends))
    asns = dict(zip(names, [*spine_asns[:spines], *leaf_asns[:leaves]], strict=True))
    bgp = {"multipath_relax": draw(st.booleans())}
    plain = (device(name, asns[name], ports[name], peers[name], bgp=bgp) for name in names)
    made = [_speaker(d, 100 + n, [what for what, at in odd if at == d.name]) for d, n in zip(plain, ids, strict=True)]
    return built(made, *cables)


_OF_ALL: list[dict[str, Any]] = [{}, {"prefix_list_in": "hosts"}, {"prefix_list_out": "own"}, {"allowas_in": 1}]
_OF_PEERS: dict[str, dict[str, Any]] = {
    "filters": {"prefix_list_out": "some"},
    "lets in less": {"prefix_list_in": "some"},
    "originates": {"default_originate": True},
}
_ODDITIES = [*_OF_PEERS, "second link", "no link", "two addresses", "one path", "drained", "shares a route"]


def _speaker(plain: DeviceConfig, number: int, odd: list[str]) -> DeviceConfig:
    """The device with addresses, a router id and filters by its number, and with its oddities."""
    (instance,) = plain.bgp
    own = [f"10.255.0.{number}/32"]
    own += ["10.98.0.1/32"] * ("shares a route" in odd) + [f"10.97.{number}.1/32"] * ("two addresses" in odd)
    bgp: dict[str, Any] = {"router_id": f"1.1.1.{number}", "multipath_relax": instance.multipath_relax}
    bgp |= {"graceful_shutdown": True} if "drained" in odd else {}
    family = {"maximum_paths": 1} if "one path" in odd else {}
    ports = [interface("lo", *own), *plain.interfaces]
    lists = policies(*_LISTS, prefix_list("own", *(f"permit {prefix}" for prefix in own)))
    asn, peers = instance.asn, instance.neighbors
    return device(plain.name, asn, ports, peers, Own(tuple(own)), bgp=bgp, family=family, policies=lists)


@settings(max_examples=150, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(nearly_alike())
def test_fabrics_that_are_nearly_alike_are_judged_as_one_by_one(fabric: FabricConfig) -> None:
    _assert_same(fabric, _EVERYTHING if len(fabric.cables) < 12 else [Sweep("links", 1), Sweep("nodes", 2)])


@settings(max_examples=20, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(designs())
def test_designs_are_judged_as_one_by_one(fabric: FabricConfig) -> None:
    _assert_same(fabric, _EVERYTHING)


@settings(max_examples=30, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.too_slow])
@given(clos(MONOTONIC))
def test_any_fabric_is_judged_as_one_by_one(fabric: FabricConfig) -> None:
    _assert_same(fabric, [Sweep("links", 1), Sweep("nodes", 1)])


@pytest.mark.parametrize("path", sorted(directory("topologies").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_ships_is_judged_as_one_by_one(path: Any) -> None:
    fabric = configure(plan.build(load(path)))
    _assert_same(fabric, [Sweep("links", 1), Sweep("nodes", 1), Sweep("racks", 2), Sweep("zones", 1)])


def _racks(racks: int, leaves: int, extra: str = "") -> FabricConfig:
    inside = f"leaves: {leaves}, nodes: {{servers: 2}}"
    text = ["version: 1", "name: racks", "spines: 3", "node_groups:", "  servers: {role: server}", extra, "zones:"]
    text += ["  - name: zone-a", "    racks:", *(f"      - {{name: r{n}, {inside}}}" for n in range(racks))]
    return config.build(plan.build(parse("\n".join(text) + "\n", "racks")))


def test_links_of_a_clos_are_one_kind_and_pairs_of_them_three() -> None:
    """Two links have a spine in common, or a leaf, or neither."""
    text = "version: 1\nname: c\nspines: 3\nzones:\n  - name: a\n    racks:\n"
    text += "".join(f"      - {{name: r{n}, leaves: 1}}\n" for n in range(4))
    fabric = config.build(plan.build(parse(text, "clos")))
    alike = _assert_same(fabric, _EVERYTHING)
    assert [_orbits(alike, group) for group in _scenarios(fabric, [Sweep("links", 2)])] == [1, 3]
    assert [_orbits(alike, group) for group in _scenarios(fabric, [Sweep("nodes", 2)])] == [2, 3]


def test_racks_change_places_with_all_that_is_in_them() -> None:
    """Two leaves of a rack cannot: which one's path to a node a spine passes on is for their router ids to say."""
    fabric = _racks(4, 2)
    found = ground(simulate(fabric))
    assert found is not None
    names = [router.name for router in found.families[0].rules.graph.routers]
    moved = [{names[index] for index in swap.speakers} for swap in swaps(found, fabric)]
    assert {name for name in names if name.startswith(("r0-", "r1-"))} in moved
    alike = _assert_same(fabric, [Sweep("links", 1), Sweep("nodes", 2), Sweep("racks", 2)])
    kept = [{names[index] for index in swap.speakers} for swap in alike._swaps] if alike else []
    assert {"r0-leaf-1", "r0-leaf-2"} in moved
    assert {"r0-leaf-1", "r0-leaf-2"} not in kept
    assert [_orbits(alike, group) for group in _scenarios(fabric, [Sweep("racks", 2)])] == [1, 1]


def _swaps(fabric: FabricConfig) -> list[set[str]]:
    """The devices of each swap."""
    found = ground(simulate(fabric))
    assert found is not None
    assert all(family.plain for family in found.families)
    names = [router.name for router in found.families[0].rules.graph.routers]
    return [{names[index] for index in swap.speakers} for swap in swaps(found, fabric)]


def _clos(
    *,
    leaf: Mapping[str, Any] = {},
    peer: Mapping[str, Any] = {},
    spine_peer: Mapping[str, Any] = {},
    every: Mapping[str, Any] = {},
    more: Mapping[str, tuple[str, ...]] = {},
    asns: tuple[int, ...] = (65010, 65011, 65012, 65013),
) -> FabricConfig:
    """Two spines and four leaves. The oddities are of `l1`, of its sessions, or of those of the spines with it.

    `every`: of all sessions of leaves; `more`: further addresses of a device, announced and on its loopback
    unless in brackets.
    """
    devices = []
    for s in range(2):
        ports = [interface(f"eth{n}", f"10.0.{s}.{2 * n}/31") for n in range(4)]
        policies_of = [spine_peer if n == 1 else {} for n in range(4)]
        peers = [neighbor(f"10.0.{s}.{2 * n + 1}", "external", **policies_of[n]) for n in range(4)]
        devices.append(_announcing(f"s{s}", 65000, ports, peers, *more.get(f"s{s}", ())))
    for n in range(4):
        ports = [interface(f"eth{s}", f"10.0.{s}.{2 * n + 1}/31") for s in range(2)]
        policy = {**every, **(peer if n == 1 else {})}
        peers = [neighbor(f"10.0.{s}.{2 * n}", "external", **policy) for s in range(2)]
        own = (f"10.255.0.{n}/32", *more.get(f"l{n}", ()))
        devices.append(_announcing(f"l{n}", asns[n], ports, peers, *own, **(leaf if n == 1 else {})))
    return built(devices, *(f"s{s}:eth{n} l{n}:eth{s}" for s in range(2) for n in range(4)))


def _announcing(
    name: str, asn: int, ports: list[Interface], peers: list[Neighbor], *own: str, **extra: Any
) -> DeviceConfig:
    announced = tuple(prefix for prefix in own if prefix[0] != "(")
    owning = [
        interface("lo", *announced),
        interface("dum0", *(prefix.strip("()") for prefix in set(own) - {*announced})),
    ]
    bgp = {"router_id": f"1.{ord(name[0])}.0.{int(name[1]) + 1}"} | extra.pop("bgp", {})
    return device(name, asn, [*owning, *ports], peers, Own(announced), bgp=bgp, policies=policies(*_LISTS), **extra)


def test_leaves_and_spines_change_places() -> None:
    assert _swaps(_clos()) == [{"s0", "s1"}, {"l0", "l1"}, {"l1", "l2"}, {"l2", "l3"}]


@pytest.mark.parametrize(
    "oddity",
    [
        {"leaf": {"family": {"maximum_paths": 1}}},
        {"leaf": {"bgp": {"multipath_relax": False}}},
        {"leaf": {"bgp": {"graceful_shutdown": True}}},
        {"leaf": {"defaults": "datacenter"}},
        {"peer": {"allowas_in": 1}},
        {"peer": {"prefix_list_in": "all"}},
        {"peer": {"prefix_list_in": "some"}},
        {"peer": {"prefix_list_out": "missing"}},
        {"spine_peer": {"default_originate": True}},
        {"spine_peer": {"prefix_list_out": "some"}},
        {"every": {"prefix_list_in": "some"}},
        {"more": {"l1": ("10.97.0.1/32",)}},
        {"more": {"l1": ("10.97.0.1/32", "10.97.0.2/32"), "l0": ("10.97.1.1/32",), "l2": ("10.97.2.1/32",)}},
        {"asns": (65010, 65000 + 1, 65000 + 1, 65013)},
    ],
    ids=str,
)
def test_whoever_differs_stays_and_the_others_change_places(oddity: dict[str, Any]) -> None:
    fabric = _clos(**oddity)
    found = _swaps(fabric)
    assert not any("l1" in swap for swap in found if swap != {"l1", "l2"})
    assert ({"l1", "l2"} in found) == ("asns" in oddity)
    assert {"s0", "s1"} in found
    assert any(swap <= {"l0", "l2", "l3"} for swap in found)
    _assert_same(fabric, [Sweep("links", 1), Sweep("nodes", 2)])


def test_what_is_connected_elsewhere_too_stays() -> None:
    """The spine has the second address of a leaf as well: it has no route of BGP to it."""
    more: dict[str, tuple[str, ...]] = {
        "l0": ("10.97.0.0/32",),
        "l1": ("10.97.0.1/32",),
        "l2": ("10.97.0.2/32",),
        "l3": ("10.97.0.3/32",),
    }
    assert {"l0", "l1"} in _swaps(_clos(more=more))
    found = _swaps(_clos(more={**more, "s0": ("(10.97.0.1/32)",)}))
    assert not any({"l1", "s0"} & swap for swap in found)
    assert {"l0", "l2"} in found


def test_endpoints_stay_where_their_address_is_of_another_class() -> None:
    """Each leaf has two classes that look alike; at one of them the endpoint's address is in the first one."""
    more = {f"l{n}": ("10.255.9.1/32" if n == 1 else f"10.97.0.{n}/32",) for n in range(4)}
    found = _swaps(_clos(more=more))
    assert not any("l1" in swap for swap in found)
    assert {"l0", "l2"} in found


def test_spines_of_two_as_numbers_keep_the_order_of_their_router_ids() -> None:
    """A leaf passes on what the first of them says, so that they cannot change places."""
    fabric = _clos()
    first, second, *leaves = fabric.devices
    (instance,) = second.bgp
    other = replace(second, bgp=(replace(instance, asn=65001),))
    fabric = replace(fabric, devices=(first, other, *leaves))
    assert {"s0", "s1"} in _swaps(fabric)
    alike = _assert_same(fabric, _EVERYTHING)
    assert alike is None or not any({0, 1} & swap.speakers.keys() for swap in alike._swaps)


def test_the_order_in_which_chunks_are_judged_does_not_matter() -> None:
    fabric = _clos()

    def backwards(work: Work, chunks: Iterable[Chunk]) -> list[Judgement]:
        return [work(chunk) for chunk in reversed(list(chunks))][::-1]

    bench_of.cache_clear()
    report = sweep(fabric, _EVERYTHING, options=SweepOptions(backwards))
    assert report.results[1].scenarios == 28
    assert report == _one_by_one(fabric, _EVERYTHING)
