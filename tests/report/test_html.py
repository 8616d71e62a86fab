"""A page of tables: complete, self-contained, and no text of a table can become markup."""

from __future__ import annotations

import html
from html.parser import HTMLParser

from fabric import plan
from fabric.report import plan_files, plan_tables, table, to_html
from fabric.resources import directory
from fabric.topology import load


class Page(HTMLParser):
    """The cells of a page by table, its tags, and whether every one of them was closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag == "td":
            self.cells.append("")
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "td":
            self.cells[-1] += data


HOSTILE = ("<script>alert(1)</script>", "</td></table>&amp;", '" onload="x', "ordinary")


def test_no_cell_becomes_markup() -> None:
    page = Page(to_html("<b>Plan</b>", [table("A & <i>", ("<u>",), [[text] for text in HOSTILE])]))
    assert page.cells == list(HOSTILE)
    assert not {"script", "b", "i", "u"} & set(page.tags)


def test_cells_are_escaped_as_the_standard_library_does() -> None:
    text = "".join(map(chr, range(32, 512))) + "&amp; </td>"
    assert f"<td>{html.escape(text)}</td>" in to_html("x", [table("T", ("a",), [(text,)])])


def test_it_needs_nothing_else_and_its_links_lead_somewhere() -> None:
    page = Page(to_html("Plan", [table("Room to grow", ("a",), [["1"]]), table("Empty", ("a",), [])]))
    assert page.links == ["#room-to-grow"]
    assert page.ids == ["room-to-grow"]
    assert not {"script", "link", "img"} & set(page.tags)


def test_the_page_of_a_plan_has_every_cell_of_its_tables() -> None:
    value = plan.build(load(directory("topologies") / "rhoso-dz.yaml"))
    cells = Page(plan_files(value)["plan.html"]).cells
    tables = dict(plan_tables(value))
    devices = tables.pop("devices").rows
    virtual = tables.pop("virtual_addresses").rows
    shown = [cell for entry in tables.values() for row in entry.rows for cell in row]
    start = sum(map(len, devices))
    assert cells[start : start + len(shown)] == shown
    assert [cell for row in devices for cell in row[:-1]] == [c for n, c in enumerate(cells[:start], 1) if n % 10]
    assert all(any(f"{network}={address}" in cell for cell in cells) for network, address, *_ in virtual)
