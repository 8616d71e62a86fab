"""From one lab to another on paper: numbers that stay, and what goes and comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fabric.config import Cable, DeviceConfig, FabricConfig, Interface, Place, Port
from fabric.lab import FrrInstallation, LabSpec
from fabric.lab._blueprint import Blueprint, draw
from fabric.lab._fault import DaemonName
from fabric.lab._frr_changes import FrrChanges
from fabric.lab._reshape import Altered, Told, led_back, renumbered, reshape
from tests.lab.fabrics import Files, lab_spec, lonely_router

FRR = FrrInstallation(Path("/frr"), Path("/vtysh"), "8.4.4", has_mgmtd=False)


@pytest.fixture
def old() -> Blueprint:
    return draw(lab_spec(), FRR)


def grown() -> LabSpec:
    """The small fabric with a third leaf, which comes first."""
    spec = lab_spec()
    leaf = DeviceConfig("leaf-0", Place("leaf"), (Interface("lo"), Interface("up1"), Interface("up2")))
    spines = [replace(d, interfaces=(*d.interfaces, Interface("down0"))) for d in spec.fabric.devices[:2]]
    cables = tuple(Cable(Port(f"spine-{n}", "down0"), Port("leaf-0", f"up{n}")) for n in (1, 2))
    fabric = FabricConfig("tiny", (leaf, *spines, *spec.fabric.devices[2:]), (*cables, *spec.fabric.cables))
    return replace(spec, fabric=fabric, files={**spec.files, "leaf-0": Files("hostname leaf-0\n")})


def test_the_same_design_changes_nothing(old: Blueprint) -> None:
    assert renumbered(old, old) == old
    assert reshape(old, renumbered(draw(lab_spec(), FRR), old)).steps() == ()


def test_what_stays_keeps_its_numbers(old: Blueprint) -> None:
    new = renumbered(draw(grown(), FRR), old)
    kept = {(wire.a, wire.b) for wire in old.wires}
    assert kept < {(wire.a, wire.b) for wire in new.wires}
    indexes = [end.index for wire in new.wires for end in (wire.a, wire.b)]
    assert len(set(indexes)) == len(indexes)
    assert new.device("leaf-1") == old.device("leaf-1")


def test_a_leaf_comes_and_goes_and_others_are_left_alone(old: Blueprint) -> None:
    new = renumbered(draw(grown(), FRR), old)
    steps = reshape(old, new).steps()
    assert steps == ("add leaf-0", "lay cable spine-1:down0 to leaf-0:up1", "lay cable spine-2:down0 to leaf-0:up2")
    back = reshape(new, renumbered(draw(lab_spec(), FRR), new))
    assert [device.name for device in back.gone] == ["leaf-0"]
    assert [change.device.name for change in back.altered] == []


def test_a_device_whose_kernel_is_another_is_built_anew_with_its_cables(old: Blueprint) -> None:
    spec = lab_spec()
    devices = tuple(replace(d, forwarding=d.name != "leaf-2") for d in spec.fabric.devices)
    changed = replace(spec, fabric=replace(spec.fabric, devices=devices))
    changes = reshape(old, renumbered(draw(changed, FRR), old))
    assert "build leaf-2 anew" in changes.steps()
    assert changes.cut == changes.laid
    assert {end.device for wire in changes.cut for end in (wire.a, wire.b)} == {"spine-1", "spine-2", "leaf-2"}


def test_an_mtu_changes_both_ends_and_no_cable(old: Blueprint) -> None:
    spec = lab_spec()
    devices = tuple(
        replace(d, interfaces=tuple(replace(i, mtu=1500) if i.name == "up1" else i for i in d.interfaces))
        for d in spec.fabric.devices
    )
    changed = replace(spec, fabric=replace(spec.fabric, devices=devices))
    assert reshape(old, renumbered(draw(changed, FRR), old)).steps() == (
        "leaf-1: MTU of up1 becomes 1500",
        "leaf-2: MTU of up1 becomes 1500",
    )


def test_a_new_vrf_before_a_known_one_leaves_each_a_table_of_its_own() -> None:
    blue, red = Interface("eth0", vrf="blue"), Interface("eth1", vrf="red")
    drawn = [draw(_with_ports(ports), FRR) for ports in ((red,), (blue, red))]
    new = renumbered(drawn[1], drawn[0]).devices[0]
    assert [vrf.name for vrf in new.vrfs] == ["blue", "red"]
    assert len({vrf.table for vrf in new.vrfs}) == 2
    assert new.vrfs[1].index == drawn[0].devices[0].vrfs[0].index
    assert [d.name for d in reshape(drawn[0], renumbered(drawn[1], drawn[0])).gone] == ["r1"]


def _with_ports(ports: tuple[Interface, ...]) -> LabSpec:
    spec = lonely_router("vrfs")
    return replace(spec, fabric=replace(spec.fabric, devices=(replace(spec.fabric.devices[0], interfaces=ports),)))


def _way_back(told: Mapping[str, Told], dead: tuple[DaemonName, ...] = ()) -> list[Altered]:
    """What leads daemons back from a design that gives both leaves another description and a leaf more."""
    spec = grown()
    other = {
        name: Files(spec.files[name].frr_conf + "ip prefix-list more permit any\n") for name in ("leaf-1", "leaf-2")
    }
    old = draw(lab_spec(), FRR)
    new = renumbered(draw(replace(spec, files={**spec.files, **other}), FRR), old)
    return list(led_back(reshape(new, old), old, told, dead))


def test_the_way_back_leaves_alone_whom_nobody_told_anything() -> None:
    assert _way_back({}) == []


def test_the_way_back_undoes_what_was_done_and_only_that() -> None:
    (change,) = _way_back({"leaf-1": Told.DONE})
    assert change.device.name == "leaf-1"
    assert change.frr == FrrChanges("no ip prefix-list more permit any\n", "")
    assert _way_back({"leaf-1": Told.UNDONE}) == [], "nothing was undone that would have to be told again"


def test_the_way_back_starts_anew_where_it_broke_off_or_died() -> None:
    (change,) = _way_back({"leaf-2": Told.IN_PART})
    assert (change.device.name, change.frr.restart) == ("leaf-2", True)
    (risen,) = _way_back({"leaf-1": Told.UNDONE}, (DaemonName("spine-1", "bgpd"), DaemonName("leaf-0", "bgpd")))
    assert (risen.device.name, risen.started, risen.ended) == ("spine-1", ("bgpd",), ("bgpd",))
    assert not risen.frr
