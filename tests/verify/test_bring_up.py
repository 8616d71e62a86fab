"""A lab's start: when the prediction is made, and what becomes of a lab for which there is none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fabric.errors import FabricError
from fabric.lab import EmbeddedEngine, UpOptions
from fabric.verify import Prediction, bring_up, predict
from tests.lab.fabrics import lonely_router

pytestmark = pytest.mark.lab
THINKING_S = 0.3


def test_the_prediction_is_made_while_daemons_run_and_its_time_counts(tmp_path: Path) -> None:
    engine, spec = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)}), lonely_router("lonely")
    phases = list[str]()

    def prediction() -> Prediction:
        status = engine.status("lonely")
        assert status is not None
        phases.append(status.phase)
        time.sleep(THINKING_S)
        return predict(spec.fabric)

    try:
        result = bring_up(engine, spec, prediction, UpOptions(), lambda _step: None)
    finally:
        engine.down("lonely")
    assert phases == ["running"]
    assert result.settled.converged
    assert result.settled.seconds >= THINKING_S


@pytest.mark.parametrize("keep", [False, True])
def test_a_lab_that_cannot_be_predicted_is_ended_unless_it_is_to_be_kept(tmp_path: Path, *, keep: bool) -> None:
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})

    def prediction() -> Prediction:
        raise FabricError("it never settles")

    try:
        with pytest.raises(FabricError, match="it never settles"):
            bring_up(engine, lonely_router("lonely"), prediction, UpOptions(keep=keep), lambda _step: None)
        assert engine.names() == (("lonely",) if keep else ())
    finally:
        engine.down("lonely")
