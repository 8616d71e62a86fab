"""Who writes the sessions, what pods have of a network, and what is refused before anything is written."""

from __future__ import annotations

import json
from collections import Counter
from ipaddress import ip_network
from typing import Any

import pytest

from fabric.errors import InputError
from fabric.kubernetes.emit import kubernetes_files
from tests.kubernetes.emit.cluster import RELEASES, emitted, of_kind, options, plan_of, shipped, small


def _kinds(values: Any, **others: Any) -> Counter[str]:
    return Counter(document["kind"] for document in emitted(plan_of(values), options(**others)))


def test_metallb_writes_the_sessions_of_one_asn() -> None:
    assert _kinds(small())["BGPPeer"] == 8
    assert _kinds(small())["BGPConfiguration"] == 1


def test_without_virtual_addresses_metallb_is_for_who_asks_for_it() -> None:
    assert _kinds(small(networks={}))["MetalLB"] == 0
    assert _kinds(small(networks={}), peering="metallb")["BGPPeer"] == 8


def test_nodes_with_an_asn_each_have_hand_made_configurations_where_metallb_takes_one() -> None:
    values = small("rfc7938")
    assert _kinds(values)["BGPPeer"] == 0
    assert _kinds(values)["FRRConfiguration"] == 4
    assert _kinds(values, name="v0.0.25")["BGPPeer"] == 8  # judged node by node from MetalLB 0.16 on


def test_a_tester_with_another_asn_leaves_metallb_to_the_others() -> None:
    values = small(borders={"routers": 1, "nodes": {"testers": 1}})
    values["node_groups"]["testers"] = {"role": "tester"}
    chosen = options(node_roles=("worker", "tester"))
    documents = emitted(plan_of(values), chosen)
    assert len(of_kind(documents, "BGPPeer")) == 8
    configurations = [c["metadata"]["name"] for c in of_kind(documents, "FRRConfiguration")]
    assert "fabric-tester-0" in configurations
    (node,) = (n for n in of_kind(documents, "Node") if n["metadata"]["name"] == "tester-0")
    assert [(t["key"], t["effect"]) for t in node["spec"]["taints"]] == [
        ("testOperator", "NoSchedule"),
        ("testOperator", "NoExecute"),
    ]


@pytest.mark.parametrize(
    ("changes", "others", "complaint"),
    [
        ({"profile": "rfc7938"}, {"peering": "metallb"}, "2 ASNs|4 ASNs"),
        (
            {"profile": "rfc7938", "links": {"nodes": "unnumbered"}, "asn": {"nodes": "shared"}},
            {"peering": "metallb"},
            "has unnumbered links, and one BGPPeer cannot name them",
        ),
        (
            {"profile": "rfc7938", "links": {"nodes": "unnumbered"}, "networks": {}},
            {"name": "4.18"},
            "no field for. Set links.nodes to 'numbered'",
        ),
        ({"bfd": {"nodes": True}}, {}, "infra-operator's clones for pods"),
        ({}, {"password_secret": "md5", "peering": "metallb"}, "clear text into openshift-frr-k8s"),
        ({"networks": {"api": {"ipv4": "172.17.0.0/28", "roles": ["worker"], "vips": 3}}}, {}, "no room for pods"),
        ({}, {"ctlplane": ip_network("192.168.122.0/31")}, "has no address for r0-compute-0"),
    ],
)
def test_refuses(changes: dict[str, Any], others: dict[str, Any], complaint: str) -> None:
    profile = changes.pop("profile", "rhoso")
    planned = plan_of(small(profile, **changes))
    with pytest.raises(InputError, match=complaint):
        kubernetes_files(planned, options(**others))


def test_bfd_goes_without_pods_over_bgp() -> None:
    values = small(bfd={"nodes": True})
    kinds = _kinds(values, pods_over_bgp=False)
    assert (kinds["BFDProfile"], kinds["BGPConfiguration"]) == (1, 0)


@pytest.mark.parametrize("name", RELEASES)
def test_namespaces_are_the_releases_unless_given(name: str) -> None:
    default = {"4.18": "metallb-system"}.get(name, "openshift-frr-k8s")
    by_hand = emitted(plan_of(small()), options(name, peering="frr-k8s"))
    assert {c["metadata"]["namespace"] for c in of_kind(by_hand, "FRRConfiguration")} == {"openshift-frr-k8s"}
    for given, expected in ((None, default), ("own-frr", "own-frr")):
        documents = emitted(plan_of(small()), options(name, frr_configuration_namespace=given))
        assert {c["metadata"]["namespace"] for c in of_kind(documents, "FRRConfiguration")} == {expected}
        (configuration,) = of_kind(documents, "BGPConfiguration")
        assert configuration["spec"]["frrConfigurationNamespace"] == expected


@pytest.mark.parametrize("topology", ["rhoso-dz", "rhoso-bgp-dt01"])
def test_pods_have_a_block_that_hides_no_planned_address(topology: str) -> None:
    planned = shipped(topology)
    taken = {h.address for device in planned.devices for h in (*device.hosts, *device.vips)}
    documents = emitted(planned)
    policies = of_kind(documents, "NodeNetworkConfigurationPolicy")
    gateways = {
        (i["name"], a["ip"])
        for p in policies
        for i in p["spec"]["desiredState"]["interfaces"]
        if "bridge" in i
        for a in i["ipv4"]["address"]
    }
    attachments = [json.loads(a["spec"]["config"]) for a in of_kind(documents, "NetworkAttachmentDefinition")]
    for attachment in attachments:
        block = ip_network(attachment["ipam"]["range"])
        assert not any(address in block for address in taken)
        assert (attachment["bridge"], str(block.network_address + 1)) in gateways
    assert len({a["ipam"]["range"] for a in attachments}) == len(attachments) == len(gateways)
    assert [a["name"] for a in attachments if a["isDefaultGateway"]] == ["internalapi"]
