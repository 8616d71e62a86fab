"""Tables as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fabric.report._table import Table

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; margin-bottom: 2rem; }
th, td { border: 1px solid #8886; padding: .2rem .6rem; text-align: left; vertical-align: top; }
th { background: #8882; position: sticky; top: 0; }
tr:nth-child(even) td { background: #8881; }"""


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""What `html.escape` replaces, whose module first loads the names of 2,231 characters: as long as a page takes."""


def to_html(title: str, tables: Iterable[Table]) -> str:
    """A page (HTML 5, its style inside, no script) with a list of contents and the tables that have rows."""
    filled = [value for value in tables if value.rows]
    contents = "".join(f'<li><a href="#{_anchor(v)}">{_escape(v.title)}</a> ({len(v.rows)})</li>\n' for v in filled)
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f"<title>{_escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n",
        f"<h1>{_escape(title)}</h1>\n<ul>\n{contents}</ul>\n",
        *(line for value in filled for line in _section(value)),
        "</body>\n</html>\n",
    ]
    return "".join(parts)


def _section(value: Table) -> Iterator[str]:
    yield f'<h2 id="{_anchor(value)}">{_escape(value.title)}</h2>\n<table>\n<thead>'
    yield f"{_row('th', value.columns)}</thead>\n<tbody>\n"
    yield from (f"{_row('td', row)}\n" for row in value.rows)
    yield "</tbody>\n</table>\n"


def _row(cell: str, texts: Iterable[str]) -> str:
    between = f"</{cell}><{cell}>"
    return f"<tr><{cell}>{between.join(map(_escape, texts))}</{cell}></tr>"


def _escape(text: str) -> str:
    """The text as it stands in a page."""
    return text.translate(_ESCAPES)


def _anchor(value: Table) -> str:
    return "".join(c if c.isalnum() else "-" for c in value.title.lower())
