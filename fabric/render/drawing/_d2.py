"""A drawing in the language of D2 (https://d2lang.com): zones and racks as containers."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.render.drawing._drawing import Drawing, DrawnEdge, DrawnNode, Mark
from fabric.render.drawing._graph import grouped

_STYLES: dict[Mark, str] = {
    "": "",
    "down": " { style.stroke: red; style.stroke-dash: 5 }",
    "path": " { style.stroke: green; style.stroke-width: 4 }",
}


def graph_d2(drawing: Drawing) -> str:
    """`drawing` as D2; names are quoted, so that no name means something to D2."""
    keys = {node.name: _key(node) for node in drawing.nodes}
    lines = [f"# {' '.join(drawing.title.split())}", "direction: down", *_containers(drawing)]
    lines += [_edge(edge, keys) for edge in drawing.edges]
    return "\n".join(lines) + "\n"


def _key(node: DrawnNode) -> str:
    return ".".join(_quoted(part) for part in (node.zone, node.rack, node.name) if part is not None)


def _containers(drawing: Drawing) -> Iterator[str]:
    for racks in grouped(drawing.nodes).values():
        for nodes in racks.values():
            for node in nodes:
                label = f"{node.name}\n{node.label}" if node.label else node.name
                yield f"{_key(node)}: {_quoted(label)}{_STYLES[node.mark]}"


def _edge(edge: DrawnEdge, keys: dict[str, str]) -> str:
    return f"{keys[edge.a]} -- {keys[edge.b]}{':' if edge.mark else ''}{_STYLES[edge.mark]}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("$", "\\$")
    return f'"{escaped}"'
