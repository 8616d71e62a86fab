"""A drawing as text for other tools: Graphviz, and Mermaid for pages that draw it themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fabric.render._text import natural
from fabric.render.drawing._drawing import TIERS, Drawing, DrawnNode, Mark

MERMAID_EDGES = 500
"""Lines that Mermaid draws unless its page raises `maxEdges`."""
Group = tuple[str | None, str | None]
"""Zone and rack."""
_DOT_MARKS: Mapping[Mark, str] = {
    "": "",
    "down": ', color=red, style="dashed,rounded", penwidth=3',
    "path": ", color=green, penwidth=3",
}
_MERMAID_MARKS: Mapping[Mark, str] = {
    "": "",
    "down": "stroke:red,stroke-width:3px,stroke-dasharray:5",
    "path": "stroke:green,stroke-width:3px",
}


def graph_dot(drawing: Drawing) -> str:
    """`drawing` in Graphviz's language: zones and racks as clusters, each tier on a rank of its own."""
    lines = [f"graph {_quoted(drawing.title)} {{", "  rankdir=TB; newrank=true; nodesep=0.3; ranksep=1.2;"]
    lines += ['  node [shape=box, style=rounded, fontname="monospace"];']
    for zone, racks in grouped(drawing.nodes).items():
        lines += _dot_cluster(
            "  ", f"zone {zone}", zone, [line for rack in racks.items() for line in _dot_rack(zone, *rack)]
        )
    for tier in TIERS:
        names = [_quoted(node.name) for node in _in_order(drawing.nodes) if node.tier == tier]
        lines += [f"  {{ rank=same; {'; '.join(names)}; }}"] if names else []
    lines += [
        f"  {_quoted(e.a)} -- {_quoted(e.b)} [tooltip={_quoted(e.label)}{_DOT_MARKS[e.mark]}];" for e in drawing.edges
    ]
    return "\n".join([*lines, "}"]) + "\n"


def graph_mermaid(drawing: Drawing) -> str:
    """`drawing` as a Mermaid flowchart: zones and racks as subgraphs.

    Mermaid draws at most `MERMAID_EDGES` cables unless its page raises `maxEdges`; a larger fabric wants `graph_svg`.
    """
    ids = {node.name: f"n{number}" for number, node in enumerate(_in_order(drawing.nodes))}
    lines = ["flowchart TB"]
    for number, (zone, racks) in enumerate(grouped(drawing.nodes).items()):
        inner: list[str] = []
        for place, (rack, nodes) in enumerate(racks.items()):
            boxes = [f"{ids[node.name]}{_mermaid_text(node.name, node.label)}" for node in nodes]
            inner += _mermaid_subgraph(f"z{number}r{place}", rack, boxes)
        lines += [f"  {line}" for line in _mermaid_subgraph(f"z{number}", zone, inner)]
    lines += [f"  {ids[edge.a]} --- {ids[edge.b]}" for edge in drawing.edges]
    lines += [f"  style {ids[node.name]} {_MERMAID_MARKS[node.mark]}" for node in drawing.nodes if node.mark]
    lines += [f"  linkStyle {n} {_MERMAID_MARKS[e.mark]}" for n, e in enumerate(drawing.edges) if e.mark]
    return "\n".join(lines) + "\n"


def grouped(nodes: Iterable[DrawnNode]) -> Mapping[str | None, Mapping[str | None, list[DrawnNode]]]:
    """Devices by zone and, within it, rack; what is in none comes first."""
    groups: defaultdict[str | None, defaultdict[str | None, list[DrawnNode]]] = defaultdict(lambda: defaultdict(list))
    for node in sorted(_in_order(nodes), key=lambda node: (_place_order(node.zone), _place_order(node.rack))):
        groups[node.zone][node.rack].append(node)
    return groups


def _place_order(name: str | None) -> tuple[bool, tuple[tuple[int, str], ...]]:
    return name is not None, natural(name or "")


def _in_order(nodes: Iterable[DrawnNode]) -> list[DrawnNode]:
    return sorted(nodes, key=lambda node: (TIERS.index(node.tier), natural(node.name)))


def _dot_rack(zone: str | None, rack: str | None, nodes: Sequence[DrawnNode]) -> list[str]:
    boxes = [f"{_quoted(node.name)} [label={_quoted(_dot_label(node))}{_DOT_MARKS[node.mark]}];" for node in nodes]
    return _dot_cluster("", f"rack {zone} {rack}", rack, boxes)


def _dot_label(node: DrawnNode) -> str:
    return f"{node.name}\n{node.label}" if node.label else node.name


def _dot_cluster(indent: str, name: str, label: str | None, inside: Sequence[str]) -> list[str]:
    """`inside` in a cluster called `name`, or as it is where there is nothing to label it with."""
    if label is None:
        return [f"{indent}{line}" for line in inside]
    head = f"{indent}subgraph {_quoted(f'cluster {name}')} {{ label={_quoted(label)};"
    return [head, *(f"{indent}  {line}" for line in inside), f"{indent}}}"]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _mermaid_subgraph(name: str, label: str | None, inside: Sequence[str]) -> list[str]:
    if label is None:
        return list(inside)
    return [f"subgraph {name}{_mermaid_text(label)}", *(f"  {line}" for line in inside), "end"]


def _mermaid_text(*lines: str) -> str:
    """Lines in a box; Mermaid reads `#quot;` and the like where a character means something to it."""
    said = (
        line.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;") for line in lines
    )
    return f'["{"<br/>".join(line for line in said if line)}"]'
