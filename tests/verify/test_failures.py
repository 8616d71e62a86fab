"""Predicted failures against the same failures in the lab, to the last kernel route."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.config import Cable
from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, spec_of
from fabric.resources import directory
from fabric.simulate import Failures
from fabric.topology import load
from fabric.verify import bring_up, predict, settle

SETTLE_S = 60.0


@pytest.mark.lab
def test_a_link_that_goes_down_and_comes_back_is_as_predicted(tmp_path: Path) -> None:
    spec = spec_of(load(directory("topologies") / "quickstart.yaml"))
    healthy = predict(spec.fabric)
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    try:
        bring_up(engine, spec, healthy, UpOptions(), lambda _step: None)
        lab = RunningLab(engine, spec.name)
        for cable in (_cable(spec.fabric.cables, "a1-leaf-1:eth1"), _cable(spec.fabric.cables, "b1-server-2:eth2")):
            broken = predict(spec.fabric, Failures(cables=frozenset({cable})))
            assert broken.forwarding != healthy.forwarding
            _set_link(engine, spec.name, cable, "down")
            down = settle(lab, broken, SETTLE_S)
            assert down.converged, "\n".join(map(str, down.missing[:20]))
            _set_link(engine, spec.name, cable, "up")
            back = settle(lab, healthy, SETTLE_S)
            assert back.converged, "\n".join(map(str, back.missing[:20]))
    finally:
        engine.down(spec.name)


def _cable(cables: tuple[Cable, ...], port: str) -> Cable:
    return next(cable for cable in cables if port in (str(cable.a), str(cable.b)))


def _set_link(engine: EmbeddedEngine, lab: str, cable: Cable, state: str) -> None:
    done = engine.run(lab, cable.b.device, ("ip", "link", "set", cable.b.interface, state))
    assert done.exit_code == 0, done.stderr
