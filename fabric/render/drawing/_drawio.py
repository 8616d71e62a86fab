"""A drawing for draw.io (diagrams.net), placed as in the SVG: every box and line can be moved there."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from fabric.render.drawing._drawing import Drawing, DrawnNode, Mark
from fabric.render.drawing._layout import Box, layout

_MARKS: dict[Mark, str] = {
    "": "",
    "down": "strokeColor=#d61f3a;dashed=1;strokeWidth=3;",
    "path": "strokeColor=#0a9955;strokeWidth=3;",
}
_NODE = "rounded=1;whiteSpace=wrap;html=0;fontSize=11;"
_FRAME = "rounded=1;arcSize=4;verticalAlign=bottom;fillColor=none;strokeColor=#94a3b8;html=0;"
_LINE = "endArrow=none;html=0;strokeColor=#64748b;"


def graph_drawio(drawing: Drawing) -> str:
    """`drawing` as an uncompressed draw.io file (mxGraph XML)."""
    ids = {node.name: f"n{number}" for number, node in enumerate(drawing.nodes)}
    cells = "\n".join(_cells(drawing, ids))
    return (
        f"<mxfile><diagram name={quoteattr(drawing.title)}><mxGraphModel><root>\n"
        '<mxCell id="0"/><mxCell id="1" parent="0"/>\n'
        f"{cells}\n</root></mxGraphModel></diagram></mxfile>\n"
    )


def _cells(drawing: Drawing, ids: dict[str, str]) -> Iterator[str]:
    placed = layout(drawing)
    for number, frame in enumerate((*placed.zones, *placed.racks)):
        yield _box(f"f{number}", frame.label, _FRAME, frame.box)
    for node in drawing.nodes:
        yield _box(ids[node.name], _label(node), _NODE + _MARKS[node.mark], placed.boxes[node.name])
    for number, edge in enumerate(drawing.edges):
        ends = f'source="{ids[edge.a]}" target="{ids[edge.b]}"'
        style, tip = quoteattr(_LINE + _MARKS[edge.mark]), quoteattr(edge.label)
        yield (
            f'<UserObject id="e{number}" label="" tooltip={tip}><mxCell style={style} edge="1" parent="1" {ends}>'
            '<mxGeometry relative="1" as="geometry"/></mxCell></UserObject>'
        )


def _label(node: DrawnNode) -> str:
    return f"{node.name}\n{node.label}" if node.label else node.name


def _box(name: str, label: str, style: str, box: Box) -> str:
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    value = quoteattr(label, {"\n": "&#10;"})
    return (
        f'<mxCell id="{name}" value={value} style={quoteattr(style)} vertex="1" parent="1">'
        f'<mxGeometry {place} as="geometry"/></mxCell>'
    )
