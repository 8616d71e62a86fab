"""What a change of the design does to the values given out: a review's first question, answered before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fabric.plan._build import build
from fabric.plan._ledger import Key, Ledger, entries, value_text
from fabric.plan._model import Plan
from fabric.topology import Design


@dataclass(frozen=True, slots=True, order=True)
class ValueChange:
    """A value that comes, goes, or is another one; `None` where there is none."""

    key: Key
    old: str | None
    new: str | None

    @property
    def kind(self) -> Literal["added", "removed", "moved"]:
        """What happens to the owner's value."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "moved"

    def __str__(self) -> str:
        match self.kind:
            case "added":
                return f"{self.key}: {self.new} is given out"
            case "removed":
                return f"{self.key}: {self.old} has no owner any more"
            case _:
                return f"{self.key}: {self.old} becomes {self.new}"


def diff(old: Plan, new: Plan) -> tuple[ValueChange, ...]:
    """Every address, subnet, ASN, port and slot that the new plan adds, removes or moves, sorted."""
    return _changes(old.ledger, new.ledger)


def drift(design: Design, ledger: Ledger) -> tuple[ValueChange, ...]:
    """What a design gives out that the ledger lacks, and what the ledger has in service that the design lacks.

    Nothing, where file and ledger agree. Raises `PlanError` where the design cannot be planned with the ledger.
    """
    return _changes(ledger, build(design, ledger).ledger)


def _changes(old: Ledger, new: Ledger) -> tuple[ValueChange, ...]:
    before, after = dict(entries(old.given)), dict(entries(new.given))
    return tuple(
        sorted(
            ValueChange(key, _text(before, key), _text(after, key))
            for key in before.keys() | after.keys()
            if before.get(key) != after.get(key)
        )
    )


def _text(values: Mapping[Key, int], key: Key) -> str | None:
    return value_text(key.kind, values[key]) if key in values else None
