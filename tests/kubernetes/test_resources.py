"""Resources as a cluster stores them: schema, defaults, dropped fields, identity."""

from __future__ import annotations

import pytest

from fabric.errors import InputError
from fabric.kubernetes import (
    RELEASES,
    ResourceError,
    Resources,
    admit,
    node_named,
    nodes_of,
    parse_documents,
    release,
)
from fabric.kubernetes._schema import load_schema

_CONFIGURATION = """apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {name: one}
spec:
  bgp:
    routers:
    - asn: 64512
      neighbors:
      - asn: 64513
"""


def _admit(text: str, name: str = "main") -> Resources:
    return admit(parse_documents(text, "x.yaml"), release(name))


@pytest.mark.parametrize("entry", RELEASES, ids=lambda entry: entry.name)
def test_every_release_has_its_schemas(entry: object) -> None:
    assert isinstance(entry, type(RELEASES[0]))
    for group, plural, version in (
        ("frrk8s.metallb.io", "frrconfigurations", "v1beta1"),
        ("frrk8s.metallb.io", "frrk8sconfigurations", "v1beta1"),
        ("metallb.io", "bgppeers", "v1beta2"),
        ("metallb.io", "bgppeers", "v1beta1"),
        ("metallb.io", "bgpadvertisements", "v1beta1"),
        ("metallb.io", "ipaddresspools", "v1beta1"),
        ("metallb.io", "bfdprofiles", "v1beta1"),
        ("metallb.io", "communities", "v1beta1"),
        ("network.openstack.org", "bgpconfigurations", "v1beta1"),
    ):
        file = entry.schema_file(group, plural)
        assert file is not None
        assert load_schema(file, version) is not None


def test_unknown_releases_are_named() -> None:
    with pytest.raises(InputError, match=r"the release '4\.9'; allowed: 4\.16, 4\.18"):
        release("4.9")


def test_defaults_are_filled_in() -> None:
    (resource,) = _admit(_CONFIGURATION + "        toAdvertise: {allowed: {}}\n").items
    (neighbor,) = resource.spec["bgp"]["routers"][0]["neighbors"]
    assert neighbor["addressFamilies"] == ["unicast"]
    assert neighbor["toAdvertise"]["allowed"]["mode"] == "filtered"
    assert "toReceive" not in neighbor
    assert resource.namespace == "default"


def test_fields_of_a_later_release_are_dropped_and_reported() -> None:
    text = _CONFIGURATION + "        address: 192.0.2.1\n        interface: eth0\n        localASN: 64600\n"
    resources = _admit(text, "4.18")
    assert [(problem.where, problem.path) for problem in resources.dropped] == [
        ("x.yaml:11", "spec.bgp.routers[0].neighbors[0].interface"),
        ("x.yaml:12", "spec.bgp.routers[0].neighbors[0].localASN"),
    ]
    assert "interface" not in resources.items[0].spec["bgp"]["routers"][0]["neighbors"][0]
    assert not _admit(text, "main").dropped


@pytest.mark.parametrize(
    ("line", "found", "allowed"),
    [
        ("        port: 16385", "16385", "0 to 16384"),
        ("        port: '179'", "'179'", "a whole number"),
        ("        dynamicASN: both", "'both'", "internal or external"),
        ("        connectTime: 1500ms", "'1500ms'", "connect time should contain a whole number of seconds"),
        ("        connectTime: soon", "'soon'", "connect time should be between 1 seconds to 65535"),
        ("        toAdvertise: {withLocalPref: [{prefixes: []}]}", "0 items", "1 or more items"),
        ("        toReceive: {allowed: {prefixes: [10.0.0.0/8]}}", "'10.0.0.0/8'", "an object"),
        ("        addressFamilies: [unicast, evpn, unicast]", "3 items", "0 to 2 items"),
        ("        ebgpMultiHop: 1", "1", "true or false"),
        ("        localASN: 0", "0", "1 to 4294967295"),
        ("        password: 12345", "a value that is not shown", "text"),
    ],
)
def test_what_the_schema_refuses(line: str, found: str, allowed: str) -> None:
    with pytest.raises(ResourceError) as error:
        _admit(f"{_CONFIGURATION}{line}\n")
    problem = error.value.problems[0]
    assert (problem.where, problem.found, problem.allowed) == ("x.yaml:10", found, allowed)


