"""Kubernetes label selectors (`metav1.LabelSelector`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from fabric._values import dataclass

T = TypeVar("T")
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


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


class SelectorIndex(Generic[T]):
    """Items by the selectors that choose them, for many items and many label sets.

    Most selectors name a single node by its label, so each is kept under one of its labels and looked at only for
    label sets that have it.
    """

    def __init__(self) -> None:
        self._by_label: dict[tuple[str, str] | None, list[tuple[int, LabelSelector, T]]] = {}
        self._size = 0

    def add(self, item: T, *selectors: LabelSelector) -> None:
        """Adds an item that any one of `selectors` chooses; without selectors, everything does."""
        for selector in selectors or (LabelSelector(),):
            label = selector.labels[0] if selector.labels else None
            self._by_label.setdefault(label, []).append((self._size, selector, item))
        self._size += 1

    def of(self, labels: Mapping[str, str]) -> list[T]:
        """The items that `labels` are chosen by, in the order in which they were added."""
        found = {
            position: item
            for label in (None, *labels.items())
            for position, selector, item in self._by_label.get(label, ())
            if selector.matches(labels)
        }
        return [found[position] for position in sorted(found)]


def parse_selector(value: Mapping[str, Any] | None) -> LabelSelector:
    """The selector that `value` spells; raises `SelectorError` as `metav1.LabelSelectorAsSelector` does."""
    if not value:
        return LabelSelector()
    labels = tuple(sorted((value.get("matchLabels") or {}).items()))
    for key, label in labels:
        _check_key(key)
        _check_value(key, label)
    return LabelSelector(labels, tuple(map(_requirement, value.get("matchExpressions") or [])))


def _requirement(value: Mapping[str, Any]) -> Requirement:
    key, operator, values = value["key"], value["operator"], tuple(value.get("values") or ())
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        raise SelectorError(f'"{operator}" is not a valid label selector operator')
    if operator in ("In", "NotIn") and not values:
        raise SelectorError(f"values of {key}: for 'in', 'notin' operators, values set can't be empty")
    if operator in ("Exists", "DoesNotExist") and values:
        raise SelectorError(f"values of {key}: values set must be empty for exists and does not exist")
    _check_key(key)
    for label in values:
        _check_value(key, label)
    return Requirement(key, operator, values)


def _check_key(key: str) -> None:
    """Raises `SelectorError` unless `key` is a qualified name: at most 63 characters after an optional DNS prefix."""
    prefix, slash, name = key.rpartition("/")
    faults = []
    if not name:
        faults.append("name part must be non-empty")
    if len(name) > 63:
        faults.append("name part must be no more than 63 characters")
    if not _NAME.fullmatch(name):
        faults.append(_NAME_RULE)
    if slash and not _DNS_SUBDOMAIN.fullmatch(prefix):
        faults.append("prefix part must be a lowercase DNS name")
    if faults:
        raise SelectorError(f'key: Invalid value: "{key}": {"; ".join(faults)}')


def _check_value(key: str, value: str) -> None:
    if value and (len(value) > 63 or not _NAME.fullmatch(value)):
        raise SelectorError(f'values[0][{key}]: Invalid value: "{value}": a valid label must be {_NAME_RULE[15:]}')
