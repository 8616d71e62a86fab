"""Traffic matrices: who sends how much to whom, uniform, by role, or from a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from fabric._values import dataclass
from fabric.config import FabricConfig, Family
from fabric.errors import InputError, Problem, ProblemsError, listed, nearest, unknown
from fabric.simulate._reachability import Endpoint, endpoints, loopback
from fabric.simulate._rounds import FAMILIES

COLUMNS = ("source", "destination", "gbps")


@dataclass(frozen=True, slots=True)
class Stream:
    """Traffic from one endpoint to another."""

    source: Endpoint
    destination: Endpoint
    gbps: float


class TrafficError(ProblemsError):
    """Every mistake of a traffic matrix."""


def uniform(fabric: FabricConfig, gbps: float) -> tuple[Stream, ...]:
    """Every endpoint sends so many Gbit/s, in equal parts to all others."""
    points = _points(fabric)
    return tuple(_spread(points, points, gbps))


def by_role(fabric: FabricConfig, rates: Mapping[tuple[str, str], float]) -> tuple[Stream, ...]:
    """Every device of one role sends so many Gbit/s, in equal parts to the devices of another, or of its own."""
    found: list[Stream] = []
    for (one, two), gbps in rates.items():
        found += _spread(_of_role(fabric, one), _of_role(fabric, two), gbps)
    return tuple(found)


def parse_traffic(fabric: FabricConfig, text: str) -> tuple[Stream, ...]:
    """The matrix of `uniform=GBPS` or `ROLE>ROLE=GBPS,…`; raises `InputError` for anything else."""
    rates: dict[tuple[str, str], float] = {}
    for part in text.split(","):
        who, _, number = part.strip().partition("=")
        gbps = _number(number)
        if gbps is None:
            raise InputError(
                f"--load {text}: found the rate {number!r} in {part.strip()!r}; allowed: Gbit/s above 0, as in "
                "uniform=1 or compute>storage=5. Correct it, or name a CSV file."
            )
        if who == "uniform" and "," not in text:
            return uniform(fabric, gbps)
        one, arrow, two = who.partition(">")
        if not arrow:
            raise InputError(
                f"--load {text}: found {who!r}; allowed: uniform=GBPS, or ROLE>ROLE=GBPS with commas between, or a "
                "CSV file. Correct it."
            )
        rates[one.strip(), two.strip()] = gbps
    return by_role(fabric, rates)


def read_traffic(fabric: FabricConfig, text: str, file: str) -> tuple[Stream, ...]:
    """The matrix in a CSV text with the columns source, destination and gbps; raises `TrafficError` with every mistake.

    Sources and destinations are devices, by name.
    """
    rows = csv.DictReader(io.StringIO(text))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        found = ",".join(rows.fieldnames or ()) or "nothing"
        problem = Problem(f"{file}:1", "", f"the header {found}", ",".join(COLUMNS), "Name these columns.")
        raise TrafficError([problem])
    streams: list[Stream] = []
    problems: list[Problem] = []
    for row in rows:
        for item in _row(fabric, row, f"{file}:{rows.line_num}"):
            (streams if isinstance(item, Stream) else problems).append(item)  # type: ignore[arg-type]  # by its type
    if problems:
        raise TrafficError(problems)
    return tuple(streams)


def _row(fabric: FabricConfig, row: Mapping[str, str | None], where: str) -> Iterator[Stream | Problem]:
    names = [(row["source"] or "").strip(), (row["destination"] or "").strip()]
    strange = [name for name in names if name not in fabric.by_name]
    for name in strange:
        action = nearest(name, fabric.by_name) or "Name a device."
        yield Problem(where, "", f"the device '{name}'", listed(list(fabric.by_name)), action)
    gbps = _number(row["gbps"] or "")
    if gbps is None:
        yield Problem(where, "gbps", repr(row["gbps"]), "Gbit/s above 0", "Correct the rate.")
    if strange or gbps is None:
        return
    ends = _common(fabric, *names)
    if ends is None or names[0] == names[1]:
        yield Problem(where, "", " and ".join(names), "two devices with a family in common", "Correct the pair.")
    else:
        yield Stream(*ends, gbps)


def _common(fabric: FabricConfig, one: str, two: str) -> tuple[Endpoint, Endpoint] | None:
    for family in FAMILIES:
        here, there = (loopback(fabric.by_name[name], family) for name in (one, two))
        if here is not None and there is not None:
            return Endpoint(one, here), Endpoint(two, there)
    return None


def _points(fabric: FabricConfig) -> tuple[Endpoint, ...]:
    """The endpoints of the first family that the fabric has."""
    return next((found for family in FAMILIES if (found := endpoints(fabric, family))), ())


def _of_role(fabric: FabricConfig, role: str) -> tuple[Endpoint, ...]:
    family: Family = "ipv4" if any(point.address.version == 4 for point in _points(fabric)) else "ipv6"
    roles = dict.fromkeys(device.place.role for device in fabric)
    if role not in roles:
        raise InputError(f"--load: {unknown('role', role, roles)}")
    found = ((d.name, loopback(d, family)) for d in fabric if d.place.role == role)
    return tuple(Endpoint(name, address) for name, address in found if address is not None)


def _spread(sources: Iterable[Endpoint], targets: tuple[Endpoint, ...], gbps: float) -> Iterator[Stream]:
    for source in sources:
        others = [target for target in targets if target.device != source.device]
        yield from (Stream(source, target, gbps / len(others)) for target in others)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 < found < float("inf") else None
