"""Every topology that ships comes up on real FRR and is as predicted, to the last kernel route."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.intents import demands
from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, fabric_of, spec_of
from fabric.resources import directory
from fabric.topology import Design, load, parse
from fabric.verify import VerifyOptions, bring_up, predict, verify

TOPOLOGIES = sorted(directory("topologies").glob("*.yaml"))


@pytest.mark.lab
@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.stem)
def test_shipped_topology_is_proven(file: Path, tmp_path: Path) -> None:
    _prove(load(file), tmp_path)


@pytest.mark.lab
def test_storage_that_is_confined_to_its_zone_is_proven(tmp_path: Path) -> None:
    """Blackholes, filters and the intent that asks for them, on kernels as predicted."""
    text = (directory("topologies") / "rhoso-dz.yaml").read_text()
    confined = text.replace("    scope: zone\n", "    scope: zone\n    confined: true\n").replace(
        "storage_confined: {remote_access: true}", "storage_confined: {}"
    )
    assert confined.count("confined") == text.count("confined") + 1
    _prove(parse(confined, "confined.yaml"), tmp_path)


def _prove(design: Design, tmp_path: Path) -> None:
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
