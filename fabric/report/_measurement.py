"""A measurement as tables and as a document: outages with their noise, beside what the simulator allows for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.lab import Event, FlowPhase
    from fabric.verify import Measurement, Run

Document = dict[str, Any]
_EVENTS_SHOWN = 40


def measurement_tables(measurement: Measurement) -> Iterator[Table]:
    """Every run, and what all of them come to."""
    columns = (
        "run",
        "outage ms",
        "lost",
        "TCP gap ms",
        "last FIB change ms",
        "outage after heal ms",
        "full again ms",
        "UPDATEs",
        "noise ms",
        "sender late ms",
    )
    rows = [(n, *_row(measurement, n - 1)) for n in range(1, len(measurement.runs) + 1)]
    yield table(f"{measurement.target} in lab {measurement.lab}", columns, rows)
    yield table("Summary", ("what", "median", "worst", "expected at most"), _summary(measurement))


def _row(measurement: Measurement, index: int) -> tuple[object, ...]:
    from fabric.verify import FAULT, HEALED  # noqa: PLC0415 - what prints a plan need not load the lab

    run = measurement.runs[index]
    return (
        _ms(measurement.outages_ms(FAULT)[index]),
        measurement.lost(FAULT)[index],
        _ms(run.heartbeat_ms(FAULT) if not measurement.cut else None),
        _ms(run.last_route_ms(FAULT)),
        _ms(measurement.outages_ms(HEALED)[index]),
        _ms(run.last_route_ms(HEALED)),
        run.updates,
        _ms(run.noise_ms),
        _ms(run.result.stall_ms),
    )


def _summary(measurement: Measurement) -> Iterator[tuple[object, ...]]:
    from fabric.verify import FAULT, HEALED, middle, worst  # noqa: PLC0415

    expected = measurement.expected
    rows = (
        ("outage ms", measurement.outages_ms(FAULT), expected.outage_ms if expected else None),
        ("TCP gap ms", measurement.heartbeats_ms(FAULT), expected.heartbeat_ms if expected else None),
        ("outage after heal ms", measurement.outages_ms(HEALED), None),
        ("full again ms", tuple(run.last_route_ms(HEALED) for run in measurement.runs), None),
        ("noise ms", tuple(run.noise_ms for run in measurement.runs), None),
    )
    for name, values, allowed in rows:
        yield name, _ms(middle(values)), _ms(worst(values)), _ms(allowed)
    if expected is not None:
        yield "pairs cut", None, None, expected.cut
        yield "noticed by", None, None, expected.detection


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    return "for good" if math.isinf(value) else f"{value:.1f}"


def timeline_table(run: Run) -> Table:
    """What kernels and daemons did from the fault on, counted where much happens in the same millisecond."""
    found = [event for event in run.result.events if event.at_ns >= run.failed_ns]
    groups: Counter[tuple[str, str, str]] = Counter(
        (f"{(e.at_ns - run.failed_ns) / 1e6:.0f}", e.device, e.kind) for e in found
    )
    first = {(f"{(e.at_ns - run.failed_ns) / 1e6:.0f}", e.device, e.kind): e.what for e in reversed(found)}
    rows = [(*key, count, first[key]) for key, count in groups.items()]
    more = len(rows) - _EVENTS_SHOWN
    title = f"Timeline ({more} more in --json)" if more > 0 else "Timeline"
    return table(title, ("ms", "device", "what", "times", "such as"), rows[:_EVENTS_SHOWN])


def measurement_document(measurement: Measurement, *, events: bool = True) -> Document:
    """The measurement as plain values; times in ms, those of events from the fault on."""
    expected = measurement.expected
    allowed = None
    if expected is not None:
        allowed = {key: _finite(value) for key, value in asdict(expected).items()}
    return {
        "version": 1,
        "lab": measurement.lab,
        "target": measurement.target,
        "options": asdict(measurement.options),
        "expected": allowed,
        "noise_ms": measurement.noise_ms,
        "runs": [_run_document(run, events=events) for run in measurement.runs],
    }


def _finite(value: object) -> object:
    return None if isinstance(value, float) and math.isinf(value) else value


def _run_document(run: Run, *, events: bool) -> Document:
    from fabric.verify import FAULT, HEALED  # noqa: PLC0415

    told = [_event(event, run.failed_ns) for event in run.result.events if event.at_ns >= run.failed_ns]
    return {
        "noise_ms": run.noise_ms,
        "sender_late_ms": run.result.stall_ms,
        "prober_overflows": run.result.overflows,
        "fault_took_ms": run.fault_ms,
        "fault_spread_ms": run.spread_ms,
        "updates_sent": run.updates,
        "last_route_change_ms": run.last_route_ms(FAULT),
        "full_again_ms": run.last_route_ms(HEALED),
        "first_session_down_ms": run.first_session_ms(),
        "flows": list(map(_flow_phase, run.result.pairs)),
        **({"events": told} if events else {}),
    }


def _flow_phase(entry: FlowPhase) -> Document:
    return {**asdict(entry), "pair": [entry.pair.source, entry.pair.destination]}


def _event(event: Event, began_ns: int) -> Document:
    at_ms = round((event.at_ns - began_ns) / 1e6, 3)
    return {"at_ms": at_ms, "device": event.device, "kind": event.kind, "what": event.what}
