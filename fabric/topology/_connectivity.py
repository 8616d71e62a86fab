"""How well a graph hangs together: its weak points, and how many paths lead from here to there.

networkx answers the same, and the tests hold it beside these; but importing it takes longer than planning a fabric of
500 switches, and every plan asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

Graph = Mapping[str, Collection[str]]
"""The neighbours of each vertex; an edge stands at both of its ends."""
Edge = tuple[str, str]


def weak_points(graph: Graph) -> tuple[set[str], set[Edge]]:
    """The articulation points, and the bridges as (nearer the start, farther) pairs.

    Tarjan's depth-first search: `low` is the earliest vertex that a subtree reaches past the edge that leads to it.
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    points: set[str] = set()
    bridges: set[Edge] = set()
    for root in graph:
        if root in order:
            continue
        subtrees = 0
        for above, vertex in _left(graph, root, order, low):
            low[above] = min(low[above], low[vertex])
            if low[vertex] > order[above]:
                bridges.add((above, vertex))
            if above == root:
                subtrees += 1
            elif low[vertex] >= order[above]:
                points.add(above)
        if subtrees > 1:
            points.add(root)
    return points, bridges


def _left(graph: Graph, root: str, order: dict[str, int], low: dict[str, int]) -> Iterator[Edge]:
    """Each edge of the search tree at the moment when all below it has been seen: lower vertices first."""
    order[root] = low[root] = len(order)
    path = [("", root, iter(graph[root]))]
    while path:
        above, vertex, ahead = path[-1]
        for neighbor in ahead:
            if neighbor not in order:
                order[neighbor] = low[neighbor] = len(order)
                path.append((vertex, neighbor, iter(graph[neighbor])))
                break
            if neighbor != above:
                low[vertex] = min(low[vertex], order[neighbor])
        else:
            path.pop()
            if path:
                yield above, vertex


def disjoint_paths(graph: Graph, start: str, end: str) -> int:
    """How many paths lead from `start` to `end` that share no edge: by Menger's theorem the least edge cut.

    Ford and Fulkerson's method with unit capacities; going back over a used edge takes that use away.
    """
    used: set[Edge] = set()
    count = 0
    while path := _augmenting(graph, start, end, used):
        for edge in path:
            back = edge[::-1]
            if back in used:
                used.remove(back)
            else:
                used.add(edge)
        count += 1
    return count


def _augmenting(graph: Graph, start: str, end: str, used: set[Edge]) -> list[Edge]:
    """The edges of a shortest path over edges that are not used in its direction; empty where there is none."""
    came: dict[str, str] = {start: start}
    queue = [start]
    for vertex in queue:
        for neighbor in graph[vertex]:
            if neighbor not in came and (vertex, neighbor) not in used:
                came[neighbor] = vertex
                queue.append(neighbor)
        if end in came:
            break
    path = []
    while end in came and end != start:
        path.append((came[end], end))
        end = came[end]
    return path
