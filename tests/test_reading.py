"""Files of strangers: however large, whatever they pretend, they end in a sentence and not in the machine's memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fabric._reading import read_at_most
from fabric.errors import InputError

GIGABYTES = 3 << 30
FABRIC = (sys.executable, "-m", "fabric")
QUICKSTART = "topologies/quickstart.yaml"


def test_a_file_is_read_as_text_files_are(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("ä\r\nb\rc\n".encode())
    assert read_at_most(path, 8, "") == path.read_text(encoding="utf-8") == "ä\nb\nc\n"


def test_a_pipe_is_read_no_further_than_allowed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(b"1234",)).start()
    with pytest.raises(InputError, match=r"found more than 3 bytes; allowed: at most 3\. Split it\."):
        read_at_most(pipe, 3, "Split it.")


def giant(folder: Path, name: str) -> Path:
    path = folder / name
    with path.open("wb") as file:
        file.truncate(GIGABYTES)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "GIANT"),
        ("plan", "/dev/zero"),
        ("plan", QUICKSTART, "--ledger", "GIANT"),
        ("plan", QUICKSTART, "--pins", "GIANT"),
        ("import", "--from", "containerlab", "GIANT"),
        ("frr-k8s", "lint", "GIANT"),
    ],
    ids=" ".join,
)
def test_gigabytes_end_in_a_sentence(arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = str(giant(tmp_path, "giant.yaml"))
    said = run(*(path if argument == "GIANT" else argument for argument in arguments))
    assert said.returncode == 2, said
    assert "allowed: at most" in said.stderr
    assert said.stderr.count("\n") == 1


def test_bombs_of_aliases_end_in_a_sentence(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.yaml"
    rows = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 10)]
    bomb.write_text("\n".join(["k0: &k0 [x]", *rows]) + "\n")
    for arguments in (("plan", str(bomb)), ("frr-k8s", "lint", str(bomb)), ("import", "--from", "netlab", str(bomb))):
        said = run(*arguments)
        assert said.returncode == 2, said
        assert "aliases" in said.stderr
        assert said.stderr.count("\n") == 1


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with 1 GiB of address space: what swallowed a bomb would end in a `MemoryError`."""
    limited = ("prlimit", f"--as={1 << 30}", *FABRIC, *arguments)
    return subprocess.run(limited, capture_output=True, text=True, check=False, timeout=60)
