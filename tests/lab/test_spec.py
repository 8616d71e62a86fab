"""What can be wired, and the words for what cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fabric.config import Cable, Interface, Port
from fabric.errors import InputError, LabError
from fabric.lab import LabSpec
from fabric.lab._spec import check_spec
from tests.lab.fabrics import lab_spec, lonely_router


def renamed(spec: LabSpec, *names: str) -> LabSpec:
    """A spec of unconnected routers with these names."""
    device = spec.fabric.devices[0]
    devices = tuple(replace(device, name=name) for name in names)
    files = dict.fromkeys(names, spec.files[device.name])
    return replace(spec, fabric=replace(spec.fabric, devices=devices), files=files)


def cabled(spec: LabSpec, *ends: tuple[str, str]) -> LabSpec:
    """The spec with cables from port to port, written `device:port`."""
    ports = [(Port(*a.split(":")), Port(*b.split(":"))) for a, b in ends]
    return replace(spec, fabric=replace(spec.fabric, cables=tuple(Cable(a, b) for a, b in ports)))


def test_a_sound_spec_passes() -> None:
    check_spec(lab_spec())
    check_spec(renamed(lonely_router("lab"), "worker-0.zone-a.example.com", "x" * 63))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (lonely_router("../etc"), "Lab name '../etc' is not usable"),
        (renamed(lonely_router("lab"), "a.b", "a_b"), "2 devices are called a_b"),
        (renamed(lonely_router("lab"), "a/b"), "device name 'a/b'"),
        (renamed(lonely_router("lab"), "x" * 64), "device name 'xxx"),
        (replace(lonely_router("lab"), files={}), "r1 has no rendered files"),
        (cabled(lonely_router("lab"), ("r1:eth0", "r1:eth9")), "a cable ends at r1:eth9, which no device has"),
        (cabled(lonely_router("lab"), ("r1:eth0", "r1:lo")), "the loopback takes no cable"),
        (cabled(lonely_router("lab"), ("r1:eth0", "r1:eth0")), "2 cables end at r1:eth0"),
    ],
)
def test_what_cannot_be_wired_is_said(spec: LabSpec, words: str) -> None:
    with pytest.raises((InputError, LabError)) as caught:
        check_spec(spec)
    assert words in str(caught.value)


def test_all_problems_are_reported_at_once() -> None:
    spec = lonely_router("lab")
    device = replace(
        spec.fabric.devices[0], interfaces=(Interface("much-too-long-a-name"), Interface("e0"), Interface("e0"))
    )
    with pytest.raises(LabError) as caught:
        check_spec(replace(spec, fabric=replace(spec.fabric, devices=(device,)), files={}))
    text = str(caught.value)
    assert "no rendered files" in text
    assert "'much-too-long-a-name'" in text
    assert "2 interfaces called e0" in text
