"""Scenarios on a real lab: one that holds, one that cannot, and the lab healthy after both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import ROOT, TOPOLOGIES, fabric

pytestmark = pytest.mark.lab
Environment = dict[str, str]
PATIENCE_S = 400
IMPOSSIBLE = """
version: 1
name: impossible
title: A spine is cut off and nobody loses a session
source: nobody
choose: {spine: spine.first}
steps:
  - fail: "node:{spine}"
    expect: {sessions: stay}
  - wait_s: 0.5
"""


TWICE = """
version: 1
name: twice
title: The links of the leader's streams fall silent
source: nobody
choose: {links: etcd.links}
etcd: standard
steps: [{fail: "silent:{links}"}, {wait_s: 3}, {heal: all}, {fail: "silent:{links}"}, {wait_s: 3}, {heal: all}]
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    found = {"FABRIC_STATE_DIR": str(tmp_path_factory.mktemp("scenarios") / "state")}
    yield found
    fabric("lab", "down", "--all", env=found)


def test_scenarios_are_played_and_reported(env: Environment, tmp_path: Path) -> None:
    up = fabric("lab", "up", TOPOLOGIES / "quickstart.yaml", env=env)
    assert up.returncode == 0, up.stderr
    file = tmp_path / "impossible.yaml"
    file.write_text(IMPOSSIBLE)
    names = ("config-reload", "storage-isolation", file)
    done = fabric("lab", "run", *names, "-o", tmp_path / "out", env=env, timeout_s=PATIENCE_S)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    outcomes = {case["name"]: case["outcome"] for case in report["cases"]}
    assert outcomes == {"config-reload": "passed", "storage-isolation": "skipped", "impossible": "failed"}
    assert "no BGP session goes down" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "report.md", "junit.xml"}
    [status] = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"]
    assert status["faults"] == status["impairments"] == []
    assert fabric("lab", "down", env=env).returncode == 0


def test_the_links_of_the_leaders_streams_are_found_and_their_silence_stops_every_write(
    env: Environment, tmp_path: Path
) -> None:
    """While no stream of the leader gets through, nothing is acknowledged: had one been missed, writes would go on."""
    up = fabric("lab", "up", ROOT / "lab" / "quorum-bfd100.yaml", env=env)
    assert up.returncode == 0, up.stderr
    file = tmp_path / "twice.yaml"
    file.write_text(TWICE)
    done = fabric("lab", "run", file, "--json", env=env, timeout_s=PATIENCE_S)
    assert done.stdout, done.stderr
    [case] = json.loads(done.stdout)["cases"]
    assert case["outcome"] != "error", case
    silent = [part for part in case["parts"] if part["step"].startswith("fail")]
    for part in silent:
        assert "--" in part["step"]
        assert "master" not in part["step"], "a node's static routes do not notice silence"
    assert max(part["etcd"]["outage_ms"] for part in silent) > 200
    assert case["etcd"]["missing"] == 0
    assert fabric("lab", "down", env=env).returncode == 0


def test_etcd_loses_no_acknowledged_write_when_a_zone_is_cut_off(env: Environment, tmp_path: Path) -> None:
    up = fabric("lab", "up", ROOT / "lab" / "quorum.yaml", env=env)
    assert up.returncode == 0, up.stderr
    done = fabric("lab", "run", "etcd-one-isolated", "--json", env=env, timeout_s=PATIENCE_S)
    assert done.stdout, done.stderr
    [case] = json.loads(done.stdout)["cases"]
    assert case["outcome"] == "passed", done.stdout
    assert case["etcd"]["acknowledged"] > 100
    assert case["etcd"]["missing"] == 0
    assert len(case["etcd"]["members"]) == 3
    processes = fabric("lab", "exec", case["etcd"]["members"][0], "--", "pgrep", "-x", "etcd", env=env)
    assert processes.returncode == 1
