"""Label selectors."""

from __future__ import annotations

from typing import Any

import pytest

from fabric.kubernetes import SelectorError, parse_selector


@pytest.mark.parametrize(
    ("expression", "labels", "matches"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, {"a": "2"}, True),
        ({"key": "a", "operator": "In", "values": ["1"]}, {}, False),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, {"a": "1"}, False),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, {}, True),
        ({"key": "a", "operator": "Exists"}, {"a": ""}, True),
        ({"key": "a", "operator": "DoesNotExist"}, {"a": ""}, False),
    ],
)
def test_expressions(expression: dict[str, Any], labels: dict[str, str], matches: bool) -> None:
    assert parse_selector({"matchExpressions": [expression]}).matches(labels) is matches


def test_labels_and_expressions_must_all_hold() -> None:
    selector = parse_selector({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]})
    assert selector.matches({"a": "1", "b": "x"})
    assert not selector.matches({"a": "1"})
    assert not selector.matches({"b": "x"})


def test_nothing_matches_everything() -> None:
    assert parse_selector(None).matches({})
    assert parse_selector({"matchLabels": {}}).empty


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"matchExpressions": [{"key": "a", "operator": "Near"}]}, '"Near" is not a valid label selector operator'),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "values set can't be empty"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["1"]}]}, "values set must be empty"),
        ({"matchExpressions": [{"key": "", "operator": "Exists"}]}, "name part must be non-empty"),
        ({"matchLabels": {"UP/a": "1"}}, "prefix part must be"),
        ({"matchLabels": {"a": "white space"}}, "a valid label must"),
        ({"matchLabels": {"a" * 64: "1"}}, "no more than 63"),
    ],
)
def test_what_the_api_machinery_refuses(value: dict[str, Any], said: str) -> None:
    with pytest.raises(SelectorError, match=said):
        parse_selector(value)
