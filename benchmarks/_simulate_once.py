"""One simulation or sweep in a process of its own: prints processor time, peak memory and what it came to."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks._clos import topology_yaml
from fabric import plan
from fabric.config import FabricConfig
from fabric.intents import demands, intent_judge, judge_failures
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import Simulation, Sweep, SweepOptions, budgets, load_judge, simulate, sweep, uniform
from fabric.topology import Design, Topology, load, parse


def five_stage(pods: int, spines: int, leaves: int, super_spines: int) -> str:
    """The topology file of a five-stage fabric of single-leaf racks, one ASN a pod's spines."""
    lines = [
        "version: 1",
        "name: benchmark",
        f"super_spines: {super_spines}",
        f"growth: {{pods: {pods}, spines: {max(spines, super_spines)}, racks: {pods * leaves}}}",
        "links: {fabric: numbered, fabric_prefix: 31}",
        "bfd: {fabric: false}",
        "asn: {width: 4}",
        "pools:",
        "  loopbacks: {ipv4: 10.0.0.0/10}",
        "  fabric_links: {ipv4: 10.64.0.0/10}",
        "pods:",
        *(f"  - {{name: pod-{pod}, spines: {spines}}}" for pod in range(pods)),
        "zones:",
    ]
    for pod in range(pods):
        lines += [f"  - name: zone-{pod}", f"    pod: pod-{pod}", "    racks:"]
        lines += [f"      - {{name: p{pod}r{rack}, leaves: 1}}" for rack in range(leaves)]
    return "\n".join(lines) + "\n"


def all_tables(simulation: Simulation) -> int:
    """How many kernel routes all devices have, with every table made in compressed form and kept."""
    tables = [simulation.compressed_fib(device.name, "ipv4") for device in simulation.fabric]
    return sum(map(len, tables))


def single_links(fabric: FabricConfig) -> int:
    """Every single link fails."""
    return sum(result.scenarios for result in sweep(fabric, [Sweep("links", 1)]).results)


def double_links(fabric: FabricConfig) -> int:
    """Every single link and every pair of links fails."""
    return sum(result.scenarios for result in sweep(fabric, [Sweep("links", 2)]).results)


INTENTS = """\
intents:
  - {name: all-meet, reachable: {failures: {links: 1}}}
  - {name: wide, ecmp_width: {at_least: 2}}
  - {name: etcd, outage: {over: tcp, at_most_ms: 900, failures: {links: 1}}}
"""


def single_links_judged(fabric: FabricConfig, topology: Topology) -> int:
    """Every single link fails, and the intents of the file and the load of all links are judged each time."""
    judges = (
        intent_judge(demands(topology, fabric), fabric),
        load_judge(simulate(fabric), uniform(fabric, 1.0), 100.0),
    )
    found = sweep(fabric, [Sweep("links", 1)], options=SweepOptions(judges=judges))
    return sum(result.scenarios for result in found.results)


def intents_judged(fabric: FabricConfig, topology: Topology) -> int:
    """The intents of the file are judged after every failure that they name."""
    return max(verdict.states for verdict in judge_failures(demands(topology, fabric), fabric))


def all_budgets(fabric: FabricConfig) -> int:
    """How long every single failure cuts off what survives it."""
    return sum(found.scenarios for found in budgets(fabric) if not found.manner.silent)


JOBS: dict[str, Callable[[FabricConfig, Topology], int]] = {
    "fibs": lambda fabric, _: all_tables(simulate(fabric)),
    "links": lambda fabric, _: single_links(fabric),
    "double-links": lambda fabric, _: double_links(fabric),
    "links+load": single_links_judged,
    "intents": intents_judged,
    "budget": lambda fabric, _: all_budgets(fabric),
}


def _design(numbers: Sequence[int]) -> Design:
    if not numbers:
        return load(directory("topologies") / "rhoso-dz.yaml")
    text = topology_yaml(*numbers) if len(numbers) == 2 else five_stage(*numbers)
    return parse(text + INTENTS, "benchmark")


def main(job: str, *sizes: str) -> None:
    """Two sizes are spines and leaves; four are pods, spines a pod, leaves a pod and super-spines; none is rhoso-dz."""
    gc.set_threshold(5_000_000)  # as the command does
    design = _design(list(map(int, sizes)))
    fabric = configure(plan.build(design))
    built_s = time.process_time()
    result = JOBS[job](fabric, design.topology)
    seconds = time.process_time() - built_s
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak_mb = int(status["VmHWM"].split()[0]) * 1024 / 1e6  # getrusage would count what the parent had when it forked
    answer = {"built_s": built_s, "seconds": seconds, "peak_mb": peak_mb, "result": result}
    print(json.dumps(answer | {"switches": len(fabric.devices), "links": len(fabric.cables)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
