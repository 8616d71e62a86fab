"""The references of files are what their schemas say. `pytest --update-golden` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.report import schema_markdown
from fabric.topology import json_schema
from fabric.verify import scenario_schema

_REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
_PAGES = {
    "topology-file.md": (
        "Topology file",
        "`fabric schema` prints this as JSON Schema; an editor that is given it completes and checks the file.",
        json_schema,
    ),
    "scenario-file.md": (
        "Scenario file",
        "`fabric schema --scenario` prints this as JSON Schema; [scenarios](scenarios.md) says what they are for.",
        scenario_schema,
    ),
}


@pytest.mark.parametrize("name", _PAGES)
def test_the_reference_is_in_step(name: str, update_golden: bool) -> None:
    title, intro, schema = _PAGES[name]
    text = schema_markdown(title, intro, schema())
    page = _REFERENCE / name
    if update_golden:
        page.write_text(text)
    assert page.read_text() == text, "run pytest --update-golden tests/report/test_reference.py"
