"""TCP-MD5 on real FRR: every session of a fabric has a password, and one worker has a wrong one. Nodes learn routes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from fabric import plan
from fabric.config import Secret
from fabric.kubernetes.nodes import own_cluster
from fabric.lab import EmbeddedEngine, RunningLab, UpOptions, fabric_of, spec_of
from fabric.simulate import SessionDown
from fabric.topology import parse
from fabric.verify import bring_up, predict, verify
from tests.kubernetes.lab.cluster import TOPOLOGY

_NAMES = ("bgp-cluster", "bgp-nodes", "bgp-fabric")
_CHOICES = """
passwords: {cluster: bgp-cluster, nodes: bgp-nodes, fabric: bgp-fabric}
rhoso: {node_routes: learned}
"""
_VALUES = {name: Secret(f"word-of-{name}", name) for name in _NAMES}
_FRR = "kubernetes/bgp/frrconfiguration.yaml"


def _one_worker_wrong(texts: dict[str, str]) -> dict[str, str]:
    """The resources with another Secret for the second rack's worker."""
    documents = list(yaml.safe_load_all(texts[_FRR]))
    for document in documents:
        if "rack-1-worker-0" in document["metadata"]["name"]:
            for neighbor in document["spec"]["bgp"]["routers"][0]["neighbors"]:
                neighbor["passwordSecret"] = {"name": "other"}
    secrets = list(yaml.safe_load_all(texts["secrets.yaml"]))
    (secret,) = (s for s in secrets if s["metadata"]["name"] == "bgp-cluster")
    other = {**secret, "metadata": {**secret["metadata"], "name": "other"}, "stringData": {"password": "wrong"}}
    return {**texts, _FRR: yaml.safe_dump_all(documents), "secrets.yaml": yaml.safe_dump_all([*secrets, other])}


@pytest.mark.lab
def test_frr_signs_every_session_and_drops_what_is_signed_with_another_password(tmp_path: Path) -> None:
    design = parse(f"{TOPOLOGY}{_CHOICES}")
    own = own_cluster(plan.build(design), _VALUES)
    spec = spec_of(design, None, replace(own, texts=_one_worker_wrong(dict(own.texts))), None, _VALUES)
    prediction = predict(spec.fabric)
    down = [session for session in prediction.simulation.sessions if not session.up]
    assert {session.why for session in down} == {SessionDown.AUTHENTICATION}
    assert {end.device for session in down for end in session.ends} == {
        "rack-1-worker-0",
        "rack-1-leaf-0",
        "rack-1-leaf-1",
    }
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    try:
        bring_up(engine, spec, lambda: prediction, UpOptions(), lambda _step: None)
        lab = RunningLab(engine, spec.name)
        assert fabric_of(lab.status()) == spec.fabric.run_by(lab.status().frr_version)
        assert "word-of" not in repr(lab.status())
        verdict = verify(lab, prediction)
        neighbors = lab.vtysh_json("rack-0-leaf-0", "show bgp neighbors json")
    finally:
        engine.down(spec.name)
    assert verdict.passed, "\n".join(str(f) for check in verdict.checks for f in check.findings[:10])
    assert {entry["bgpState"] for entry in neighbors.values()} == {"Established"}
    assert all(entry["authenticationEnabled"] == 1 for entry in neighbors.values())
