"""A change of a design as tables and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.config import Changes
    from fabric.plan import ValueChange
    from fabric.render import FileChange

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


def diff_tables(changes: Changes, files: tuple[FileChange, ...]) -> Iterator[Table]:
    """What a change touches: each thing, the rendered files, and last the sum."""
    if changes:
        rows = ((e.kind, e.subject, e.device, e.name, e.old, e.new) for e in changes.entries)
        yield table("Changes", ("change", "what", "device", "of", "old", "new"), rows)
    if files:
        yield table("Rendered lines", ("file", "removed", "added"), ((f.path, f.removed, f.added) for f in files))
    yield _sum(changes, files)


def _sum(changes: Changes, files: tuple[FileChange, ...]) -> Table:
    counts: dict[str, dict[str, int]] = {}
    for entry in changes.entries:
        of_subject = counts.setdefault(entry.subject, {"added": 0, "removed": 0, "changed": 0})
        of_subject[entry.kind] += 1
    rows: list[tuple[object, ...]] = [(subject, *kinds.values()) for subject, kinds in counts.items()]
    rows.append(("rendered lines", sum(f.added for f in files), sum(f.removed for f in files), None))
    return table("Sum", ("what", "added", "removed", "changed"), rows)


def diff_document(changes: Changes, files: tuple[FileChange, ...]) -> Document:
    """The change as plain values, every changed line included."""
    return {
        "version": 1,
        "changes": [
            {"change": e.kind, "what": e.subject, "device": e.device, "of": e.name, "old": e.old, "new": e.new}
            for e in changes.entries
        ],
        "files": [{"path": f.path, "removed": f.removed, "added": f.added, "lines": list(f.lines)} for f in files],
    }
