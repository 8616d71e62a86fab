"""The chain of controllers, on the resources of a RHOSO worker."""

from __future__ import annotations

import json

from fabric.kubernetes import Resources, admit, node_named, nodes_of, parse_documents, release
from fabric.kubernetes.controllers import reconcile
from fabric.kubernetes.frr_k8s import Translator

_USER = """
{kind: Node, apiVersion: v1, metadata: {name: worker-0, labels: {kubernetes.io/hostname: worker-0}}}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: bgp-peer-node-3-0, namespace: metallb-system}
spec:
  myASN: 64999
  peerASN: 64999
  peerAddress: 100.64.0.13
  nodeSelectors: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [worker-0]}]}]
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: bgpadvertisement, namespace: metallb-system}
spec: {ipAddressPools: [internalapi], peers: [bgp-peer-node-3-0]}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: internalapi, namespace: metallb-system}
spec: {addresses: [172.17.0.80-172.17.0.90]}
---
{kind: Service, apiVersion: v1, metadata: {name: keystone, namespace: openstack},
 spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 172.17.0.80}]}}}
---
{apiVersion: network.openstack.org/v1beta1, kind: BGPConfiguration, metadata: {name: b, namespace: openstack}, spec: {}}
"""


def _resources(*addresses: str, name: str = "4.20") -> Resources:
    pods = []
    for index, address in enumerate(addresses):
        status = [{"name": "ovn-kubernetes"}, {"name": "openstack/internalapi", "ips": [address]}]
        annotations = {
            "k8s.v1.cni.cncf.io/networks": '[{"name": "internalapi"}]',
            "k8s.v1.cni.cncf.io/network-status": json.dumps(status),
        }
        pod = {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": f"galera-{index}", "namespace": "openstack", "annotations": annotations},
            "spec": {"nodeName": "worker-0"},
            "status": {"phase": "Running"},
        }
        pods.append(json.dumps(pod))
    return admit(parse_documents("\n---\n".join((_USER, *pods)), "user.yaml"), release(name))


def test_the_node_announces_its_addresses_and_those_of_its_pods() -> None:
    resources = _resources("172.17.0.31", "172.17.0.32")
    cluster = reconcile(resources, resources.release)
    assert [entry.name for entry in cluster.written] == ["metallb-worker-0", "openstack-galera-0", "openstack-galera-1"]
    text = Translator(cluster.resources, resources.release).node(node_named(cluster.resources, "worker-0")).frr_conf
    for address in ("172.17.0.31", "172.17.0.32", "172.17.0.80"):
        assert f"permit {address}/32\n" in text
        assert f"network {address}/32\n" in text


def test_running_again_changes_nothing() -> None:
    resources = _resources("172.17.0.31")
    once = reconcile(resources, resources.release)
    twice = reconcile(once.resources, resources.release)
    assert [entry.value for entry in twice.written] == [entry.value for entry in once.written]
    assert len(twice.resources.items) == len(once.resources.items)


def test_without_controllers_the_resources_stay() -> None:
    resources = admit(parse_documents("{kind: Node, apiVersion: v1, metadata: {name: w}}", "u.yaml"), release("4.20"))
    cluster = reconcile(resources, resources.release)
    assert cluster.resources is resources
    assert [node.name for node in nodes_of(cluster.resources)] == ["w"]
