"""What is proven while sessions change is proven again, as long as there is time to settle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, spec_of
from fabric.resources import directory
from fabric.topology import load
from fabric.verify import Prediction, VerifyOptions, bring_up, predict, verify

pytestmark = pytest.mark.lab
RESET_AT = "probing every pair over ipv4"
AGAIN = "sessions changed meanwhile"
Proven = tuple[RunningLab, Prediction]


@pytest.fixture
def proven(tmp_path: Path) -> Iterator[Proven]:
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    spec = spec_of(load(directory("topologies") / "quickstart.yaml"))
    prediction = predict(spec.fabric)
    try:
        bring_up(engine, spec, lambda: prediction, UpOptions(), lambda _step: None)
        yield RunningLab(engine, spec.name), prediction
    finally:
        engine.down(spec.name)


class Meddler:
    """Listens to a proof, and resets all sessions of a server when its packets are due for the first time."""

    def __init__(self, lab: RunningLab) -> None:
        self._lab, self.heard = lab, list[str]()

    def __call__(self, stage: str) -> None:
        self.heard.append(stage)
        if self.heard.count(RESET_AT) == 1 and stage == RESET_AT:
            self._lab.engine.vtysh(self._lab.name, "a1-server-1", ["clear bgp *"])


@pytest.mark.parametrize(("settle_s", "passed"), [(30.0, True), (0.0, False)])
def test_a_session_that_is_reset_during_the_proof_is_waited_for(
    proven: Proven, settle_s: float, *, passed: bool
) -> None:
    lab, prediction = proven
    assert verify(lab, prediction, VerifyOptions()).passed  # nothing else resets sessions any more
    meddler = Meddler(lab)
    verdict = verify(lab, prediction, VerifyOptions(settle_s=settle_s), meddler)
    assert verdict.passed is passed
    assert (AGAIN in meddler.heard) is passed


def test_what_is_wrong_without_a_change_is_told_at_once(proven: Proven) -> None:
    lab, prediction = proven
    lab.engine.run(lab.name, "a1-server-1", ("ip", "route", "add", "blackhole", "10.240.0.131"))
    heard = list[str]()
    assert not verify(lab, prediction, VerifyOptions(settle_s=1.0), heard.append).passed
    assert AGAIN not in heard
