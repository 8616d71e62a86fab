"""A report as one HTML file that needs nothing else: style, script, drawing and data are inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table
from fabric.report.page._blocks import Block, Fact, Heat, Page, Picture, Prose, State, Timeline

if TYPE_CHECKING:
    from jinja2 import Template

_STEPS = 5
"""Colours of a heat map."""
_WIDTH = 1000.0
_ROW = 22.0
_LABELS = 320.0


def page_html(page: Page) -> str:
    """The report as HTML 5: readable without a script, with one it can be searched, zoomed and asked."""
    return _template().render(
        page=page,
        style=_asset("report.css"),
        script=_asset("report.js"),
        kind=_kind,
        heat_class=_heat_class,
        timeline=_timeline,
        state_class=_state_class,
        data=_data(page),
        picture_data=picture_data,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - other reports need no templates

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("report.html.j2"))


def _asset(name: str) -> str:
    return (files("fabric.report.page") / "assets" / name).read_text(encoding="utf-8")


def _kind(block: Block) -> str:
    """What a block is, for the template."""
    if isinstance(block, tuple):
        return "facts"
    names: Mapping[type, str] = {
        Prose: "prose",
        Table: "table",
        Heat: "heat",
        Timeline: "timeline",
        Picture: "picture",
        Fact: "facts",
    }
    return names[type(block)]


def _state_class(state: State) -> str:
    return state.name


def _heat_class(share: float) -> str:
    """The colour of a share: the ends are kept for nothing and all."""
    if share <= 0:
        return "heat-0"
    return f"heat-{_STEPS}" if share >= 1 else f"heat-{1 + min(_STEPS - 2, int(share * (_STEPS - 1)))}"


def _timeline(value: Timeline) -> Mapping[str, Any]:
    """The lengths of a timeline's drawing, in SVG user units."""
    scale = (_WIDTH - _LABELS) / max(value.end_ms, 1.0)
    bars = [
        {
            "label": bar.label,
            "text": bar.text,
            "state": bar.state.name,
            "y": number * _ROW,
            "middle": number * _ROW + _ROW * 0.68,
            "x": round(_LABELS + bar.start_ms * scale, 1),
            "width": round(max((bar.end_ms - bar.start_ms) * scale, 2.0), 1),
            "end": round(_LABELS + bar.end_ms * scale + 6, 1),
        }
        for number, bar in enumerate(value.bars)
    ]
    height = _ROW * (len(bars) + 1)
    return {"bars": bars, "width": _WIDTH, "height": height, "row": _ROW, "left": _LABELS, "axis": height - 6}


def picture_data(picture: Picture) -> Mapping[str, Any]:
    """What the script needs of a drawing."""
    return {"devices": dict(picture.devices), "overlays": [_plain(asdict(overlay)) for overlay in picture.overlays]}


def _plain(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _data(page: Page) -> str:
    """All drawings' data as JSON that may stand inside a script element (HTML, section 4.12.1.3)."""
    pictures = [block for section in page.sections for block in section.blocks if isinstance(block, Picture)]
    text = json.dumps([picture_data(picture) for picture in pictures], separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
