"""Between whom is measured: spread over zones, roles and nodes, and where packets meet what is broken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fabric.config import FabricConfig
from fabric.lab import LabStatus, ProbePair, spec_of
from fabric.simulate import Walk, simulate
from fabric.topology import load
from fabric.verify import MOST_PAIRS, measured_pairs, trouble_of

HEAD = """\
version: 1
name: t
spines: 2
node_groups: {servers: {role: server}, w: {role: worker}, m: {role: control-plane}}
"""


def of(text: str, place: Path) -> FabricConfig:
    file = place / "t.yaml"
    file.write_text(HEAD + text)
    return spec_of(load(file)).fabric


def status_of(fabric: FabricConfig) -> LabStatus:
    return LabStatus("t", "running", "", "", tuple(fabric.by_name), (), (), {})


def names(pairs: tuple[ProbePair, ...]) -> list[tuple[str, str]]:
    return [(pair.source, pair.destination) for pair in pairs]


def test_of_many_zones_each_sends_and_receives_alike(tmp_path: Path) -> None:
    zones = "".join(
        f"  - {{name: z{n}, racks: [{{name: r{n}, leaves: 1, nodes: {{servers: 1}}}}]}}\n" for n in range(6)
    )
    pairs = measured_pairs(of(f"profile: rfc7938\nzones:\n{zones}", tmp_path))
    assert len(set(pairs)) == len(pairs) == MOST_PAIRS
    for side in (Counter(pair.source for pair in pairs), Counter(pair.destination for pair in pairs)):
        assert side == {f"r{n}-server-1": 2 for n in range(6)}


def test_of_one_zone_twelve_nodes_send_and_over_the_spines(tmp_path: Path) -> None:
    racks = ", ".join(f"{{name: r{n}, leaves: 1, nodes: {{servers: 8}}}}" for n in range(2))
    pairs = measured_pairs(of(f"profile: rfc7938\nzones: [{{name: z, racks: [{racks}]}}]\n", tmp_path))
    assert len({pair.source for pair in pairs}) == len({pair.destination for pair in pairs}) == MOST_PAIRS
    assert all(pair.source[:2] != pair.destination[:2] for pair in pairs)


def test_zones_are_stood_for_by_nodes_of_different_roles(tmp_path: Path) -> None:
    zones = "".join(f"  - {{name: z{n}, racks: [{{name: r{n}, nodes: {{w: 1, m: 1}}}}]}}\n" for n in range(3))
    pairs = measured_pairs(of(f"profile: rhoso\nzones:\n{zones}", tmp_path))
    assert {pair.source for pair in pairs} == {"r0-w-0", "r1-m-0", "r2-w-0"}


@pytest.fixture
def three_racks(tmp_path: Path) -> FabricConfig:
    """Zone a is stood for by rack a1's first server; what happens to rack a2 meets no packet of it."""
    a = "{name: za, racks: [{name: a1, nodes: {servers: 2}}, {name: a2, nodes: {servers: 2}}]}"
    return of(f"profile: rfc7938\nzones: [{a}, {{name: zb, racks: [{{name: b1, nodes: {{servers: 1}}}}]}}]\n", tmp_path)


def test_pairs_are_added_that_the_fault_meets_and_does_not_cut_off(three_racks: FabricConfig) -> None:
    trouble = trouble_of(three_racks, status_of(three_racks), "node:a2-leaf-1")
    walk = Walk(simulate(three_racks), "ipv4")
    plain = measured_pairs(three_racks)
    assert not any(trouble.met_by(walk, pair) for pair in plain)
    pairs = measured_pairs(three_racks, (), [trouble])
    assert pairs[: len(plain)] == plain
    added = pairs[len(plain) :]
    assert names(added) == [("a2-server-1", "b1-server-1"), ("b1-server-1", "a2-server-1")]
    assert all(trouble.met_by(walk, pair) for pair in added)


def test_a_node_that_fails_is_measured_itself(three_racks: FabricConfig) -> None:
    trouble = trouble_of(three_racks, status_of(three_racks), "node:a2-server-2")
    pairs = names(measured_pairs(three_racks, (), [trouble]))
    assert ("a2-server-2", "b1-server-1") in pairs
    assert ("b1-server-1", "a2-server-2") in pairs


def test_who_outlives_a_zone_is_measured(three_racks: FabricConfig) -> None:
    trouble = trouble_of(three_racks, status_of(three_racks), "zone:zb")
    plain, pairs = measured_pairs(three_racks), measured_pairs(three_racks, (), [trouble])
    assert names(pairs[len(plain) :]) == [("a1-server-1", "a2-server-2"), ("a2-server-2", "a1-server-1")]


@pytest.mark.parametrize(
    ("target", "met"),
    [
        ("link:a1-leaf-1:eth1", ["a1>b1", "b1>a1"]),
        ("silent:a1-leaf-1:eth1", ["b1>a1"]),
        ("silent:spine-1:eth1", ["a1>b1"]),
        ("reload:spine-1", ["a1>b1", "b1>a1"]),
        ("drain:spine-1", ["a1>b1", "b1>a1"]),
        ("node:a2-leaf-1", []),
    ],
)
def test_what_loses_packets_one_way_is_met_one_way(three_racks: FabricConfig, target: str, met: list[str]) -> None:
    trouble = trouble_of(three_racks, status_of(three_racks), target)
    walk = Walk(simulate(three_racks), "ipv4")
    found = [pair for pair in measured_pairs(three_racks) if trouble.met_by(walk, pair)]
    assert [f"{pair.source[:2]}>{pair.destination[:2]}" for pair in found] == met
