"""Verdicts on intents, as tables and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.intents import Breach, Verdict

Document = dict[str, Any]


def intent_tables(verdicts: Sequence[Verdict]) -> Iterator[Table]:
    """One row a demand, each broken one with its smallest example; nothing for a file without intents."""
    if verdicts:
        columns = ("intent", "asks", "pairs", "states", "verdict", "fails", "such as")
        yield table("Intents", columns, map(_row, verdicts))


def _row(verdict: Verdict) -> tuple[object, ...]:
    demand = verdict.demand
    head = (demand.intent, demand.kind.value, len(demand.pairs), verdict.states)
    if verdict.breaches:
        example = min(verdict.breaches, key=lambda breach: len(breach.failures))
        return (*head, "BROKEN", " ".join(example.failures) or "nothing", example)
    later = any(demand.failures) and verdict.states == 1
    return (*head, "kept so far" if later else "kept", None, "failures: ask with --intents" if later else None)


def intent_documents(verdicts: Sequence[Verdict]) -> list[Document]:
    """Every demand as plain values, with every breach."""
    return [
        {
            "intent": verdict.demand.intent,
            "why": verdict.demand.why,
            "asks": verdict.demand.kind.value,
            "pairs": len(verdict.demand.pairs),
            "states": verdict.states,
            "kept": verdict.kept,
            "breaches": [_breach(breach) for breach in verdict.breaches],
        }
        for verdict in verdicts
    ]


def intents_document(verdicts: Sequence[Verdict]) -> Document:
    """The verdicts as a document of their own."""
    return {
        "version": 1,
        "sound": all(verdict.kept for verdict in verdicts),
        "intents": intent_documents(verdicts),
    }


def _breach(breach: Breach) -> Document:
    return {
        "failures": list(breach.failures),
        "from": breach.source or None,
        "to": breach.destination or None,
        "found": breach.found,
        "pairs": breach.pairs,
    }
