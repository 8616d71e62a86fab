"""Prediction: all kernel tables, and what every link failure does, as fabrics grow; beside bgpy where it applies.

Figures are processor seconds of one core without planning, each job in a process of its own. bgpy computes one route a
prefix and AS (no ECMP, no addresses, no tables of a kernel), and a failure is a new run of it: it has less to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import _peers
from benchmarks._clos import Clos
from benchmarks._table import Contestant, Row, machine, race, table

Sizes = tuple[int, ...]
"""Spines and leaves; or pods, spines a pod, leaves a pod and super-spines; or nothing for the shipped rhoso-dz."""

JOBS: tuple[tuple[str, Sizes], ...] = (
    ("fibs", (4, 64)),
    ("fibs", (8, 256)),
    ("fibs", (16, 1024)),
    ("fibs", (8, 4, 40, 4)),
    ("fibs", (64, 4, 152, 16)),
    ("links", (4, 64)),
    ("links", (8, 256)),
    ("links", (16, 1024)),
    ("double-links", (4, 16)),
    ("double-links", (4, 64)),
    ("links+load", (4, 64)),
    ("links+load", ()),
    ("intents", (4, 64)),
    ("intents", ()),
    ("budget", (4, 64)),
    ("budget", ()),
)
BESIDE = (Clos(4, 46), Clos(4, 196))


@dataclass(frozen=True, slots=True)
class Cost:
    """What one job cost."""

    job: str
    switches: int
    links: int
    result: int
    """Kernel routes, or scenarios."""
    seconds: float
    peak_mb: float


def once(job: str, sizes: Sizes) -> Cost:
    """One job in a process of its own."""
    answer = _answer(sys.executable, "-m", "benchmarks._simulate_once", job, *map(str, sizes))
    switches, links, result = (int(answer[key]) for key in ("switches", "links", "result"))
    return Cost(job, switches, links, result, answer["seconds"], answer["peak_mb"])


def measure(runs: int) -> list[Row]:
    """All tables of some fabrics by each tool."""
    rows: list[Row] = []
    for clos in BESIDE:
        sizes = (clos.spines, clos.leaves)
        ours = Contestant("fabric, kernel tables with ECMP", partial(_ours, sizes))
        theirs = Contestant(f"{_peers.BGPY}, one route a prefix", partial(_bgpy, sizes))
        rows += race(f"routes of {clos}", [ours, theirs], runs)
    return rows


def _ours(sizes: Sizes) -> float:
    return once("fibs", sizes).seconds


def _bgpy(sizes: Sizes) -> float:
    program = str(_peers.install(_peers.BGPY) / "python")
    return float(_answer(program, str(Path(__file__).with_name("_bgpy_run.py")), *map(str, sizes))["seconds"])


def _answer(*command: str) -> dict[str, float]:
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        raise ChildProcessError("\n".join(run.stderr.splitlines()[-5:]))
    found: dict[str, float] = json.loads(run.stdout)
    return found


def cost_table(found: Iterable[Cost]) -> str:
    """The costs as a Markdown table."""
    lines = [
        "| job | switches | links | routes or scenarios | processor time | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for cost in found:
        sizes = f"{cost.switches:,} | {cost.links:,} | {cost.result:,}"
        lines.append(f"| {cost.job} | {sizes} | {cost.seconds:.2f} s | {cost.peak_mb:,.0f} MB |")
    return "\n".join(lines)


def costs(jobs: Iterable[tuple[str, Sizes]] = JOBS) -> list[Cost]:
    """What every job costs."""
    return [once(job, sizes) for job, sizes in jobs]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each tool, side by side")
    parser.add_argument("--small", action="store_true", help="leave out the fabric of 10,000 switches")
    arguments = parser.parse_args()
    jobs = [item for item in JOBS if not (arguments.small and item[1][:1] == (64,))]
    print(f"{machine()}\n\n{table(measure(arguments.runs))}\n\n{cost_table(costs(jobs))}")


if __name__ == "__main__":
    main()
