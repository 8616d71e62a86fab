"""From Services to FRRConfigurations, node by node and release by release."""

from __future__ import annotations

from typing import Any

import pytest

from fabric.kubernetes import Resources, admit, node_named, parse_documents, release
from fabric.kubernetes.frr_k8s import translate
from fabric.kubernetes.metallb import (
    MetallbConfigurations,
    MetallbError,
    MetallbOptions,
    NotAnnounced,
    metallb_configurations,
)

_CLUSTER = """
{kind: Node, apiVersion: v1, metadata: {name: w0, labels: {kubernetes.io/hostname: w0, rack: r0}}}
---
{kind: Node, apiVersion: v1, metadata: {name: w1, labels: {kubernetes.io/hostname: w1, rack: r1}}}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: leaf0, namespace: metallb-system}
spec:
  {myASN: 64999, peerASN: 64999, peerAddress: 100.64.0.1, keepaliveTime: 3s,
  nodeSelectors: [{matchLabels: {rack: r0}}]}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: leaf1, namespace: metallb-system}
spec:
  {myASN: 64999, peerASN: 64999, peerAddress: 100.64.1.1, passwordSecret: {name: md5},
  nodeSelectors: [{matchLabels: {rack: r1}}]}
---
{kind: Secret, apiVersion: v1, metadata: {name: md5, namespace: metallb-system},
 type: kubernetes.io/basic-auth, stringData: {password: word}}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: internalapi, namespace: metallb-system}
spec: {addresses: [172.17.0.80-172.17.0.90, 'fd00:17::/120']}
---
{kind: Service, apiVersion: v1, metadata: {name: api, namespace: o, labels: {app: api}}, spec: {type: LoadBalancer},
 status: {loadBalancer: {ingress: [{ip: 172.17.0.80}, {ip: 'fd00:17::5'}]}}}
---
"""
_ADVERTISEMENT = """
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: adv, namespace: metallb-system}
spec: SPEC
"""


def _cluster(*more: str, name: str = "4.20") -> Resources:
    text = _CLUSTER + "\n---\n".join(more)
    return admit(parse_documents(text, "m.yaml"), release(name))


def _write(spec: str = "{}", *more: str, name: str = "4.20") -> MetallbConfigurations:
    resources = _cluster(_ADVERTISEMENT.replace("SPEC", spec), *more, name=name)
    return metallb_configurations(resources, resources.release)


def _neighbor(written: MetallbConfigurations, node: str) -> dict[str, Any]:
    (resource,) = (entry for entry in written.resources if entry.name == f"metallb-{node}")
    (router,) = resource.spec["bgp"]["routers"]
    (neighbor,) = router["neighbors"]
    assert isinstance(neighbor, dict)
    return neighbor


def test_each_node_gets_its_own_peers() -> None:
    written = _write()
    assert [(entry.namespace, entry.name) for entry in written.resources] == [
        ("openshift-frr-k8s", "metallb-w0"),
        ("openshift-frr-k8s", "metallb-w1"),
    ]
    assert [_neighbor(written, node)["address"] for node in ("w0", "w1")] == ["100.64.0.1", "100.64.1.1"]


def test_one_timer_gives_the_other() -> None:
    neighbor = _neighbor(_write(), "w0")
    assert (neighbor["holdTime"], neighbor["keepaliveTime"]) == ("9s", "3s")


def test_4_16_has_a_hold_time_of_its_own() -> None:
    old = _write(name="4.16")
    assert (_neighbor(old, "w1")["holdTime"], _neighbor(old, "w1")["keepaliveTime"]) == ("1m30s", "30s")
    assert _neighbor(old, "w0")["holdTime"] == "1m30s"
    assert "holdTime" not in _neighbor(_write(name="4.18"), "w1")


def test_the_family_filter_came_after_4_18() -> None:
    new = _neighbor(_write(), "w0")["toAdvertise"]["allowed"]["prefixes"]
    old = _neighbor(_write(name="4.18"), "w0")["toAdvertise"]["allowed"]["prefixes"]
    assert new == ["172.17.0.80/32"]
    assert old == ["172.17.0.80/32", "fd00:17::5/128"]


