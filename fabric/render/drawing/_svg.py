"""A drawing as an SVG of its own: no Graphviz, no script; light or dark as the reader's screen is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from fabric._values import dataclass
from fabric.render._text import natural
from fabric.render.drawing._drawing import TIERS, Drawing, DrawnNode, summary_of
from fabric.render.drawing._layout import (
    FONT,
    LABEL_FONT,
    LABEL_LINE,
    LINE,
    MARGIN,
    Box,
    Frame,
    Layout,
    layout,
    name_lines,
)
from fabric.render.drawing._routes import Route, length, routes


@dataclass(frozen=True, slots=True)
class _Colours:
    """Of one zone: `strong` for lines and full boxes, `ink` on the pale fill of the leaves."""

    strong: str
    pale: str
    ink: str


_LIGHT = (
    _Colours("#2563eb", "#e3ecfd", "#1e3a8a"),
    _Colours("#0f8a7e", "#daf2ef", "#0b4f49"),
    _Colours("#c2570c", "#fdebdc", "#7a3406"),
    _Colours("#8b3fd6", "#f1e6fc", "#56219b"),
    _Colours("#c8265f", "#fce4ec", "#831843"),
    _Colours("#4d7c0f", "#ebf5d8", "#365314"),
    _Colours("#0e7490", "#dbf1f7", "#154e63"),
    _Colours("#7a5c33", "#f3ebdf", "#513c1f"),
)
_DARK = (
    _Colours("#6ea0ff", "#17264a", "#cfe0ff"),
    _Colours("#3cc6b6", "#0c312e", "#c3f2ec"),
    _Colours("#f2924c", "#3b2110", "#ffdfc6"),
    _Colours("#bd8bf5", "#2d1a47", "#eadbff"),
    _Colours("#f2719e", "#3f1526", "#ffd7e4"),
    _Colours("#a3cc52", "#233310", "#e6f6c4"),
    _Colours("#4fc3de", "#0d303b", "#cdf1fa"),
    _Colours("#cfab78", "#33281a", "#f4e5cd"),
)
_NO_ZONE = {"light": _Colours("#475569", "#e8ecf1", "#1e293b"), "dark": _Colours("#94a3b8", "#232c39", "#e2e8f0")}
_GROUND = {"light": ("#ffffff", "#0f172a", "#64748b"), "dark": ("#0d1117", "#e6edf3", "#8b98a9")}
"""Background, text, and text that steps back."""
_DOWN, _PATH = "#d61f3a", "#0a9955"
"""Of what has failed and of what packets pass, on either background."""


def graph_svg(drawing: Drawing) -> str:
    """`drawing` as a whole SVG file: tiers from top to bottom, zones and racks as frames, names as tooltips.

    The same drawing gives the same bytes. The text needs no font of its own: boxes are wide enough for any
    monospaced one.
    """
    placed = layout(drawing)
    zones = sorted({node.zone for node in drawing.nodes if node.zone is not None}, key=natural)
    classes: dict[str | None, str] = {zone: f"z{number % len(_LIGHT)}" for number, zone in enumerate(zones)}
    classes[None] = "z"
    nodes = sorted(drawing.nodes, key=lambda node: (TIERS.index(node.tier), natural(node.name)))
    summary = summary_of(drawing)
    parts = [
        *_head(placed, drawing.title, summary),
        f"<style>{_style(drawing)}</style>",
        '<rect class="ground" width="100%" height="100%" rx="10"/>',
        *_titles(drawing.title, summary),
        *_tier_names(placed),
        *(_frame("zone", frame, classes) for frame in placed.zones),
        *(_frame("rack", frame, classes) for frame in placed.racks),
        *(_cable(route, classes) for route in routes(drawing, placed)),
        *(_device(node, placed.boxes[node.name], classes) for node in nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(placed: Layout, title: str, summary: str) -> Iterable[str]:
    width, height = round(placed.width), round(placed.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(f"Network drawing of {title}: {summary}")}">'
    )
    yield f"<title>{escape(title)}</title>"


def _titles(title: str, summary: str) -> Iterable[str]:
    yield f'<text class="title" x="{MARGIN:g}" y="40">{escape(title)}</text>'
    yield f'<text class="summary" x="{MARGIN:g}" y="60">{escape(summary)}</text>'


def _tier_names(placed: Layout) -> Iterable[str]:
    for tier, top in placed.tops.items():
        yield f'<text class="tier" x="{MARGIN:g}" y="{length(top + 18)}">{tier}</text>'


def _frame(kind: str, frame: Frame, classes: Mapping[str | None, str]) -> str:
    box, round_by = frame.box, 12 if kind == "zone" else 8
    return (
        f'<g class="{kind} {classes[frame.zone]}"><rect {_rect(box)} rx="{round_by}"/>'
        f'<text x="{length(box.middle)}" y="{length(box.bottom - round_by)}">{escape(frame.label)}</text></g>'
    )


def _cable(route: Route, classes: Mapping[str | None, str]) -> str:
    zones = {route.upper.zone, route.lower.zone} - {None}
    kind = "cable far z" if len(zones) > 1 else f"cable {classes[next(iter(zones), None)]}"
    kind += f" {route.edge.mark}" if route.edge.mark else ""
    edge = route.edge
    tooltip = edge.label or f"{edge.a} - {edge.b}"
    return (
        f'<path class="{kind}" data-cable="{escape(tooltip)}" d="{route.path}"><title>{escape(tooltip)}</title></path>'
    )


def _device(node: DrawnNode, box: Box, classes: Mapping[str | None, str]) -> str:
    words = [node.name, ", ".join(word for word in (node.tier, node.rack, node.zone) if word), node.label]
    tooltip = escape("\n".join(word for word in words if word))
    mark = f" {node.mark}" if node.mark else ""
    return (
        f'<g class="device {node.tier} {classes[node.zone]}{mark}" data-device="{escape(node.name)}">'
        f"<title>{tooltip}</title>"
        f'<rect {_rect(box)} rx="{length(min(18, box.height / 2)) if node.tier == "edge" else 6}"/>'
        f"{''.join(_device_text(node, box))}</g>"
    )


def _device_text(node: DrawnNode, box: Box) -> Iterable[str]:
    """The lines of a device's box, as a block in its middle."""
    lines = name_lines(node.name)
    block = LINE * len(lines) + (LABEL_LINE if node.label else 0)
    top = box.y + (box.height - block) / 2
    for number, line in enumerate(lines):
        yield f'<text x="{length(box.middle)}" y="{length(top + LINE * (number + 0.78))}">{escape(line)}</text>'
    if node.label:
        y = top + block - LABEL_LINE * 0.2
        yield f'<text class="label" x="{length(box.middle)}" y="{length(y)}">{escape(node.label)}</text>'


