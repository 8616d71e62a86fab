"""Other views of a drawing: sessions in place of cables, racks or zones as one box each, and marks on what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Literal

from fabric.render.drawing._drawing import Drawing, DrawnEdge, DrawnNode, Mark, counted, summary_of


def with_edges(drawing: Drawing, edges: Iterable[DrawnEdge], word: str) -> Drawing:
    """The devices of the drawing with other lines between them, such as BGP sessions; `word` says what a line is."""
    lines = tuple(edges)
    return replace(
        drawing, edges=lines, summary=f"{counted(len(drawing.nodes), 'device')} · {counted(len(lines), word)}"
    )


def collapsed(drawing: Drawing, by: Literal["rack", "zone"]) -> Drawing:
    """The drawing with one box for everything of a rack, or of a zone; its label counts what is inside.

    What stands in none stays as it is. Lines between the same two boxes are one, labelled with their number; a marked
    line stays marked.
    """
    homes = {node.name: _home(node, by) for node in drawing.nodes}
    groups: dict[str, list[DrawnNode]] = {}
    for node in drawing.nodes:
        groups.setdefault(homes[node.name], []).append(node)
    nodes = [_box(name, members, by) for name, members in groups.items()]
    pairs: dict[tuple[str, str], list[DrawnEdge]] = {}
    for edge in drawing.edges:
        a, b = homes[edge.a], homes[edge.b]
        if a != b:
            pairs.setdefault((a, b) if (b, a) not in pairs else (b, a), []).append(edge)
    edges = [DrawnEdge(a, b, counted(len(lines), "line"), _mark(lines)) for (a, b), lines in pairs.items()]
    return Drawing(tuple(nodes), tuple(edges), drawing.title, summary_of(drawing))


def marked(drawing: Drawing, devices: Mapping[str, Mark], lines: Mapping[str, Mark]) -> Drawing:
    """The drawing with marks on devices, by name, and on lines, by label."""
    return replace(
        drawing,
        nodes=tuple(replace(node, mark=devices.get(node.name, node.mark)) for node in drawing.nodes),
        edges=tuple(replace(edge, mark=lines.get(edge.label, edge.mark)) for edge in drawing.edges),
    )


def _home(node: DrawnNode, by: Literal["rack", "zone"]) -> str:
    if by == "rack":
        return node.rack or node.name
    return node.zone or node.name


def _box(name: str, members: Collection[DrawnNode], by: Literal["rack", "zone"]) -> DrawnNode:
    first = next(iter(members))
    if (first.rack if by == "rack" else first.zone) is None:
        return first
    counts = Counter("leaves" if node.tier == "leaf" else f"{node.tier}s" for node in members)
    label = ", ".join(f"{number} {tier if number > 1 else _singular(tier)}" for tier, number in counts.items())
    return DrawnNode(name, "leaf", first.zone, None, label, _mark(members))


def _singular(tier: str) -> str:
    return "leaf" if tier == "leaves" else tier.removesuffix("s")


def _mark(items: Iterable[DrawnNode | DrawnEdge]) -> Mark:
    """The mark that all share, or any of them: a box is down only where everything in it is."""
    marks = [item.mark for item in items]
    if all(mark == "down" for mark in marks):
        return "down"
    return "path" if "path" in marks else ""
