"""Who should reach whom, and the matrix of who did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import permutations

from fabric.config import Address, DeviceConfig, FabricConfig, Family
from fabric.lab import ProbePair
from fabric.simulate import DELIVERED, Fate, Walk, endpoints
from fabric.verify._verdict import Cell, Matrix

OUTSIDE = "outside"
"""Label of what stands in no zone."""


def pairs(fabric: FabricConfig, family: Family) -> Iterator[tuple[DeviceConfig, Address, DeviceConfig, Address]]:
    """Every ordered pair of the simulator's endpoints with their loopback addresses."""
    devices = fabric.by_name
    for source, target in permutations(endpoints(fabric, family), 2):
        yield devices[source.device], source.address, devices[target.device], target.address


class Expected(Enum):
    """How many flows of a pair should be answered."""

    ALL = "all"
    SOME = "some"
    """Some ECMP members deliver and some do not: which flow takes which is not predicted."""
    NONE = "none"


def expected(walk: Walk, pair: ProbePair) -> Expected:
    """What the prediction says of a pair, there and back."""
    there = walk.fates(pair.source, pair.destination_address)
    back = walk.fates(pair.destination, pair.source_address)
    if there == back == DELIVERED:
        return Expected.ALL
    return Expected.SOME if Fate.DELIVERED in there & back else Expected.NONE


Outcome = tuple[DeviceConfig, DeviceConfig, int, int]
"""Source, destination, flows sent, flows answered."""


def matrices(outcomes: Iterable[Outcome], family: Family) -> tuple[Matrix, Matrix]:
    """The outcomes summed by zone and by role."""
    by_zone: dict[tuple[str, str], Cell] = {}
    by_role: dict[tuple[str, str], Cell] = {}
    for source, target, sent, answered in outcomes:
        zone = (source.place.zone or OUTSIDE, target.place.zone or OUTSIDE)
        role = (source.place.role, target.place.role)
        by_zone[zone] = by_zone.get(zone, Cell()).plus(sent, answered)
        by_role[role] = by_role.get(role, Cell()).plus(sent, answered)
    return (
        Matrix("zone", family, _labels(by_zone), by_zone),
        Matrix("role", family, _labels(by_role), by_role),
    )


def _labels(cells: dict[tuple[str, str], Cell]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for pair in cells for label in pair))
