"""Drawings of a fabric by tier, zone and rack: SVG, Graphviz and Mermaid."""

from fabric.render.drawing._drawing import Drawing, DrawnEdge, DrawnNode, Tier, drawing_of
from fabric.render.drawing._graph import graph_dot, graph_mermaid
from fabric.render.drawing._svg import graph_svg

__all__ = ["Drawing", "DrawnEdge", "DrawnNode", "Tier", "drawing_of", "graph_dot", "graph_mermaid", "graph_svg"]
