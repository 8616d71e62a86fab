"""Drawings of a fabric by tier, zone and rack: SVG, PNG, Graphviz, Mermaid, D2 and draw.io."""

from fabric.render.drawing._d2 import graph_d2
from fabric.render.drawing._drawing import Drawing, DrawnEdge, DrawnNode, Mark, Tier, drawing_of
from fabric.render.drawing._drawio import graph_drawio
from fabric.render.drawing._graph import MERMAID_EDGES, graph_dot, graph_mermaid
from fabric.render.drawing._png import graph_png
from fabric.render.drawing._svg import graph_svg
from fabric.render.drawing._views import collapsed, marked, with_edges

__all__ = [
    "MERMAID_EDGES",
    "Drawing",
    "DrawnEdge",
    "DrawnNode",
    "Mark",
    "Tier",
    "collapsed",
    "drawing_of",
    "graph_d2",
    "graph_dot",
    "graph_drawio",
    "graph_mermaid",
    "graph_png",
    "graph_svg",
    "marked",
    "with_edges",
]
