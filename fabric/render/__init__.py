"""Text from values: FRR's files, drawings, and the directory they are written to. No decisions are made here."""

from fabric.render._drawing import Drawing, DrawnEdge, DrawnNode, Tier, drawing_of
from fabric.render._frr import Confidential, FrrFiles, frr_files, frr_tree
from fabric.render._graph import graph_dot, graph_mermaid
from fabric.render._svg import graph_svg
from fabric.render._tree import write_tree

__all__ = [
    "Confidential",
    "Drawing",
    "DrawnEdge",
    "DrawnNode",
    "FrrFiles",
    "Tier",
    "drawing_of",
    "frr_files",
    "frr_tree",
    "graph_dot",
    "graph_mermaid",
    "graph_svg",
    "write_tree",
]
