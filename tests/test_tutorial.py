"""The tutorial is what happens: every command of it runs, in order, and prints what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tour import ROOT, walk


@pytest.mark.lab
def test_the_tutorial(tmp_path: Path) -> None:
    assert walk(ROOT / "docs" / "tutorial.md", tmp_path) > 15
