"""Runs the console blocks of a page as a reader would, in order, and compares what is printed with what is shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = re.compile(r"\d+\.\d+ (?:s|ms)\b")
_CODE = re.compile(r"# exit code (\d)")
_SHIPPED = ("topologies", "frr_templates", "lab")
"""What a reader has in the folder in which they stand."""


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


def walk(page: Path, place: Path) -> int:
    """Run every command of the page in the folder `place` and return how many there were; labs are brought down."""
    for name in _SHIPPED:
        (place / name).symlink_to(ROOT / name)
    env = {**os.environ, "FABRIC_STATE_DIR": str(place / "state"), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    tour = list(steps(page.read_text(encoding="utf-8")))
    try:
        for command, shown in tour:
            _step(command, shown, place, env)
    finally:
        subprocess.run([*_program("fabric"), "lab", "down", "--all"], env=env, cwd=place, check=False)
    return len(tour)


def _step(command: str, shown: list[str], place: Path, env: dict[str, str]) -> None:
    wanted = _CODE.search(command)
    program, *arguments = shlex.split(command, comments=True)
    done = subprocess.run(
        [*_program(program), *arguments],
        capture_output=True, text=True, check=False, timeout=240, cwd=place, env=env,
    )  # fmt: skip
    assert done.returncode == (int(wanted[1]) if wanted else 0), (command, done.stdout[-2000:], done.stderr)
    assert as_shown(shown, done.stdout), (command, done.stdout)


def _program(name: str) -> list[str]:
    return [sys.executable, "-m", "fabric"] if name == "fabric" else [name]
