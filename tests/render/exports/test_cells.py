"""Tables that no cell can break out of."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.render.exports._cells import csv_text, markdown_table

_text = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "))


@given(st.lists(st.tuples(_text, _text), max_size=5))
def test_csv_reads_back_but_for_formulas(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(("a", "b"), rows), newline="")))
    formulas = ("=", "+", "-", "@")
    led = [[f"'{cell}" if cell.lstrip().startswith(formulas) else cell for cell in row] for row in rows]
    assert read == [["a", "b"], *led]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_csv_has_a_line_a_row(rows: list[list[str]]) -> None:
    text = csv_text(("a", "b"), rows)
    assert len(text.splitlines()) == len(list(csv.reader(text.splitlines()))) == len(rows) + 1


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("x")'])
def test_a_spreadsheet_runs_no_cell(cell: str) -> None:
    (_, row) = csv.reader(io.StringIO(csv_text(("a",), [(cell,)]), newline=""))
    assert row[0].startswith("'")


def test_numbers_booleans_and_nothing() -> None:
    assert csv_text(("a", "b", "c", "d"), [(-1, True, False, None)]) == "a,b,c,d\n-1,true,false,\n"


def test_markdown_keeps_its_rows() -> None:
    table = markdown_table(("a", "b"), [("x|y\n| z |", "<script>")])
    assert table.splitlines() == ["| a | b |", "| --- | --- |", "| x\\|y \\| z \\| | &lt;script> |"]
