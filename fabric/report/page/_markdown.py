"""A report as Markdown, for a pull request or a wiki."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.report._table import Table, table, to_markdown
from fabric.report.page._blocks import Block, Fact, Heat, Page, Picture, Prose, Timeline

_TOO_LARGE = "The fabric has more cables than Mermaid draws in one page; these commands draw it."


def page_markdown(page: Page) -> str:
    """The report as text: every section, table and figure, and the drawing for Mermaid."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield from (f"# {page.title}", "", page.subtitle, "")
    for section in page.sections:
        yield from (f"## {section.title}", "")
        for block in section.blocks:
            yield from _block(block)
        if section.how:
            yield from ("```sh", *section.how, "```", "")


def _block(block: Block) -> Iterator[str]:
    match block:
        case Prose(text):
            yield from (text, "")
        case Table():
            yield "#" + to_markdown(block)
        case Heat():
            yield "#" + to_markdown(_heat(block))
        case Timeline():
            yield "#" + to_markdown(_timeline(block))
        case Picture(mermaid=mermaid):
            yield from ("```mermaid", mermaid.rstrip(), "```", "") if mermaid else (_TOO_LARGE, "")
        case facts:
            yield from (*map(_fact, facts), "")


def _fact(fact: Fact) -> str:
    return f"- **{fact.subject}**: {fact.text} ({fact.state.value})"


def _heat(heat: Heat) -> Table:
    missing = (0.0, "-")
    rows = ((one, *(heat.cells.get((one, two), missing)[1] for two in heat.labels)) for one in heat.labels)
    return table(heat.title, (f"from \\ to {heat.axis}", *heat.labels), rows)


def _timeline(value: Timeline) -> Table:
    rows = ((bar.label, f"{bar.start_ms:g}", f"{bar.end_ms:g}", bar.text) for bar in value.bars)
    return table(value.title, ("what", "from ms", "to ms", "how long"), rows)
