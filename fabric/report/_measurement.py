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
    """Between whom was measured, every run, what all of them come to, and whether that is within the budget."""
    columns = (
        "run",
        "outage ms",
        "allowed ms",
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
    yield table("Measured pairs", ("from", "to", "the fault", "outage ms", "lost"), _pairs(measurement))
    yield table(f"{measurement.target} in lab {measurement.lab}", columns, rows)
    yield table("Summary", ("what", "median", "worst", "expected at most"), _summary(measurement))
    yield table("Verdict", ("verdict", "why"), [_verdict(measurement)])


def _pairs(measurement: Measurement) -> Iterator[tuple[object, ...]]:
    from fabric.verify import FAULT  # noqa: PLC0415 - what prints a plan need not load the lab

    found = [entry for run in measurement.runs for entry in run.phase(FAULT)]
    for pair in measurement.pairs:
        of_pair = [entry for entry in found if entry.pair == pair]
        meets = "cuts it" if pair in measurement.cut else "is on its way" if pair in measurement.met else "passes by"
        outage_ms = max((entry.outage_ms for entry in of_pair), default=None)
        yield pair.source, pair.destination, meets, _ms(outage_ms), sum(entry.lost for entry in of_pair)


def _verdict(measurement: Measurement) -> tuple[str, str]:
    """What came of it, and why."""
    from fabric.verify import BUDGET_MARGIN_MS, FAULT  # noqa: PLC0415

    used = "" if measurement.met or measurement.cut else "; no measured pair uses what was broken: name one by --pair"
    if measurement.expected is None:
        return "not judged", f"what a fabric does then is not predicted{used}"
    if not measurement.judged:
        return "not judged", "all measured pairs are cut"
    told = list(zip(measurement.outages_ms(FAULT), measurement.allowed_ms, strict=True))
    over = [f"run {n}: {ms:.1f} of {limit:.1f} ms" for n, (ms, limit) in enumerate(told, 1) if limit and ms > limit]
    if over:
        return "exceeded", ", ".join(over)
    return (
        "within budget",
        f"allowed are {measurement.expected.outage_ms:.1f} ms expected, {BUDGET_MARGIN_MS:.0f} ms, the run's noise and "
        f"the time from the fault's first port to its last{used}",
    )


def _row(measurement: Measurement, index: int) -> tuple[object, ...]:
    from fabric.verify import FAULT, HEALED, worst  # noqa: PLC0415

    run = measurement.runs[index]
    living = not measurement.cut.issuperset(measurement.pairs)
    gaps = [e.heartbeat_ms for e in run.phase(FAULT) if e.pair not in measurement.cut]
    return (
        _ms(measurement.outages_ms(FAULT)[index] if living else None),
        _ms(measurement.allowed_ms[index] if living else None),
        measurement.lost(FAULT)[index] if living else "-",
        _ms(worst(gaps)),
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
    from fabric.verify import BUDGET_MARGIN_MS, FAULT  # noqa: PLC0415

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
        "verdict": _verdict(measurement)[0],
        "margin_ms": BUDGET_MARGIN_MS,
        "noise_ms": measurement.noise_ms,
        "pairs": [
            {
                "from": pair.source,
                "to": pair.destination,
                "met": pair in measurement.met,
                "cut": pair in measurement.cut,
            }
            for pair in measurement.pairs
        ],
        "runs": [
            {"outage_ms": outage_ms, "allowed_ms": allowed_ms, "lost": lost, **_run_document(run, events=events)}
            for run, outage_ms, allowed_ms, lost in zip(
                measurement.runs,
                measurement.outages_ms(FAULT),
                measurement.allowed_ms,
                measurement.lost(FAULT),
                strict=True,
            )
        ],
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
