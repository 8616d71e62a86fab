"""YAML that reads back as it was, whatever the texts hold."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from fabric.render.exports._yaml import yaml_text

_texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(_texts, st.lists(_texts | st.integers() | st.booleans() | st.none())))
def test_reads_back(document: dict[str, list[object]]) -> None:
    assert yaml.safe_load(yaml_text(document, "fab")) == document


def test_blocks_and_no_anchors() -> None:
    shared = ["x"]
    text = yaml_text({"a": "one\ntwo\n", "b": shared, "c": shared}, "fab")
    assert text.splitlines()[1:] == ["a: |", "  one", "  two", "b:", "- x", "c:", "- x"]
