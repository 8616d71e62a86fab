"""The convergence budget as a table and as a document."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.simulate import Budget, ClassBudget

Document = dict[str, Any]


def budget_tables(budgets: Sequence[ClassBudget]) -> Iterator[Table]:
    """A row for each class of failures that are seen, and for each of silent ones."""
    columns = ("what fails", "tried", "cut for good", "outage ms", "made of", "TCP gap ms", "too long for", "such as")
    for silent, title in ((False, "ports lose their carrier"), (True, "silently: only BFD and hold timers notice")):
        rows = [_row(item) for item in budgets if item.manner.silent is silent]
        yield table(f"Convergence budget of single failures ({title})", columns, rows)


def _row(item: ClassBudget) -> tuple[object, ...]:
    head = (item.name, item.scenarios, item.cutting or "none")
    if item.worst is None or item.worst.worst is None:
        return (*head, 0, "nothing heals the cut" if item.cutting else "no packet lost", None, None, None)
    budget = item.worst.worst
    exceeded = ", ".join(limit.name for limit in item.exceeded)
    example = f"{' '.join(item.worst.scenario.targets)}: {budget.source} to {budget.destination}"
    return (*head, f"{item.outage_ms:.0f}", terms_text(budget), f"{item.tcp_gap_ms:.0f}", exceeded, example)


def terms_text(budget: Budget) -> str:
    """The sum in words, such as `BFD 900 + 24 + 50 x 2`."""
    terms = budget.terms
    if math.isinf(terms.ms):
        return terms.detection.value
    if not terms.hops:
        return terms.detection.value
    hunting = f" + {terms.hunting_ms:.0f} hunting" if terms.hunting_ms else ""
    return f"{terms.detection.value} {terms.detect_ms:.0f} + 24 + 50 x {terms.hops}{hunting}"


def budget_document(budgets: Sequence[ClassBudget]) -> Document:
    """The budget as plain values."""
    return {"version": 1, "classes": [_document(item) for item in budgets]}


def _document(item: ClassBudget) -> Document:
    worst = None if item.worst is None else item.worst.worst
    return {
        "class": item.name,
        "silent": item.manner.silent,
        "scenarios": item.scenarios,
        "scenarios_that_cut": item.cutting,
        "outage_ms": item.outage_ms,
        "tcp_gap_ms": item.tcp_gap_ms,
        "exceeded": [{"limit": limit.name, "ms": limit.ms, "source": limit.source} for limit in item.exceeded],
        "example": None
        if item.worst is None or worst is None
        else {
            "failures": list(item.worst.scenario.targets),
            "from": worst.source,
            "to": worst.destination,
            "family": worst.family,
            "terms": {
                "detection": worst.terms.detection.value,
                "detect_ms": worst.terms.detect_ms,
                "hops": worst.terms.hops,
                "hunting_ms": worst.terms.hunting_ms,
            },
        },
    }
