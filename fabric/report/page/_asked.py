"""What a report is made from: a design, and the answers that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fabric._values import dataclass

if TYPE_CHECKING:
    from fabric.check import CheckReport
    from fabric.config import FabricConfig
    from fabric.intents import Verdict as IntentVerdict
    from fabric.plan import Plan
    from fabric.simulate import ClassBudget, Load, Overview, SweepReport

Document = Mapping[str, Any]
"""What a command said with `--json`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The design that is reported on."""

    plan: Plan
    fabric: FabricConfig
    """With what is drained."""
    configurations: Mapping[str, str]
    """Text by device; without passwords."""
    questions: Mapping[str, str]
    """The command that gives each chapter's figures again, by the chapter's anchor; `file` is the topology's."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was found out about the design."""

    prediction: Overview
    intents: tuple[IntentVerdict, ...] = ()
    sweep: SweepReport | None = None
    budgets: tuple[ClassBudget, ...] = ()
    load: Load | None = None
    check: CheckReport | None = None
    observed: tuple[Document, ...] = ()
    """What `fabric lab verify`, `run`, `rtt` and `measure` wrote with `--json`."""


@dataclass(frozen=True, slots=True)
class Made:
    """By what and when the report was made."""

    versions: Mapping[str, str]
    when: str
