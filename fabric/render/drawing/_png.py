"""A drawing as PNG, for what shows no SVG: resvg, a library of its own kind, draws what `graph_svg` says."""

from __future__ import annotations

from fabric.errors import MachineError
from fabric.render.drawing._drawing import Drawing
from fabric.render.drawing._svg import graph_svg

_ZOOM = 2.0
"""Pixels a user unit, as screens of today have."""


def graph_png(drawing: Drawing) -> bytes:
    """`drawing` as the bytes of a PNG on a light ground; raises `MachineError` without the library."""
    try:
        from resvg_py import svg_to_bytes  # noqa: PLC0415 - an extra that only PNG needs
    except ImportError as error:
        raise MachineError(
            "A PNG needs the Python package resvg-py. Install it with: pip install 'fabric-spineleaf[png]', or write "
            "an SVG."
        ) from error
    return bytes(svg_to_bytes(svg_string=graph_svg(drawing), zoom=_ZOOM, monospace_family="DejaVu Sans Mono"))
