"""The engine against the message-by-message oracle on random small fabrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fabric.config import (
    CommunityList,
    CommunityRule,
    FabricConfig,
    MatchCommunity,
    MatchPrefixList,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
)
from fabric.simulate import Failures, NoStableStateError, Simulation, simulate
from tests.simulate import fabrics, fabrics_far, oracle
from tests.simulate.build import (
    Own,
    deny,
    device,
    fabric,
    interface,
    neighbor,
    permit,
    policies,
    prefix_list,
    route_map,
)

_LISTS = (
    prefix_list("hosts", "permit 0.0.0.0/0 ge 32"),
    prefix_list("hosts", "permit ::/0 ge 128", family="ipv6"),
    prefix_list("shared", "permit 10.99.0.0/24", "permit 0.0.0.0/0"),
    prefix_list("shared", "permit fd99::/64", family="ipv6"),
    CommunityList("red", (CommunityRule(5, "permit", ("1:1",)),)),
)
_MAPS = (
    route_map("prefer", permit(MatchPrefixList("shared", "ipv4"), SetLocalPreference(150)), permit()),
    route_map("paint", permit(MatchPrefixList("hosts", "ipv4"), SetCommunities(("1:1",))), permit()),
    route_map("avoid", permit(MatchCommunity("red"), SetLocalPreference(50)), permit()),
    route_map("drop", deny(MatchCommunity("red")), permit()),
    route_map("longer", permit(SetAsPathPrepend((64700, 64700)))),
    route_map("med", permit(MatchPrefixList("shared", "ipv6"), SetMetric(30)), permit(SetMetric(10))),
    route_map("secret", permit(MatchPrefixList("hosts", "ipv4"), SetCommunities(("no-export",))), permit()),
    route_map("drain", permit(SetCommunities(("graceful-shutdown",)))),
)
_POLICIES = policies(*_LISTS, *_MAPS)
_MAP_NAMES = [None, None, None, *(item.name for item in _MAPS)]


MONOTONIC = [None, None, None, *(name for name in ("paint", "drop", "longer", "secret"))]
"""Maps that cannot make a longer way the better one."""


@st.composite
def neighbor_policies(draw: st.DrawFn, maps: Sequence[str | None]) -> dict[str, Any]:
    """Settings of one neighbor; most have none."""
    if draw(st.integers(0, 2)):
        return {}
    return {
        "prefix_list_in": draw(st.sampled_from([None, None, None, "hosts", "shared"])),
        "prefix_list_out": draw(st.sampled_from([None, None, None, "hosts", "shared"])),
        "route_map_in": draw(st.sampled_from(maps)),
        "route_map_out": draw(st.sampled_from(maps)),
        "allowas_in": draw(st.sampled_from([None, None, 1, "origin"])),
        "default_originate": draw(st.integers(0, 5)) == 0,
    }


@st.composite
def clos(draw: st.DrawFn, maps: Sequence[str | None] = _MAP_NAMES) -> FabricConfig:
    """A Clos with repeated AS numbers, random policies, and sometimes a route-reflected node below two leaves."""
    spines, leaves = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    numbered = draw(st.booleans())
    spine_asns = draw(st.sampled_from([[65000] * 3, [65000, 65001, 65002]]))
    leaf_asns = [draw(st.integers(65010, 65012)) for _ in range(leaves)]
    relax = draw(st.booleans())
    node = draw(st.booleans()) and leaf_asns[0] == leaf_asns[1]
    ports: dict[str, list[Any]] = {}
    peers: dict[str, list[Any]] = {}
    cables: list[str] = []

    def link(a: tuple[str, int], b: tuple[str, int], extra: tuple[dict[str, Any], dict[str, Any]]) -> None:
        number = 2 * len(cables)
        names = [f"eth{len(ports.setdefault(end[0], []))}" for end in (a, b)]
        internal = a[1] == b[1]
        for side, (end, other) in enumerate(((a, b), (b, a))):
            mine, theirs = number + side, number + 1 - side
            policy = draw(neighbor_policies(maps)) | extra[side]
            remote: Any = "internal" if internal else other[1]
            if numbered or internal:
                ports[end[0]].append(interface(names[side], f"10.0.0.{mine}/31", f"fd01::{mine:x}/127"))
                mates = [f"10.0.0.{theirs}", f"fd01::{theirs:x}"]
            else:
                ports[end[0]].append(interface(names[side]))
                mates = [names[side]]
            peers.setdefault(end[0], []).extend(neighbor(mate, remote, None, {}, **policy) for mate in mates)
        cables.append(f"{a[0]}:{names[0]} {b[0]}:{names[1]}")

    for s in range(spines):
        for leaf in range(leaves):
            if leaf_asns[leaf] != spine_asns[s]:
                link((f"s{s}", spine_asns[s]), (f"l{leaf}", leaf_asns[leaf]), ({}, {}))
    if node:
        down = {"route_reflector_client": draw(st.booleans()), "next_hop_self": draw(st.booleans())}
        for leaf in range(2):
            link((f"l{leaf}", leaf_asns[leaf]), ("n0", leaf_asns[0]), (down, {}))
    asns = {f"s{s}": spine_asns[s] for s in range(spines)} | {f"l{n}": leaf_asns[n] for n in range(leaves)}
    asns |= {"n0": leaf_asns[0]} if node else {}
    made = []
    for number, (name, asn) in enumerate(asns.items()):
        own = [interface("lo", f"10.255.0.{number}/32", f"fd00::{number:x}/128"), *ports[name]]
        if name[0] != "s" and draw(st.booleans()):
            own.append(interface("vips", "10.99.0.1/24", "fd99::1/64"))
        redistribute = draw(st.booleans())
        networks = tuple(str(a.network) for i in own if i.name in ("lo", "vips") for a in i.addresses)
        origin = Own(redistribute=("connected",)) if redistribute else Own(networks)
        made.append(device(name, asn, own, peers[name], origin, bgp={"multipath_relax": relax}, policies=_POLICIES))
    return fabric(made, *cables)


def bgp_fibs(simulation: Simulation) -> dict[str, oracle.Fib]:
    return {
        item.name: {
            prefix: frozenset(
                (hop.interface, "link-local" if hop.link_local else str(hop.gateway)) for hop in entry.next_hops
            )
            for family in ("ipv4", "ipv6")
            for prefix, entry in simulation.fib(item.name, family).items()
            if entry.protocol == "bgp"
        }
        for item in simulation.fabric
    }


def depends_on_order(simulation: Simulation) -> bool:
    return any(
        entry.order_dependent
        for item in simulation.fabric
        for family in ("ipv4", "ipv6")
        for entry in simulation.rib(item.name, family).values()
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(clos(), st.data())
def test_engine_agrees_with_the_oracle(config: FabricConfig, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from(config.cables), max_size=2))
    failures = Failures(cables=frozenset(lost))
    try:
        one, two = (oracle.converge(config, failures, seed) for seed in (1, 2))
    except oracle.TooLongError:
        assume(False)
    assume(one == two)
    try:
        simulation = simulate(config, failures)
    except NoStableStateError:
        pytest.fail("the oracle is stable in two orders, the engine is not")
    assume(not depends_on_order(simulation))
    assert bgp_fibs(simulation) == one


@pytest.mark.parametrize("config", [fabrics.numbered(), fabrics.unnumbered(), fabrics_far.reflection()])
def test_engine_agrees_with_the_oracle_after_every_single_failure(config: FabricConfig) -> None:
    for item in config.cables:
        failures = Failures(cables=frozenset({item}))
        assert bgp_fibs(simulate(config, failures)) == oracle.converge(config, failures, 7)
