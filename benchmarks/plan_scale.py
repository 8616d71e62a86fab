"""Planning at scale: 500 switches beside netlab and pyavd, and what a plan with a ledger costs up to 100,000 nodes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import _peers
from benchmarks._clos import Clos, avd_inputs
from benchmarks._table import Contestant, Row, machine, race, table
from benchmarks.plan_render import fabric, netlab, seconds

NODES_PER_RACK = 100
SIZES = (10, 30, 100, 300, 1000)
"""Racks."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one planning run cost: the first, which gives everything out, or the one after it, which keeps it all."""

    nodes: int
    run: str
    seconds: float
    processor_s: float
    """Processor time, which other work on the machine changes less."""
    peak_mb: float


def pyavd(clos: Clos) -> float:
    """One run of pyavd's library over inputs that are there already: an EOS configuration for every switch."""
    program = str(_peers.install(_peers.PYAVD) / "python")
    with tempfile.TemporaryDirectory() as name:
        Path(name, "inputs.json").write_text(json.dumps(avd_inputs(clos)))
        script = str(Path(__file__).with_name("_avd_run.py"))
        return seconds(Path(name), [program, script, "inputs.json", "configs"])


def measure(runs: int) -> list[Row]:
    """Plan and render of 500 switches by each tool."""
    clos = Clos(4, 496)
    contestants = [
        Contestant("fabric render", partial(fabric, clos)),
        Contestant(f"netlab create ({_peers.NETLAB})", partial(netlab, clos)),
        Contestant(f"library of {_peers.PYAVD}", partial(pyavd, clos)),
    ]
    return race(f"plan and render {clos}", contestants, runs)


def costs(sizes: Sequence[int] = SIZES) -> list[Cost]:
    """The cost of planning at each size, in processes of their own: to a new ledger, and again from that ledger."""
    found: list[Cost] = []
    for racks in sizes:
        with tempfile.TemporaryDirectory() as name:
            Path(name, "topology.yaml").write_text(racks_yaml(racks))
            found += [_cost(racks * NODES_PER_RACK, run, Path(name)) for run in ("first", "again")]
    return found


def racks_yaml(racks: int) -> str:
    """A dual-stack fabric of four spines, two leaves a rack and 100 dual-homed servers each, in zones of 250 racks."""
    lines = [
        "version: 1",
        "name: scale",
        "families: [ipv4, ipv6]",
        "spines: 4",
        "asn: {width: 4}",
        f"growth: {{racks: {max(SIZES)}, nodes_per_rack: {NODES_PER_RACK}}}",
        "pools:",
        "  loopbacks: {ipv4: 10.0.0.0/12}",
        "  node_links: {ipv4: 10.64.0.0/12}",
        "  fabric_links: {ipv4: 10.96.0.0/12}",
        "node_groups: {servers: {role: server}}",
        "zones:",
    ]
    for first in range(1, racks + 1, 250):
        lines.append(f"  - name: zone-{first}\n    racks:")
        numbers = range(first, min(first + 250, racks + 1))
        lines += [f"      - {{name: r{number}, nodes: {{servers: {NODES_PER_RACK}}}}}" for number in numbers]
    return "\n".join(lines) + "\n"


def _cost(nodes: int, run: str, directory: Path) -> Cost:
    """The cost of one process, start included."""
    command = [sys.executable, "-m", "benchmarks._plan_once", str(directory / "topology.yaml"), str(directory / "lock")]
    started_s = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    elapsed_s = time.monotonic() - started_s
    peak_kib, processor_s = done.stdout.split()
    return Cost(nodes, run, elapsed_s, float(processor_s), int(peak_kib) * 1024 / 1e6)


def cost_table(found: Iterable[Cost]) -> str:
    """The costs as a Markdown table; the last column shows whether they grow in line with the fabric."""
    lines = ["| nodes | run | time | processor time | a node | peak memory |", "|---|---|---|---|---|---|"]
    for cost in found:
        times = f"{cost.seconds:.2f} s | {cost.processor_s:.2f} s | {cost.processor_s / cost.nodes * 1e6:.0f} µs"
        lines.append(f"| {cost.nodes:,} | {cost.run} | {times} | {cost.peak_mb:.0f} MB |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="runs of each tool; netlab needs minutes a run")
    parser.add_argument("--alone", action="store_true", help="only what planning with a ledger costs, without peers")
    options = parser.parse_args()
    tables = [cost_table(costs())] if options.alone else [table(measure(options.runs)), cost_table(costs())]
    print("\n\n".join([machine(), *tables]))


if __name__ == "__main__":
    main()
