"""`fabric lab …` from up to down, on real FRR, as a user goes through it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import TOPOLOGIES, fabric

pytestmark = pytest.mark.lab
QUICKSTART = TOPOLOGIES / "quickstart.yaml"


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A state directory of the test's own; its labs are ended whatever happens."""
    found = {"FABRIC_STATE_DIR": str(tmp_path / "state")}
    yield found
    fabric("lab", "down", "--all", env=found)


def test_without_a_lab(env: dict[str, str]) -> None:
    assert fabric("lab", "status", env=env).stdout == "No lab is up.\n"
    assert json.loads(fabric("lab", "status", "--json", env=env).stdout) == {"version": 1, "labs": []}
    assert fabric("lab", "down", env=env).returncode == 0
    done = fabric("lab", "verify", env=env)
    assert (done.returncode, "fabric lab up" in done.stderr) == (3, True)


@pytest.mark.parametrize("command", ["status", "down"])
def test_a_lab_that_is_named_must_be_up(env: dict[str, str], command: str) -> None:
    done = fabric("lab", command, "--lab", "nope", env=env)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Lab nope is not up; up: none." in done.stderr


def test_from_up_to_down(env: dict[str, str]) -> None:
    done = fabric("lab", "up", QUICKSTART, env=env)
    assert done.returncode == 0, done.stderr
    assert "10 devices" in done.stdout
    assert "already up" in fabric("lab", "up", QUICKSTART, env=env).stdout
    [status] = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"]
    assert status["phase"] == "running"
    assert {"spine-1", "b1-server-2"} <= set(status["devices"])
    assert fabric("lab", "exec", "spine-1", env=env).returncode == 2
    assert "eth1" in fabric("lab", "exec", "spine-1", "--", "ip", "link", env=env).stdout
    assert fabric("lab", "exec", "spine-1", "--", "sh", "-c", "exit 7", env=env).returncode == 7
    assert "BGP" in fabric("lab", "vtysh", "spine-1", "-c", "show bgp summary", env=env).stdout
    assert fabric("lab", "exec", "nobody", "--", "true", env=env).returncode == 2
    assert fabric("lab", "down", env=env).stdout == "Lab quickstart is down.\n"
    assert fabric("lab", "status", env=env).stdout == "No lab is up.\n"


def test_verify_proves_a_sound_lab_and_finds_a_broken_link(env: dict[str, str]) -> None:
    assert fabric("lab", "up", QUICKSTART, env=env).returncode == 0
    proven = fabric("lab", "verify", env=env)
    assert proven.returncode == 0, proven.stdout
    assert "FAILED" not in proven.stdout
    fabric("lab", "exec", "a1-leaf-1", "--", "ip", "link", "set", "eth1", "down", env=env)
    broken = fabric("lab", "verify", "--settle", "3", "--json", env=env)
    assert broken.returncode == 1
    verdict = json.loads(broken.stdout)
    failed = {check["check"] for check in verdict["checks"] if not check["passed"]}
    assert {"BGP sessions", "kernel FIB entries"} <= failed
    assert any("a1-leaf-1" in f["where"] for c in verdict["checks"] for f in c["findings"])


def test_another_design_under_the_same_name_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    assert fabric("lab", "up", QUICKSTART, env=env).returncode == 0
    other = tmp_path / "other.yaml"
    other.write_text(QUICKSTART.read_text().replace("nodes: {servers: 2}", "nodes: {servers: 1}"))
    done = fabric("lab", "up", other, env=env)
    assert done.returncode == 3
    assert "already up" in done.stderr
    assert fabric("lab", "status", env=env).stdout.startswith("Lab quickstart: running")


def test_ctrl_c_in_the_middle_of_up_leaves_nothing(env: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fabric", "lab", "up", str(TOPOLOGIES / "rhoso-dz.yaml")],
        env={**os.environ, **env},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline()  # the first stage is over: the sandbox is there
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert fabric("lab", "status", env=env).stdout == "No lab is up.\n"
    assert not any(Path(env["FABRIC_STATE_DIR"], "labs").iterdir())


def test_a_lab_that_does_not_converge_names_what_is_missing_and_is_ended(env: dict[str, str]) -> None:
    done = fabric("lab", "up", QUICKSTART, "--deadline", "0.5", env=env)
    assert done.returncode == 3
    assert "0.5 s" in done.stderr
    assert fabric("lab", "status", env=env).stdout == "No lab is up.\n"


def test_down_removes_what_a_killed_supervisor_left(env: dict[str, str]) -> None:
    assert fabric("lab", "up", QUICKSTART, env=env).returncode == 0
    directory = Path(env["FABRIC_STATE_DIR"], "labs", "quickstart")
    os.kill(json.loads((directory / "status.json").read_text())["supervisor"][0], signal.SIGKILL)
    assert fabric("lab", "verify", env=env).returncode == 3
    done = fabric("lab", "down", env=env)
    assert (done.stdout, "quickstart" in done.stderr) == ("No lab is up.\n", True)
    assert not directory.exists()
