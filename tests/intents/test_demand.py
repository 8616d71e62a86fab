"""Intents of a file to demands: selectors, relations, and what the ready-made ones stand for."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from fabric.intents import Kind, demands
from fabric.simulate import Sweep
from tests.designs import Values
from tests.intents.fabrics import demanded, designed


def ends(*intents: Values) -> set[tuple[str, str]]:
    """The pairs of the first demand, by device."""
    return {(one.device, two.device) for one, two in demanded(*intents)[0].pairs}


def test_without_selectors_every_node_is_meant() -> None:
    assert len(ends({"reachable": {}})) == 9 * 8


@pytest.mark.parametrize(
    ("selector", "sources"),
    [
        ({"zone": "zone-a"}, {"a1-server-1", "a1-array-1", "a1-worker-1"}),
        ({"rack": ["a1", "b1"], "role": "server"}, {"a1-server-1", "b1-server-1"}),
        ({"node": "a1-leaf-1"}, {"a1-leaf-1"}),
        ({"role": "spine"}, {"spine-1", "spine-2"}),
        ({"network": "storage", "zone": "zone-c"}, {"c1-array-1", "c1-worker-1"}),
    ],
)
def test_selectors(selector: Values, sources: set[str]) -> None:
    found = ends({"reachable": {"from": selector, "to": {"role": "server"}}})
    assert {one for one, _ in found} == sources
    assert all(one != two for one, two in found)


def test_a_network_is_meant_by_its_addresses_and_not_by_virtual_ones() -> None:
    (demand,) = demanded({"isolated": {"from": {"network": "storage"}, "to": {"network": "storage"}}})
    addresses = {end.address for pair in demand.pairs for end in pair}
    assert all(address in ip_network("172.18.0.0/16") for address in addresses)
    assert len(addresses) == 6


@pytest.mark.parametrize(
    ("relation", "count"), [("all", 6), ("same-zone", 0), ("other-zone", 6), ("same-rack", 0), ("other-rack", 6)]
)
def test_relations(relation: str, count: int) -> None:
    role = {"role": "server"}
    assert len(ends({"reachable": {"from": role, "to": role, "pairs": relation}})) == count


def test_storage_is_confined_with_and_without_remote_access() -> None:
    local = demanded({"name": "home", "storage_confined": {}})
    assert [d.kind for d in local] == [Kind.REACHABLE, Kind.STAYS_IN_ZONE, Kind.ISOLATED]
    assert {(one.device, two.device) for one, two in local[0].pairs} == {
        (f"{z}1-worker-1", f"{z}1-array-1") for z in "abc"
    }
    assert all(one.device[0] != two.device[0] for one, two in local[2].pairs)
    remote = demanded({"storage_confined": {"remote_access": True}})
    assert [d.kind for d in remote][2:] == [Kind.REACHABLE, Kind.NO_THIRD_ZONE]
    assert {one.device for one, _ in remote[2].pairs} == {"a1-worker-1", "b1-worker-1", "c1-worker-1"}
    strict = demanded({"storage_confined": {"remote_access": True, "others_isolated": True, "remote_roles": "storage"}})
    assert [d.kind for d in strict][2:] == [Kind.REACHABLE, Kind.NO_THIRD_ZONE, Kind.ISOLATED]
    assert {one.device for one, _ in strict[4].pairs} == {"a1-worker-1", "b1-worker-1", "c1-worker-1"}
    assert all(one.device[0] != two.device[0] for one, two in strict[4].pairs)


def test_the_control_plane_is_to_live_in_two_zones_after_the_loss_of_one() -> None:
    (demand,) = demanded({"control_plane_survives_zone": {"control_plane": {"role": "worker"}}})
    assert (demand.kind, demand.failures, demand.zones_left) == (Kind.REACHABLE, (Sweep("zones", 1),), 2)


def test_no_third_zone_means_pairs_of_two_zones() -> None:
    (demand,) = demanded({"no_third_zone": {"failures": {"links": 2}}})
    assert demand.failures == (Sweep("links", 2),)
    assert all(one.device[0] != two.device[0] for one, two in demand.pairs)


def test_names_reasons_and_parameters_come_along() -> None:
    through = {"through": {"role": "spine"}}
    found = demanded(
        {"name": "wide", "why": "because", "ecmp_width": {"at_least": 2}},
        {"via": through},
        {"outage": {"at_most_ms": 150, "over": "tcp", "silent": True, "failures": {"nodes": 1}}},
        {"stays_in_zone": {"shared": False}},
        {"survives": {"zones_left": 3, "failures": {"racks": 1}}},
    )
    assert [d.intent for d in found] == ["wide", "intent 2", "intent 3", "intent 4", "intent 5"]
    assert (found[0].why, found[0].at_least) == ("because", 2)
    assert found[1].through == {"spine-1", "spine-2"}
    assert (found[2].at_most_ms, found[2].over, found[2].silent) == (150, "tcp", True)
    assert (found[3].shared, found[4].zones_left) == (False, 3)


def test_a_file_without_intents_asks_for_nothing() -> None:
    assert demands(*designed()) == ()
