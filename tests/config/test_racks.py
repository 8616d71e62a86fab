"""iBGP racks and eBGP racks side by side: who shares an ASN, what is accepted, and paths of equal length."""

from __future__ import annotations

import pytest

from fabric import config, plan
from fabric.config import FabricConfig, Neighbor
from fabric.errors import TopologyError
from fabric.resources import directory
from fabric.simulate import simulate
from fabric.topology import load
from tests.designs import Values, design_of

INTERNAL: Values = {"nodes": "leaf", "leaves": "per-rack"}
VIP = "172.17.0.254/32"


def values(**asn: object) -> Values:
    racks = [{"name": name, "nodes": {"workers": 2}} for name in ("r0", "r1")]
    racks[0]["asn"] = INTERNAL
    return {
        "version": 1,
        "name": "mixed",
        "spines": 2,
        "zones": [{"name": "zone-a", "racks": racks}],
        "node_groups": {"workers": {"role": "worker"}},
        "asn": asn,
        "networks": {"api": {"ipv4": "172.17.0.0/24", "roles": ["worker"], "vips": 1}},
    }


def built(**asn: object) -> FabricConfig:
    return config.build(plan.build(design_of(values(**asn))))


def session(fabric: FabricConfig, device: str, peer: str) -> Neighbor:
    (bgp,) = fabric.by_name[device].bgp
    return next(neighbor for neighbor in bgp.neighbors if neighbor.description == peer)


def next_hops(fabric: FabricConfig) -> int:
    """Of the virtual address on a spine: two leaves in each of two racks announce it."""
    table = simulate(fabric).fib("spine-1", "ipv4")
    return next(len(entry.next_hops) for prefix, entry in table.items() if str(prefix) == VIP)


def test_nodes_of_an_internal_rack_are_in_their_leaves_asn() -> None:
    made = plan.build(design_of(values()))
    asns = {device.name: device.asn for device in made.devices}
    assert asns["r0-leaf-1"] == asns["r0-leaf-2"] == asns["r0-worker-1"] == asns["r0-worker-2"]
    assert len({asns[name] for name in ("r1-leaf-1", "r1-leaf-2", "r1-worker-1", "r1-worker-2")}) == 4
    fabric = config.build(made)
    assert session(fabric, "r0-leaf-1", "r0-worker-1").remote_as == "internal"
    assert session(fabric, "r0-leaf-1", "r0-worker-1").families[0].route_reflector_client
    assert session(fabric, "r1-leaf-1", "r1-worker-1").remote_as == asns["r1-worker-1"]


def test_an_address_of_both_kinds_of_racks_is_reached_in_both() -> None:
    assert next_hops(built()) == 4
    assert next_hops(built(equal_lengths=False)) == 2  # the shorter path takes it all


@pytest.mark.parametrize(("leaves", "accepted"), [("per-rack", "origin"), ("shared", 2)])
def test_leaves_accept_their_asn_as_often_as_it_comes(leaves: str, accepted: object) -> None:
    """In what comes from another rack of the same ASN it stands twice, for that rack has prepended it."""
    drawn = values(leaves=leaves, nodes="shared")
    drawn["zones"][0]["racks"][0]["asn"] = {"nodes": "leaf"}
    fabric = config.build(plan.build(design_of(drawn)))
    assert session(fabric, "r0-leaf-1", "spine-1").families[0].allowas_in == accepted
    table = simulate(fabric).fib("r1-leaf-1", "ipv4")
    assert sum(prefix.prefixlen == 32 for prefix in table) == 2 + 4 + 4 + 4 + 1  # loopbacks, hosts, the virtual one


def test_leaves_of_one_kind_prepend_nothing() -> None:
    drawn = values(leaves="per-rack", nodes="leaf")
    del drawn["zones"][0]["racks"][0]["asn"]
    fabric = config.build(plan.build(design_of(drawn)))
    assert not any(device.policies.route_maps for device in fabric)


def test_an_override_of_leaves_holds_for_their_nodes_too() -> None:
    made = plan.build(design_of(values(overrides={"r0-leaf-1": 64990, "r0-leaf-2": 64990})))
    assert made.by_name["r0-worker-1"].asn == 64990


def test_a_rack_of_nodes_in_the_asn_of_leaves_that_differ_is_refused() -> None:
    drawn = values()
    drawn["zones"][0]["racks"][0]["asn"] = {"nodes": "leaf"}
    told = r"zones\[0\]\.racks\[0\]\.asn\.nodes: found rack 'r0' with nodes in the ASN of leaves that have one each"
    with pytest.raises(TopologyError, match=told):
        design_of(drawn)


def test_the_reference_with_both_kinds_of_racks_has_its_asns() -> None:
    made = plan.build(load(directory("topologies") / "rhoso-bgp-dt02.yaml"))
    asns = {device.name: device.asn for device in made.devices}
    assert [asns[f"rack-{rack}-leaf-0"] for rack in range(3)] == [64999, 64998, 64997]
    assert [asns[f"rack-{rack}-compute-0"] for rack in range(3)] == [64999, 64899, 64899]
    assert {asns[f"rack-{rack}-worker-0"] for rack in range(3)} == {64999}
    assert len(next(iter(simulate(config.build(made)).fib("spine-0", "ipv4").values())).next_hops) > 0
