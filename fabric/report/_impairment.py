"""Impairments and round-trip times, as text, tables and documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.lab import Impairment, ImpairmentChange, Lateness
    from fabric.verify import RoundTripCheck

Document = dict[str, Any]


def impairment_words(impairment: Impairment) -> str:
    """The impairment in one line, such as `delay 5 ms, loss 1 %`."""
    words = (
        (f"delay {impairment.delay_ms:g} ms", impairment.delay_ms),
        (f"jitter {impairment.jitter_ms:g} ms", impairment.jitter_ms),
        (f"loss {impairment.loss_percent:g} %", impairment.loss_percent),
        (f"corrupt {impairment.corrupt_percent:g} %", impairment.corrupt_percent),
        (f"rate {impairment.rate_mbit or 0:g} Mbit/s", impairment.rate_mbit),
        (f"MTU {impairment.mtu}", impairment.mtu),
    )
    return ", ".join(text for text, present in words if present)


def impairment_text(change: ImpairmentChange, *, cleared: bool) -> str:
    """What came of impairing or clearing, with the means that are in use."""
    if not change.targets:
        return "Nothing was changed."
    means = ", ".join(f"{count} by {name}" for name, count in sorted(change.means.items()))
    text = f"{'Cleared' if cleared else 'Impaired'} {', '.join(change.targets)}."
    if means:
        text += f" Directions impaired now: {means}."
    if change.timer_ms is not None:
        median, high, worst = change.timer_ms
        text += f" The relay's timer was {median:.2f} / {high:.2f} / {worst:.2f} ms late (median / p99 / worst)."
    return text


def impairment_document(lab: str, change: ImpairmentChange) -> Document:
    """What came of impairing or clearing as plain values."""
    return {
        "version": 1,
        "lab": lab,
        "changed": list(change.targets),
        "directions": dict(change.means),
        "relay_timer_late_ms": None if change.timer_ms is None else list(change.timer_ms),
    }


def round_trip_table(lab: str, checks: Sequence[RoundTripCheck]) -> Table:
    """Every two zones with what was asked for and what was measured, in ms."""
    columns = ("zones", "measured between", "asked", "least", "median", "most", "answered", "kept")
    rows = (
        (
            " - ".join(check.zones),
            f"{check.pair.source} - {check.pair.destination}",
            "by links" if check.asked_ms is None else f"{check.asked_ms:g}",
            f"{check.least_ms:.2f}",
            f"{check.median_ms:.2f}",
            f"{check.most_ms:.2f}",
            f"{check.answered}/{check.sent}",
            "yes" if check.kept else "NO",
        )
        for check in checks
    )
    return table(f"Round-trip times of lab {lab} in ms", columns, rows)


def round_trip_documents(lab: str, checks: Sequence[RoundTripCheck], lateness: Lateness | None) -> Document:
    """The round-trip times as plain values."""
    return {
        "version": 1,
        "lab": lab,
        "relay": None if lateness is None else {"frames": lateness.frames, "late_ms": lateness.late_ms},
        "round_trips": [
            {
                "zones": list(check.zones),
                "between": [check.pair.source, check.pair.destination],
                "asked_ms": check.asked_ms,
                "least_ms": check.least_ms,
                "median_ms": check.median_ms,
                "most_ms": check.most_ms,
                "answered": check.answered,
                "sent": check.sent,
                "kept": check.kept,
            }
            for check in checks
        ],
    }
