"""Every cable is in every cabling document, once."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings

from fabric.config import Cable, FabricConfig, Port
from fabric.errors import InputError
from fabric.render.exports import Export, cabling_tree
from tests.render.exports.designs import exports, shipped

_PTM_EDGE = re.compile(r'^  "([^"]+)":"([^"]+)" -- "([^"]+)":"([^"]+)";$', re.MULTILINE)


def _cables(fabric: FabricConfig) -> Counter[frozenset[tuple[str, str]]]:
    return Counter(frozenset((port.device, port.interface) for port in (c.a, c.b)) for c in fabric.cables)


def _ends(quadruples: list[tuple[str, str, str, str]]) -> Counter[frozenset[tuple[str, str]]]:
    return Counter(frozenset({(a, b), (c, d)}) for a, b, c, d in quadruples)


@settings(deadline=None, max_examples=30)
@given(exports())
def test_every_link_once(export: Export) -> None:
    files, wanted = cabling_tree(export.fabric), _cables(export.fabric)
    assert set(wanted.values()) == {1}
    assert wanted == Counter(frozenset((end.device, end.interface) for end in link.ends) for link in export.plan.links)
    rows = list(csv.DictReader(io.StringIO(files["cabling.csv"])))
    assert _ends([(r["a_device"], r["a_port"], r["b_device"], r["b_port"]) for r in rows]) == wanted
    assert _ends(_PTM_EDGE.findall(files["topology.dot"])) == wanted
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in files["cabling.md"].splitlines()]
    body = [row for row in cells if row and row[0] not in {"device", "---"}]
    assert _ends([(row[0], row[1], row[3], row[4]) for row in body]) == wanted


def test_a_rack_is_a_section() -> None:
    text = cabling_tree(shipped("rhoso-dz").fabric)["cabling.md"]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Outside the racks",
        "Rack rack-0, zone-a",
        "Rack rack-1, zone-b",
        "Rack rack-2, zone-c",
    ]


def test_mtu_is_what_both_ends_take() -> None:
    fabric = shipped("quickstart").fabric
    cable = fabric.cables[0]
    spine = fabric.by_name[cable.a.device]
    ports = tuple(replace(port, mtu=1400) for port in spine.interfaces)
    narrow = replace(fabric, devices=tuple(replace(d, interfaces=ports) if d is spine else d for d in fabric))
    (row, *_) = csv.DictReader(io.StringIO(cabling_tree(narrow)["cabling.csv"]))
    assert row["mtu"] == "1400"


def test_names_cannot_leave_their_quotes_or_line() -> None:
    fabric = shipped("quickstart").fabric
    device = replace(fabric.devices[0], name='x":"y')
    cable = Cable(Port(device.name, "eth1"), Port(device.name, "eth2"))
    text = cabling_tree(FabricConfig("f", (device,), (cable,)))["topology.dot"]
    assert '  "x\\":\\"y":"eth1" -- "x\\":\\"y":"eth2";' in text
    broken = replace(device, name="x\n}")
    cable = Cable(Port(broken.name, "eth1"), Port(broken.name, "eth2"))
    with pytest.raises(InputError, match="printable characters on one line"):
        cabling_tree(FabricConfig("f", (broken,), (cable,)))
