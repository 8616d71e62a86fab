"""Runs inside bgpy's own environment: one announcement a switch over a Clos of one AS each, spines as providers.

Prints processor seconds of the propagation and how many routes all switches hold, as `_simulate_once` does.
"""

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace

from bgpy.as_graphs import ASGraph, ASGraphInfo, CustomerProviderLink
from bgpy.shared.enums import Relationships
from bgpy.simulation_engine import Announcement, SimulationEngine


def main(spines: int, leaves: int) -> None:
    """Every leaf is a customer of every spine."""
    names = [(1000 + leaf, 1 + spine) for leaf in range(leaves) for spine in range(spines)]
    links = frozenset(CustomerProviderLink(customer_asn=leaf, provider_asn=spine) for leaf, spine in names)
    graph = ASGraph(ASGraphInfo(customer_provider_links=links))
    engine = SimulationEngine(graph)
    built_s = time.process_time()
    for number, member in enumerate(graph):
        prefix = f"10.{number >> 8}.{number & 255}.0/24"
        made = Announcement(
            prefix=prefix,
            as_path=(member.asn,),
            next_hop_asn=member.asn,
            seed_asn=member.asn,
            recv_relationship=Relationships.ORIGIN,
        )
        member.policy.seed_ann(made)
    engine.ready_to_run_round = 0
    engine.run(propagation_round=0, scenario=SimpleNamespace())  # the plain BGP policy reads nothing of it
    seconds = time.process_time() - built_s
    print(json.dumps({"built_s": built_s, "seconds": seconds, "result": sum(len(m.policy.local_rib) for m in graph)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
