"""The README's tour is what happens: every command of it runs, in order, and prints what the README shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = re.compile(r"\d+\.\d+ s\b")


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each `$ command` of the console blocks, with the lines that it prints."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = step.splitlines()
            yield command, shown


def as_shown(shown: list[str], printed: str) -> bool:
    """True when `printed` is `shown`, where `...` stands for any lines and times may differ."""
    parts = (re.escape(SECONDS.sub("N s", line.rstrip())) for line in shown)
    pattern = "".join(".*" if part == re.escape("...") else part + "\n" for part in parts)
    normal = "".join(SECONDS.sub("N s", line.rstrip()) + "\n" for line in printed.splitlines())
    return re.fullmatch(pattern, normal, re.DOTALL) is not None


def test_as_shown_can_tell_a_difference() -> None:
    assert as_shown(["a", "...", "took 1.5 s"], "a\nb\nc\ntook 22.0 s\n")
    assert not as_shown(["a", "b"], "a\nc\n")
    assert not as_shown(["a"], "a\nb\n")


@pytest.mark.lab
def test_the_tour(tmp_path: Path) -> None:
    for name in ("topologies", "frr_templates", "lab"):
        (tmp_path / name).symlink_to(ROOT / name)
    env = {**os.environ, "FABRIC_STATE_DIR": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    python = [sys.executable, "-m"]
    tour = list(steps((ROOT / "README.md").read_text()))
    assert len(tour) > 8
    try:
        for command, shown in tour:
            code = 1 if "# exit code 1" in command else 0
            done = subprocess.run(
                [*python, *shlex.split(command, comments=True)],
                capture_output=True, text=True, check=False, timeout=180, cwd=tmp_path, env=env,
            )  # fmt: skip
            assert done.returncode == code, (command, done.stdout[-2000:], done.stderr)
            assert as_shown(shown, done.stdout), (command, done.stdout)
    finally:
        subprocess.run([*python, "fabric", "lab", "down", "--all"], env=env, cwd=tmp_path, check=False)
