"""Tables as CSV, Markdown and aligned text."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from fabric.report import table, to_csv, to_markdown, to_text

VALUE = table("Things", ("name", "count"), [("a|b", 1), ("long name", None)])


def test_markdown_escapes_what_would_end_a_cell() -> None:
    assert to_markdown(VALUE) == "## Things\n\n| name | count |\n| --- | --- |\n| a\\|b | 1 |\n| long name |  |\n"


def test_text_is_aligned_and_has_no_trailing_blanks() -> None:
    assert to_text(VALUE) == "Things\nname       count\na|b        1\nlong name\n"


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="\0\r")), st.integers())))
def test_csv_is_read_back_as_it_was(rows: list[tuple[str, int]]) -> None:
    text = to_csv(table("t", ("a", "b"), rows))
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], *([a, str(b)] for a, b in rows)]
