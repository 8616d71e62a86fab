"""The files as a whole: what the kustomizations name, and what no file may hold."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from fabric.kubernetes import parse_documents
from fabric.kubernetes.emit import kubernetes_files, parse_resource
from tests.designs import Values, topologies
from tests.kubernetes.emit.cluster import RELEASES, SHIPPED, of_kind, options, plan_of, resources, shipped, small


@pytest.mark.parametrize("name", SHIPPED)
def test_kustomizations_reach_every_file_and_name_every_object_once(name: str) -> None:
    files = kubernetes_files(shipped(name))
    reached = resources(files)
    manifests = [text for path, text in files.items() if path.endswith(".yaml") and "kustomization" not in path]
    assert len(reached) == sum(len(list(yaml.safe_load_all(text))) for text in manifests)
    identities = Counter((d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in reached)
    assert max(identities.values()) == 1


def test_steps_of_the_checklist_stand_in_the_order_of_the_kustomization() -> None:
    files = kubernetes_files(shipped("rhoso-dz"))
    stages = yaml.safe_load(files["kubernetes/kustomization.yaml"])["resources"]
    checklist = files["kubernetes/CHECKLIST.md"]
    places = [checklist.index(f"`oc apply -k {stage}`") for stage in stages]
    assert stages == ["placement", "network", "bgp", "openstack", "dataplane"]
    assert all(first < second for first, second in pairwise(places))


def test_no_password_anywhere_and_its_secrets_only_as_a_template() -> None:
    files = dict(
        kubernetes_files(
            plan_of(small()), options("4.18", password_secret="bgp-md5", data_plane_password_secret="edpm-md5")
        )
    )
    template = files.pop("kubernetes/secrets-template.yaml")
    secrets = list(yaml.safe_load_all(template))
    assert [(s["metadata"]["namespace"], *s["stringData"].values()) for s in secrets] == [
        ("metallb-system", "REPLACE-ME:bgp-md5"),
        ("openstack", "REPLACE-ME:edpm-md5"),
    ]
    assert not any("REPLACE-ME" in text or "password:" in text for text in files.values())
    assert all("secrets-template" not in text for path, text in files.items() if "kustomization" in path)
    assert of_kind(resources(files), "Secret") == []
    peers = of_kind(resources(files), "BGPPeer")
    assert {peer["spec"]["passwordSecret"]["name"] for peer in peers} == {"bgp-md5"}


def test_without_passwords_there_is_no_template() -> None:
    assert not [path for path in kubernetes_files(plan_of(small())) if "secret" in path]


def test_a_design_without_nodes_of_a_cluster_has_no_files() -> None:
    values = small("rfc7938", node_groups={"computes": {"role": "tester"}, "workers": {"role": "tester"}}, networks={})
    assert kubernetes_files(plan_of(values)) == {}


def test_names_that_look_like_other_values_stay_names() -> None:
    rack = small()["zones"][0]["racks"][0]
    zones = [{"name": name, "racks": [{**rack, "name": f"rack-{name}"}]} for name in ("y", "1e3", "0x1f", "010", "on")]
    files = kubernetes_files(plan_of(small(zones=zones)))
    text = files["kubernetes/placement/node.yaml"]
    read = [document.value for document in parse_documents(text, "node.yaml")]
    assert read == list(yaml.safe_load_all(text))
    labels = {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in read}
    assert labels == {"y", "1e3", "0x1f", "010", "on"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(topologies())
def test_any_design_gives_resources_that_our_models_take_back(values: Values) -> None:
    planned = plan_of(values)
    for name in RELEASES[1:]:
        files = kubernetes_files(planned, options(name, pods_over_bgp=not values["bfd"]["nodes"]))
        assert files == kubernetes_files(planned, options(name, pods_over_bgp=not values["bfd"]["nodes"]))
        for document in resources(files):
            assert parse_resource(document).document() == document
