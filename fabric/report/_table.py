"""A table as a value, and its renderings. Columns are stable, so that a script may rely on them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


_SPACE = 2
"""Blanks beside each column."""
_READABLE = 24
"""Columns of text are not made narrower than this, for a word a line is no text."""


def to_rich(value: Table, width: int) -> Iterator[RichTable]:
    """The table for a terminal: lines break between words alone, and columns without any text are left out.

    What does not fit beside each other stands below each other, each part with the column that tells rows apart, or the
    two that do.
    """
    kept = [i for i in range(len(value.columns)) if i == 0 or not value.rows or any(row[i] for row in value.rows)]
    least = {i: _least_width([value.columns[i], *(row[i] for row in value.rows)]) for i in kept}
    keys = kept[: _telling(value.rows)]
    parts = [[*keys]]
    for i in kept[len(keys) :]:
        if len(parts[-1]) > len(keys) and sum(least[j] + _SPACE for j in (*parts[-1], i)) > width:
            parts.append([*keys])
        parts[-1].append(i)
    for number, part in enumerate(parts):
        yield _rich_part(value, part, least, value.title if number == 0 else f"{value.title}, continued")


def _telling(rows: Sequence[Sequence[str]]) -> int:
    """2 where the first two columns tell rows apart and the first one alone does not, else 1."""
    return 2 if len({row[0] for row in rows}) < len(rows) == len({tuple(row[:2]) for row in rows}) else 1


def _least_width(cells: Sequence[str]) -> int:
    longest_word = max((len(word) for cell in cells for word in cell.split()), default=0)
    return max(longest_word, min(_READABLE, max(map(len, cells))))


def _rich_part(value: Table, part: Sequence[int], least: Mapping[int, int], title: str) -> RichTable:
    from rich.table import Table as RichTable  # noqa: PLC0415 - only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    # as Text: in plain strings Rich finds emoji (`:100:` in an IPv6 address) and marks (`[red]`)
    rich = RichTable(title=Text(title), title_justify="left", title_style="bold", header_style="bold", box=None)
    for i in part:
        rich.add_column(Text(value.columns[i]), overflow="fold", min_width=least[i] if len(part) > 2 else None)
    for row in value.rows:
        rich.add_row(*(Text(row[i]) for i in part))
    return rich


def to_text(value: Table) -> str:
    """The table for a pipe: columns padded with blanks, no colour, no wrapping."""
    rows = [value.columns, *value.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(value.columns))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join([value.title, *lines]) + "\n"
