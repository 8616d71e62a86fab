"""From one lab in containers to another on paper: numbers that stay, and what containerlab is to make true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from fabric.config import DeviceConfig
from fabric.errors import LabError
from fabric.lab import LabSpec
from fabric.lab._blueprint import Blueprint, draw
from fabric.lab._containers._change import Change, change_between, image_of
from fabric.lab._containers._start import with_indexes
from fabric.lab._design import containerlab_files
from tests.lab.fabrics import lab_spec
from tests.lab.test_reshape import FRR, grown


def topology(spec: LabSpec) -> str:
    return containerlab_files(spec, "an-image")["tiny.clab.yml"]


@pytest.fixture
def old() -> Blueprint:
    """The small lab with numbers as a kernel gives them out."""
    drawn = draw(lab_spec(), FRR)
    numbers: Mapping[str, Mapping[str, int]] = {
        d.name: {port.name: 1 if port.name == "lo" else 2 * n for n, port in enumerate(d.ports, start=1)}
        for d in drawn.devices
    }
    return with_indexes(drawn, numbers)


def changed(old: Blueprint, spec: LabSpec, before: str | None = None) -> Change:
    topologies = (before or topology(lab_spec()), topology(spec))
    return change_between(old, draw(spec, FRR), spec.fabric.cables, topologies)


def altered(change: Callable[[DeviceConfig], DeviceConfig], *names: str) -> LabSpec:
    """The small fabric with a change of some of its devices."""
    spec = lab_spec()
    devices = tuple(change(d) if d.name in names else d for d in spec.fabric.devices)
    return replace(spec, fabric=replace(spec.fabric, devices=devices))


def test_the_same_design_changes_nothing_and_asks_containerlab_for_nothing(old: Blueprint) -> None:
    same = changed(old, lab_spec())
    assert (same.reshaped.steps(), same.stages) == ((), ())


def test_growth_leaves_the_containers_that_stay_to_themselves(old: Blueprint) -> None:
    change = changed(old, grown())
    assert change.reshaped.steps()[:2] == ("add leaf-0", "lay cable spine-1:down0 to leaf-0:up1")
    assert {device.name for device in change.reshaped.gone} == set()
    assert change.stages == (topology(grown()),)
    [laid, _] = change.reshaped.laid
    taken = {end.index for wire in old.wires for end in (wire.a, wire.b)}
    assert taken.isdisjoint({laid.a.index, laid.b.index})


def test_a_device_with_other_sysctls_is_removed_before_it_is_built_anew(old: Blueprint) -> None:
    change = changed(old, altered(lambda device: replace(device, forwarding=False), "leaf-1"))
    assert "build leaf-1 anew" in change.reshaped.steps()
    assert "lay cable spine-1:down1 to leaf-1:up1" in change.reshaped.steps()
    first, second = map(yaml.safe_load, change.stages)
    assert set(second["topology"]["nodes"]) - set(first["topology"]["nodes"]) == {"leaf-1"}
    assert not [link for link in first["topology"]["links"] if "leaf-1:" in str(link)]
    assert len(second["topology"]["links"]) - len(first["topology"]["links"]) == 2


def test_what_only_containerlab_would_start_anew_is_built_anew_knowingly(old: Blueprint) -> None:
    """Other commands of a node; other labels are no reason."""
    before: dict[str, Any] = yaml.safe_load(topology(lab_spec()))
    before["topology"]["nodes"]["spine-1"]["labels"] = {"fabric-zone": "another"}
    before["topology"]["nodes"]["spine-2"]["exec"] = ["true"]
    change = changed(old, lab_spec(), yaml.safe_dump(before))
    assert {device.name for device in change.reshaped.gone} == {"spine-2"}


def test_a_lab_of_which_nothing_would_stay_is_refused(old: Blueprint) -> None:
    everything = [device.name for device in lab_spec().fabric]
    with pytest.raises(LabError, match="Lab tiny: no device would stay"):
        changed(old, altered(lambda device: replace(device, forwarding=False), *everything))


def test_the_image_of_a_lab_is_read_from_its_topology() -> None:
    assert image_of(topology(lab_spec())) == "an-image"
