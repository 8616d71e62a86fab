"""What a simulation says of the whole fabric: sessions, table sizes, ECMP widths and who reaches whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Literal

from fabric._values import dataclass
from fabric.config import DeviceConfig, FabricConfig, Family
from fabric.simulate._arrivals import Arrivals
from fabric.simulate._fibs import CompressedFib
from fabric.simulate._reachability import Asymmetry, Endpoint, Lost, Walk, asymmetries, endpoints, lost_pairs
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._simulation import Simulation
from fabric.simulate._values import NONE, Session, SessionDown

OUTSIDE = "outside"
"""Label of what stands in no zone."""


_MOST_ENDPOINTS = 128


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """The size of what one device holds."""

    device: DeviceConfig
    alive: bool
    sessions: int
    """Configured sessions that have an end here."""
    sessions_up: int
    routes: Mapping[Family, int]
    """Kernel routes, connected ones included."""
    widths: Mapping[Family, Mapping[int, int]]
    """How many BGP and static routes have that many next hops."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Ordered pairs of endpoints between two groups, and how many of them reach each other."""

    pairs: int
    reached: int


@dataclass(frozen=True, slots=True)
class ReachMatrix:
    """Predicted reachability between groups of living endpoints."""

    axis: Literal["zone", "role"]
    family: Family
    labels: tuple[str, ...]
    cells: Mapping[tuple[str, str], Reached]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is predicted for the fabric as a whole."""

    simulation: Simulation
    devices: tuple[DeviceSummary, ...]
    matrices: tuple[ReachMatrix, ...]
    lost: Mapping[Family, tuple[Lost, ...]]
    """Pairs of living endpoints that do not reach each other."""
    asymmetric: Mapping[Family, tuple[Asymmetry, ...]] | None = None
    """Pairs of which packets and answers pass other devices; `None` for more than 128 endpoints, which takes long."""

    @property
    def down(self) -> tuple[Session, ...]:
        """The sessions that are not established."""
        return tuple(session for session in self.simulation.sessions if not session.up)

    @property
    def sound(self) -> bool:
        """True when all living endpoints reach each other and, without failures, every session comes up.

        A session that is configured `shutdown` is down because somebody wants it to be.
        """
        unwanted = [session for session in self.down if session.why is not SessionDown.SHUTDOWN]
        return not any(self.lost.values()) and (self.simulation.failures != NONE or not unwanted)


def overview(simulation: Simulation) -> Overview:
    """The summary of the simulation; reachability is between the first loopback addresses of the endpoints."""
    tables = {family: _tables(simulation, family) for family in FAMILIES}
    walks: dict[Family, Walk] = {family: Walk(simulation, family) for family in FAMILIES}
    points = {family: _alive(walks[family], endpoints(simulation.fabric, family)) for family in FAMILIES}
    lost = {family: _lost(walks[family], tables[family], points[family]) for family in FAMILIES}
    few = all(len(found) <= _MOST_ENDPOINTS for found in points.values())
    odd = {family: tuple(asymmetries(walks[family], points[family])) for family in FAMILIES} if few else None
    matrices = (m for family in FAMILIES for m in _matrices(simulation.fabric, family, points[family], lost[family]))
    return Overview(simulation, tuple(_summaries(simulation, tables)), tuple(matrices), lost, odd)


def _tables(simulation: Simulation, family: Family) -> Mapping[str, CompressedFib]:
    return {device.name: simulation.compressed_fib(device.name, family) for device in simulation.fabric}


def _lost(walk: Walk, tables: Mapping[str, CompressedFib], points: Sequence[Endpoint]) -> tuple[Lost, ...]:
    return tuple(lost_pairs(walk, points, Arrivals(walk, tables, points).certain))


def _alive(walk: Walk, points: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    return tuple(point for point in points if walk.alive(point.device))


def _summaries(simulation: Simulation, tables: Mapping[Family, Mapping[str, CompressedFib]]) -> Iterator[DeviceSummary]:
    configured, up = Counter[str](), Counter[str]()
    for session in simulation.sessions:
        names = {end.device for end in session.ends}
        configured.update(names)
        up.update(names if session.up else ())
    for device in simulation.fabric:
        yield DeviceSummary(
            device,
            device.name not in simulation.failures.devices,
            configured[device.name],
            up[device.name],
            {family: len(known[device.name]) for family, known in tables.items()},
            {family: known[device.name].widths for family, known in tables.items()},
        )


def _matrices(
    fabric: FabricConfig, family: Family, points: tuple[Endpoint, ...], lost: Iterable[Lost]
) -> Iterator[ReachMatrix]:
    if len(points) < 2:
        return
    missed = {(pair.source.device, pair.destination.device) for pair in lost}
    places = {point.device: fabric.by_name[point.device].place for point in points}
    by_axis: dict[Literal["zone", "role"], dict[str, str]] = {
        "zone": {name: place.zone or OUTSIDE for name, place in places.items()},
        "role": {name: place.role for name, place in places.items()},
    }
    for axis, labels in by_axis.items():
        sizes = Counter(labels.values())
        failed = Counter((labels[one], labels[two]) for one, two in missed)
        cells = {
            (one, two): Reached(pairs, pairs - failed[one, two])
            for one, two in product(sizes, repeat=2)
            if (pairs := sizes[one] * (sizes[two] - (one == two)))
        }
        yield ReachMatrix(axis, family, tuple(sizes), cells)
