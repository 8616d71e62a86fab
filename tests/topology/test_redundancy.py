"""What a design survives, by itself and against brute force."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fabric.resources import directory
from fabric.topology import Design, Redundancy, load, redundancy
from tests.designs import Values, design_of, topologies


def facts(**values: object) -> Redundancy:
    base: Values = {
        "version": 1,
        "name": "cuts",
        "spines": 2,
        "zones": [{"name": "zone-a", "racks": [{"name": "a1"}, {"name": "b1"}]}],
    }
    return redundancy(design_of({**base, **values}))


def test_two_spines_of_one_asn_do_not_survive_two_links() -> None:
    """Fact: 54.5 % of the double link failures of six leaves part some pair; measured with FRR."""
    found = facts()
    (warning,) = found.warnings
    assert warning.startswith("Losing the links spine-1>a1-leaf-1 and spine-2>a1-leaf-2 parts a1-leaf-1 from a1-leaf-2")
    assert "set a third switch beside the two, or set asn.spines to unique" in warning
    assert found.disjoint_paths == 2
    assert not found.single_devices


@pytest.mark.parametrize("change", [{"spines": 3}, {"asn": {"spines": "unique"}}])
def test_a_third_spine_or_unique_asns_survive_any_two_links(change: Values) -> None:
    assert not facts(**change).warnings


def test_both_uplinks_of_a_leaf_isolate_it() -> None:
    cuts = [cut for cut in facts(asn={"spines": "unique"}).cuts if cut.isolated]
    assert ("spine-1>a1-leaf-1", "spine-2>a1-leaf-1") in [cut.failures for cut in cuts]


def test_one_spine_is_a_single_point() -> None:
    found = facts(spines=1)
    assert found.single_devices == ("spine-1",)
    assert found.single_links[0] == "spine-1>a1-leaf-1"
    assert [cut.failures for cut in found.cuts][:1] == [("spine-1",)]
    assert found.disjoint_paths == 1


def test_a_node_with_one_uplink_hangs_on_its_leaf() -> None:
    rack = {"name": "a1", "nodes": {"singles": 1}}
    found = facts(
        zones=[{"name": "zone-a", "racks": [rack, {"name": "b1"}]}],
        node_groups={"singles": {"role": "server", "uplinks": 1}},
    )
    assert found.single_devices == ("a1-leaf-1",)
    assert found.single_links == ("a1-leaf-1>a1-single-1",)


def test_a_pod_hangs_on_its_only_spine() -> None:
    pods = [{"name": "pod-1", "spines": 1}, {"name": "pod-2", "spines": 2}]
    zones = [
        {"name": "zone-a", "pod": "pod-1", "racks": [{"name": "a1"}]},
        {"name": "zone-b", "pod": "pod-2", "racks": [{"name": "b1"}]},
    ]
    found = facts(spines=0, pods=pods, super_spines=2, zones=zones)
    assert found.single_devices == ("pod-1-spine-1",)
    assert ("pod-1-spine-1",) in [cut.failures for cut in found.cuts]


@pytest.mark.parametrize("path", sorted(directory("topologies").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_cut_of_a_shipped_topology_contains_another(path: object) -> None:
    found = redundancy(load(str(path)))
    sets = [set(cut.failures) for cut in found.cuts]
    assert not any(a < b for a in sets for b in sets)


def parts_a_pair(design: Design, failures: frozenset[str]) -> bool:
    """By definition: of two leaves that are up, no spine path between them is left."""
    up = {
        (link.upper, link.lower)
        for link in design.fabric.links
        if link.kind == "fabric" and not failures & {link.upper, link.lower, f"{link.upper}>{link.lower}"}
    }
    leaves = [d.name for d in design.fabric.tier("leaf")]
    spines = [d.name for d in design.fabric.tier("spine")]
    if design.settings.asn.spines == "unique":
        whole: nx.Graph[str] = nx.Graph(up)
        whole.add_nodes_from(leaves)
        return any(not nx.has_path(whole, a, b) for a, b in combinations(leaves, 2))
    return any(not any((s, a) in up and (s, b) in up for s in spines) for a, b in combinations(leaves, 2))


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["shared", "unique"]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cuts_are_those_of_brute_force(spines: int, racks: int, asns: str) -> None:
    design = design_of(
        {
            "version": 1,
            "name": "cuts",
            "spines": spines,
            "zones": [{"name": "zone-a", "racks": [{"name": f"r{n}", "leaves": 1} for n in range(racks)]}],
            "asn": {"spines": asns},
        }
    )
    elements = [d.name for d in design.fabric.tier("spine")]
    elements += [f"{link.upper}>{link.lower}" for link in design.fabric.links]
    cutting = [
        set(failures)
        for count in (1, 2)
        for failures in combinations(elements, count)
        if parts_a_pair(design, frozenset(failures))
    ]
    minimal = [cut for cut in cutting if not any(other < cut for other in cutting)]
    found = redundancy(design).cuts
    assert all(set(cut.failures) in minimal for cut in found)
    assert bool(found) == bool(minimal)
    assert {len(cut.failures) for cut in found} == {len(cut) for cut in minimal}


def planed(pods: list[int], supers: int, planes: int) -> Design:
    """So many spines a pod and one leaf each, joined by super-spines in planes."""
    names = [f"pod-{number}" for number in range(len(pods))]
    return design_of(
        {
            "version": 1,
            "name": "planes",
            "super_spines": supers,
            "planes": planes,
            "pods": [{"name": pod, "spines": spines} for pod, spines in zip(names, pods, strict=True)],
            "zones": [{"name": p, "pod": p, "racks": [{"name": f"r-{p}", "leaves": 1}]} for p in names],
        }
    )


def test_a_super_spine_is_cabled_to_the_spines_of_its_plane() -> None:
    """Of three spines and two planes the third spine is of the first plane again, and so is the third super-spine."""
    links = {(link.upper, link.lower) for link in planed([3, 2], 3, 2).fabric.links}
    above = {link for link in links if link[0].startswith("super")}
    first = {f"{pod}-spine-{number}" for pod, number in (("pod-0", 1), ("pod-0", 3), ("pod-1", 1))}
    second = {"pod-0-spine-2", "pod-1-spine-2"}
    assert above == {
        *(("super-spine-1", spine) for spine in first),
        *(("super-spine-2", spine) for spine in second),
        *(("super-spine-3", spine) for spine in first),
    }


def test_more_spines_leave_the_cables_of_the_others() -> None:
    small, large = planed([2, 2], 2, 2).fabric.links, planed([4, 3], 5, 2).fabric.links
    assert set(small) < set(large)


def test_a_cut_by_a_shared_asn_is_told_beside_one_that_isolates_a_pod() -> None:
    """Both take two links of super-spines; around the one the third pod's cables still lead."""
    (warning,) = redundancy(planed([1, 1, 1], 2, 1)).warnings
    lost = "super-spine-1>pod-0-spine-1 and super-spine-2>pod-1-spine-1"
    assert warning.startswith(f"Losing the links {lost} parts r-pod-0-leaf-1 from r-pod-1-leaf-1")


