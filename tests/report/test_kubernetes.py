"""Resources as YAML that `kubectl` reads back as they were."""

from __future__ import annotations

from fabric.kubernetes import admit, parse_documents, release
from fabric.report import resource_documents, resources_yaml

_TEXT = """
{apiVersion: v1, kind: ConfigMap, metadata: {name: "y", labels: {a: "on", b: "010", c: "1:2", d: "n", e: "~"}},
 values: {text: "two\\nlines", number: 7, none: null, list: [1, "1"]}}
"""


def test_text_stays_text() -> None:
    chosen = release("4.20")
    before = admit(parse_documents(_TEXT, "x.yaml"), chosen).items
    text = resources_yaml(before)
    after = admit(parse_documents(text, "y.yaml"), chosen).items
    assert resource_documents(after) == resource_documents(before)
    assert text.startswith("---\napiVersion: v1\n")


def test_nothing_is_no_text() -> None:
    assert resources_yaml(()) == ""
