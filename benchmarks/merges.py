"""How often two branches that each add a rack to a fabric give one value to both, by the way new racks are placed.

Nothing here is timed: `python -m benchmarks.merges` prints the shares, whose seed is fixed.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from typing import Any

import yaml

from benchmarks._clos import topology_yaml
from fabric import plan
from fabric._reading import read_at_most
from fabric.errors import PlanError
from fabric.plan import Ledger
from fabric.resources import directory
from fabric.topology import parse

Topology = dict[str, Any]
_PLACEMENTS = ("next-free", "by-name")


def topologies() -> Iterator[tuple[str, Topology]]:
    """What racks are added to."""
    for name in ("quickstart", "rhoso-dz", "clos3-rfc7938", "dcn-edge"):
        text = read_at_most(directory("topologies") / f"{name}.yaml", 1 << 20, "")
        yield name, {key: value for key, value in yaml.safe_load(text).items() if key not in ("intents", "suppress")}
    yield "4 x 20", yaml.safe_load(topology_yaml(4, 20))


def names(topology: Topology, seed: random.Random, style: str) -> tuple[str, str]:
    """Names of the two racks: the next numbers after a last rack's, or words."""
    last = topology["zones"][-1]["racks"][-1]["name"]
    if style == "numbered" and last[-1:].isdigit():
        stem = last.rstrip("0123456789")
        number = int(last[len(stem) :])
        return f"{stem}{number + 1}", f"{stem}{number + 2}"
    one, other = seed.sample(range(10_000), 2)
    return f"hall-{one}-east", f"hall-{other}-west"


def with_rack(topology: Topology, *racks: tuple[int, str]) -> Topology:
    """The topology with racks like the first of their zones, each given by its zone's place and its name."""
    zones = [dict(zone, racks=list(zone["racks"])) for zone in topology["zones"]]
    for zone, name in racks:
        zones[zone]["racks"].append({**zones[zone]["racks"][0], "name": name})
    return {**topology, "zones": zones}


def ledger(topology: Topology, before: Ledger | None = None) -> Ledger:
    """The ledger after planning."""
    design = parse(yaml.safe_dump(topology))
    return plan.build(design, *([before] if before is not None else [])).ledger


def merged(base: Ledger, *branches: Ledger) -> Ledger:
    """The lines of all of them, as git merges lines that were added."""
    given = {section: dict(owners) for section, owners in base.given.items()}
    for branch in branches:
        for section, owners in branch.given.items():
            given.setdefault(section, {}).update(owners)
    return Ledger(given)


def clean(topology: Topology, zones: tuple[int, int], pair: tuple[str, str]) -> bool:
    """Whether the plan of both branches together is the one that their ledgers hold."""
    base = ledger(topology)
    first, second = zip(zones, pair, strict=True)
    both = merged(base, *(ledger(with_rack(topology, rack), base) for rack in (first, second)))
    try:
        return ledger(with_rack(topology, first, second), both).given == both.given
    except PlanError:
        return False


def share(topology: Topology, style: str, pairs: int) -> float:
    """The share of merges that need nothing more, over pairs of racks in zones picked at random."""
    seed = random.Random(7)
    zones = range(len(topology["zones"]))
    asked = [((seed.choice(zones), seed.choice(zones)), names(topology, seed, style)) for _ in range(pairs)]
    return sum(clean(topology, *each) for each in asked) / pairs


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    pairs = parser.parse_args().pairs
    print("| fabric | racks are called | " + " | ".join(_PLACEMENTS) + " |\n|---|---|---|---|")
    for name, topology in topologies():
        for style in ("numbered", "by words"):
            cells = []
            for placement in _PLACEMENTS:
                growth = {**topology.get("growth", {}), "placement": placement}
                cells.append(f"{share({**topology, 'growth': growth}, style, pairs):.1%}")
            print(f"| {name} | {style} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