def test_a_secret_is_handed_on_within_one_namespace_and_written_out_into_another() -> None:
    assert _neighbor(_write(name="4.18"), "w1")["passwordSecret"] == {"name": "md5"}
    assert _neighbor(_write(), "w1")["password"] == "word"
    resources = _cluster()
    passed = metallb_configurations(resources, resources.release, MetallbOptions(secret_passthrough=True))
    assert "password" not in _neighbor(passed, "w1")


def test_advertisements_select_peers_nodes_pools_and_attributes() -> None:
    community = """
apiVersion: metallb.io/v1beta1
kind: Community
metadata: {name: c, namespace: metallb-system}
spec: {communities: [{name: vip, value: '64999:7'}]}
"""
    written = _write("{peers: [leaf0], aggregationLength: 30, communities: [vip], localPref: 50}", community)
    advertise = _neighbor(written, "w0")["toAdvertise"]
    assert advertise["allowed"]["prefixes"] == ["172.17.0.80/30"]
    assert advertise["withCommunity"] == [{"prefixes": ["172.17.0.80/30"], "community": "64999:7"}]
    assert advertise["withLocalPref"] == [{"prefixes": ["172.17.0.80/30"], "localPref": 50}]
    assert "prefixes" not in _neighbor(written, "w1")["toAdvertise"]["allowed"]


@pytest.mark.parametrize(
    ("spec", "more", "reason"),
    [
        ("{nodeSelectors: [{matchLabels: {rack: r0}}]}", "", NotAnnounced.NOT_OWNER),
        ("{serviceSelectors: [{matchLabels: {app: other}}]}", "", NotAnnounced.NO_MATCHING_ADVERTISEMENT),
        ("{ipAddressPools: [absent]}", "", NotAnnounced.NOT_OWNER),
        (
            "{}",
            "{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {name: s, namespace: o, labels: "
            "{kubernetes.io/service-name: api}}, endpoints: [{nodeName: w0, conditions: {ready: false}}]}",
            NotAnnounced.NO_ENDPOINTS,
        ),
    ],
)
def test_what_keeps_a_node_silent(spec: str, more: str, reason: NotAnnounced) -> None:
    written = _write(spec, *([more] if more else []), name="4.22")
    assert reason in {found for node, _, found in written.not_announced if node == "w1"}
    assert "prefixes" not in _neighbor(written, "w1")["toAdvertise"]["allowed"]


def test_local_traffic_needs_a_local_endpoint() -> None:
    service = (
        "{kind: Service, apiVersion: v1, metadata: {name: local, namespace: o}, spec: {type: LoadBalancer, "
        "externalTrafficPolicy: Local}, status: {loadBalancer: {ingress: [{ip: 172.17.0.81}]}}}"
    )
    endpoints = (
        "{kind: EndpointSlice, apiVersion: discovery.k8s.io/v1, metadata: {name: s, namespace: o, labels: "
        "{kubernetes.io/service-name: local}}, endpoints: [{nodeName: w0}]}"
    )
    written = _write("{}", service, endpoints)
    assert "172.17.0.81/32" in _neighbor(written, "w0")["toAdvertise"]["allowed"]["prefixes"]
    assert ("w1", "local", NotAnnounced.NO_LOCAL_ENDPOINTS) in {
        (node, resource.name, reason) for node, resource, reason in written.not_announced
    }


def test_one_as_per_rack_is_refused_up_to_0_15_and_taken_later() -> None:
    other = """
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: leaf2, namespace: metallb-system}
spec: {myASN: 64998, peerASN: 64998, peerAddress: 100.64.2.1, nodeSelectors: [{matchLabels: {rack: r2}}]}
"""
    with pytest.raises(MetallbError, match="in FRR mode all myAsn must be equal for the same VRF"):
        _write("{}", other)
    assert len(_write("{}", other, name="main").resources) == 2


def test_what_metallb_writes_is_what_frr_k8s_takes() -> None:
    resources = _cluster(_ADVERTISEMENT.replace("SPEC", "{}"))
    whole = resources.adding(metallb_configurations(resources, resources.release).resources)
    text = translate(node_named(whole, "w1"), whole, whole.release).frr_conf
    assert "neighbor 100.64.1.1 password word" in text
    assert "ip prefix-list 100.64.1.1-allowed-ipv4 seq 1 permit 172.17.0.80/32" in text
    assert "ipv6 prefix-list 100.64.1.1-allowed-ipv6 seq 1 deny any" in text
    assert "ip prefix-list 100.64.1.1-inpl-ipv4 seq 1 deny any" in text
