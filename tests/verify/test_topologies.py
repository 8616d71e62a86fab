"""Every topology that ships comes up on real FRR and is as predicted, to the last kernel route."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.intents import demands
from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, fabric_of, spec_of
from fabric.resources import directory
from fabric.topology import load
from fabric.verify import VerifyOptions, bring_up, predict, verify

TOPOLOGIES = sorted(directory("topologies").glob("*.yaml"))


@pytest.mark.lab
@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.stem)
def test_shipped_topology_is_proven(file: Path, tmp_path: Path) -> None:
    design = load(file)
    spec = spec_of(design)
    prediction = predict(spec.fabric)
    assert all(session.up for session in prediction.simulation.sessions)
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    try:
        bring_up(engine, spec, lambda: prediction, UpOptions(), lambda _step: None)
        lab = RunningLab(engine, spec.name)
        assert fabric_of(lab.status()) == spec.fabric.run_by(lab.status().frr_version)
        verdict = verify(lab, prediction, VerifyOptions(demands=demands(design.topology, spec.fabric)))
    finally:
        engine.down(spec.name)
    assert verdict.passed, "\n".join(str(f) for check in verdict.checks for f in check.findings[:10])
    assert verdict.fidelity == 1
    assert "intents" in [check.name for check in verdict.checks]
    assert {matrix.family for matrix in verdict.matrices} == {"ipv4", "ipv6"}
    assert all(cell.sent == 16 * cell.pairs for matrix in verdict.matrices for cell in matrix.cells.values())
