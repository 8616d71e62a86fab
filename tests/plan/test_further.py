"""Mistakes of a file and what keeps the rest of it from being planned, told together."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.errors import TopologyError
from fabric.plan import with_plan_problems
from fabric.topology import load

_WRONG = """\
version: 1
name: many
spines: 2
zones:
  - {name: za, racks: [{name: a1, nodes: {servers: 4}}]}
  - {name: zb, racks: [{name: b1, nodes: {servers: 4}}]}
node_groups: {servers: {role: server}}
exclude: [nonsense]
inter_zone: [{zones: [za, zc], rtt_ms: -4}]
asn: {overrides: {a1-leaf-7: 64700}}
pins: {a1-server-9: {storage: [172.18.0.1]}}
networks: {storage: {ipv4: 172.18.0.0/30, roles: [server]}}
pools: {fabric_links: {ipv4: 10.8.0.0/31}}
"""


def paths(text: str, tmp_path: Path) -> set[str]:
    """Where the file is wrong, as told in one run."""
    file = tmp_path / "many.yaml"
    file.write_text(text)
    with pytest.raises(TopologyError) as caught:
        load(file)
    return {problem.path for problem in with_plan_problems(caught.value, file).problems}


def test_pools_that_are_too_small_are_told_with_the_mistakes_of_the_file(tmp_path: Path) -> None:
    assert paths(_WRONG, tmp_path) == {
        "exclude[0]",
        "inter_zone[0].rtt_ms",
        "inter_zone[0].zones[1]",
        "asn.overrides.a1-leaf-7",
        "pins.a1-server-9",
        "networks.storage.ipv4",
        "pools.fabric_links.ipv4",
    }


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("10.8.0.0/31", "10.8.0.0/33", "pools.fabric_links.ipv4"),
        ("spines: 2", "spines: none", "spines"),
        ("{servers: 4}", "{server: 4}", "zones[0].racks[0].nodes.server"),
    ],
)
def test_where_numbers_depend_on_a_mistake_no_more_is_told_of_them(
    old: str, new: str, wrong: str, tmp_path: Path
) -> None:
    found = paths(_WRONG.replace(old, new, 1), tmp_path)
    assert wrong in found
    assert "networks.storage.ipv4" not in found