def test_all_problems_are_reported_together() -> None:
    text = "spec: {}\n---\nkind: Node\n---\n" + _CONFIGURATION.replace("asn: 64512", "vrf: red")
    with pytest.raises(ResourceError) as error:
        _admit(text)
    assert [(problem.where, problem.path) for problem in error.value.problems] == [
        ("x.yaml:1", ""),
        ("x.yaml:3", "metadata.name"),
        ("x.yaml:11", "spec.bgp.routers[0].asn"),
    ]


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ("64512:100", []),
        ("192.0.2.1:65535", []),
        ("192.0.2.1:65536", ["RD with IPv4 global administrator must have format A.B.C.D:MN where MN <= 65535"]),
        ("70000:70000", ["RD with 4-byte ASN global administrator must have format GHJK:MN"]),
        ("64512", ["RD must contain exactly one colon"]),
        ("*:1", ["RD global administrator must be either an IPv4 address or a number"]),
        ("64512:x", ["RD local administrator must be a number"]),
    ],
)
def test_route_distinguishers(value: str, faults: list[str]) -> None:
    text = _CONFIGURATION.replace(
        "      neighbors:\n      - asn: 64513\n", f"      evpn: {{l2vnis: [{{vni: 1, rd: '{value}'}}]}}\n"
    )
    try:
        found: list[str] = []
        _admit(text)
    except ResourceError as error:
        found = [problem.allowed for problem in error.problems]
    assert len(found) == len(faults)
    assert all(ours.startswith(wanted) for ours, wanted in zip(found, faults, strict=True))


def test_an_object_written_twice_is_refused() -> None:
    with pytest.raises(ResourceError, match=r"FRRConfiguration default/one again \(first at x.yaml:1\)"):
        _admit(f"{_CONFIGURATION}---\n{_CONFIGURATION}")


def test_labels_that_are_no_text_are_refused() -> None:
    with pytest.raises(ResourceError) as error:
        _admit("kind: Node\nmetadata:\n  name: worker\n  labels:\n    zone: on\n    rack: '1'\n")
    assert [(problem.where, problem.path) for problem in error.value.problems] == [("x.yaml:5", "metadata.labels.zone")]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{apiVersion: v1, kind: Node, metadata: {name: a, labels: zone}}", "metadata.labels"),
        ("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: true}", "data"),
        ("{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {password: 7}}", "stringData.password"),
    ],
)
def test_what_is_no_mapping_of_texts_is_refused(text: str, path: str) -> None:
    """Found by mutated files: both ended in a traceback."""
    with pytest.raises(ResourceError) as caught:
        admit(parse_documents(text, "x.yaml"), release("4.20"))
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_version_that_is_not_served_is_refused() -> None:
    with pytest.raises(ResourceError, match=r"frrk8s\.metallb\.io/v1beta9"):
        _admit(_CONFIGURATION.replace("v1beta1", "v1beta9"))


def test_objects_of_other_groups_are_not_taken_for_ours() -> None:
    """Calico has a BGPPeer and a BGPConfiguration, too."""
    text = "{apiVersion: crd.projectcalico.org/v1, kind: BGPPeer, metadata: {name: p}, spec: {peerIP: 192.0.2.1}}"
    resources = _admit(text)
    assert len(resources.items) == 1
    assert resources.of_kind("BGPPeer") == ()


def test_lists_are_opened() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: worker}}\n"
    (node,) = _admit(text).items
    assert (str(node), node.where()) == ("Node worker", "x.yaml:4")


def test_a_node_that_is_not_among_the_resources_has_kubelets_labels() -> None:
    assert node_named(_admit(_CONFIGURATION), "worker-0").labels == {
        "kubernetes.io/hostname": "worker-0",
        "kubernetes.io/os": "linux",
    }


def test_a_document_that_only_adds_labels_keeps_kubelets() -> None:
    (node,) = nodes_of(_admit("{apiVersion: v1, kind: Node, metadata: {name: w0, labels: {zone: a}}}"))
    assert node.labels == {"kubernetes.io/hostname": "w0", "kubernetes.io/os": "linux", "zone": "a"}
    (other,) = nodes_of(
        _admit("{apiVersion: v1, kind: Node, metadata: {name: w0, labels: {kubernetes.io/hostname: x}}}")
    )
    assert other.labels["kubernetes.io/hostname"] == "x"
