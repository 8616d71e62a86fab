"""The reference of rules is what the registry says. `pytest --update-golden` writes it."""

from __future__ import annotations

from pathlib import Path

from fabric.check import RULES
from fabric.report import rules_markdown

_REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"


def test_the_reference_is_in_step(update_golden: bool) -> None:
    text = rules_markdown(RULES)
    if update_golden:
        _REFERENCE.write_text(text)
    assert _REFERENCE.read_text() == text, "run pytest --update-golden tests/check/test_reference.py"
