"""What makes a command pleasant: an example in every help, and as much said about the work as is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from fabric.cli._app import app
from tests.cli.command import TOPOLOGIES, fabric
from tests.test_docs import unknown

QUICKSTART = TOPOLOGIES / "quickstart.yaml"


def commands(command: Any, path: tuple[str, ...] = ("fabric",)) -> Iterator[tuple[str, str]]:
    """Every command that does something, with its help."""
    if getattr(command, "commands", None) is None:
        yield " ".join(path), command.help or ""
        return
    for name in command.list_commands(None):
        yield from commands(command.get_command(None, name), (*path, name))


@pytest.mark.parametrize(("name", "text"), [*commands(typer.main.get_command(app))], ids=lambda value: value[:24])
def test_every_help_has_an_example_that_works(name: str, text: str) -> None:
    example = re.search(r"^Example: (.+)$", text, re.MULTILINE)
    assert example is not None, name
    assert example[1].startswith(f"{name} ")
    assert unknown(example[1].partition(" > ")[0]) is None


def test_quiet_says_nothing_but_the_answer(tmp_path: Path) -> None:
    loud = fabric("plan", QUICKSTART, "--ledger", tmp_path / "a.yaml", "-o", tmp_path / "a")
    quiet = fabric("--quiet", "plan", QUICKSTART, "--ledger", tmp_path / "b.yaml", "-o", tmp_path / "b")
    assert "given out" in loud.stderr
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert "cannot be read" in fabric("--quiet", "plan", tmp_path / "none.yaml").stderr


def test_verbose_says_each_step_with_its_time() -> None:
    said = fabric("--verbose", "simulate", QUICKSTART, "--sweep", "nodes=1")
    assert re.search(r"^ +\d+\.\d\d s  scenarios: \d+/10$", said.stderr, re.MULTILINE)
    assert fabric("simulate", QUICKSTART, "--sweep", "nodes=1").stdout == said.stdout


def test_one_volume_at_a_time() -> None:
    done = fabric("--quiet", "--verbose", "schema")
    assert done.returncode == 2
    assert "one of them" in done.stderr
