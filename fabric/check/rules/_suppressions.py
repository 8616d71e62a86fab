"""Rules about suppressions: an accepted finding says why, and goes when what it accepts is gone."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import SuppressionScene

_SOURCE = "fabric"


def without_reason(scene: SuppressionScene) -> Iterator[Hit]:
    for entry in scene.suppressions:
        if not entry.reason:
            yield Hit(entry.where, entry.rule, f"{entry.rule} is suppressed without a reason")


def of_nothing(scene: SuppressionScene) -> Iterator[Hit]:
    for entry in scene.suppressions if scene.complete else ():
        if not entry.used and entry.rule in scene.known:
            yield Hit(entry.where, entry.rule, f"{entry.rule} finds nothing here that the suppression would accept")


def of_unknown_rule(scene: SuppressionScene) -> Iterator[Hit]:
    for entry in scene.suppressions:
        if entry.rule not in scene.known:
            yield Hit(entry.where, entry.rule, f"there is no rule {entry.rule}")


RULES: tuple[Rule[SuppressionScene], ...] = (
    Rule(
        "FAB-001",
        "A suppression gives its reason",
        "warning",
        "Without a reason nobody can tell later whether the finding may come back.",
        _SOURCE,
        "Write the reason behind the rule's id.",
        without_reason,
    ),
    Rule(
        "FAB-002",
        "A suppression suppresses something",
        "warning",
        "What is left over hides the next finding of its rule in the same place.",
        _SOURCE,
        "Remove the suppression.",
        of_nothing,
    ),
    Rule(
        "FAB-003",
        "A suppression names a rule",
        "error",
        "A misspelt id suppresses nothing, and whoever reads it believes that it does.",
        _SOURCE,
        "Correct the id; `fabric check --list` shows all.",
        of_unknown_rule,
    ),
)
