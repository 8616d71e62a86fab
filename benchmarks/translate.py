"""How long 10,000 resources take to become the `frr.conf` of 1,000 nodes: read, admitted, merged and written."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._table import Contestant, Row, machine, race, table
from fabric.kubernetes import nodes_of, read_texts, release, resources_of
from fabric.kubernetes.frr_k8s import Translator

NODES = 1000
POD_CONFIGURATIONS = 8
"""FRRConfigurations a node, next to its Node document and the one that MetalLB writes."""


def resources() -> Iterator[str]:
    """A cluster's resources as one YAML document each: for every node two leaves, its services and its pods."""
    for number in range(NODES):
        name = f"worker-{number}"
        yield (
            "apiVersion: v1\nkind: Node\n"
            f"metadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}, zone: z{number % 3}}}}}\n"
        )
        yield _configuration(number, f"metallb-{name}", [f"172.17.0.{host}/32" for host in (80, 81, 82)])
        for pod in range(POD_CONFIGURATIONS):
            address = f"172.{18 + pod}.{number // 250}.{number % 250 + 1}/32"
            yield _configuration(number, f"openstack-pod-{pod}-{name}", [address])


def _configuration(number: int, name: str, prefixes: list[str]) -> str:
    listed = ", ".join(prefixes)
    neighbors = [
        f"{{asn: 64999, address: 100.{side}.{number // 64}.{number % 64 * 4 + 1}, holdTime: 9s, keepaliveTime: 3s, "
        f"toAdvertise: {{allowed: {{prefixes: [{listed}]}}}}}}"
        for side in (64, 65)
    ]
    return f"""apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: {name}, namespace: openshift-frr-k8s}}
spec:
  nodeSelector: {{matchLabels: {{kubernetes.io/hostname: worker-{number}}}}}
  bgp:
    routers:
    - asn: 64999
      prefixes: [{listed}]
      neighbors: [{", ".join(neighbors)}]
"""


def fabric() -> float:
    """Seconds from the files to the text of every node."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "resources.yaml").write_text("---\n".join(resources()))
        started_s = time.monotonic()
        cluster = resources_of(read_texts([Path(name)]), release("4.20"))
        translator = Translator(cluster, cluster.release)
        lines = sum(translator.node(node).frr_conf.count("\n") for node in nodes_of(cluster))
        elapsed_s = time.monotonic() - started_s
    if lines < NODES:
        raise ChildProcessError(f"only {lines} lines were written")
    return elapsed_s


def measure(runs: int) -> list[Row]:
    """The rows of this benchmark; nothing else translates these resources without a cluster."""
    count = NODES * (POD_CONFIGURATIONS + 2)
    return race(f"translate {count:,} resources, {NODES:,} nodes", [Contestant("fabric frr-k8s", fabric)], runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    print(f"{machine()}\n\n{table(measure(parser.parse_args().runs))}")


if __name__ == "__main__":
    main()
