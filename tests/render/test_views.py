"""Views, marks and the formats beside SVG: everything is there, and what is marked stands out."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from fabric.render.drawing import (
    Drawing,
    DrawnEdge,
    collapsed,
    graph_d2,
    graph_dot,
    graph_drawio,
    graph_mermaid,
    graph_png,
    graph_svg,
    marked,
    with_edges,
)
from tests.render.drawings import odd, one_zone, three_zones

TEXTS: list[Callable[[Drawing], str]] = [graph_svg, graph_dot, graph_mermaid, graph_d2, graph_drawio]


def test_racks_become_boxes_that_count_what_is_inside() -> None:
    drawing = collapsed(three_zones(racks=2, nodes=3), "rack")
    boxes = {node.name: node for node in drawing.nodes}
    assert boxes["z1-rack-1"].label == "2 leaves, 3 nodes"
    assert boxes["z1-rack-1"].zone == "zone-1"
    lines = {frozenset((edge.a, edge.b)): edge.label for edge in drawing.edges}
    assert lines[frozenset(("z1-spine-1", "z1-rack-1"))] == "2 lines"
    assert len(drawing.edges) == len(lines)


def test_zones_become_boxes_and_keep_the_counts_of_the_whole() -> None:
    whole = three_zones()
    drawing = collapsed(whole, "zone")
    assert {node.name for node in drawing.nodes if node.zone} == {"zone-1", "zone-2", "zone-3"}
    assert graph_svg(drawing).count("22 devices") == graph_svg(whole).count("22 devices") > 0


def test_a_box_is_down_only_where_all_of_it_is() -> None:
    whole = three_zones()
    rack = {node.name: "down" for node in whole.nodes if node.rack == "z1-rack-1"}
    leaf = {"z2-r1-leaf-1": "down"}
    marks = {n.name: n.mark for n in collapsed(marked(whole, rack | leaf, {}), "rack").nodes}  # type: ignore[arg-type]
    assert (marks["z1-rack-1"], marks["z2-rack-1"]) == ("down", "")


@pytest.mark.parametrize("write", TEXTS)
def test_marks_stand_out(write: Callable[[Drawing], str]) -> None:
    plain = one_zone()
    lines = {edge.label: "path" for edge in plain.edges if edge.label}
    broken = marked(plain, {"spine-1": "down"}, lines)  # type: ignore[arg-type]
    assert write(broken) != write(plain)
    assert write(marked(plain, {}, {})) == write(plain)


@pytest.mark.parametrize("write", TEXTS)
def test_names_are_never_syntax(write: Callable[[Drawing], str]) -> None:
    assert write(odd()) == write(odd())
    if write in (graph_svg, graph_drawio):
        ElementTree.fromstring(write(odd()))


def test_drawio_has_every_box_and_line() -> None:
    drawing = three_zones(racks=2)
    root = ElementTree.fromstring(graph_drawio(drawing))
    cells = {cell.get("id"): cell for cell in root.iter("mxCell")}
    ends = [(cell.get("source"), cell.get("target")) for cell in root.iter("mxCell") if cell.get("edge")]
    assert len(ends) == len(drawing.edges)
    assert all(source in cells and target in cells for source, target in ends)
    values = [cell.get("value", "").split("\n")[0] for cell in cells.values()]
    assert {node.name for node in drawing.nodes} <= set(values)


def test_d2_names_every_device_once_and_every_line_joins_two() -> None:
    drawing = three_zones()
    text = graph_d2(drawing)
    declared = re.findall(r"^((?:\"[^\"]+\"\.?)+): ", text, re.MULTILINE)
    assert len(declared) == len(set(declared)) == len(drawing.nodes)
    joined = re.findall(r"^(.+) -- (.+?)(?::.*)?$", text, re.MULTILINE)
    assert len(joined) == len(drawing.edges)
    assert {end for pair in joined for end in pair} <= set(declared)


def test_png_is_a_picture_twice_the_size_of_the_svg() -> None:
    drawing = one_zone()
    content = graph_png(drawing)
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    (box,) = re.findall(r'viewBox="0 0 (\d+) (\d+)"', graph_svg(drawing))
    assert (width, height) == (2 * int(box[0]), 2 * int(box[1]))


def test_other_lines_in_place_of_cables() -> None:
    drawing = with_edges(one_zone(), [DrawnEdge("spine-1", "leaf-1", "eBGP")], "session")
    assert drawing.summary == "11 devices · 1 session"
    assert replace(drawing, summary="").edges == drawing.edges
