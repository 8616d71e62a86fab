"""How long planning a fabric and writing its configurations takes, as whole commands, process start included."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks import _peers
from benchmarks._clos import Clos, netlab_topology, topology_yaml
from benchmarks._table import Contestant, Row, machine, race, table

_LIBRARIES = "import jinja2, typer, typer._adapters, yaml; from pydantic import BaseModel, TypeAdapter"
"""Typer loads its adapters, and pydantic what makes models, with the first option and the first model."""


def seconds(directory: Path, command: list[str]) -> float:
    """Seconds that a command takes, from the start of its process to its end."""
    started_s = time.monotonic()
    run = subprocess.run(command, check=False, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    elapsed_s = time.monotonic() - started_s
    if run.returncode:
        raise ChildProcessError("\n".join(run.stderr.splitlines()[-5:]))
    return elapsed_s


def netlab(clos: Clos) -> float:
    """One `netlab create`: addresses, FRR configurations, containerlab file and Ansible inventory."""
    program = str(_peers.install(_peers.NETLAB) / "netlab")
    with tempfile.TemporaryDirectory() as name:
        Path(name, "topology.yml").write_text(netlab_topology(clos))
        return seconds(Path(name), [program, "create", "-q"])


def fabric(clos: Clos) -> float:
    """One `fabric render`: the plan in every format, FRR configurations and a containerlab file."""
    program = str(_peers.ours())
    with tempfile.TemporaryDirectory() as name:
        Path(name, "topology.yaml").write_text(topology_yaml(clos.spines, clos.leaves))
        return seconds(Path(name), [program, "render", "topology.yaml", "-o", "out"])


def measure(runs: int) -> list[Row]:
    """The rows of this benchmark."""
    clos = Clos(4, 44)
    ours = Contestant("fabric render", partial(fabric, clos))
    theirs = Contestant(f"netlab create ({_peers.NETLAB})", partial(netlab, clos))
    return race(f"plan and render {clos}", [ours, theirs], runs) + start_up(runs)


def start_up(runs: int) -> list[Row]:
    """What a command costs before it does anything, and what of it is loading the libraries that `render` uses."""
    commands = {
        "fabric --version": [str(_peers.ours()), "--version"],
        "fabric --help": [str(_peers.ours()), "--help"],
        "Python importing nothing": [sys.executable, "-c", ""],
        "Python importing only libraries": [sys.executable, "-c", _LIBRARIES],
    }
    contestants = [Contestant(tool, partial(seconds, Path.cwd(), command)) for tool, command in commands.items()]
    return race("start", contestants, runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    print(f"{machine()}\n\n{table(measure(parser.parse_args().runs))}")


if __name__ == "__main__":
    main()