def _rect(box: Box) -> str:
    return f'x="{length(box.x)}" y="{length(box.y)}" width="{length(box.width)}" height="{length(box.height)}"'


def _style(drawing: Drawing) -> str:
    """The style sheet: shapes once, colours for a light and a dark screen."""
    cables = len(drawing.edges)
    opacity = 0.7 if cables <= 60 else 0.45 if cables <= 400 else 0.3
    fonts = "".join(f".{tier} text{{font-size:{size:g}px}}" for tier, size in FONT.items())
    return (
        "text{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;text-anchor:middle}"
        ".title,.summary,.tier{text-anchor:start}.title{font-size:20px;font-weight:700}"
        ".summary{font-size:12px}.tier{font-size:11px}"
        ".zone text{font-size:15px;font-weight:700}.rack text{font-size:11.5px}"
        f"{fonts}.device .label{{font-size:{LABEL_FONT}px}}"
        ".zone rect{fill-opacity:.45;stroke-opacity:.5}.rack rect{fill-opacity:.8;stroke-opacity:.4}"
        ".device rect{stroke-width:1.4}.node rect{stroke-width:1}"
        f".cable{{fill:none;stroke-width:1.3;stroke-opacity:{opacity}}}.far{{stroke-dasharray:5 3}}"
        ".cable:hover{stroke-width:3.5;stroke-opacity:1}.device:hover rect{stroke-width:3}"
        f"{_marks(drawing)}"
        f"{_colours('light', _LIGHT)}@media (prefers-color-scheme:dark){{{_colours('dark', _DARK)}}}"
    )


def _marks(drawing: Drawing) -> str:
    """How marked devices and cables stand out, and the others step back; nothing where nothing is marked."""
    if not any([*(node.mark for node in drawing.nodes), *(edge.mark for edge in drawing.edges)]):
        return ""
    return (
        ".cable,.device{opacity:.45}.down,.path{opacity:1}"
        ".cable.down,.cable.path{stroke-width:3.5;stroke-opacity:1}"
        ".device.down rect,.device.path rect{stroke-width:3.5}"
        f".cable.down,.device.down rect{{stroke:{_DOWN}!important;stroke-dasharray:6 4}}"
        f".cable.path,.device.path rect{{stroke:{_PATH}!important}}"
    )


def _colours(scheme: str, palette: Iterable[_Colours]) -> str:
    ground, text, quiet = _GROUND[scheme]
    rules = [f".ground,.node rect,.rack rect{{fill:{ground}}}.title{{fill:{text}}}.summary,.tier{{fill:{quiet}}}"]
    zones = [("z", _NO_ZONE[scheme]), *((f"z{number}", colours) for number, colours in enumerate(palette))]
    rules += [_zone_colours(name, colours, ground) for name, colours in zones]
    return "".join(rules)


def _zone_colours(name: str, colours: _Colours, ground: str) -> str:
    strong, pale, ink = colours.strong, colours.pale, colours.ink
    return (
        f".cable.{name},.{name} rect{{stroke:{strong}}}.{name} text{{fill:{ink}}}"
        f".zone.{name} rect,.leaf.{name} rect,.edge.{name} rect{{fill:{pale}}}"
        f".spine.{name} rect,.super-spine.{name} rect,.zone.{name} text,.rack.{name} text{{fill:{strong}}}"
        f".spine.{name} text,.super-spine.{name} text{{fill:{ground}}}"
    )
