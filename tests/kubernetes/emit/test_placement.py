"""Labels, kernel settings, placement rules and remediation."""

from __future__ import annotations

import re

import pytest

from tests.kubernetes.emit.cluster import RHOSO, SHIPPED, emitted, nodes, of_kind, options, plan_of, shipped, small

ZONE = "topology.kubernetes.io/zone"


@pytest.mark.parametrize("topology", RHOSO)
def test_every_node_of_the_cluster_has_its_zone(topology: str) -> None:
    planned = shipped(topology)
    said = {n["metadata"]["name"]: n["metadata"]["labels"] for n in of_kind(emitted(planned), "Node")}
    members = [d for d in nodes(planned).values() if d.place.role in ("worker", "control-plane")]
    assert said == {device.name: {ZONE: device.place.zone} for device in members}


@pytest.mark.parametrize("topology", SHIPPED)
def test_reverse_path_filters_are_off_on_exactly_the_ports_towards_the_leaves(topology: str) -> None:
    planned = shipped(topology)
    documents = emitted(planned)
    if not documents:
        return
    (tuned,) = of_kind(documents, "Tuned")
    data = {profile["name"]: profile["data"] for profile in tuned["spec"]["profile"]}
    seen = []
    for recommendation in tuned["spec"]["recommend"]:
        off = re.findall(r"net\.ipv4\.conf\.(\S+)\.rp_filter=0", data[recommendation["profile"]])
        for match in recommendation["match"]:
            seen.append(match["value"])
            device = nodes(planned)[match["value"]]
            assert off == [interface.name for interface in device.interfaces if interface.name != "lo"]
    policies = of_kind(documents, "NodeNetworkConfigurationPolicy")
    assert sorted(seen) == sorted(policy["metadata"]["name"] for policy in policies)


def test_nodes_with_other_ports_have_a_profile_of_their_own() -> None:
    values = small()
    values["node_groups"]["singles"] = {"role": "worker", "uplinks": 1}
    values["zones"][0]["racks"][0] = {"name": "r0", "nodes": {"workers": 1, "singles": 1}}
    (tuned,) = of_kind(emitted(plan_of(values)), "Tuned")
    assert [profile["data"].count("rp_filter=0") for profile in tuned["spec"]["profile"]] == [2, 1]
    (_, single) = tuned["spec"]["recommend"]
    assert [match["value"] for match in single["match"]] == ["r0-single-0"]


def test_masters_keep_their_own_parent_profile() -> None:
    (tuned,) = of_kind(emitted(shipped("rhoso-dz")), "Tuned")
    parents = [re.findall(r"include=(\S+)", profile["data"]) for profile in tuned["spec"]["profile"]]
    assert parents == [["openshift-node"], ["openshift-control-plane"]]


def test_a_rule_for_each_zone_and_one_over_all() -> None:
    rules = {t["metadata"]["name"]: t["spec"] for t in of_kind(emitted(shipped("rhoso-dz")), "Topology")}
    assert list(rules) == ["zone-a", "zone-b", "zone-c", "spread-over-zones"]
    (term,) = rules["zone-b"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"] == [{"key": ZONE, "operator": "In", "values": ["zone-b"]}]
    (spread,) = rules["spread-over-zones"]["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == (ZONE, "DoNotSchedule")
    assert spread["matchLabelKeys"] == ["pod-template-hash", "controller-revision-hash"]


@pytest.mark.parametrize(
    ("workers", "expected"), [([3, 3, 3], "51%"), ([2, 2], "50%"), ([4, 1, 1], "33%"), ([5], "51%")]
)
def test_remediation_goes_on_when_a_zone_is_gone(workers: list[int], expected: str) -> None:
    zones = [
        {"name": f"z{n}", "racks": [{"name": f"r{n}", "nodes": {"workers": count}}]} for n, count in enumerate(workers)
    ]
    documents = emitted(plan_of(small(zones=zones)))
    (check,) = of_kind(documents, "NodeHealthCheck")
    (template,) = of_kind(documents, "SelfNodeRemediationTemplate")
    assert check["spec"]["minHealthy"] == expected
    reference = check["spec"]["remediationTemplate"]
    assert (reference["name"], reference["namespace"]) == (
        template["metadata"]["name"],
        template["metadata"]["namespace"],
    )


def test_outside_openstack_there_is_no_placement_rule() -> None:
    documents = emitted(shipped("quickstart"), options())
    assert {d["kind"] for d in documents} == {"Node", "Tuned", "NodeNetworkConfigurationPolicy", "FRRConfiguration"}
