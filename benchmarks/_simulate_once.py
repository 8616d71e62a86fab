"""One simulation or sweep in a process of its own: prints processor time, peak memory and what it came to."""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from benchmarks._clos import topology_yaml
from fabric import config, plan
from fabric.config import FabricConfig
from fabric.simulate import Simulation, Sweep, simulate, sweep
from fabric.topology import parse


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


JOBS = {
    "fibs": lambda fabric: all_tables(simulate(fabric)),
    "links": single_links,
    "double-links": double_links,
}


def main(job: str, *sizes: str) -> None:
    """Two sizes are spines and leaves; four are pods, spines a pod, leaves a pod and super-spines."""
    gc.set_threshold(5_000_000)  # as the command does
    numbers = list(map(int, sizes))
    text = topology_yaml(*numbers) if len(numbers) == 2 else five_stage(*numbers)
    fabric = config.build(plan.build(parse(text, "benchmark")))
    built_s = time.process_time()
    result = JOBS[job](fabric)
    seconds = time.process_time() - built_s
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak_mb = int(status["VmHWM"].split()[0]) * 1024 / 1e6  # getrusage would count what the parent had when it forked
    answer = {"built_s": built_s, "seconds": seconds, "peak_mb": peak_mb, "result": result}
    print(json.dumps(answer | {"switches": len(fabric.devices), "links": len(fabric.cables)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
