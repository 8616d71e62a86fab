"""What a plan is like to build and to lose parts of: cables, oversubscription, room to grow, redundancy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from fabric._values import dataclass
from fabric.plan import Oversubscription, Plan, Summary, cabling, oversubscription, summaries
from fabric.report._table import Table, table
from fabric.topology import Cut, Redundancy, redundancy

Document = dict[str, Any]
_SHOWN = 8
"""So many single points of failure are named in the table, and the rest counted; the document names all."""


@dataclass(frozen=True)
class PlanFacts:
    """A plan with what follows from it, each computed once and when asked for."""

    plan: Plan

    @cached_property
    def redundancy(self) -> Redundancy:
        """What the design survives."""
        return redundancy(self.plan.design)

    @cached_property
    def oversubscription(self) -> tuple[Oversubscription, ...]:
        """Of each switch whose ports have a known speed."""
        return oversubscription(self.plan)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """Of each zone and pool."""
        return summaries(self.plan)


def redundancy_table(facts: PlanFacts) -> Table:
    """What the design survives, one fact a row; of cuts by two failures those that leave both ends an uplink.

    That two failures take both uplinks of a leaf with two is no news; the document has those cuts too.
    """
    found = facts.redundancy
    rows = [
        ("link-disjoint paths between any two leaves", found.disjoint_paths),
        ("single devices that others hang on", _named(found.single_devices)),
        ("single links that others hang on", _named(found.single_links)),
        *(_cut_row(cut) for cut in found.cuts if len(cut.failures) == 1 or not cut.isolated),
    ]
    return table("Redundancy", ("fact", "value"), rows)


def warnings_table(facts: PlanFacts) -> Table:
    """What to think twice about."""
    return table("Warnings", ("warning",), ((warning,) for warning in facts.redundancy.warnings))


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more or "none"


def _cut_row(cut: Cut) -> tuple[str, str]:
    isolated = ", which loses its last uplink" if cut.isolated else ""
    return f"losing {' and '.join(cut.failures)}", f"parts {cut.parted[0]} from {cut.parted[1]}{isolated}"


def oversubscription_table(facts: PlanFacts) -> Table:
    """Capacity of each switch below and above it, and of each tier as a whole."""
    columns = ("device", "tier", "down Gbit/s", "up Gbit/s", "ratio")
    rows = ((o.device, o.tier, f"{o.down_gbps:g}", f"{o.up_gbps:g}", f"{o.ratio:.2f}") for o in facts.oversubscription)
    return table("Oversubscription", columns, (*rows, *_tier_rows(facts)))


def _tier_rows(facts: PlanFacts) -> Iterator[tuple[str, ...]]:
    for tier, (down, up) in _tiers(facts).items():
        yield f"all {tier} devices", tier, f"{down:g}", f"{up:g}", f"{down / up:.2f}"


def _tiers(facts: PlanFacts) -> Mapping[str, tuple[float, float]]:
    """Capacity below and above each tier in Gbit/s."""
    found: dict[str, tuple[float, float]] = {}
    for entry in facts.oversubscription:
        down, up = found.get(entry.tier, (0.0, 0.0))
        found[entry.tier] = (down + entry.down_gbps, up + entry.up_gbps)
    return found


def _ratio(down_gbps: float, up_gbps: float) -> Document:
    return {"down_gbps": down_gbps, "up_gbps": up_gbps, "ratio": round(down_gbps / up_gbps, 4)}


def cabling_table(facts: PlanFacts) -> Table:
    """Every cable with its ends, their racks, and its speed where that is known."""
    columns = ("upper", "upper port", "upper rack", "lower", "lower port", "lower rack", "Gbit/s")
    rows = (
        (c.upper, c.upper_port, c.upper_rack, c.lower, c.lower_port, c.lower_rack, _speed(c.speed_gbps))
        for c in cabling(facts.plan)
    )
    return table("Cabling", columns, rows)


def _speed(gbps: float | None) -> str | None:
    return None if gbps is None else f"{gbps:g}"


def room_table(facts: PlanFacts) -> Table:
    """The block of each zone, rack and leaf, how much of it is used, and how much growth it is kept for."""
    columns = ("level", "owner", "pool", "prefix", "used", "reserved", "free")
    rows = ((b.level, b.owner, b.pool, b.prefix, b.used, b.capacity, b.capacity - b.used) for b in facts.plan.blocks)
    return table("Room to grow", columns, rows)


def summaries_table(facts: PlanFacts) -> Table:
    """What each zone comes to in each pool, for filters and announcements outside."""
    columns = ("zone", "pool", "prefixes", "outside of them")
    rows = ((s.zone, s.pool, " ".join(map(str, s.prefixes)), " ".join(map(str, s.outside))) for s in facts.summaries)
    return table("Summaries", columns, rows)


def facts_document(facts: PlanFacts) -> Document:
    """All of it as plain values, but for the cables, which the plan's own document has as links."""
    found = facts.redundancy
    return {
        "oversubscription": {
            "devices": [
                {"device": o.device, "tier": o.tier, **_ratio(o.down_gbps, o.up_gbps)} for o in facts.oversubscription
            ],
            "tiers": [{"tier": tier, **_ratio(*gbps)} for tier, gbps in _tiers(facts).items()],
        },
        "room": [
            {
                "level": b.level,
                "owner": b.owner,
                "pool": b.pool,
                "prefix": str(b.prefix),
                "used": b.used,
                "reserved": b.capacity,
            }
            for b in facts.plan.blocks
        ],
        "summaries": [
            {
                "zone": s.zone,
                "pool": s.pool,
                "prefixes": list(map(str, s.prefixes)),
                "outside": list(map(str, s.outside)),
            }
            for s in facts.summaries
        ],
        "redundancy": {
            "disjoint_paths": found.disjoint_paths,
            "single_devices": list(found.single_devices),
            "single_links": list(found.single_links),
            "cuts": [
                {"failures": list(c.failures), "parted": list(c.parted), "isolated": c.isolated} for c in found.cuts
            ],
            "warnings": list(found.warnings),
        },
    }
