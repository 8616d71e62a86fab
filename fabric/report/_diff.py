"""A change of a design as tables and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.plan import ValueChange
    from fabric.render import Comparison, SetChange

Document = dict[str, Any]


def value_changes_table(changes: Iterable[ValueChange]) -> Table:
    """Values that are given out, lose their owner or move."""
    rows = ((c.kind, c.key.place, c.key.kind, c.key.owner, c.old, c.new) for c in changes)
    return table("Values", ("change", "place", "kind", "owner", "old", "new"), rows)


def value_changes_document(changes: Iterable[ValueChange]) -> list[Document]:
    """Changed values as plain values."""
    return [
        {"change": c.kind, "place": c.key.place, "kind": c.key.kind, "owner": c.key.owner, "old": c.old, "new": c.new}
        for c in changes
    ]


def diff_tables(values: tuple[ValueChange, ...], comparison: Comparison) -> Iterator[Table]:
    """What a change touches, the widest view last: values, devices and links and sessions, files, and the sum."""
    if values:
        yield value_changes_table(values)
    things = [*_things("device", comparison.devices), *_things("link", comparison.links)]
    things += _things("session", comparison.sessions)
    if things:
        yield table("Devices, links and sessions", ("change", "kind", "which"), things)
    if comparison.files:
        rows = ((f.path, f"-{f.removed}", f"+{f.added}") for f in comparison.files)
        yield table("Rendered lines", ("file", "removed", "added"), rows)
    yield _sum(values, comparison)


def _things(kind: str, change: SetChange) -> Iterator[tuple[str, str, str]]:
    yield from (("removed", kind, name) for name in change.removed)
    yield from (("added", kind, name) for name in change.added)


def _sum(values: tuple[ValueChange, ...], comparison: Comparison) -> Table:
    kinds = [change.kind for change in values]
    files = comparison.files
    rows = [
        ("values", kinds.count("added"), kinds.count("removed"), kinds.count("moved")),
        *(
            (name, len(change.added), len(change.removed), "")
            for name, change in (
                ("devices", comparison.devices),
                ("links", comparison.links),
                ("session ends", comparison.sessions),
            )
        ),
        ("rendered lines", sum(f.added for f in files), sum(f.removed for f in files), ""),
    ]
    return table("Sum", ("of", "added", "removed", "moved"), rows)


def diff_document(values: tuple[ValueChange, ...], comparison: Comparison) -> Document:
    """The change as plain values, every changed line included."""
    return {
        "version": 1,
        "values": value_changes_document(values),
        "devices": _set_document(comparison.devices),
        "links": _set_document(comparison.links),
        "sessions": _set_document(comparison.sessions),
        "files": [
            {"path": f.path, "removed": f.removed, "added": f.added, "lines": list(f.lines)} for f in comparison.files
        ],
    }


def _set_document(change: SetChange) -> Document:
    return {"removed": list(change.removed), "added": list(change.added)}
