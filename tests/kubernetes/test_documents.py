"""Reading YAML: values as the API server's clients see them, lines, and limits."""

from __future__ import annotations

from typing import Any

import pytest

from fabric.kubernetes import ResourceError, parse_documents
from fabric.kubernetes._documents import MAX_DEPTH, line_of


def _value(text: str) -> Any:
    (document,) = parse_documents(text, "x.yaml")
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("~", None),
        ("010", 8),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-5", -5),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("64512:10", "64512:10"),
        ("1:20", "1:20"),
        ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("192.0.2.1", "192.0.2.1"),
        ("'10'", "10"),
        ('"true"', "true"),
        ("!!str 10", "10"),
        ("+", "+"),
        (".", "."),
    ],
)
def test_scalars_are_read_as_kubectl_does(text: str, value: Any) -> None:
    assert _value(f"a: {text}\n") == {"a": value}


def test_every_field_keeps_its_line() -> None:
    value = _value("# a comment\na: 1\nb:\n- c: 2\n  d: 3\n-\n  c: 4\n")
    assert line_of(value, ("a",)) == 2
    assert line_of(value, ("b", 0, "d")) == 5
    assert line_of(value, ("b", 1, "c")) == 7
    assert line_of(value, ("b", 1, "absent")) == 7


def test_several_documents_keep_their_place_and_empty_ones_are_left_out() -> None:
    documents = list(parse_documents("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n", "x.yaml"))
    assert [(document.value, document.where(("b",))) for document in documents] == [
        ({"a": 1}, "x.yaml:3"),
        ({"b": 2}, "x.yaml:7"),
    ]


def test_json_is_read_too() -> None:
    assert _value('{"a": [1, "2", null]}') == {"a": [1, "2", None]}


def test_anchors_and_merge_keys() -> None:
    value = _value("base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\nsame: *b\n")
    assert value["mine"] == {"x": 1, "y": 3}
    assert value["same"] == {"x": 1, "y": 2}
    assert line_of(value, ("mine", "x")) == 1
    assert line_of(value, ("mine", "y")) == 4


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("a: 1\na: 2\n", "x.yaml:2", "the key a twice"),
        ("a: [1\n", "x.yaml:2", "cannot be parsed"),
        ("a: *nobody\n", "x.yaml:1", r"alias \*nobody"),
        ("a: &self [*self]\n", "x.yaml:1", "aliases of finished anchors"),
        ("? [1]\n: 2\n", "x.yaml:1", "a key that is no text"),
        ("a: &b c\n*b : 2\n", "x.yaml:2", "a key that is no text"),
        ("a: \x07\n", "x.yaml:1", "no YAML"),
        ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "x.yaml:1", f"a depth of {MAX_DEPTH}"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, where: str, said: str) -> None:
    with pytest.raises(ResourceError, match=said) as error:
        list(parse_documents(text, "x.yaml"))
    assert error.value.problems[0].where == where


def test_an_alias_bomb_is_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(ResourceError, match="aliases or values without end"):
        list(parse_documents("\n".join(lines), "bomb.yaml"))


def test_a_huge_file_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fabric.kubernetes._documents.MAX_CHARACTERS", 10)
    with pytest.raises(ResourceError, match="Split the file"):
        list(parse_documents("a: 123456789", "x.yaml"))
