"""The summary of a simulation: what counts as wrong, and that its numbers are those of the tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fabric import config, plan
from fabric.config import DeviceConfig, FabricConfig, RouteMap, RouteMapEntry, SetLocalPreference
from fabric.resources import directory
from fabric.simulate import FAMILIES, SessionDown, overview, simulate, what_if
from fabric.topology import load


@pytest.fixture(scope="module")
def fabric() -> FabricConfig:
    return config.build(plan.build(load(directory("topologies") / "quickstart.yaml")))


def _with_first_neighbor(fabric: FabricConfig, device: str, **changes: object) -> FabricConfig:
    """The fabric with something changed about the first session of a device."""

    def changed(entry: DeviceConfig) -> DeviceConfig:
        instance = entry.bgp[0]
        first = replace(instance.neighbors[0], **changes)  # type: ignore[arg-type]  # spelt in the test
        return replace(entry, bgp=(replace(instance, neighbors=(first, *instance.neighbors[1:])),))

    return replace(fabric, devices=tuple(changed(d) if d.name == device else d for d in fabric))


def test_a_healthy_fabric_is_sound_and_everyone_is_counted(fabric: FabricConfig) -> None:
    found = overview(simulate(fabric))
    assert found.sound
    assert found.down == ()
    for matrix in found.matrices:
        assert sum(cell.pairs for cell in matrix.cells.values()) == 4 * 3
        assert all(cell.reached == cell.pairs for cell in matrix.cells.values())
    assert {(m.axis, m.family) for m in found.matrices} == {(a, f) for a in ("zone", "role") for f in FAMILIES}


def test_sizes_are_those_of_the_tables(fabric: FabricConfig) -> None:
    simulation = simulate(fabric)
    for summary in overview(simulation).devices:
        for family in FAMILIES:
            fib = simulation.fib(summary.device.name, family)
            learned = [entry for entry in fib.values() if entry.protocol != "connected"]
            assert summary.routes[family] == len(fib)
            assert sum(summary.widths[family].values()) == len(learned)
            assert summary.widths[family][2] == sum(len(entry.next_hops) == 2 for entry in learned)
        assert (
            summary.sessions
            == summary.sessions_up
            == 2 * len([cable for cable in fabric.cables if summary.device.name in (cable.a.device, cable.b.device)])
        )


def test_a_session_that_cannot_come_up_is_wrong_even_if_everyone_is_reached(fabric: FabricConfig) -> None:
    found = overview(simulate(_with_first_neighbor(fabric, "spine-1", remote_as=1)))
    assert [session.why for session in found.down] == [SessionDown.ASN]
    assert not any(found.lost.values())
    assert not found.sound


def test_a_session_that_is_shut_down_is_wanted_so(fabric: FabricConfig) -> None:
    found = overview(simulate(_with_first_neighbor(fabric, "spine-1", shutdown=True)))
    assert [session.why for session in found.down] == [SessionDown.SHUTDOWN]
    assert found.sound


def test_dead_endpoints_are_not_missed(fabric: FabricConfig) -> None:
    asked = what_if(fabric, ["zone:zone-b"])
    found = overview(simulate(asked.fabric, asked.failures))
    assert found.sound
    assert {label for matrix in found.matrices if matrix.axis == "zone" for label in matrix.labels} == {"zone-a"}
    assert [s.alive for s in found.devices].count(False) == 4


def test_a_pair_whose_answers_take_another_way_is_named(fabric: FabricConfig) -> None:
    assert overview(simulate(fabric)).asymmetric == {"ipv4": (), "ipv6": ()}
    # The first server prefers one of its leaves; the other leaf is still used by what comes to it.
    prefer = RouteMap("prefer", (RouteMapEntry(10, "permit", (), (SetLocalPreference(200),)),))
    server = next(device for device in fabric if device.place.role == "server")
    (instance,) = server.bgp
    first = instance.neighbors[0]
    families = tuple(replace(item, route_map_in="prefer") for item in first.families)
    neighbors = (replace(first, families=families), *instance.neighbors[1:])
    one_sided = replace(
        server, bgp=(replace(instance, neighbors=neighbors),), policies=replace(server.policies, route_maps=(prefer,))
    )
    changed = replace(fabric, devices=tuple(one_sided if d is server else d for d in fabric))
    found = overview(simulate(changed)).asymmetric
    assert found is not None
    pairs = {(pair.one.device, pair.two.device) for pair in found["ipv4"]}
    assert pairs
    assert all(server.name in pair for pair in pairs)
    odd = found["ipv4"][0]
    assert {name for edge in (*odd.there, *odd.back) for name in edge} >= {server.name}
