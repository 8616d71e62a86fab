"""Each `errors/NAME.yaml` reads well and cannot be planned; `errors/NAME.txt` is what a user is told about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric import plan
from fabric.errors import PlanError
from fabric.topology import parse

CASES = sorted((Path(__file__).parent / "errors").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_message_is_the_expected_one(case: Path, update_golden: bool) -> None:
    design = parse(case.read_text(), case.name)
    with pytest.raises(PlanError) as caught:
        plan.build(design)
    expected = case.with_suffix(".txt")
    if update_golden:
        expected.write_text(f"{caught.value}\n")
    assert f"{caught.value}\n" == expected.read_text()
