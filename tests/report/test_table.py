"""Tables as CSV, Markdown and aligned text."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fabric.report import Table, table, to_csv, to_markdown, to_rich, to_text

VALUE = table("Things", ("name", "count"), [("a|b", 1), ("long name", None)])


def test_markdown_escapes_what_would_end_a_cell() -> None:
    assert to_markdown(VALUE) == "## Things\n\n| name | count |\n| --- | --- |\n| a\\|b | 1 |\n| long name |  |\n"


def test_text_is_aligned_and_has_no_trailing_blanks() -> None:
    assert to_text(VALUE) == "Things\nname       count\na|b        1\nlong name\n"


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="\0\r")), st.integers())))
def test_csv_is_read_back_as_it_was(rows: list[tuple[str, int]]) -> None:
    text = to_csv(table("t", ("a", "b"), rows))
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], *([a, str(b)] for a, b in rows)]


def _drawn(value: Table, width: int) -> str:
    out = io.StringIO()
    console = Console(width=width, file=out, color_system=None)
    for part in to_rich(value, width):
        console.print(part)
    return out.getvalue()


def test_addresses_are_never_folded_and_what_does_not_fit_stands_below() -> None:
    addresses = "2620:cf:cf:cf99:f000:0:1"
    rows = [(f"rack-0-leaf-{n}", 64999, f"99.99.0.{n}", f"{addresses}:{n} 99.99.244.{n}") for n in range(3)]
    wide = table("Devices", ("device", "asn", "router id", "loopbacks"), rows)
    for width in (60, 80):
        shown = _drawn(wide, width)
        assert max(map(len, shown.splitlines())) <= width
        assert all(word in shown.split() for row in wide.rows for cell in row for word in cell.split())
    assert "Devices, continued" in _drawn(wide, 60)
    assert _drawn(wide, 60).count("rack-0-leaf-1") == 2
    assert "continued" not in _drawn(wide, 80)


def test_parts_repeat_what_tells_rows_apart() -> None:
    rows = [("spine-1", f"eth{n}", "x" * 20, "y" * 20) for n in (1, 2)]
    links = table("Links", ("upper", "port", "lower", "speed"), rows)
    assert _drawn(links, 45).count("eth2") == 2


def test_empty_columns_are_left_out_on_a_terminal() -> None:
    assert _drawn(table("T", ("a", "pod", "b"), [("1", None, "2")]), 80).split() == ["T", "a", "b", "1", "2"]
    assert "pod" in to_text(table("T", ("a", "pod", "b"), [("1", None, "2")]))


def test_a_terminal_shows_cells_as_they_are() -> None:
    shown = _drawn(table("[T]", ("[red]",), [("2620:cf:100::1",), ("[red]x",)]), 80)
    assert [line.strip() for line in shown.splitlines()] == ["[T]", "[red]", "2620:cf:100::1", "[red]x"]
    assert ":100:" in _drawn(table("T", ("a",), [("2620:cf::100:0:0:1/126",)]), 80)
