"""What a lint rule reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from fabric._values import dataclass
from fabric.kubernetes._documents import Path
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Node, Resource, Resources
from fabric.kubernetes.frr_k8s import FrrConfiguration

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the controllers accept and that still goes wrong, or that they refuse."""

    rule: str
    severity: Severity
    where: str
    """`file:line`."""
    resource: str
    text: str
    """What was found, what happens then, and what to do."""

    def __str__(self) -> str:
        return f"{self.where}: {self.severity}: {self.resource}: {self.text} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Scene:
    """What all rules look at."""

    resources: Resources
    release: Release
    configurations: tuple[FrrConfiguration, ...]
    by_node: tuple[tuple[Node, tuple[FrrConfiguration, ...]], ...]
    """Every node with the configurations that select it."""


Rule = Callable[[Scene], Iterator[Finding]]


def finding(rule: str, severity: Severity, resource: Resource, path: Path, text: str) -> Finding:
    """A finding about the field at `path` of `resource`."""
    return Finding(rule, severity, resource.where(path), str(resource), text)
