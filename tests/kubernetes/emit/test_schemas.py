"""Every resource against the definition of its kind that the release's cluster has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fabric.kubernetes import _schema, release
from fabric.kubernetes.emit import MODELS
from fabric.kubernetes.emit._options import Agent
from tests.kubernetes.emit.cluster import RELEASES, SHIPPED, Document, emitted, options, plan_of, shipped, small
from tests.kubernetes.upstream import beside

_OTHERS = beside("crds")
"""Definitions that the package does not carry, where they lie beside the repository."""
_PLURALS = {
    "BFDProfile": "bfdprofiles",
    "BGPAdvertisement": "bgpadvertisements",
    "BGPConfiguration": "bgpconfigurations",
    "BGPPeer": "bgppeers",
    "Community": "communities",
    "FRRConfiguration": "frrconfigurations",
    "IPAddressPool": "ipaddresspools",
    "MetalLB": "metallbs",
    "NetConfig": "netconfigs",
    "NetworkAttachmentDefinition": "network-attachment-definitions",
    "NodeHealthCheck": "nodehealthchecks",
    "NodeNetworkConfigurationPolicy": "nodenetworkconfigurationpolicies",
    "OpenStackDataPlaneNodeSet": "openstackdataplanenodesets",
    "SelfNodeRemediationTemplate": "selfnoderemediationtemplates",
    "Topology": "topologies",
}
_OF_EVERY_OBJECT = {("apiVersion",), ("kind",), ("metadata",)}
"""What the API server knows of itself, whether the definition says so or not."""
_WITHOUT_DEFINITION = {"Node", "Tuned"}
"""A core kind, and one whose definition OpenShift ships inside an operator; our models alone check them."""


def _schema_of(document: Document, name: str) -> _schema.Schema | None:
    """The schema of a resource in a release; `None` where its definition is not at hand."""
    group, _, version = document["apiVersion"].rpartition("/")
    plural = _PLURALS[document["kind"]]
    packaged = release(name).schema_file(group, plural)
    if packaged:
        return _schema.load_schema(packaged, version)
    path = _OTHERS and _OTHERS / f"{group}_{plural}.yaml"
    return _other(path, version) if path and path.exists() else None


def _other(path: Path, version: str) -> _schema.Schema:
    definition = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    (found,) = (entry for entry in definition["spec"]["versions"] if entry["name"] == version)
    return _schema._compile(_without_rules(found["schema"]["openAPIV3Schema"]))


def _without_rules(node: Any) -> Any:
    """A schema without the rules in CEL that the package does not know; our models check what they ask."""
    if isinstance(node, dict):
        return {key: _without_rules(value) for key, value in node.items() if key != "x-kubernetes-validations"}
    return [_without_rules(entry) for entry in node] if isinstance(node, list) else node


def _assert_valid(document: Document, name: str) -> bool:
    if document["kind"] in _WITHOUT_DEFINITION:
        return False
    schema = _schema_of(document, name)
    if schema is None:
        return False
    applied = schema.apply(document)
    assert applied.faults == (), document
    assert set(applied.unknown) <= _OF_EVERY_OBJECT, document
    return True


def test_every_kind_that_is_emitted_is_known_here() -> None:
    assert set(MODELS) == set(_PLURALS) | _WITHOUT_DEFINITION


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("topology", SHIPPED)
def test_release_has_every_field(topology: str, name: str) -> None:
    checked = [_assert_valid(document, name) for document in emitted(shipped(topology), options(name))]
    assert True in checked


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("agent", ["ovn-bgp", "ovn-bgp-agent", "ovn-evpn"])
def test_release_has_every_field_of_the_other_choices(name: str, agent: Agent) -> None:
    values = small(families=["ipv6"], bfd={"nodes": True}, networks={})
    chosen = options(name, agent=agent, pods_over_bgp=False, password_secret="md5", peering="frr-k8s")
    assert [_assert_valid(document, name) for document in emitted(plan_of(values), chosen)]
    metallb = options(name, agent=agent, pods_over_bgp=False, peering="metallb")
    kinds = {d["kind"] for d in emitted(plan_of(values), metallb) if _assert_valid(d, name)}
    assert "BFDProfile" in kinds


@pytest.mark.parametrize("name", ["4.20", "4.22"])
def test_release_has_every_field_of_unnumbered_links(name: str) -> None:
    values = small("rfc7938", links={"nodes": "unnumbered"}, networks={})
    documents = emitted(plan_of(values), options(name))
    assert [_assert_valid(document, name) for document in documents]
    assert "interface: eth1" in yaml.safe_dump_all(documents)


@pytest.mark.skipif(_OTHERS is None, reason="the definitions that the package does not carry are not at hand")
def test_a_wrong_field_is_found_in_every_kind() -> None:
    documents = emitted(shipped("rhoso-dz"))
    for document in documents:
        if document["kind"] in {"BGPPeer", "NetConfig", "OpenStackDataPlaneNodeSet", "Topology", "MetalLB"}:
            schema = _schema_of(document, "4.22")
            assert schema is not None
            document["spec"]["nonsense"] = 1
            assert schema.apply(document).unknown == (("spec", "nonsense"),)
