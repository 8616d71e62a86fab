"""Intents made ready to be judged: each of them one or more demands on pairs of endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from enum import Enum
from typing import Literal

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.intents._select import Pair, devices, pairs
from fabric.simulate import NONE, Failures, Sweep
from fabric.topology import (
    Between,
    ControlPlaneSurvivesZone,
    FailuresAsked,
    Intent,
    NoThirdZone,
    Selector,
    StaysInZone,
    StorageConfined,
    Topology,
)

_REST = FailuresAsked()


class Kind(Enum):
    """What is asked of every pair."""

    REACHABLE = "reachable"
    ISOLATED = "isolated"
    VIA = "via"
    AVOID = "avoid"
    STAYS_IN_ZONE = "stays in zone"
    NO_THIRD_ZONE = "no third zone"
    ECMP_WIDTH = "ECMP width"
    SYMMETRIC = "symmetric"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that is asked of some pairs, at rest and after failures."""

    intent: str
    """The name of the intent that it comes from."""
    kind: Kind
    pairs: tuple[Pair, ...]
    failures: tuple[Sweep, ...] = ()
    """After which failures it is asked again."""
    through: frozenset[str] = frozenset()
    """The devices that paths must or must not pass."""
    shared: bool = True
    """`STAYS_IN_ZONE`: devices that stand in no zone may carry packets."""
    at_least: int = 1
    zones_left: int = 0
    """In how many zones a destination must live."""
    at_most_ms: float = 0.0
    silent: bool = False
    over: Literal["udp", "tcp"] = "udp"
    why: str = field(default="", compare=False)

    def holds_under(self, failures: Failures) -> bool:
        """True when the demand is to be met under the failures too.

        Any failure narrows some route and skews some path: who wants these two to outlast failures says so.
        """
        skewed = self.kind in {Kind.ECMP_WIDTH, Kind.SYMMETRIC}
        return failures == NONE or bool(self.failures) or not skewed

    def __str__(self) -> str:
        return f"{self.intent} ({self.kind.value})"


def demands(topology: Topology, fabric: FabricConfig) -> tuple[Demand, ...]:
    """What the intents of the file ask of the fabric, in the order of the file."""
    return tuple(
        replace(demand, intent=intent.name or f"intent {number}", why=intent.why)
        for number, intent in enumerate(topology.intents, 1)
        for demand in _demands(intent, topology, fabric)
    )


def _demands(intent: Intent, topology: Topology, fabric: FabricConfig) -> Iterator[Demand]:
    for ready in (intent.storage_confined, intent.control_plane_survives_zone, intent.no_third_zone):
        if isinstance(ready, StorageConfined):
            yield from _storage(ready, topology, fabric)
        elif isinstance(ready, ControlPlaneSurvivesZone):
            yield from _control_plane(ready, topology, fabric)
        elif isinstance(ready, NoThirdZone):
            chosen = _pairs(Between(**{"from": ready.from_}, to=ready.to, pairs="other-zone"), topology, fabric)
            yield Demand("", Kind.NO_THIRD_ZONE, chosen, _sweeps(ready.failures))
    for kind, between in (
        (Kind.REACHABLE, intent.reachable),
        (Kind.ISOLATED, intent.isolated),
        (Kind.SYMMETRIC, intent.symmetric),
    ):
        if between is not None:
            yield Demand("", kind, _pairs(between, topology, fabric), _sweeps(between.failures))
    yield from _with_parameters(intent, topology, fabric)


def _with_parameters(intent: Intent, topology: Topology, fabric: FabricConfig) -> Iterator[Demand]:
    for kind, through in ((Kind.VIA, intent.via), (Kind.AVOID, intent.avoid)):
        if through is not None:
            base = Demand("", kind, _pairs(through, topology, fabric), _sweeps(through.failures))
            yield replace(base, through=devices(fabric, through.through))
    if (stays := intent.stays_in_zone) is not None:
        yield _stays(stays, topology, fabric)
    if (width := intent.ecmp_width) is not None:
        base = Demand("", Kind.ECMP_WIDTH, _pairs(width, topology, fabric), _sweeps(width.failures))
        yield replace(base, at_least=width.at_least)
    if (survives := intent.survives) is not None:
        base = Demand("", Kind.REACHABLE, _pairs(survives, topology, fabric), _sweeps(survives.failures))
        yield replace(base, zones_left=survives.zones_left)
    if (outage := intent.outage) is not None:
        base = Demand("", Kind.OUTAGE, _pairs(outage, topology, fabric), _sweeps(outage.failures))
        yield replace(base, at_most_ms=float(outage.at_most_ms), silent=outage.silent, over=outage.over)


def _stays(stays: StaysInZone, topology: Topology, fabric: FabricConfig) -> Demand:
    chosen = _pairs(Between(**{"from": stays.from_}, to=stays.to, pairs="same-zone"), topology, fabric)
    return Demand("", Kind.STAYS_IN_ZONE, chosen, _sweeps(stays.failures), shared=stays.shared)


def _storage(ready: StorageConfined, topology: Topology, fabric: FabricConfig) -> Iterator[Demand]:
    """Local access (arrays and their users in one zone), and remote access or its absence."""
    users = Selector(network=(ready.network,))
    arrays = Selector(network=(ready.network,), role=ready.arrays)
    local = _pairs(Between(**{"from": users}, to=arrays, pairs="same-zone"), topology, fabric)
    remote = _pairs(Between(**{"from": users}, to=arrays, pairs="other-zone"), topology, fabric)
    yield Demand("", Kind.REACHABLE, local)
    yield Demand("", Kind.STAYS_IN_ZONE, local)
    if not ready.remote_access:
        yield Demand("", Kind.ISOLATED, remote)
        return
    allowed = Selector(network=(ready.network,), role=ready.remote_roles)
    chosen = _pairs(Between(**{"from": allowed}, to=arrays, pairs="other-zone"), topology, fabric)
    yield Demand("", Kind.REACHABLE, chosen)
    yield Demand("", Kind.NO_THIRD_ZONE, chosen)
    if ready.others_isolated:
        named = frozenset(chosen)
        yield Demand("", Kind.ISOLATED, tuple(pair for pair in remote if pair not in named))


def _control_plane(ready: ControlPlaneSurvivesZone, topology: Topology, fabric: FabricConfig) -> Iterator[Demand]:
    between = Between(**{"from": ready.clients}, to=ready.control_plane)
    placed = tuple(pair for pair in _pairs(between, topology, fabric) if _in_zones(fabric, pair))
    yield Demand("", Kind.REACHABLE, placed, (Sweep("zones", 1),), zones_left=2)


def _in_zones(fabric: FabricConfig, pair: Pair) -> bool:
    return all(fabric.by_name[end.device].place.zone is not None for end in pair)


def _pairs(between: Between, topology: Topology, fabric: FabricConfig) -> tuple[Pair, ...]:
    return tuple(pairs(topology, fabric, between))


def _sweeps(asked: FailuresAsked) -> tuple[Sweep, ...]:
    kinds = ("links", "nodes", "racks", "zones")
    found = ((kind, getattr(asked, kind)) for kind in kinds)
    return tuple(Sweep(kind, count) for kind, count in found if count is not None)  # type: ignore[arg-type]  # kinds
