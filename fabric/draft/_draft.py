"""A draft: a topology file in sections, each with the comment that a person would want above it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from fabric._values import dataclass

_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Section:
    """Some keys of a topology file that belong together."""

    values: Mapping[str, Any]
    comment: str = ""
    """Why they are as they are, or what else they could be; wrapped when it is written."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A topology file before it is a file."""

    heading: str
    """What stands first in the file."""
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    """What the design does not say although its source did; a sentence each. They stand in the file too."""
    differences: tuple[str, ...] = ()
    """Devices and links that only the source or only the design has; they stand in the file too."""


def draft_text(draft: Draft) -> str:
    """The draft as a commented topology file, which `fabric.topology.parse` reads."""
    parts = ["\n".join(_head(draft)), *("\n".join(_section(section)) for section in draft.sections if section.values)]
    return "\n\n".join(parts) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    yield from _comment(draft.heading)
    for title, sentences in (("Not carried over:", draft.notes), ("Different:", draft.differences)):
        if sentences:
            yield from ("#", f"# {title}")
        for note in sentences:
            yield from textwrap.wrap(note, _WIDTH, initial_indent="#   - ", subsequent_indent="#     ")


def _section(section: Section) -> Iterator[str]:
    yield from _comment(section.comment)
    for key, value in section.values.items():
        yield _yaml(key, value)


def _comment(text: str) -> Iterator[str]:
    """Paragraphs as comment lines; a line that starts with a space is drawn as it is."""
    for line in text.splitlines():
        if line.startswith(" ") or not line:
            yield f"# {line}".rstrip()
        else:
            yield from textwrap.wrap(line, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _yaml(key: str, value: Any) -> str:
    """`key: value` as YAML in the order given, innermost collections on one line."""
    inline = None if isinstance(value, Mapping | list | tuple) else False  # a lone scalar would pull its key in as well
    text: str = yaml.safe_dump(
        {key: value}, sort_keys=False, default_flow_style=inline, width=_WIDTH, allow_unicode=True
    )
    return text.rstrip()
