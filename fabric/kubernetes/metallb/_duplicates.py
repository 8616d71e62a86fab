"""MetalLB's checks against writing the same thing twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fabric.kubernetes._golang import quote


class ParseError(ValueError):
    """MetalLB's reason for refusing one resource."""


def refuse_duplicates(values: Sequence[str], kind: str) -> None:
    """Raises `ParseError` where a value stands twice in a list of `kind`."""
    for index, value in enumerate(values):
        if value in values[index + 1 :]:
            raise ParseError(f"duplicate definition of {kind} {quote(value)}")


def refuse_duplicate_selectors(selectors: Iterable[Mapping[str, Any]], kind: str) -> None:
    """Raises `ParseError` where two selectors, two expressions of one, or two of its values are the same."""
    normal = [_normal(selector) for selector in selectors]
    for index, selector in enumerate(normal):
        _refuse_duplicate_expressions(selector.get("matchExpressions", ()))
        if selector in normal[index + 1 :]:
            raise ParseError(f"duplicate definition of {kind} {quote(json.dumps(selector, separators=(',', ':')))}")


def _normal(selector: Mapping[str, Any]) -> dict[str, Any]:
    """The selector with the values of its expressions sorted, empty parts left out."""
    normal: dict[str, Any] = {}
    if selector.get("matchLabels"):
        normal["matchLabels"] = dict(sorted(selector["matchLabels"].items()))
    if selector.get("matchExpressions"):
        normal["matchExpressions"] = [
            {**expression, "values": sorted(expression.get("values") or ())}
            for expression in selector["matchExpressions"]
        ]
    return normal


def _refuse_duplicate_expressions(expressions: Sequence[Mapping[str, Any]]) -> None:
    for index, expression in enumerate(expressions):
        refuse_duplicates(expression["values"], "match expression value in label selector")
        if expression in expressions[index + 1 :]:
            text = f"{expression['key']}|{expression['operator']}|{','.join(expression['values'])}"
            raise ParseError(f"duplicate definition of match expressions {quote(text)}")
