"""A simulation as tables and as documents: overview, tables of a device, and sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:  # what prints a plan need not load the simulator
    from fabric.config import Family
    from fabric.simulate import (
        Asymmetry,
        Candidate,
        DeviceSummary,
        Failures,
        FibEntry,
        Lost,
        Overview,
        ReachMatrix,
        Simulation,
    )

Document = dict[str, Any]
_SHOWN = 20
_FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
_TITLES: Mapping[Family, str] = {"ipv4": "IPv4", "ipv6": "IPv6"}


def overview_tables(overview: Overview) -> Iterator[Table]:
    """Reachability by zone and role, the roles' tables, and whatever is wrong."""
    yield from (_matrix(matrix) for matrix in overview.matrices)
    columns = ("role", "devices", "sessions up", "IPv4 routes", "IPv6 routes", "IPv4 ECMP", "IPv6 ECMP")
    yield table("Devices by role (ECMP: next hops x routes)", columns, _role_rows(overview.devices))
    down = [(" ".join(map(str, s.ends)), s.why.value if s.why else "", s.explanation) for s in overview.down]
    if down:
        yield _cut_short("Sessions that are down", ("session", "why", "explanation"), down)
    lost = [_lost_row(family, pair) for family, pairs in overview.lost.items() for pair in pairs]
    if lost:
        yield _cut_short("Pairs that do not reach each other", ("family", "from", "to", "packets", "answers"), lost)
    odd = [_odd_row(family, pair) for family, pairs in (overview.asymmetric or {}).items() for pair in pairs]
    if odd:
        heads = ("family", "one", "two", "only packets pass", "only answers pass")
        yield _cut_short("Pairs whose answers take another way", heads, odd)


def _odd_row(family: Family, pair: Asymmetry) -> tuple[str, ...]:
    return _TITLES[family], pair.one.device, pair.two.device, _ways(pair.there), _ways(pair.back)


def _ways(edges: Iterable[tuple[str, str]]) -> str:
    """The first of the hops between two devices, and how many more there are."""
    listed = [f"{a} to {b}" for a, b in sorted(edges)]
    return ", ".join(listed[:2]) + (f" and {len(listed) - 2} more" if len(listed) > 2 else "")


