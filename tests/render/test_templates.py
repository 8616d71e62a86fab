"""The templates walk a finished value: no arithmetic, no filters, no names built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fabric import resources

TEMPLATES = sorted(resources.directory("frr_templates").glob("*.j2"))
VALUE = re.compile(r"^[a-z_]+(\.[a-z_]+)*$")
STATEMENT = re.compile(
    r"""^(for\ [a-z_,\ ]+\ in\ [a-z_.]+ | endfor | endif | else
    | (el)?if\ [a-z_."=!\ ]+ | set\ [a-z]+\ =\ [a-z_.]+ | include\ "[a-z_]+\.j2")$""",
    re.VERBOSE,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_only_walks(path: Path) -> None:
    text = path.read_text()
    assert [value for value in re.findall(r"{{ (.*?) }}", text) if not VALUE.match(value)] == []
    assert [words for words in re.findall(r"{% (.*?) %}", text) if not STATEMENT.match(words)] == []


def test_every_template_is_used() -> None:
    included = {name for path in TEMPLATES for name in re.findall(r'include "(.*?)"', path.read_text())}
    assert included | {"frr.conf.j2", "daemons.j2"} == {path.name for path in TEMPLATES}
