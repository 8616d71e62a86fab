"""The documentation builds strictly, and names no command or option that there is not."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from fabric.cli._app import app
from tests.tour import ROOT, steps

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def test_the_site_builds_without_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    commands = (tmp_path / "reference" / "commands.html").read_text()
    assert "fabric lab verify" in commands
    assert "inter_zone" in (tmp_path / "reference" / "topology-file.html").read_text()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_in_a_checkout_too(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def mentioned(page: Path) -> Iterator[str]:
    """Every command line of ours that a page shows: console blocks, shell blocks and inline code."""
    text = page.read_text(encoding="utf-8")
    yield from (command for command, _ in steps(text))
    for block in re.findall(r"```(?:sh|bash|yaml)\n(.*?)```", text, re.DOTALL):
        yield from (line.strip().removeprefix("- run: ") for line in block.splitlines())
    yield from re.findall(r"(?<!`)`(fabric [a-z][^`]*)`", text.replace("\n", " "))


def _subcommands(command: Any) -> dict[str, Any]:
    """The commands of a group, which may build them only when it is asked."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else ()
    return {name: command.get_command(None, name) for name in names}


def unknown(line: str) -> str | None:
    """What a command line names that the command has not; `None` where all of it is known."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    if not words or words[0] != "fabric":
        return None
    command: Any = typer.main.get_command(app)
    for number, word in enumerate(words[1:], start=1):
        if word == "--":
            return None
        subcommands = _subcommands(command)
        if word.startswith("-"):
            option = word.partition("=")[0]
            known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
            if option not in known:
                return f"{' '.join(words[:number])} has no {option}"
        elif subcommands and re.fullmatch(r"[a-z][a-z0-9-]*", word):
            if word not in subcommands:
                return f"{' '.join(words[:number])} has no command {word}"
            command = subcommands[word]
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    assert [complaint for line in mentioned(page) if (complaint := unknown(line))] == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("fabric plan x.yaml --ledger y --check", None),
        ("fabric lab exec a -- ip link --wild", None),
        ("fabric lab dance", "fabric lab has no command dance"),
        ("fabric plan x.yaml --frobnicate", "fabric plan x.yaml has no --frobnicate"),
    ],
)
def test_unknown_commands_and_options_are_told(line: str, complaint: str | None) -> None:
    assert unknown(line) == complaint
