"""The README's tour is what happens: every command of it runs, in order, and prints what the README shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tour import ROOT, as_shown, walk


def test_as_shown_can_tell_a_difference() -> None:
    assert as_shown(["a", "...", "took 1.5 s"], "a\nb\nc\ntook 22.0 s\n")
    assert not as_shown(["a", "b"], "a\nc\n")
    assert not as_shown(["a"], "a\nb\n")


@pytest.mark.lab
def test_the_tour(tmp_path: Path) -> None:
    assert walk(ROOT / "README.md", tmp_path) > 8
