"""What a rule is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Generic, Literal, TypeVar

from fabric._values import dataclass

Severity = Literal["error", "warning", "note"]
"""`error`: it does not work, or is not supported; `warning`: it works until something fails; `note`: good to know."""
Subject = Literal["design", "resources", "frr", "suppressions"]
Scene = TypeVar("Scene")


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule is broken, as the rule's function tells it."""

    where: str
    """`file:line`."""
    subject: str
    """What it is about: a zone, a device, a resource."""
    text: str
    """What was found there, with its values; why that matters is the rule's to say."""
    annotations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the object that it is about, where a suppression may stand."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[Scene]):
    """One design rule: what `--explain` prints, and the function that looks for its breaches."""

    id: str
    """`FAB-123`: never given to another rule, and never changed."""
    title: str
    severity: Severity
    why: str
    """One sentence: what happens to those who break it."""
    source: str
    """Who says so: a document, an RFC, a measurement."""
    fix: str
    find: Callable[[Scene], Iterator[Hit]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule as a reader sees it."""

    id: str
    title: str
    severity: Severity
    why: str
    source: str
    fix: str
    over: Subject
    """What it looks at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of a rule."""

    rule: RuleInfo
    where: str
    """`file:line`."""
    subject: str
    text: str
    suppressed: str | None = None
    """The reason that somebody gave for accepting it; `None` where nobody did."""

    @property
    def counts(self) -> bool:
        """True where it should be mended: neither a note nor suppressed."""
        return self.suppressed is None and self.rule.severity != "note"

    def __str__(self) -> str:
        return f"{self.where}: {self.rule.severity}: {self.subject}: {self.text} [{self.rule.id}]"
