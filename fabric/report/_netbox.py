"""A push to NetBox as tables and as a document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:  # whoever shows something else need not load what exports tables
    from fabric.netbox import Action, Push, Step

Document = dict[str, Any]
_COUNTED: tuple[Action, ...] = ("create", "change", "leave", "conflict")


def push_tables(push: Push) -> list[Table]:
    """Counts by kind, then each object that is created or changed, then what a person must decide."""
    touched = [step for step in push.steps if step.action in ("create", "change")]
    rows = [row for step in touched for row in _rows(step)]
    conflicts = ((step.record.kind.name, step.record.name, step.reason) for step in push.conflicts)
    found = [
        _summary(push),
        table("Objects", ("action", "kind", "object", "field", "in NetBox", "planned"), rows),
        table("Conflicts", ("kind", "object", "reason"), conflicts),
    ]
    return [entry for entry in found if entry.rows]


def _summary(push: Push) -> Table:
    counts = Counter((step.record.kind.name, step.action) for step in push.steps)
    kinds = dict.fromkeys(step.record.kind.name for step in push.steps)
    columns = ("kind", "create", "change", "as planned", "conflicts", "others, left alone")
    rows = ((k, *(counts[k, action] for action in _COUNTED), len(push.unplanned.get(k, ()))) for k in kinds)
    return table("NetBox", columns, rows)


def _rows(step: Step) -> list[tuple[str, ...]]:
    head = (step.action, step.record.kind.name, step.record.name)
    return [(*head, c.field, c.old, c.new) for c in step.changes] or [(*head, "", "", "")]


def push_document(push: Push, *, applied: bool) -> Document:
    """All of it as plain values; of objects as planned only their number."""
    counts = Counter((step.record.kind.name, step.action) for step in push.steps)
    return {
        "version": 1,
        "applied": applied,
        "as_planned": push.as_planned,
        "counts": [{"kind": kind, "action": action, "objects": number} for (kind, action), number in counts.items()],
        "objects": [_object(step) for step in push.steps if step.action != "leave"],
        "unplanned": {kind: list(names) for kind, names in push.unplanned.items() if names},
    }


def _object(step: Step) -> Document:
    found: Document = {"action": step.action, "kind": step.record.kind.name, "object": step.record.name}
    if step.changes:
        found["fields"] = [{"field": c.field, "old": c.old, "new": c.new} for c in step.changes]
    return {**found, "reason": step.reason} if step.reason else found
