"""A world in which the real `containerlab` works, made once for all tests of this directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
FABRIC = (sys.executable, "-m", "fabric")


@dataclass(frozen=True, slots=True)
class World:
    """Runs commands beside a Docker of the tests' own."""

    servant: subprocess.Popen[str]
    state: Path

    def run(self, *argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """How a command ended in there."""
        assert self.servant.stdin is not None
        environ = {"FABRIC_STATE_DIR": str(self.state), "PYTHONPATH": str(CHECKOUT), "CLAB_VERSION_CHECK": "disable"}
        print(json.dumps([list(map(str, argv)), environ, str(cwd or CHECKOUT)]), file=self.servant.stdin, flush=True)
        code, stdout, stderr = _answer(self.servant)
        return subprocess.CompletedProcess(argv, code, stdout, stderr)

    def fabric(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """How the `fabric` command ended in there."""
        return self.run(*FABRIC, *arguments)

    def containers(self) -> list[str]:
        """The names of all containers."""
        return self.run("docker", "ps", "--all", "--format", "{{.Names}}").stdout.split()


def _answer(servant: subprocess.Popen[str]) -> Any:
    assert servant.stdout is not None
    line = servant.stdout.readline()
    if not line:
        assert servant.stderr is not None
        pytest.fail(f"scripts/containerlab ended: {servant.stderr.read()}", pytrace=False)
    return json.loads(line)


@pytest.fixture(scope="session")
def servant() -> Iterator[subprocess.Popen[str]]:
    """`scripts/containerlab` with a servant in it; everything in there ends with the servant's input."""
    if os.geteuid() != 0:
        pytest.skip("Docker needs root")
    command = (CHECKOUT / "scripts/containerlab", sys.executable, "-m", "tests.lab.containerlab.world")
    pipe = subprocess.PIPE
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            assert _answer(process) == "ready"
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


@pytest.fixture
def world(servant: subprocess.Popen[str], tmp_path: Path) -> Iterator[World]:
    """A world without containers, and a state directory of the test's own."""
    found = World(servant, tmp_path / "state")
    yield found
    found.fabric("lab", "down", "--all")
    left = found.containers()
    if left:
        found.run("docker", "rm", "--force", *left)
    assert left == []
