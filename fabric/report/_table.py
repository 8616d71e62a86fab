"""A table as a value, and its renderings. Columns are stable, so that a script may rely on them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fabric._values import dataclass

if TYPE_CHECKING:
    from rich.table import Table as RichTable


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under named columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A `Table` of any printable cells; `None` becomes an empty cell."""
    cells = (tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Table(title, tuple(columns), tuple(cells))


def to_csv(value: Table) -> str:
    """The table as CSV (RFC 4180) with a header line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(value.columns)
    writer.writerows(value.rows)
    return out.getvalue()


def to_markdown(value: Table) -> str:
    """The table as a Markdown section."""
    lines = [f"## {value.title}", "", _markdown_row(value.columns), _markdown_row(["---"] * len(value.columns))]
    lines += map(_markdown_row, value.rows)
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def to_rich(value: Table) -> RichTable:
    """The table for a terminal."""
    from rich.table import Table as RichTable  # noqa: PLC0415 - only a terminal needs it

    rich = RichTable(title=value.title, title_justify="left", title_style="bold", header_style="bold", box=None)
    for column in value.columns:
        rich.add_column(column, overflow="fold")
    for row in value.rows:
        rich.add_row(*row)
    return rich


def to_text(value: Table) -> str:
    """The table for a pipe: columns padded with blanks, no colour, no wrapping."""
    rows = [value.columns, *value.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(value.columns))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join([value.title, *lines]) + "\n"
