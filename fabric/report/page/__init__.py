"""The report of a whole design: one page from plan, prediction, intents, failures and proofs, as HTML or Markdown."""

from fabric.report.page._asked import Answers, Made, Subject
from fabric.report.page._blocks import (
    Bar,
    Block,
    Fact,
    Heat,
    Overlay,
    Page,
    Picture,
    Prose,
    Section,
    State,
    Timeline,
)
from fabric.report.page._html import page_html
from fabric.report.page._junit import page_junit
from fabric.report.page._markdown import page_markdown
from fabric.report.page._observed import kind_of
from fabric.report.page._sections import build_page

__all__ = [
    "Answers",
    "Bar",
    "Block",
    "Fact",
    "Heat",
    "Made",
    "Overlay",
    "Page",
    "Picture",
    "Prose",
    "Section",
    "State",
    "Subject",
    "Timeline",
    "build_page",
    "kind_of",
    "page_html",
    "page_junit",
    "page_markdown",
]
