"""`fabric plan --ledger` and `fabric diff`: growth moves nothing, and a change is shown before it is made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import TOPOLOGIES, fabric

QUICKSTART = (TOPOLOGIES / "quickstart.yaml").read_text()
GROWN = QUICKSTART.replace("spines: 2", "spines: 3", 1).replace(
    "racks: [{name: b1", "racks: [{name: b0, nodes: {servers: 1}}, {name: b1"
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The old design, the grown one (a rack before an old rack, and a spine), and a ledger yet to be written."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(QUICKSTART)
    new.write_text(GROWN)
    return old, new, tmp_path / "plan.lock.yaml"


def test_growth_with_a_ledger_moves_nothing(files: tuple[Path, Path, Path]) -> None:
    old, new, ledger = files
    before = json.loads(fabric("plan", old, "--ledger", ledger, "--json").stdout)
    done = fabric("plan", new, "--ledger", ledger, "--json")
    assert " 0 at rest" in done.stderr
    after = json.loads(done.stdout)
    for name, device in before["devices"].items():
        assert after["devices"][name] == device
    assert all(link in after["links"] for link in before["links"])


def test_without_a_ledger_the_same_growth_does_move_something(files: tuple[Path, Path, Path]) -> None:
    """Else the test above would prove nothing."""
    old, new, _ = files
    before, after = (json.loads(fabric("plan", file, "--json").stdout)["devices"] for file in (old, new))
    assert any(after[name] != device for name, device in before.items())


def test_check_compares_file_and_ledger(files: tuple[Path, Path, Path]) -> None:
    old, new, ledger = files
    fabric("plan", old, "--ledger", ledger)
    written = ledger.read_text()
    assert fabric("plan", old, "--ledger", ledger, "--check").returncode == 0
    done = fabric("plan", new, "--ledger", ledger, "--check", "--json")
    assert done.returncode == 1
    assert {change["change"] for change in json.loads(done.stdout)} == {"added"}
    assert ledger.read_text() == written


def test_released_values_rest_until_they_are_reclaimed(files: tuple[Path, Path, Path]) -> None:
    old, new, ledger = files
    fabric("plan", new, "--ledger", ledger)
    assert "released" not in ledger.read_text().split("ledger: 1")[1]
    fabric("plan", old, "--ledger", ledger)
    assert "released" in ledger.read_text().split("ledger: 1")[1]
    fabric("plan", old, "--ledger", ledger, "--reclaim")
    assert "released" not in ledger.read_text().split("ledger: 1")[1]


def test_a_hand_edit_that_collides_names_both_owners(files: tuple[Path, Path, Path]) -> None:
    old, _, ledger = files
    fabric("plan", old, "--ledger", ledger)
    text = ledger.read_text()
    ledger.write_text(text.replace("spine-2: 10.243.208.2", "spine-2: 10.243.208.1"))
    done = fabric("plan", old, "--ledger", ledger)
    assert done.returncode == 2
    assert "spine-1" in done.stderr
    assert "spine-2" in done.stderr
    assert f"{ledger}:" in done.stderr


def test_check_needs_a_ledger() -> None:
    assert fabric("plan", TOPOLOGIES / "quickstart.yaml", "--check").returncode == 2


def test_diff_shows_what_a_change_touches(files: tuple[Path, Path, Path]) -> None:
    old, new, ledger = files
    fabric("plan", old, "--ledger", ledger)
    document = json.loads(fabric("diff", old, new, "--ledger", ledger, "--format", "json").stdout)
    devices = [change for change in document["changes"] if change["what"] == "device"]
    assert {change["device"] for change in devices} == {"b0-leaf-1", "b0-leaf-2", "b0-server-1", "spine-3"}
    assert {change["change"] for change in document["changes"] if change["what"] != "policy"} == {"added"}
    changed = {entry["path"]: entry for entry in document["files"]}
    assert changed["frr/a1-leaf-1/frr.conf"]["removed"] == 0
    assert any("spine-3" in line for line in changed["frr/a1-leaf-1/frr.conf"]["lines"])
    assert "frr/a1-server-1/frr.conf" not in changed
    markdown = fabric("diff", old, new, "--ledger", ledger, "--format", "markdown").stdout
    assert "| added | device | spine-3 |" in markdown
    assert json.loads(fabric("diff", old, new, "--ledger", ledger, "--json").stdout) == document
    same = fabric("diff", old, old)
    assert (same.returncode, same.stdout) == (0, "Nothing changes.\n")


def test_reclaiming_keeps_what_is_given_out_in_the_same_run(files: tuple[Path, Path, Path]) -> None:
    old, new, ledger = files
    fabric("plan", old, "--ledger", ledger)
    fabric("plan", new, "--ledger", ledger, "--reclaim")
    assert fabric("plan", new, "--ledger", ledger, "--check").returncode == 0


@pytest.mark.lab
def test_a_lab_runs_what_the_ledger_says(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    old, new, ledger = files
    env = {"FABRIC_STATE_DIR": str(tmp_path / "state")}
    fabric("plan", old, "--ledger", ledger)
    kept = json.loads(fabric("plan", old, "--json").stdout)["devices"]["b1-leaf-1"]["router_id"]
    try:
        assert fabric("lab", "up", new, "--ledger", ledger, env=env).returncode == 0
        assert kept in fabric("lab", "vtysh", "b1-leaf-1", "-c", "show bgp summary", env=env).stdout
        assert fabric("lab", "verify", env=env).returncode == 0
    finally:
        fabric("lab", "down", "--all", env=env)
