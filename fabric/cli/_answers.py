"""What `fabric simulate` can be asked: each answer is computed, shown, and says whether all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fabric.cli._asking import asker
from fabric.cli._console import answer, answer_json, show

if TYPE_CHECKING:
    from fabric.cli._asking import Asked, Traffic


def overview(asked: Asked) -> bool:
    """Shows the fabric as a whole, and its intents in this state."""
    from fabric import report

    found = asked.overview()
    verdicts = asked.judged_at_rest(found.simulation)
    answer(
        asked.form,
        lambda: show([*report.overview_tables(found), *report.intent_tables(verdicts)]),
        lambda: {**report.overview_document(found), "intents": report.intent_documents(verdicts)},
        lambda: report.overview_outcome(found, verdicts, asked.file),
    )
    return found.sound and all(verdict.kept for verdict in verdicts)


def rib(asked: Asked, device: str) -> bool:
    """Shows the BGP table of a device."""
    from fabric.report import rib_document, rib_tables

    simulation = asked.simulation()
    with asker("--rib"):
        answer_json(rib_document(simulation, device)) if asked.as_json else show(rib_tables(simulation, device))
    return True


def fib(asked: Asked, device: str) -> bool:
    """Shows the kernel routes of a device."""
    from fabric.report import fib_document, fib_tables

    simulation = asked.simulation()
    with asker("--fib"):
        answer_json(fib_document(simulation, device)) if asked.as_json else show(fib_tables(simulation, device))
    return True


def intents(asked: Asked) -> bool:
    """Shows what becomes of every intent, after the failures that it names too."""
    from fabric.report import intent_tables, intents_document, intents_outcome

    verdicts = asked.judged()
    answer(
        asked.form,
        lambda: show(intent_tables(verdicts)),
        lambda: intents_document(verdicts),
        lambda: intents_outcome(verdicts, asked.file),
    )
    return all(verdict.kept for verdict in verdicts)


def budget(asked: Asked) -> bool:
    """Shows what single failures cost, by class, against the limits that matter."""
    from fabric.report import budget_document, budget_tables

    found = asked.budgets()
    answer_json(budget_document(found)) if asked.as_json else show(budget_tables(found))
    return not any(item.exceeded for item in found if not item.manner.silent)


def load(asked: Asked, traffic: Traffic) -> bool:
    """Shows what a traffic matrix puts on the links."""
    from fabric.report import load_document, load_tables

    found = asked.load(traffic)
    answer_json(load_document(found)) if asked.as_json else show(load_tables(found))
    return found.sound


def sweep(asked: Asked, spec: str, traffic: Traffic | None) -> bool:
    """Shows what every failure of some kinds does, to intents and links too."""
    from fabric.report import sweep_document, sweep_outcome, sweep_tables

    found = asked.sweep(spec, traffic)
    answer(
        asked.form,
        lambda: show(sweep_tables(found)),
        lambda: sweep_document(found),
        lambda: sweep_outcome(found, asked.file),
    )
    return found.sound
