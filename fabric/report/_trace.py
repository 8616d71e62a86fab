"""Traces and path MTUs of labs as text and as documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.verify import LabMtu, LabTrace, TracedWay

_MOST_PORTS = 4
_COLUMNS = ("path", "end", "flows", "verdict")


def lab_trace_table(found: LabTrace) -> Table:
    """One row a way: the flows that took it, and whether the simulator has it."""
    rows = ((" > ".join(e.way.devices), e.way.end, e.flows, _verdict(e)) for e in found.ways)
    return table(f"{found.source.device} ({found.source.address}) to {_goal(found)}", _COLUMNS, rows)


def _goal(found: LabTrace | LabMtu) -> str:
    return f"{', '.join(found.owners)} ({found.destination.address})"


def _verdict(entry: TracedWay) -> str:
    if not entry.predicted:
        return "NOT PREDICTED"
    if entry.flows:
        return "as predicted"
    return "installed, no flow takes it" if entry.installed else "PREDICTED, NOT INSTALLED"


def lab_trace_document(traces: Iterable[LabTrace]) -> dict[str, Any]:
    """The traces as plain values."""
    return {"version": 1, "traces": [_document(found) for found in traces]}


def _document(found: LabTrace) -> dict[str, Any]:
    return {
        **_ends(found),
        "agrees": found.agrees,
        "ways": [
            {
                "devices": list(e.way.devices),
                "end": e.way.end,
                "flows": e.flows,
                "predicted": e.predicted,
                "installed": e.installed,
            }
            for e in found.ways
        ],
    }


def _ends(found: LabTrace | LabMtu) -> dict[str, Any]:
    ends = (("from", found.source), ("to", found.destination))
    named = {name: {"device": end.device, "address": str(end.address)} for name, end in ends}
    return {**named, "owners": list(found.owners)}


def lab_mtu_text(found: LabMtu) -> str:
    """One sentence for the longest packet, one for the prediction."""
    where = f"limited at {found.limited_at}" if found.limited_at else "limited at a place that cannot be told"
    carried = f"{found.packet_bytes} bytes, {where}" if found.packet_bytes else "no packet arrives on every path"
    ports = ", ".join(map(str, found.predicted_at[:_MOST_PORTS])) + (", …" if found.predicted_at[_MOST_PORTS:] else "")
    wanted = f"{found.predicted_bytes} bytes ({ports})" if found.predicted_bytes else "not every path delivers"
    verdict = "as predicted" if found.agrees else "NOT AS PREDICTED"
    return f"{found.source.device} to {_goal(found)}: {carried}; {verdict}: {wanted}"


def lab_mtu_document(found: Iterable[LabMtu]) -> dict[str, Any]:
    """The path MTUs as plain values."""
    return {
        "version": 1,
        "paths": [
            {
                **_ends(entry),
                "agrees": entry.agrees,
                "bytes": entry.packet_bytes,
                "limited_at": entry.limited_at,
                "predicted_bytes": entry.predicted_bytes,
                "predicted_at": list(map(str, entry.predicted_at)),
            }
            for entry in found
        ],
    }
