"""How often two branches that each add racks or a zone to a fabric give one value to both, by how new ones are placed.

Nothing here is timed: `python -m benchmarks.merges` prints the shares, whose seed is fixed.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterable, Iterator
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
Added = list[tuple[int, str]]
Grow = Callable[[Topology, Added], Topology]
_PLACEMENTS = ("next-free", "by-name")


def topologies() -> Iterator[tuple[str, Topology]]:
    """What racks are added to."""
    for name in ("quickstart", "rhoso-dz", "clos3-rfc7938", "dcn-edge"):
        text = read_at_most(directory("topologies") / f"{name}.yaml", 1 << 20, "")
        yield name, {key: value for key, value in yaml.safe_load(text).items() if key not in ("intents", "suppress")}
    yield "4 x 20", yaml.safe_load(topology_yaml(4, 20))


def names(topology: Topology, seed: random.Random, style: str, count: int) -> list[str]:
    """Names of new racks: the next numbers after a last rack's, or words."""
    last = topology["zones"][-1]["racks"][-1]["name"]
    if style == "numbered" and last[-1:].isdigit():
        stem = last.rstrip("0123456789")
        number = int(last[len(stem) :])
        return [f"{stem}{number + 1 + index}" for index in range(count)]
    return [f"hall-{number}-east" for number in seed.sample(range(10_000), count)]


def with_racks(topology: Topology, added: Iterable[tuple[int, str]]) -> Topology:
    """The topology with racks like the first of their zones, each given by its zone's place and its name."""
    zones = [dict(zone, racks=list(zone["racks"])) for zone in topology["zones"]]
    for zone, name in added:
        zones[zone]["racks"].append({**topology["zones"][zone]["racks"][0], "name": name})
    return {**topology, "zones": zones}


def with_zones(topology: Topology, added: Iterable[tuple[int, str]]) -> Topology:
    """The topology with zones of one rack, like the first of the zones at these places."""
    zones = [
        {
            **topology["zones"][zone],
            "name": f"{name}-z",
            "racks": [{**topology["zones"][zone]["racks"][0], "name": name}],
        }
        for zone, name in added
    ]
    return {**topology, "zones": [*topology["zones"], *zones]}


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


def clean(topology: Topology, grow: Grow, base: Ledger, *branches: Added) -> bool:
    """Whether the plan of all branches together is the one that their ledgers hold."""
    lines = merged(base, *(ledger(grow(topology, added), base) for added in branches))
    try:
        return ledger(grow(topology, [each for added in branches for each in added]), lines).given == lines.given
    except PlanError:
        return False


def share(topology: Topology, grow: Grow, style: str, each: int, pairs: int) -> float:
    """The share of merges that need nothing more, over pairs of branches that add so many each, in random zones."""
    seed, base = random.Random(7), ledger(topology)
    zones = range(len(topology["zones"]))
    good = 0
    for _ in range(pairs):
        added = [(seed.choice(zones), name) for name in names(topology, seed, style, 2 * each)]
        good += clean(topology, grow, base, added[:each], added[each:])
    return good / pairs


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    pairs = parser.parse_args().pairs
    cases: list[tuple[str, Grow, int]] = [("rack", with_racks, 1), ("2 racks", with_racks, 2), ("zone", with_zones, 1)]
    columns = [f"{what}, {placement}" for what, _, _ in cases for placement in _PLACEMENTS]
    print("| fabric | called | " + " | ".join(columns) + " |\n|---|---|" + "---|" * len(columns))
    for name, topology in topologies():
        for style in ("numbered", "by words"):
            cells = []
            for _, grow, each in cases:
                for placement in _PLACEMENTS:
                    growth = {**topology.get("growth", {}), "placement": placement}
                    cells.append(f"{share({**topology, 'growth': growth}, grow, style, each, pairs):.1%}")
            print(f"| {name} | {style} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
