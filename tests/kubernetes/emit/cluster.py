"""Designs, what is emitted for them, and the cluster that it makes when the controllers have run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from fabric import config, plan
from fabric.config import DeviceConfig
from fabric.kubernetes import Resources, admit, parse_documents, release
from fabric.kubernetes.emit import KubernetesOptions, kubernetes_files
from fabric.plan import Plan
from fabric.topology import load
from tests.designs import Values, design_of

TOPOLOGIES = Path(__file__).parents[3] / "topologies"
RELEASES = ("4.18", "4.20", "4.22")
SHIPPED = ("rhoso-dz", "rhoso-bgp-dt01", "quickstart", "clos5", "clos3-rfc7938", "dcn-edge")
RHOSO = ("rhoso-dz", "rhoso-bgp-dt01")

Document = dict[str, Any]


def shipped(name: str) -> Plan:
    """The plan of a topology that ships."""
    return plan.build(load(TOPOLOGIES / f"{name}.yaml"))


def small(profile: str = "rhoso", **changes: Any) -> Values:
    """Two zones with a rack each: a compute, two workers; the values may be edited."""
    rack = {"nodes": {"computes": 1, "workers": 2}}
    return {
        "version": 1,
        "name": "small",
        "profile": profile,
        "families": ["ipv4"],
        "spines": 2,
        "zones": [{"name": f"z{n}", "racks": [{"name": f"r{n}", **rack}]} for n in (0, 1)],
        "node_groups": {"computes": {"role": "compute"}, "workers": {"role": "worker"}},
        "networks": {"internalapi": {"ipv4": "172.17.0.0/24", "roles": ["worker"], "vips": 2}},
        **changes,
    }


def plan_of(values: Values) -> Plan:
    """The plan of plain values."""
    return plan.build(design_of(values))


def options(name: str = "4.22", **others: Any) -> KubernetesOptions:
    """Options for a release."""
    return KubernetesOptions(release=release(name), **others)


def resources(files: Mapping[str, str]) -> list[Document]:
    """Every resource in the files that the kustomizations name, in the order of `oc apply -k`."""
    return list(_kustomized(files, "kubernetes")) if files else []


def _kustomized(files: Mapping[str, str], directory: str) -> Iterable[Document]:
    for name in yaml.safe_load(files[f"{directory}/kustomization.yaml"])["resources"]:
        path = f"{directory}/{name}"
        if path in files:
            yield from yaml.safe_load_all(files[path])
        else:
            yield from _kustomized(files, path)


def emitted(planned: Plan, chosen: KubernetesOptions | None = None) -> list[Document]:
    """The resources of a plan."""
    return resources(kubernetes_files(planned, chosen))


def of_kind(documents: Iterable[Document], kind: str) -> list[Document]:
    """The resources of a kind."""
    return [document for document in documents if document["kind"] == kind]


def nodes(planned: Plan) -> dict[str, DeviceConfig]:
    """What each node of a plan is told, by name."""
    return {d.name: d for d in config.build(planned) if planned.by_name[d.name].device.tier == "node"}


def admitted(planned: Plan, chosen: KubernetesOptions, *more: Document) -> Resources:
    """The resources in a cluster with its nodes and a service for each set of virtual addresses, and with `more`."""
    documents = [d for d in emitted(planned, chosen) if d["kind"] != "Node"]
    documents += [_node(name) for name in nodes(planned)]
    documents += [_service(subnet.network, subnet.scope, subnet.vips) for subnet in planned.subnets if subnet.vips]
    text = yaml.safe_dump_all([*documents, *more])
    return admit(parse_documents(text, "emitted.yaml"), chosen.release)


def _node(name: str) -> Document:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "node-role.kubernetes.io/worker": ""}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def _service(network: str, scope: str, vips: Iterable[object]) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{network}-{scope}", "namespace": "openstack"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": str(vip)} for vip in vips]}},
    }


def pod(node: str, network: str, address: str) -> Document:
    """A pod of OpenStack on a node, with an address on an attached network."""
    status = [
        {"name": "ovn-kubernetes", "interface": "eth0", "ips": ["10.128.0.5"]},
        {"name": f"openstack/{network}", "interface": "net1", "ips": [address]},
    ]
    annotations = {
        "k8s.v1.cni.cncf.io/networks": json.dumps([{"name": network}]),
        "k8s.v1.cni.cncf.io/network-status": json.dumps(status),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{node}", "namespace": "openstack", "annotations": annotations},
        "spec": {"nodeName": node},
        "status": {"phase": "Running"},
    }
