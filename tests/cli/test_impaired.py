"""`fabric lab up --impaired`: links of a lab do to packets what its topology file says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import fabric

pytestmark = pytest.mark.lab
TOPOLOGY = """\
version: 1
name: impaired
spines: 1
zones:
  - {name: a, racks: [{name: a1, leaves: 1}]}
  - {name: b, racks: [{name: b1, leaves: 1}]}
inter_zone: [{zones: [a, b], rtt_ms: 10}]
impairments:
  - {target: "link:spine-1--b1-leaf-1", loss_percent: 100}
"""


def test_a_lab_starts_whole_and_is_then_impaired(tmp_path: Path) -> None:
    env = {"FABRIC_STATE_DIR": str(tmp_path / "state")}
    path = tmp_path / "impaired.yaml"
    path.write_text(TOPOLOGY)
    try:
        started = fabric("lab", "up", path, "--impaired", "--json", env=env)
        assert started.returncode == 0, started.stderr
        answer = json.loads(started.stdout)
        assert answer["seconds"]["converged"] >= 0
        assert [entry["changed"] for entry in answer["impairments"]] == [["zones:a--b"], ["link:spine-1--b1-leaf-1"]]
        lost = fabric("lab", "exec", "spine-1", "--", "ping", "-c1", "-W1", "b1-leaf-1", env=env)
        assert lost.returncode != 0
        [status] = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"]
        assert {entry["target"] for entry in status["impairments"]} == {"zones:a--b", "link:spine-1--b1-leaf-1"}
        assert fabric("lab", "impair", "--clear", env=env).returncode == 0
        again = fabric("lab", "impair", "--from-file", env=env)
        assert "Impaired link:spine-1--b1-leaf-1" in again.stdout
    finally:
        fabric("lab", "down", "--all", env=env)
