"""Rounds of up and down, with kills at random moments: nothing is left. `make soak` runs many more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import soak
from fabric.lab import EmbeddedEngine

pytestmark = pytest.mark.lab


def test_three_rounds_and_three_kills_leave_nothing(engine: EmbeddedEngine) -> None:
    assert soak.soak(rounds=3, kills=3, seed=7) == []


def test_what_is_left_is_found(tmp_path: Path) -> None:
    """A soak that finds nothing ever would say the same."""
    state = tmp_path / "state"
    before = soak.look(state)
    state.mkdir()
    (state / "forgotten").touch()
    environ = {"FABRIC_STATE_DIR": str(state)}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environ) as process:
        left = soak.look(state).since(before)
        process.kill()
    assert [line.split()[0] for line in left] == ["files:", "processes:"]
    assert left[0] == "files: forgotten"
