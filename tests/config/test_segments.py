"""Segments of racks: a bridge with the gateway on one leaf, VLANs on the nodes' links, and a subnet that all reach."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from fabric import config, plan
from fabric.config import FabricConfig, Port
from fabric.errors import TopologyError
from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, spec_of
from fabric.render.exports import Export, export_tree
from fabric.simulate import simulate, what_if
from fabric.verify import bring_up, failures_of, fault_of, predict, verify
from tests.designs import Values, design_of

BASE: Values = {
    "version": 1,
    "name": "segments",
    "families": ["ipv4", "ipv6"],
    "spines": 1,
    "zones": [
        {
            "name": "zone-a",
            "racks": [{"name": "a1", "nodes": {"servers": 2}}, {"name": "b1", "nodes": {"servers": 1, "arrays": 1}}],
        }
    ],
    "node_groups": {"servers": {"role": "server"}, "arrays": {"role": "storage"}},
    "networks": {
        "machine": {
            "kind": "segment",
            "scope": "rack",
            "ipv4": "192.168.0.0/16",
            "ipv6": "fd00:192::/48",
            "roles": ["server", "storage"],
        },
        "tenant": {
            "kind": "segment",
            "scope": "rack",
            "ipv4": "192.169.0.0/24",
            "ipv6": "fd00:193::/48",
            "subnet_prefix": 26,
            "roles": ["server"],
            "vlan": 300,
        },
    },
}
FAR = ip_address("192.168.0.10")
"""The address of a1-server-1 in its machine network."""


def built(**values: object) -> FabricConfig:
    return config.build(plan.build(design_of({**BASE, **values})))


def test_the_first_leaf_has_a_bridge_with_the_gateway() -> None:
    fabric = built()
    bridge = fabric.by_name["a1-leaf-1"].interface("br100")
    assert [str(address) for address in bridge.addresses] == ["192.168.0.1/24", "fd00:192::1/64"]
    assert bridge.members == ("eth2.100", "eth3.100")
    member = fabric.by_name["a1-leaf-1"].interface("eth2.100")
    assert (member.parent, member.vlan, member.addresses, member.mtu) == ("eth2", 100, (), 1500)
    assert not any(interface.members for interface in fabric.by_name["a1-leaf-2"].interfaces)


def test_a_node_has_its_address_on_a_vlan_of_its_link_to_that_leaf() -> None:
    fabric = built()
    port = fabric.by_name["a1-server-1"].interface("eth1.300")
    assert [str(address) for address in port.addresses] == ["192.169.0.10/26", "fd00:193::a/64"]
    ends = {frozenset((circuit.a, circuit.b)) for circuit in fabric.circuits}
    assert frozenset((Port("a1-leaf-1", "eth2.300"), Port("a1-server-1", "eth1.300"))) in ends
    assert len(fabric.circuits) == 4 + 3  # machine has four nodes, tenant three


def test_the_subnet_is_announced_and_passes_every_filter() -> None:
    fabric = built()
    networks = {str(p) for f in fabric.by_name["b1-leaf-1"].bgp[0].families for p in f.networks}
    assert {"192.168.1.0/24", "192.169.0.64/26", "fd00:192:0:1::/64"} <= networks
    for family, prefix in (("ipv4", "192.169.0.64/26"), ("ipv6", "fd00:192:0:1::/64")):
        table = simulate(fabric).fib("a1-server-1", family)  # type: ignore[arg-type]
        assert len(next(e for p, e in table.items() if str(p) == prefix).next_hops) == 2


def test_a_lower_slot_does_not_move_the_segment_to_another_leaf() -> None:
    racks = [{"name": "a1", "leaves": ["left", "right"], "nodes": {"servers": 1}}]
    zones: list[Values] = [{"name": "zone-a", "racks": racks}]
    before = plan.build(design_of({**BASE, "zones": zones}))
    racks[0]["leaves"] = ["right", "left"]
    after = plan.build(design_of({**BASE, "zones": zones}), before.ledger)
    for made in (before, after):
        assert config.build(made).by_name["left"].interface("br100").members


def test_packets_cross_the_segment_and_arrive_from_outside() -> None:
    found = simulate(built())
    assert [str(path.hops[0]) for path in found.paths("a1-server-2", FAR)] == ["a1-server-2 (eth1.100)"]
    assert found.delivers("b1-server-1", FAR)
    assert found.delivers("b1-array-1", ip_address("192.168.1.10"))
    assert not found.delivers("b1-server-1", ip_address("192.168.0.99"))


@pytest.mark.parametrize(
    ("failure", "delivers"),
    [
        ("link:a1-leaf-1:eth2", False),
        ("link:a1-leaf-2:eth2", True),
        ("node:a1-leaf-1", False),
        ("node:a1-leaf-2", True),
    ],
)
def test_a_segment_lives_and_dies_with_its_leaf(failure: str, delivers: bool) -> None:
    asked = what_if(built(), [failure])
    assert simulate(asked.fabric, asked.failures).delivers("b1-server-1", FAR) is delivers


def test_a_bridge_without_a_living_member_announces_nothing() -> None:
    asked = what_if(built(), ["link:a1-leaf-1:eth2", "link:a1-leaf-1:eth3"])
    table = simulate(asked.fabric, asked.failures).fib("b1-leaf-1", "ipv4")
    assert "192.168.0.0/24" not in map(str, table)


def test_segments_of_a_zone_are_planned_and_not_configured() -> None:
    networks = {name: {**network, "scope": "zone"} for name, network in BASE["networks"].items()}
    assert not built(networks=networks).circuits


def test_interfaces_of_ifupdown2_have_vlans_and_bridges() -> None:
    made = plan.build(design_of(BASE))
    files = export_tree(Export(made, config.build(made)), ("interfaces",))
    leaf = files["interfaces/a1-leaf-1"]
    assert "iface br100\n    mtu 1500\n    alias machine of a1\n    bridge-ports eth2.100 eth3.100\n" in leaf
    assert (
        "iface eth2.100\n    mtu 1500\n    alias machine of a1-server-1\n    vlan-raw-device eth2\n    vlan-id 100\n"
        in leaf
    )
    assert "iface lo inet loopback\n    address 10.240.0.1/32\n" in leaf
    assert "    address 192.168.0.10/24\n" in files["interfaces/a1-server-1"]


def test_a_ports_name_must_leave_room_for_a_vlan() -> None:
    hardware = {"leaf": {"ports": [{"name": "Ethernet-{}", "count": 10, "speed_gbps": 100}]}}
    with pytest.raises(TopologyError, match=r"found port 'Ethernet-10'; allowed: names of at most 10 characters"):
        built(hardware=hardware, models={"leaf": "leaf"})


@pytest.mark.lab
def test_a_segment_is_as_predicted_in_the_lab_and_under_a_fault(tmp_path: Path) -> None:
    spec = spec_of(design_of(BASE))
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    try:
        bring_up(engine, spec, lambda: predict(spec.fabric), UpOptions(), lambda _step: None)
        lab = RunningLab(engine, spec.name)
        ping = ["ping", "-c1", "-W2", "-I", "10.240.0.131", str(FAR)]
        assert engine.attach(spec.name, "b1-server-1", ping) == 0
        assert engine.attach(spec.name, "a1-server-2", ["ping", "-c1", "-W2", "192.168.0.10"]) == 0
        engine.fail(spec.name, fault_of(spec.fabric, lab.status(), "link:a1-leaf-1:eth2"))
        verdict = verify(lab, predict(spec.fabric, failures_of(spec.fabric, lab.status().faults)))
        assert engine.attach(spec.name, "b1-server-1", ping) != 0
    finally:
        engine.down(spec.name)
    assert verdict.passed, "\n".join(str(f) for check in verdict.checks for f in check.findings[:10])
