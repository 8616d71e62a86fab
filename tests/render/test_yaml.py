"""Our way to PyYAML's emitter against PyYAML's own."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fabric.render import to_yaml

ODD = [
    *("yes", "null", "~", "1e3", "1:20", "1:2:3:4:5:6:7:8", "fd00::", "fd00::1"),
    *("10.0.0.0/8", "0x1f", "2024-01-01", "=", "<<"),
]
TEXTS = st.text(max_size=8) | st.sampled_from(ODD)
SCALARS = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


class Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _block(dumper: Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _block)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_bytes_are_those_of_pyyaml(document: dict[str, Any]) -> None:
    text = to_yaml(document)
    assert text == yaml.dump(document, Dumper=Dumper, sort_keys=False, width=120)
    assert yaml.safe_load(text) == document


def test_a_value_that_yaml_has_no_plain_form_for_is_refused() -> None:
    with pytest.raises(yaml.representer.RepresenterError):
        to_yaml({"key": object()})
