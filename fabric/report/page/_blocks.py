"""A report as a value: sections of blocks, each of which HTML and Markdown show in their own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from fabric._values import dataclass
from fabric.report._table import Table


def count(number: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class State(StrEnum):
    """How something stands; the word is shown, the colour only repeats it."""

    good = "as it should be"
    bad = "not as it should be"
    warning = "worth a look"
    missing = "not asked"


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the summary."""

    subject: str
    state: State
    text: str
    anchor: str = ""
    """The section that says more."""


@dataclass(frozen=True, slots=True)
class Heat:
    """A matrix of shares from 0 (nothing arrives) to 1 (all does); what is `None` was not asked."""

    title: str
    axis: str
    labels: tuple[str, ...]
    cells: Mapping[tuple[str, str], tuple[float, str]]
    """Share and text by row and column."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of time of a timeline."""

    label: str
    start_ms: float
    end_ms: float
    text: str
    state: State = State.bad


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened when, in milliseconds after the start."""

    title: str
    bars: tuple[Bar, ...]
    end_ms: float


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something that can be laid over the drawing."""

    label: str
    down_devices: tuple[str, ...] = ()
    down_cables: tuple[str, ...] = ()
    hurt: tuple[str, ...] = ()
    """Devices that are cut off from somebody."""
    load: Mapping[str, float] = field(default_factory=dict)
    """Share of its speed that each cable carries."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawing, with what is told when a device is chosen, and what can be laid over it."""

    svg: str
    mermaid: str
    """The same for Markdown, which is drawn where it is shown; empty for a fabric that is too large for that."""
    devices: Mapping[str, Mapping[str, Any]]
    """By name: `facts` (pairs), `sessions` (rows) and `config` (text)."""
    overlays: tuple[Overlay, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph."""

    text: str


Block = Prose | Table | Heat | Timeline | Picture | tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the report."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    how: tuple[str, ...] = ()
    """Commands that give the same figures again."""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
