"""Tables as CSV and Markdown, safe in the programs that open them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Row = Sequence[object]
_FORMULA = ("=", "+", "-", "@")


def csv_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """A header line and `rows` as CSV (RFC 4180, but for lines that end in LF); `None` is an empty cell.

    A text that a spreadsheet would run as a formula is led by an apostrophe, as OWASP's page on CSV injection has it,
    and what cannot be printed, line breaks among it, is a blank.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _csv_cell(cell: object) -> str:
    text = "".join(character if character.isprintable() else " " for character in _text(cell))
    formula = text.lstrip().startswith(_FORMULA) and not isinstance(cell, int)
    return f"'{text}" if formula else text


def markdown_table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """A header and `rows` as a Markdown table, in which no cell can end its row or open a tag."""
    lines = [columns, ["---"] * len(columns), *([_text(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(map(_markdown_cell, line))} |\n" for line in lines)


def _markdown_cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell)
