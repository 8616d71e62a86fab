"""Policies that never agree, or agree in more than one way (Griffin and Wilfong, 1999: BAD GADGET and DISAGREE)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric.config import AsPathList, AsPathRule, FabricConfig, Interface, MatchAsPath, Neighbor, SetLocalPreference
from fabric.report import rib_document, rib_tables
from fabric.simulate import Choice, NoStableStateError, explain, simulate
from tests.simulate.build import Own, device, fabric, interface, neighbor, permit, policies, prefix, route_map

ORIGIN = prefix("10.255.0.0/32")


def ring(asns: list[int]) -> FabricConfig:
    """`r0`, which has a network, and a ring around it, each of which prefers its right neighbor's direct path.

    A path over two neighbors is preferred to no other: an odd ring never agrees, and an even one does in two ways.
    """
    size = len(asns) - 1
    links = [(0, n) for n in range(1, size + 1)]
    links += [(n, n % size + 1) for n in range(1, size + 1)] if size > 2 else [(1, 2)]
    ports: dict[int, list[Interface]] = {n: [] for n in range(size + 1)}
    peers: dict[int, list[Neighbor]] = {n: [] for n in range(size + 1)}
    for number, ends in enumerate(links):
        for side in (0, 1):
            mine, other = ends[side], ends[1 - side]
            ports[mine].append(interface(f"to-r{other}", f"10.0.{number}.{side}/31"))
            right = 0 not in ends and other == mine % size + 1
            policy = {"route_map_in": "right"} if right else {}
            peers[mine].append(neighbor(f"10.0.{number}.{1 - side}", asns[other], None, {}, **policy))
    ports[0].append(interface("lo", str(ORIGIN)))
    prefer = route_map("right", permit(MatchAsPath("direct"), SetLocalPreference(200)), permit())
    devices = [
        device(
            f"r{n}", asns[n], ports[n], peers[n], Own((str(ORIGIN),)),
            policies=policies(prefer, AsPathList("direct", (AsPathRule(5, "permit", f"^[0-9]+_{asns[0]}$"),))),
        )
        for n in range(size + 1)
    ]  # fmt: skip
    return fabric(devices, *(f"r{a}:to-r{b} r{b}:to-r{a}" for a, b in links))


def asns(size: int) -> st.SearchStrategy[list[int]]:
    """An ASN for the origin and for each of the ring."""
    return st.lists(st.integers(1, 60_000), min_size=size + 1, max_size=size + 1, unique=True)


def last_path(cycle: tuple[Choice, ...], at: int, name: str) -> str | None:
    """The path that a device held when step `at` of the cycle was made; `None` for a device that never changes."""
    before = (*cycle[at::-1][1:], *cycle[:at:-1])
    return next((choice.as_path for choice in before if choice.device == name), None)


@given(st.sampled_from([3, 5]).flatmap(asns))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_odd_ring_never_agrees_and_the_cycle_is_one(numbers: list[int]) -> None:
    with pytest.raises(NoStableStateError) as caught:
        simulate(ring(numbers))
    error = caught.value
    asn = {f"r{n}": number for n, number in enumerate(numbers)}
    assert error.prefix == ORIGIN
    assert {choice.device for choice in error.cycle} == set(error.devices)
    assert set(error.devices) <= {f"r{n}" for n in range(1, len(numbers))}
    for at, choice in enumerate(error.cycle):
        assert last_path(error.cycle, at, choice.device) not in (None, choice.as_path)  # a change, each time
        assert choice.sender is not None
        senders = last_path(error.cycle, at, choice.sender)
        if senders is not None:  # what is chosen is what the sender holds at that moment
            assert choice.as_path == f"{asn[choice.sender]} {senders}"


def test_the_message_tells_the_cycle() -> None:
    with pytest.raises(NoStableStateError, match=r"r[123] takes r[0123]'s path [\d ]+, then r[123] takes") as caught:
        simulate(ring([65000, 65001, 65002, 65003]))
    assert "and so on from the start" in str(caught.value)


@given(st.sampled_from([2, 4]).flatmap(asns))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_even_ring_agrees_and_says_that_the_order_decides_how(numbers: list[int]) -> None:
    simulation = simulate(ring(numbers))
    for n in range(1, len(numbers)):
        assert simulation.rib(f"r{n}", "ipv4")[ORIGIN].order_dependent
    assert not simulation.rib("r0", "ipv4")[ORIGIN].order_dependent


def test_every_answer_says_that_the_order_decides() -> None:
    simulation = simulate(ring([65000, 65001, 65002]))
    assert explain(simulation, "r1", ORIGIN).order_dependent
    assert rib_document(simulation, "r1")["rib"]["ipv4"][str(ORIGIN)]["order_dependent"]
    marks = {row[1] for table in rib_tables(simulation, "r1") for row in table.rows if row[0] == str(ORIGIN)}
    assert ">?" in marks


def test_a_ring_without_preferences_depends_on_nothing() -> None:
    plain = ring([65000, 65001, 65002, 65003, 65004])
    without = tuple(
        device(d.name, d.bgp[0].asn, d.interfaces, [_plain(n) for n in d.bgp[0].neighbors], Own((str(ORIGIN),)))
        for d in plain
    )
    simulation = simulate(FabricConfig("plain", without, plain.cables))
    assert not any(simulation.rib(f"r{n}", "ipv4")[ORIGIN].order_dependent for n in range(5))


def _plain(statement: Neighbor) -> Neighbor:
    return neighbor(str(statement.peer), statement.remote_as)
