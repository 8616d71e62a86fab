"""The simulator against what FRR 8.4.4 and 10.3 showed when the scenes ran, for machines on which no FRR can run."""

from __future__ import annotations

import json

import pytest

from fabric.simulate import Failures, simulate
from tests.simulate.build import cable
from tests.simulate.observation import differences, predict, unsure_prefixes
from tests.simulate.scenes import RECORDINGS, SCENES


@pytest.mark.parametrize("release", RECORDINGS)
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("broken", [False, True], ids=["healthy", "broken"])
def test_simulator_says_what_frr_showed(name: str, broken: bool, release: int) -> None:
    fabric, lost = SCENES[name]
    fabric = fabric.run_by(f"{release}.0")
    simulation = simulate(fabric, Failures(cables=frozenset({cable(lost)} if broken else ())))
    seen = json.loads((RECORDINGS[release] / f"{name}{'-broken' if broken else ''}.json").read_text())
    assert differences(predict(simulation), seen, unsure_prefixes(simulation)) == []