def parts_pods(design: Design, failures: frozenset[str]) -> bool:
    """By definition: no path up from one pod's leaf to a super-spine and down to the other's leaf is left."""
    up = {
        (link.upper, link.lower)
        for link in design.fabric.links
        if not failures & {link.upper, link.lower, f"{link.upper}>{link.lower}"}
    }
    turns = {
        leaf.name: {
            upper.name
            for spine in design.fabric.tier("spine")
            for upper in design.fabric.tier("super-spine")
            if {(upper.name, spine.name), (spine.name, leaf.name)} <= up
        }
        for leaf in design.fabric.tier("leaf")
    }
    return any(not turns[a] & turns[b] for a, b in combinations(turns, 2))


@given(st.data(), st.integers(1, 4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cuts_between_pods_are_those_of_brute_force(data: st.DataObject, planes: int) -> None:
    sizes = st.integers(planes, max(planes, 3))
    design = planed([data.draw(sizes), data.draw(sizes)], data.draw(sizes), planes)
    elements = [d.name for d in design.fabric.devices if d.tier in ("spine", "super-spine")]
    elements += [f"{link.upper}>{link.lower}" for link in design.fabric.links]
    cutting = [
        set(failures)
        for count in (1, 2)
        for failures in combinations(elements, count)
        if parts_pods(design, frozenset(failures))
    ]
    minimal = [cut for cut in cutting if not any(other < cut for other in cutting)]
    found = redundancy(design).cuts
    assert all(set(cut.failures) in minimal for cut in found)
    assert {len(cut.failures) for cut in found} == {len(cut) for cut in minimal}


@given(topologies(), st.integers(1, 5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_single_points_of_failure_are_those_of_the_whole_graph(values: Values, servers: int) -> None:
    for zone in values["zones"]:
        for rack in zone["racks"]:
            rack["nodes"]["servers"] = servers
    design = design_of(values)
    found, graph = redundancy(design), design.fabric.graph
    links = {frozenset((link.upper, link.lower)): f"{link.upper}>{link.lower}" for link in design.fabric.links}
    assert found.single_devices == tuple(sorted(nx.articulation_points(graph)))
    assert found.single_links == tuple(sorted(links[frozenset(ends)] for ends in nx.bridges(graph)))