def _cut_short(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """The table of the first rows; its title says how many more there are."""
    more = len(rows) - _SHOWN
    return table(f"{title} ({more} more in --json)" if more > 0 else title, columns, rows[:_SHOWN])


def _matrix(matrix: ReachMatrix) -> Table:
    rows = ((one, *(_pairs(matrix, one, two) for two in matrix.labels)) for one in matrix.labels)
    title = f"Predicted reachability by {matrix.axis} over {_TITLES[matrix.family]} (pairs reached / pairs)"
    return table(title, (f"from \\ to {matrix.axis}", *matrix.labels), rows)


def _pairs(matrix: ReachMatrix, one: str, two: str) -> str:
    cell = matrix.cells.get((one, two))
    return "-" if cell is None else f"{cell.reached}/{cell.pairs}"


def _role_rows(devices: Iterable[DeviceSummary]) -> Iterator[tuple[object, ...]]:
    by_role: dict[str, list[DeviceSummary]] = {}
    for summary in devices:
        by_role.setdefault(summary.device.place.role, []).append(summary)
    for role, members in by_role.items():
        alive = [member for member in members if member.alive]
        count = str(len(members)) if len(alive) == len(members) else f"{len(alive)} of {len(members)}"
        sessions = f"{sum(m.sessions_up for m in members)}/{sum(m.sessions for m in members)}"
        routes = (_span([m.routes[family] for m in alive]) for family in _FAMILIES)
        widths = (_widths([m.widths[family] for m in alive]) for family in _FAMILIES)
        yield role, count, sessions, *routes, *widths


def _span(numbers: list[int]) -> str:
    if not numbers:
        return "-"
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def _widths(of_devices: Iterable[Mapping[int, int]]) -> str:
    total: dict[int, int] = {}
    for widths in of_devices:
        for width, count in widths.items():
            total[width] = total.get(width, 0) + count
    return ", ".join(f"{width}x{total[width]}" for width in sorted(total, reverse=True)) or "-"


def _lost_row(family: Family, pair: Lost) -> tuple[str, ...]:
    return _TITLES[family], pair.source.device, pair.destination.device, fates_text(pair.forward), fates_text(pair.back)


def fates_text(fates: Iterable[Any]) -> str:
    """How packets end, in words."""
    return ", ".join(sorted(fate.value for fate in fates))


def overview_document(overview: Overview) -> Document:
    """The overview as plain values, every device, session and lost pair included."""
    return {
        "version": 1,
        "fabric": overview.simulation.fabric.name,
        "sound": overview.sound,
        "failures": failures_document(overview.simulation.failures),
        "devices": {s.device.name: _device_document(s) for s in overview.devices},
        "sessions": [
            {
                "ends": [str(end) for end in s.ends],
                "type": s.type,
                "families": list(s.families),
                "up": s.up,
                "why": None if s.why is None else s.why.value,
                "explanation": s.explanation,
            }
            for s in overview.simulation.sessions
        ],
        "reachability": [
            {
                "axis": m.axis,
                "family": m.family,
                "cells": [
                    {"from": a, "to": b, "pairs": c.pairs, "reached": c.reached} for (a, b), c in m.cells.items()
                ],
            }
            for m in overview.matrices
        ],
        "unreachable": [
            {
                "family": family,
                "from": pair.source.device,
                "to": pair.destination.device,
                "packets": sorted(fate.value for fate in pair.forward),
                "answers": sorted(fate.value for fate in pair.back),
            }
            for family, pairs in overview.lost.items()
            for pair in pairs
        ],
        "asymmetric": None
        if overview.asymmetric is None
        else [
            {
                "family": family,
                "pair": [pair.one.device, pair.two.device],
                "only_packets": sorted(map(list, pair.there)),
                "only_answers": sorted(map(list, pair.back)),
            }
            for family, pairs in overview.asymmetric.items()
            for pair in pairs
        ],
    }


def _matrix_document(matrix: ReachMatrix) -> Document:
    cells = (
        {"from": one, "to": two, "pairs": cell.pairs, "reached": cell.reached}
        for (one, two), cell in matrix.cells.items()
    )
    return {"axis": matrix.axis, "family": matrix.family, "cells": list(cells)}


def failures_document(failures: Failures) -> Document:
    """What is broken, as plain values."""
    return {
        "links": sorted(cable.name for cable in failures.cables),
        "devices": sorted(failures.devices),
        "sessions": sorted(map(str, failures.sessions)),
    }


def _device_document(summary: DeviceSummary) -> Document:
    return {
        "role": summary.device.place.role,
        "zone": summary.device.place.zone,
        "alive": summary.alive,
        "sessions": summary.sessions,
        "sessions_up": summary.sessions_up,
        "routes": dict(summary.routes),
        "ecmp": {family: {str(w): n for w, n in widths.items()} for family, widths in summary.widths.items()},
    }


def rib_tables(simulation: Simulation, device: str) -> Iterator[Table]:
    """The device's BGP table of each family, every path with why it lost."""
    columns = ("prefix", "", "from", "next hop", "AS path", "local pref", "MED", "lost by")
    for family in _FAMILIES:
        rows = (
            (entry.prefix, mark(candidate) + "?" * (candidate.best and entry.order_dependent), *_path_cells(candidate))
            for entry in simulation.rib(device, family).values()
            for candidate in entry.candidates
        )
        title = f"BGP table of {device} over {_TITLES[family]} (> best, >? best if it came first, = multipath)"
        yield table(title, columns, rows)


def mark(candidate: Candidate) -> str:
    """`>` for the best path, `=` for one that is installed beside it."""
    return ">" if candidate.best else "=" if candidate.multipath else ""


def _path_cells(candidate: Candidate) -> tuple[object, ...]:
    attributes, end = candidate.attributes, candidate.learned_from
    return (
        "itself" if end is None else end.peer,
        next_hop_text(candidate),
        as_path_text(candidate),
        attributes.local_preference,
        attributes.med,
        "" if candidate.rejected is None else candidate.rejected.value,
    )


def next_hop_text(candidate: Candidate) -> str:
    """The BGP next hop as packets use it."""
    hop = candidate.next_hop
    return "link-local" if hop.uses_link_local else "itself" if hop.address is None else str(hop.address)


def as_path_text(candidate: Candidate) -> str:
    """The AS path as FRR prints it."""
    hops = candidate.attributes.as_path
    return " ".join("{" + ",".join(map(str, sorted(h))) + "}" if isinstance(h, frozenset) else str(h) for h in hops)


def rib_document(simulation: Simulation, device: str) -> Document:
    """The device's BGP tables as plain values."""
    return {
        "version": 1,
        "device": device,
        "rib": {
            family: {
                str(entry.prefix): {
                    "order_dependent": entry.order_dependent,
                    "paths": [candidate_document(candidate) for candidate in entry.candidates],
                }
                for entry in simulation.rib(device, family).values()
            }
            for family in _FAMILIES
        },
    }


def candidate_document(candidate: Candidate) -> Document:
    """One path as plain values."""
    attributes = candidate.attributes
    return {
        "from": None if candidate.learned_from is None else str(candidate.learned_from),
        "next_hop": next_hop_text(candidate),
        "as_path": as_path_text(candidate),
        "origin": attributes.origin.name.lower(),
        "med": attributes.med,
        "local_preference": attributes.local_preference,
        "weight": attributes.weight,
        "communities": sorted(attributes.communities | attributes.large_communities),
        "best": candidate.best,
        "multipath": candidate.multipath,
        "rejected": None if candidate.rejected is None else candidate.rejected.value,
    }


def fib_tables(simulation: Simulation, device: str) -> Iterator[Table]:
    """The device's kernel routes of each family."""
    for family in _FAMILIES:
        rows = (
            (entry.prefix, entry.protocol, hops_text(entry), entry.source)
            for entry in simulation.fib(device, family).values()
        )
        title = f"Kernel routes of {device} over {_TITLES[family]}"
        yield table(title, ("prefix", "protocol", "next hops", "source"), rows)


def hops_text(entry: FibEntry) -> str:
    """The route's next hops in order."""
    return "blackhole" if entry.blackhole else ", ".join(sorted(map(str, entry.next_hops)))


def fib_document(simulation: Simulation, device: str) -> Document:
    """The device's kernel routes as plain values."""
    return {
        "version": 1,
        "device": device,
        "fib": {
            family: {str(entry.prefix): route_document(entry) for entry in simulation.fib(device, family).values()}
            for family in _FAMILIES
        },
    }


def route_document(entry: FibEntry) -> Document:
    """One kernel route as plain values."""
    return {
        "protocol": entry.protocol,
        "next_hops": sorted(map(str, entry.next_hops)),
        "blackhole": entry.blackhole,
        "source": None if entry.source is None else str(entry.source),
        "metric": entry.metric,
    }
