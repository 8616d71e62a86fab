"""A lab at a glance as tables and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.verify import DeviceGlance, Glance, Outage

_MOST_OUTAGES = 15


def glance_tables(seen: Glance) -> Iterator[Table]:
    """Devices, and what is cut off."""
    broken = ", ".join((*seen.faults, *seen.impairments)) or "none"
    rows = ((d.name, f"{d.established}/{d.sessions}", _fib(d), " ".join(d.ended) or None) for d in seen.devices)
    yield table(f"{seen.lab}; faults: {broken}", ("device", "sessions", "kernel FIB", "ended"), rows)
    title = f"Cut off: {len(seen.outages)} of {seen.probed} pairs probed"
    yield table(title, ("from", "to", "for", "verdict"), (_row(o, seen.at_s) for o in seen.outages[:_MOST_OUTAGES]))


def _fib(device: DeviceGlance) -> str:
    if device.wrong_routes is None:
        return "not predicted"
    return f"{device.wrong_routes} wrong" if device.wrong_routes else "as predicted"


def _row(outage: Outage, now_s: float) -> tuple[str, str, str, str]:
    where = f"{outage.destination} ({outage.address})"
    return outage.source, where, f"{now_s - outage.since_s:.0f} s", "predicted" if outage.expected else "NOT PREDICTED"


def glance_document(seen: Glance) -> dict[str, Any]:
    """All of it as plain values."""
    return {"version": 1, "well": seen.well, **asdict(seen)}
