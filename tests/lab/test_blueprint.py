"""What is built for a lab, down to interface numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fabric.config import BgpInstance, Interface
from fabric.lab import FrrInstallation, LabSpec
from fabric.lab._blueprint import SANDBOX, Blueprint, draw, from_json
from tests.lab.fabrics import lab_spec, lonely_router, with_conf

FRR = FrrInstallation(Path("/usr/lib/frr"), Path("/usr/bin/vtysh"), "8.4.4", has_mgmtd=False)


def drawn(spec: LabSpec) -> Blueprint:
    return draw(spec, FRR)


def test_json_keeps_everything() -> None:
    blueprint = drawn(lab_spec())
    assert from_json(blueprint.to_json()) == blueprint


def test_the_digest_follows_the_content() -> None:
    assert drawn(lab_spec()).digest() == drawn(lab_spec()).digest()
    assert drawn(lab_spec()).digest() != drawn(with_conf(lab_spec(), "leaf-2", "!\n")).digest()


def test_no_two_interfaces_share_a_number_or_a_mac() -> None:
    """Equal numbers at both ends of a cable would delay the report of a lost carrier by up to a second."""
    wires = drawn(lab_spec()).wires
    ends = [end for wire in wires for end in (wire.a, wire.b)]
    assert len({end.index for end in ends}) == len({end.mac for end in ends}) == len(ends) == 8
    assert all(int(end.mac[:2], 16) & 0b11 == 0b10 for end in ends), "locally administered, unicast"


def test_a_port_without_a_cable_ends_in_the_sandbox() -> None:
    blueprint = drawn(lonely_router("lab"))
    (wire,) = blueprint.wires
    assert (wire.a.device, wire.a.name, wire.b.device) == ("r1", "eth0", SANDBOX)
    assert wire.b.device == SANDBOX
    assert [port.index for port in blueprint.devices[0].ports] == [1, wire.a.index]


def test_vrfs_of_ports_and_instances_are_made_once() -> None:
    spec = lonely_router("lab")
    ports = (Interface("eth0", vrf="blue"), Interface("eth1", vrf="red"))
    device = replace(
        spec.fabric.devices[0], interfaces=ports, bgp=(BgpInstance(65001, "10.0.0.1", (), (), vrf="blue"),)
    )
    blueprint = drawn(replace(spec, fabric=replace(spec.fabric, devices=(device,))))
    vrfs = blueprint.devices[0].vrfs
    assert [vrf.name for vrf in vrfs] == ["blue", "red"]
    taken = {end.index for wire in blueprint.wires for end in (wire.a, wire.b)}
    assert len({vrf.index for vrf in vrfs} | taken) == 6
    assert len({vrf.table for vrf in vrfs}) == 2


def test_a_name_with_dots_has_a_pathspace_without() -> None:
    spec = lonely_router("lab")
    device = replace(spec.fabric.devices[0], name="n1.zone-a")
    files = {"n1.zone-a": spec.files["r1"]}
    plan = drawn(replace(spec, fabric=replace(spec.fabric, devices=(device,)), files=files)).devices[0]
    assert (plan.name, plan.pathspace) == ("n1.zone-a", "n1_zone-a")
    assert plan.daemons[0].argv[:3] == ("/usr/lib/frr/zebra", "-N", "n1_zone-a")


def test_who_only_dials_out_boots_last() -> None:
    """Dialling before the other end listens would cost a whole `timers connect`, 10 s as a rule."""
    spec = lab_spec()
    first = replace(spec.fabric.devices[0], bgp_listens=False)
    fabric = replace(spec.fabric, devices=(first, *spec.fabric.devices[1:]))
    names = [device.name for device in drawn(replace(spec, fabric=fabric)).boot_order()]
    assert names == [device.name for device in (*fabric.devices[1:], first)]


def test_sources_are_kept_but_do_not_make_another_lab() -> None:
    spec = lab_spec()
    kept = drawn(replace(spec, sources={"topology": "version: 1"}))
    assert from_json(kept.to_json()).sources == {"topology": "version: 1"}
    assert kept.digest() == drawn(spec).digest()
