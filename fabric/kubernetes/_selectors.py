"""Kubernetes label selectors (`metav1.LabelSelector`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class SelectorError(ValueError):
    """A selector that the API machinery cannot parse, such as an `In` without values."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One `matchExpressions` entry."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """True when `labels` meet the requirement; `NotIn` also holds where the label is missing."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case _:
                return value is None


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """`matchLabels` and `matchExpressions`, all of which must hold; an empty selector matches everything."""

    labels: tuple[tuple[str, str], ...] = ()
    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """True when an object with `labels` is selected."""
        return all(labels.get(key) == value for key, value in self.labels) and all(
            requirement.matches(labels) for requirement in self.requirements
        )

    @property
    def empty(self) -> bool:
        """True when the selector says nothing, so that it matches every object."""
        return not self.labels and not self.requirements


def parse_selector(value: Mapping[str, Any] | None) -> LabelSelector:
    """The selector that `value` spells; raises `SelectorError` as `metav1.LabelSelectorAsSelector` does."""
    if not value:
        return LabelSelector()
    labels = tuple(sorted((value.get("matchLabels") or {}).items()))
    return LabelSelector(labels, tuple(map(_requirement, value.get("matchExpressions") or [])))


def _requirement(value: Mapping[str, Any]) -> Requirement:
    key, operator, values = value["key"], value["operator"], tuple(value.get("values") or ())
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        raise SelectorError(f'"{operator}" is not a valid label selector operator')
    if operator in ("In", "NotIn") and not values:
        raise SelectorError(f"values of {key}: for 'in', 'notin' operators, values set can't be empty")
    if operator in ("Exists", "DoesNotExist") and values:
        raise SelectorError(f"values of {key}: values set must be empty for exists and does not exist")
    return Requirement(key, operator, values)
