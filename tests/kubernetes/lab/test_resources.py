"""Workers that run what hand-written resources give them: predicted, and proven on real FRR."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from fabric.errors import InputError
from fabric.kubernetes import ClusterSource
from fabric.lab import EmbeddedEngine, LabSpec, RunningLab, UpOptions, fabric_of, spec_of
from fabric.simulate import SessionDown, reachable
from fabric.topology import parse
from fabric.verify import Prediction, bring_up, predict, verify
from tests.cli.command import fabric
from tests.kubernetes.lab.cluster import TOPOLOGY, VIPS, resources

_WORKERS = ("rack-0-worker-0", "rack-1-worker-0")


def _spec(texts: dict[str, str], release: str = "4.20") -> LabSpec:
    return spec_of(parse(TOPOLOGY), cluster=ClusterSource(texts, release))


def _down(prediction: Prediction) -> list[tuple[set[str], SessionDown | None]]:
    sessions = prediction.simulation.sessions
    return [({end.device for end in session.ends}, session.why) for session in sessions if not session.up]


@contextmanager
def _lab(spec: LabSpec, prediction: Prediction, state: Path) -> Iterator[RunningLab]:
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(state)})
    try:
        bring_up(engine, spec, lambda: prediction, UpOptions(), lambda _step: None)
        yield RunningLab(engine, spec.name)
    finally:
        engine.down(spec.name)


def test_the_workers_bgp_is_the_resources_and_the_rest_the_plans() -> None:
    spec, planned = _spec(resources()), spec_of(parse(TOPOLOGY))
    for device in spec.fabric:
        before = planned.fabric.by_name[device.name]
        assert (device == before) is (device.name not in _WORKERS)
        assert (device.interfaces, device.static_routes) == (before.interfaces, before.static_routes)
    instance = spec.fabric.by_name["rack-1-worker-0"].default_bgp
    assert instance is not None
    assert instance.router_id == "99.99.1.4"
    assert ip_network(f"{VIPS[0]}/32") in instance.family("ipv4").networks


@pytest.mark.parametrize("release", ["4.18", "4.20", "4.22"])
def test_every_session_is_predicted_to_be_up(release: str) -> None:
    texts = resources()
    if release == "4.18":
        texts = {name: text.replace("openshift-frr-k8s", "metallb-system") for name, text in texts.items()}
    assert not _down(predict(_spec(texts, release).fabric))


def test_a_node_that_nothing_selects_runs_no_bgp() -> None:
    texts = {name: text.replace("rack-1-worker-0", "rack-9-worker-0") for name, text in resources().items()}
    prediction = predict(_spec(texts).fabric)
    assert not prediction.fabric.by_name["rack-1-worker-0"].bgp
    assert [why for ends, why in _down(prediction) if "rack-1-leaf-0" in ends] == [SessionDown.NO_COUNTERPART] * 2


def test_resources_for_other_nodes_are_refused() -> None:
    texts = {name: text.replace("worker-0", "node-0") for name, text in resources().items()}
    with pytest.raises(InputError, match="rack-0-node-0, rack-1-node-0, and none of them is a device of cluster"):
        _spec(texts)


def test_resources_that_configure_no_node_are_refused() -> None:
    with pytest.raises(InputError, match="give none of the nodes rack-0-worker-0, rack-1-worker-0 an FRRConfiguration"):
        _spec({"services.yaml": resources()["services.yaml"]})


def test_refusals_of_all_nodes_come_at_once() -> None:
    texts = resources() | {"loopbacks.yaml": resources()["loopbacks.yaml"].replace("holdTime: 9s", "holdTime: 12s")}
    with pytest.raises(InputError, match="multiple hold times specified") as error:
        _spec(texts)
    assert all(f"frr-k8s on node {name} applies nothing" in str(error.value) for name in _WORKERS)
    assert "loopbacks.yaml:" in str(error.value)


def test_a_wrong_peer_asn_is_predicted_to_keep_one_session_down() -> None:
    prediction = predict(_spec(resources(peer_asn=64900)).fabric)
    assert _down(prediction) == [({"rack-0-worker-0", "rack-0-leaf-0"}, SessionDown.ASN)]
    simulation = prediction.simulation
    source, target = ip_address("99.99.1.3"), ip_address("99.99.0.4")
    assert reachable(simulation, "rack-1-compute-0", source, target), "by the other leaf"


def test_both_peers_of_a_family_wrong_make_the_worker_unreachable() -> None:
    texts = {name: text.replace("peerASN: 64999", "peerASN: 64900") for name, text in resources().items()}
    texts = {name: text.replace("{asn: 64999, address", "{asn: 64900, address") for name, text in texts.items()}
    prediction = predict(_spec(texts).fabric)
    assert [why for _, why in _down(prediction)] == [SessionDown.ASN] * 8
    source, target = ip_address("99.99.1.3"), ip_address("99.99.0.4")
    assert not reachable(prediction.simulation, "rack-1-compute-0", source, target)


def test_a_password_that_the_switch_does_not_have_keeps_the_session_down() -> None:
    prediction = predict(_spec(resources(password="word")).fabric)
    assert _down(prediction) == [({"rack-0-worker-0", "rack-0-leaf-0"}, SessionDown.AUTHENTICATION)]


@pytest.mark.lab
def test_the_resources_are_proven_and_the_vip_is_in_every_leaf(tmp_path: Path) -> None:
    spec = _spec(resources())
    prediction = predict(spec.fabric)
    with _lab(spec, prediction, tmp_path) as lab:
        assert fabric_of(lab.status()) == spec.fabric.run_by(lab.status().frr_version)
        fibs = lab.fibs()
        for rack in (0, 1):
            for side in (0, 1):
                routes = fibs[f"rack-{rack}-leaf-{side}"].forwarding()
                for vip in VIPS:
                    assert {interface for _, interface in routes[ip_network(vip)]} == {"eth4"}, "the rack's worker"
        verdict = verify(lab, prediction)
    assert verdict.passed, "\n".join(str(f) for check in verdict.checks for f in check.findings[:10])


@pytest.mark.lab
def test_frr_agrees_on_the_session_that_a_wrong_asn_keeps_down(tmp_path: Path) -> None:
    spec = _spec(resources(peer_asn=64900))
    prediction = predict(spec.fabric)
    with _lab(spec, prediction, tmp_path) as lab:
        verdict = verify(lab, prediction)
        summary = lab.vtysh_json("rack-0-worker-0", "show bgp summary json")
    assert verdict.passed, "\n".join(str(f) for check in verdict.checks for f in check.findings[:10])
    states = {peer: entry["state"] for peer, entry in summary["ipv4Unicast"]["peers"].items()}
    assert states.pop("100.64.0.5") != "Established"
    assert set(states.values()) == {"Established"}


@pytest.mark.lab
def test_frr_agrees_on_the_session_that_a_password_keeps_down(tmp_path: Path) -> None:
    spec = _spec(resources(password="word"))
    prediction = predict(spec.fabric)
    with _lab(spec, prediction, tmp_path) as lab:
        verdict = verify(lab, prediction)
    assert verdict.passed, "\n".join(str(f) for check in verdict.checks for f in check.findings[:10])


@pytest.mark.lab
def test_the_command_takes_a_directory_and_verifies_it_later(tmp_path: Path) -> None:
    env = {"FABRIC_STATE_DIR": str(tmp_path / "state")}
    (tmp_path / "cluster.yaml").write_text(TOPOLOGY)
    (tmp_path / "resources").mkdir()
    for name, text in resources(peer_asn=64900).items():
        (tmp_path / "resources" / name).write_text(text)
    try:
        up = fabric("lab", "up", tmp_path / "cluster.yaml", "--resources", tmp_path / "resources", env=env)
        assert up.returncode == 0, up.stderr
        assert "Predicted down (asn)" in up.stderr
        (tmp_path / "resources" / "peers.yaml").unlink()
        proven = fabric("lab", "verify", env=env)
        assert proven.returncode == 0, proven.stdout
        blueprint = next((tmp_path / "state").rglob("blueprint.json"))
        assert blueprint.stat().st_mode & 0o077 == 0, "it holds the resources, secrets included"
    finally:
        fabric("lab", "down", "--all", env=env)
