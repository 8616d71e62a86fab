"""Weak points and disjoint paths against networkx."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from fabric.topology._connectivity import Graph, disjoint_paths, weak_points

VERTICES = "abcdefgh"


def graph_of(edges: set[tuple[str, str]]) -> Graph:
    graph: dict[str, list[str]] = {vertex: [] for vertex in VERTICES}
    for one, other in sorted(edges):
        graph[one].append(other)
        graph[other].append(one)
    return graph


edge_sets = st.sets(st.sampled_from(list(combinations(VERTICES, 2))))


@given(edge_sets)
def test_weak_points_are_those_of_networkx(edges: set[tuple[str, str]]) -> None:
    points, bridges = weak_points(graph_of(edges))
    peer: nx.Graph[str] = nx.Graph(edges)
    assert points == set(nx.articulation_points(peer))
    assert {frozenset(edge) for edge in bridges} == {frozenset(edge) for edge in nx.bridges(peer)}
    assert len(bridges) == len({frozenset(edge) for edge in bridges})


@given(edge_sets, st.sampled_from(list(combinations(VERTICES, 2))))
def test_disjoint_paths_are_as_many_as_the_least_edge_cut(edges: set[tuple[str, str]], ends: tuple[str, str]) -> None:
    peer: nx.Graph[str] = nx.Graph(edges)
    peer.add_nodes_from(VERTICES)
    assert disjoint_paths(graph_of(edges), *ends) == nx.edge_connectivity(peer, *ends)


def test_a_long_chain_needs_no_deep_recursion() -> None:
    names = [f"v{number}" for number in range(5000)]
    graph = {name: names[max(n - 1, 0) : n] + names[n + 1 : n + 2] for n, name in enumerate(names)}
    points, bridges = weak_points(graph)
    assert (len(points), len(bridges), disjoint_paths(graph, names[0], names[-1])) == (4998, 4999, 1)
