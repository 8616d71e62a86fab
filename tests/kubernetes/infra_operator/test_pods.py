"""The infra-operator's clones of node configurations, and the traps in them."""

from __future__ import annotations

import json

import pytest

from fabric.kubernetes import Resources, admit, node_named, parse_documents, release
from fabric.kubernetes.frr_k8s import ConversionError, translate
from fabric.kubernetes.infra_operator import PodError, pod_configurations
from fabric.kubernetes.metallb import metallb_configurations

_CLUSTER = """
apiVersion: v1
kind: Node
metadata: {name: worker-0, labels: {kubernetes.io/hostname: worker-0}}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: leaf0, namespace: metallb-system}
spec:
  myASN: 64999
  peerASN: 64999
  peerAddress: 100.64.0.13
  password: example
  nodeSelectors: [{matchLabels: {kubernetes.io/hostname: worker-0}}]
PEER_EXTRA
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: internalapi, namespace: metallb-system}
spec: {addresses: [172.17.0.80-172.17.0.90]}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: adv, namespace: metallb-system}
spec: {ipAddressPools: [internalapi], peers: [leaf0] ADV_EXTRA}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: openstack, annotations: {metallb.universe.tf/loadBalancerIPs: 172.17.0.80}}
spec: {type: LoadBalancer}
---
apiVersion: network.openstack.org/v1beta1
kind: BGPConfiguration
metadata: {name: bgpconfiguration, namespace: openstack}
spec: {frrConfigurationNamespace: metallb-system}
"""


def _pod(name: str, *addresses: str) -> str:
    networks = json.dumps([{"name": "internalapi"}])
    status = [
        {"name": "ovn-kubernetes", "interface": "eth0", "ips": ["10.128.0.5"], "default": True},
        {"name": "openstack/internalapi", "interface": "net1", "ips": list(addresses)},
    ]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": "openstack",
                "annotations": {
                    "k8s.v1.cni.cncf.io/networks": networks,
                    "k8s.v1.cni.cncf.io/network-status": json.dumps(status),
                },
            },
            "spec": {"nodeName": "worker-0"},
            "status": {"phase": "Running"},
        }
    )


def _cluster(pods: str, peer_extra: str = "", advertisement_extra: str = "", name: str = "4.18") -> Resources:
    text = _CLUSTER.replace("PEER_EXTRA", peer_extra).replace("ADV_EXTRA", advertisement_extra)
    resources = admit(parse_documents(f"{text}\n---\n{pods}", "cluster.yaml"), release(name))
    return resources.adding(metallb_configurations(resources, resources.release).resources)


def _with_pods(resources: Resources) -> Resources:
    (configuration,) = resources.of_kind("BGPConfiguration")
    return resources.adding(pod_configurations(configuration, resources))


def test_each_pod_gets_a_clone_with_its_own_prefixes() -> None:
    cluster = _with_pods(_cluster(_pod("mysql-0", "172.17.0.31")))
    pod = cluster.find("FRRConfiguration", "openstack-mysql-0")
    assert pod is not None
    assert pod.namespace == "metallb-system"
    (router,) = pod.spec["bgp"]["routers"]
    assert router["prefixes"] == ["172.17.0.31/32"]
    (neighbor,) = router["neighbors"]
    assert neighbor["toAdvertise"]["allowed"] == {"prefixes": ["172.17.0.31/32"], "mode": "filtered"}
    text = translate(node_named(cluster, "worker-0"), cluster, cluster.release).frr_conf
    assert "network 172.17.0.31/32" in text
    assert "network 172.17.0.80/32" in text


def test_the_namespace_of_4_20_wins_over_the_spec() -> None:
    cluster = _with_pods(_cluster(_pod("mysql-0", "172.17.0.31"), name="4.20"))
    pod = cluster.find("FRRConfiguration", "openstack-mysql-0")
    assert pod is not None
    assert pod.namespace == "openshift-frr-k8s"


@pytest.mark.parametrize(
    ("peer_extra", "advertisement_extra", "reason"),
    [
        ("  bfdProfile: fast", "", "referencing non existing BFDProfile fast"),
        ("", ", communities: ['64999:7']", "community associated to non existing prefix 172.17.0.80/32"),
        ("", ", localPref: 50", "localPref associated to non existing prefix 172.17.0.80/32"),
    ],
)
def test_what_the_clone_cannot_carry_is_refused(peer_extra: str, advertisement_extra: str, reason: str) -> None:
    profile = (
        "apiVersion: metallb.io/v1beta1\nkind: BFDProfile\nmetadata: {name: fast, namespace: metallb-system}\n---\n"
    )
    pods = profile + _pod("mysql-0", "172.17.0.31")
    cluster = _with_pods(_cluster(pods, peer_extra, advertisement_extra))
    with pytest.raises(ConversionError) as error:
        translate(node_named(cluster, "worker-0"), cluster, cluster.release)
    assert reason in error.value.reason


def test_a_peer_in_a_vrf_lands_in_the_default_vrf() -> None:
    cluster = _with_pods(_cluster(_pod("mysql-0", "172.17.0.31"), "  vrf: red"))
    text = translate(node_named(cluster, "worker-0"), cluster, cluster.release).frr_conf
    assert "router bgp 64999\n" in text
    assert "router bgp 64999 vrf red\n" in text


def test_an_ipv6_pod_behind_an_ipv4_peer_is_refused_from_4_20_on() -> None:
    old = _with_pods(_cluster(_pod("mysql-0", "fd00:172::31")))
    assert "fd00:172::31/128" in translate(node_named(old, "worker-0"), old, old.release).frr_conf
    new = _with_pods(_cluster(_pod("mysql-0", "fd00:172::31"), name="4.20"))
    with pytest.raises(ConversionError, match="not compatible with the ipfamily ipv4"):
        translate(node_named(new, "worker-0"), new, new.release)


def test_a_node_without_a_configuration_stops_everything() -> None:
    pods = f"{_pod('mysql-0', '172.17.0.31')}\n---\n{_pod('mysql-1', '172.17.0.32').replace('worker-0', 'worker-1')}"
    with pytest.raises(PodError, match="node worker-1"):
        _with_pods(_cluster(pods))


def test_a_pod_whose_status_lags_behind_stops_everything() -> None:
    lagging = json.loads(_pod("mysql-0", "172.17.0.31"))
    lagging["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] = "[]"
    with pytest.raises(PodError, match="asks for 1 networks"):
        _with_pods(_cluster(json.dumps(lagging)))


def test_pods_that_end_are_passed_over() -> None:
    ending = json.loads(_pod("mysql-0", "172.17.0.31"))
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster = _with_pods(_cluster(json.dumps(ending)))
    assert cluster.find("FRRConfiguration", "openstack-mysql-0") is None


def test_of_several_bases_the_last_is_taken() -> None:
    own = """
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {name: zz-own, namespace: metallb-system}
spec:
  nodeSelector: {matchLabels: {kubernetes.io/hostname: worker-0}}
  bgp: {routers: [{asn: 65000}]}
"""
    cluster = _cluster(f"{_pod('mysql-0', '172.17.0.31')}\n---{own}")
    (configuration,) = cluster.of_kind("BGPConfiguration")
    last = cluster.of_kind("FRRConfiguration")[-1]
    (pod,) = pod_configurations(configuration, cluster)
    assert pod.spec["bgp"]["routers"][0]["asn"] == last.spec["bgp"]["routers"][0]["asn"]
