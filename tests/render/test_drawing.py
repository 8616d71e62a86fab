"""Pictures: everything is there once, nothing overlaps, and the same drawing gives the same bytes."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.config import BgpInstance, Cable, DeviceConfig, FabricConfig, Place, Port
from fabric.render.drawing import Drawing, DrawnEdge, DrawnNode, drawing_of, graph_dot, graph_mermaid, graph_svg
from fabric.render.drawing._drawing import TIERS
from fabric.render.drawing._layout import ADVANCE, FONT, LABEL_FONT, Box, Layout, layout, name_lines
from fabric.render.drawing._routes import routes
from tests.render.drawings import odd, one_zone, three_zones

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = {
    "one zone": one_zone(),
    "three zones": three_zones(),
    "a hundred devices": three_zones(racks=4, nodes=6, super_spines=4),
    "a hundred switches": three_zones(racks=16, nodes=3),
    "odd": odd(),
    "nothing": Drawing((), ()),
}
every_drawing = pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)

_places = st.sampled_from([None, "a", "b", "c-10"])
_nodes = st.lists(
    st.builds(
        DrawnNode,
        name=st.from_regex(r"[a-z]{1,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True),
        tier=st.sampled_from(TIERS),
        zone=_places,
        rack=_places,
        label=st.sampled_from(["", "AS 65001", "a rather long label"]),
    ),
    max_size=40,
    unique_by=lambda node: node.name,
)


def _overlap(one: Box, other: Box) -> bool:
    apart = one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y
    return not apart


def _holds(outer: Box, inner: Box) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom


def _assert_tidy(drawing: Drawing, placed: Layout) -> None:
    assert set(placed.boxes) == {node.name for node in drawing.nodes}
    for boxes in (placed.boxes.values(), [f.box for f in placed.zones], [f.box for f in placed.racks]):
        assert not [pair for pair in combinations(boxes, 2) if _overlap(*pair)]
    zones = {frame.zone: frame.box for frame in placed.zones}
    racks: dict[tuple[str | None, str | None], Box] = {(frame.zone, frame.label): frame.box for frame in placed.racks}
    canvas = Box(0, 0, placed.width, placed.height)
    for node in drawing.nodes:
        box = placed.boxes[node.name]
        assert _holds(canvas, box)
        assert _holds(zones.get(node.zone, canvas), box)
        if node.tier in {"leaf", "node"}:
            assert _holds(racks.get((node.zone, node.rack), canvas), box)
    for (zone, _), rack in racks.items():
        assert _holds(zones.get(zone, canvas), rack)


@every_drawing
def test_nothing_overlaps(drawing: Drawing) -> None:
    _assert_tidy(drawing, layout(drawing))


@given(_nodes)
@settings(max_examples=150, deadline=None)
def test_nothing_overlaps_whatever_is_drawn(nodes: list[DrawnNode]) -> None:
    drawing = Drawing(tuple(nodes), ())
    _assert_tidy(drawing, layout(drawing))


@every_drawing
def test_text_fits_its_box(drawing: Drawing) -> None:
    placed = layout(drawing)
    for node in drawing.nodes:
        widest = max(len(line) for line in name_lines(node.name)) * FONT[node.tier] * ADVANCE
        assert max(widest, len(node.label) * LABEL_FONT * ADVANCE) <= placed.boxes[node.name].width - 8


@every_drawing
def test_cables_start_and_end_at_their_devices(drawing: Drawing) -> None:
    placed = layout(drawing)
    for route in routes(drawing, placed):
        points = _points(route.path)
        assert {route.upper.name, route.lower.name} == {route.edge.a, route.edge.b}
        assert _touches(placed.boxes[route.upper.name], points[0])
        assert _touches(placed.boxes[route.lower.name], points[-1])


def test_cables_of_a_rack_run_behind_no_device() -> None:
    whole = three_zones(racks=1, nodes=20)
    drawing = replace(whole, edges=tuple(edge for edge in whole.edges if "z2-" in edge.b))
    placed = layout(drawing)
    inner = [Box(b.x + 0.2, b.y + 0.2, b.width - 0.4, b.height - 0.4) for b in placed.boxes.values()]
    for route in routes(drawing, placed):
        if route.lower.tier == "node":
            hit = [box for box in inner for x, y in _points(route.path) if _overlap(box, Box(x, y, 0.01, 0.01))]
            assert hit == []


def test_a_wide_fabric_is_drawn_on_shelves() -> None:
    placed = layout(three_zones(racks=16, nodes=3))
    assert placed.width < 3 * placed.height
    assert len({frame.box.y for frame in placed.racks}) > 1
    assert layout(three_zones(racks=4)).risers == {}


def test_cables_to_lower_shelves_run_behind_no_rack() -> None:
    drawing = three_zones(racks=16, nodes=3)
    placed = layout(drawing)
    frames = {(frame.zone, frame.label): frame.box for frame in placed.racks}
    deep = [
        route for route in routes(drawing, placed) if route.lower.tier == "leaf" and route.lower.name in placed.risers
    ]
    assert len(deep) > 100
    for route in deep:
        others = [box for key, box in frames.items() if key != (route.lower.zone, route.lower.rack)]
        points = _points(route.path)
        assert not [box for box in others for x, y in points if _overlap(box, Box(x, y, 0.01, 0.01))]
    assert len({route.path for route in deep}) == len(deep)


def test_parallel_cables_have_lines_of_their_own() -> None:
    paths = [route.path for route in routes(one_zone(), layout(one_zone()))]
    assert len(set(paths)) == len(paths)


def _touches(box: Box, point: tuple[float, float]) -> bool:
    """True where `point` is on the outline of `box`, but for rounding."""
    x, y = point
    inside = box.x - 0.1 <= x <= box.right + 0.1 and box.y - 0.1 <= y <= box.bottom + 0.1
    return inside and min(abs(x - box.x), abs(x - box.right), abs(y - box.y), abs(y - box.bottom)) < 0.1


def _points(path: str) -> list[tuple[float, float]]:
    """Points along an SVG path; curves as the polygon of their controls, which they stay inside of."""
    points: list[tuple[float, float]] = []
    for letter, text in re.findall(r"([MHVQC])([^MHVQC]*)", path):
        numbers = [float(word) for word in text.split()]
        if letter == "H":
            points += _straight(points[-1], (numbers[0], points[-1][1]))
        elif letter == "V":
            points += _straight(points[-1], (points[-1][0], numbers[0]))
        else:
            points += zip(numbers[::2], numbers[1::2], strict=True)
    return points


def _straight(start: tuple[float, float], end: tuple[float, float]) -> Iterable[tuple[float, float]]:
    steps = max(1, int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / 8))
    return [
        (start[0] + (end[0] - start[0]) * n / steps, start[1] + (end[1] - start[1]) * n / steps)
        for n in range(1, steps + 1)
    ]


@every_drawing
def test_svg_shows_every_device_and_cable_once(drawing: Drawing) -> None:
    root = ElementTree.fromstring(graph_svg(drawing))
    devices = [g for g in root.iter(f"{SVG}g") if "device" in g.get("class", "").split()]
    cables = [p for p in root.iter(f"{SVG}path") if "cable" in p.get("class", "").split()]
    names = [(g.findtext(f"{SVG}title") or "").splitlines()[0] for g in devices]
    assert Counter(names) == Counter(node.name for node in drawing.nodes)
    assert Counter(p.findtext(f"{SVG}title") for p in cables) == Counter(
        edge.label or f"{edge.a} - {edge.b}" for edge in drawing.edges
    )
    written = ["".join(text.text or "" for text in g.findall(f"{SVG}text")) for g in devices]
    assert Counter(written) == Counter(node.name + node.label for node in drawing.nodes)


def test_svg_speaks_to_screen_readers_and_to_dark_screens() -> None:
    text = graph_svg(odd())
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Network drawing of odd & <special>: 2 zones · 2 racks · 28 devices · 31 cables"
    assert "@media (prefers-color-scheme:dark)" in text


@every_drawing
@pytest.mark.parametrize("draw", [graph_svg, graph_dot, graph_mermaid])
def test_order_of_the_devices_does_not_show(drawing: Drawing, draw: Callable[[Drawing], str]) -> None:
    nodes = list(drawing.nodes)
    random.Random(7).shuffle(nodes)
    assert draw(replace(drawing, nodes=tuple(nodes))) == draw(drawing)


def test_long_names_break_where_they_get_narrowest() -> None:
    assert name_lines("spine-1") == ("spine-1",)
    assert name_lines("zone-1-rack-2-compute-10") == ("zone-1-rack-", "2-compute-10")
    assert name_lines("unbreakablename") == ("unbreakablename",)


def test_drawing_of_a_fabric_has_its_places_asns_and_ports() -> None:
    border = DeviceConfig("border-1", Place("border"), (), (BgpInstance(64400, "10.0.0.1", (), ()),))
    worker = DeviceConfig("worker-1", Place("worker", "zone-1", "rack-1"), ())
    cable = Cable(Port("border-1", "swp1"), Port("worker-1", "eth0"))
    assert drawing_of(FabricConfig("small", (border, worker), (cable,))) == Drawing(
        nodes=(
            DrawnNode("border-1", "edge", label="AS 64400"),
            DrawnNode("worker-1", "node", "zone-1", "rack-1"),
        ),
        edges=(DrawnEdge("border-1", "worker-1", "border-1:swp1 - worker-1:eth0"),),
        title="small",
    )


def test_dot_groups_by_zone_and_rack() -> None:
    nodes = (DrawnNode("leaf-1", "leaf", "z", "r", 'AS "1"'), DrawnNode("spine-1", "spine"))
    assert graph_dot(Drawing(nodes, (DrawnEdge("spine-1", "leaf-1", "a - b"),), "f")).splitlines()[3:] == [
        '  "spine-1" [label="spine-1"];',
        '  subgraph "cluster zone z" { label="z";',
        '    subgraph "cluster rack z r" { label="r";',
        '      "leaf-1" [label="leaf-1\\nAS \\"1\\""];',
        "    }",
        "  }",
        '  { rank=same; "spine-1"; }',
        '  { rank=same; "leaf-1"; }',
        '  "spine-1" -- "leaf-1" [tooltip="a - b"];',
        "}",
    ]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@every_drawing
def test_graphviz_reads_the_dot(drawing: Drawing) -> None:
    subprocess.run(["dot", "-Tcanon"], input=graph_dot(drawing), text=True, check=True, capture_output=True)


def test_mermaid_groups_by_zone_and_rack() -> None:
    nodes = (DrawnNode("leaf-1", "leaf", "z", "r", 'AS "1"'), DrawnNode("spine-1", "spine"))
    assert graph_mermaid(Drawing(nodes, (DrawnEdge("spine-1", "leaf-1"),))).splitlines() == [
        "flowchart TB",
        '  n0["spine-1"]',
        '  subgraph z1["z"]',
        '    subgraph z1r0["r"]',
        '      n1["leaf-1<br/>AS #quot;1#quot;"]',
        "    end",
        "  end",
        "  n0 --- n1",
    ]
