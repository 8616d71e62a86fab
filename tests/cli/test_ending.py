"""A command that has ended leaves at once, and loses nothing by it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import TOPOLOGIES

_LAST = "type('Last', (), {'__del__': lambda self, write=os.write: write(1, b'taken apart')})()"


def _ended(before: str, *arguments: str, after: str = "") -> subprocess.CompletedProcess[str]:
    """How a command ended in a process that does something before, and after the command has begun."""
    script = f"""
import atexit, os, sys, threading
import fabric.cli
sys.last = {_LAST}
run = fabric.cli._run
def begun():
    {after or "pass"}
    run()
fabric.cli._run = begun
{before}
sys.argv = ["fabric", *{arguments!r}]
fabric.cli.main()
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_what_was_loaded_is_not_taken_apart() -> None:
    answer = _ended("", "--version")
    assert (answer.returncode, answer.stdout.startswith("fabric "), "taken apart" in answer.stdout) == (0, True, False)


@pytest.mark.parametrize(("arguments", "code"), [(["schema"], 0), (["plan", "missing.yaml"], 2), (["nonsense"], 2)])
def test_answers_and_exit_codes_are_whole(arguments: list[str], code: int) -> None:
    at_once, as_ever = (_ended(before, *arguments) for before in ("", "atexit.register(print, end='')"))
    assert at_once.returncode == as_ever.returncode == code
    assert at_once.stdout + "taken apart" == as_ever.stdout
    assert at_once.stderr == as_ever.stderr


def test_threads_and_handlers_end_first() -> None:
    thread = "threading.Thread(target=lambda: (threading.main_thread().join(), print('thread'))).start()"
    answer = _ended("", "--version", after=f"{thread}; atexit.register(print, 'handler')")
    assert answer.stdout.splitlines()[1:] == ["thread", "handler"]


def test_handlers_of_before_are_not_cut_off() -> None:
    answer = _ended("atexit.register(print, 'measured')", "--version")
    assert answer.stdout.splitlines()[1:] == ["measured", "taken apart"]


def test_an_error_of_ours_is_shown_as_ever() -> None:
    answer = _ended("", "--version", after="raise KeyError('bug')")
    assert (answer.returncode, "KeyError: 'bug'" in answer.stderr) == (1, True)


def test_output_that_nobody_reads_ends_as_ever() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "fabric", "schema"]
    answer = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert "Traceback" not in answer.stderr


def test_a_new_file_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = _ended("", "plan", str(TOPOLOGIES / "quickstart.yaml"), "-o", str(out))
    assert (answer.returncode, (out / "plan.json").read_text()[-2:]) == (0, "}\n")
