"""Devices that are nodes of a cluster, as the cluster's own resources configure them.

Files -> admission -> MetalLB and infra-operator -> frr-k8s on each node: the same steps as on a cluster, so that what
runs in the lab and what is predicted are the resources, not a shortcut around them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import yaml

from fabric.config import DeviceConfig, FabricConfig, Policies, Secret
from fabric.errors import InputError
from fabric.kubernetes import HOSTNAME_LABEL, ClusterSource, Document, Node, Resources, nodes_of, release, resources_of
from fabric.kubernetes._resources import kubelet_labels
from fabric.kubernetes.controllers import reconcile
from fabric.kubernetes.emit import kubernetes_files
from fabric.kubernetes.frr_k8s import ConversionError, NodeConfiguration, Translator, to_device_config
from fabric.plan import Plan, SubnetPlan

_ZONE_LABEL = "topology.kubernetes.io/zone"
_ROLE_LABEL = "node-role.kubernetes.io/"
_SECRETS = "kubernetes/secrets-template.yaml"
_BGP, _KUSTOMIZATION = "kubernetes/bgp/", "/kustomization.yaml"
_SWITCHES = frozenset({"spine", "super-spine", "leaf", "border"})


def with_cluster(fabric: FabricConfig, source: ClusterSource, members: frozenset[str] = frozenset()) -> FabricConfig:
    """`fabric` with every node of the cluster configured by the cluster's resources instead of the plan.

    Nodes are those of `members`, the devices that a Node document names, and those whose host name a selector names.
    A device without a Node document gets one with its host name, zone and role as labels. Raises `InputError` with
    what the controllers refuse, for all nodes at once, and where no device is a node.
    """
    chosen = release(source.release)
    plain = resources_of(source.texts, chosen)
    devices = _nodes_among(fabric, plain, members)
    missing = [device for device in devices if plain.find("Node", device.name) is None]
    resources = resources_of(source.texts, chosen, map(_node_document, missing))
    configurations = _translate_all(reconcile(resources, chosen).resources, devices)
    return replace(fabric, devices=tuple(_configured(device, configurations) for device in fabric))


def own_cluster(plan: Plan, passwords: Mapping[str, Secret] = MappingProxyType({})) -> ClusterSource:
    """The resources that we write for the cluster of a design, as the ones that its nodes run.

    OpenStack's services bring the virtual addresses to life, so each subnet with some has a Service that holds them.
    The template of Secrets has those of `passwords` filled in.
    """
    files = kubernetes_files(plan)
    texts = {path: text for path, text in files.items() if path.startswith(_BGP) and not path.endswith(_KUSTOMIZATION)}
    secrets = [_with_value(secret, passwords) for secret in yaml.safe_load_all(files.get(_SECRETS, ""))]
    services = [_service(subnet) for subnet in plan.subnets if subnet.vips]
    quoted = yaml.safe_dump_all(
        secrets, default_style='"'
    )  # a Secret may be called `y`, which the cluster reads as true
    return ClusterSource(
        {**texts, "services.yaml": yaml.safe_dump_all(services), "secrets.yaml": quoted},
        plan.design.topology.kubernetes.release,
    )


def _with_value(secret: dict[str, Any], passwords: Mapping[str, Secret]) -> dict[str, Any]:
    """A Secret of the template with its password; the placeholder stays where none is given."""
    given = passwords.get(secret["metadata"]["name"])
    return secret if given is None else {**secret, "stringData": dict.fromkeys(secret["stringData"], given.value)}


def _service(subnet: SubnetPlan) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{subnet.network}-{subnet.scope}", "namespace": "openstack"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": str(vip)} for vip in subnet.vips]}},
    }


def _nodes_among(fabric: FabricConfig, resources: Resources, members: frozenset[str]) -> tuple[DeviceConfig, ...]:
    named = {node.name for node in nodes_of(resources)} | set(_host_names(resources))
    wanted = members | named
    found = tuple(device for device in fabric if device.name in wanted and device.place.role not in _SWITCHES)
    if not any(device.name in named for device in found) and named:
        known = ", ".join(device.name for device in fabric if device.place.role not in _SWITCHES)
        raise InputError(
            f"The resources are for the nodes {', '.join(sorted(named))}, and none of them is a device of "
            f"{fabric.name}, which has {known}. Name the nodes alike."
        )
    if not found:
        raise InputError(
            f"No device of {fabric.name} is a node of the cluster. Add Node documents with the devices' names."
        )
    return found


def _host_names(resources: Resources) -> Iterator[str]:
    """The host names in the node selectors of FRRConfigurations and BGPPeers."""
    for resource in resources.of_kind("FRRConfiguration"):
        yield from _host_names_of(resource.spec.get("nodeSelector") or {})
    for resource in resources.of_kind("BGPPeer"):
        for selector in resource.spec.get("nodeSelectors") or ():
            yield from _host_names_of(selector)


def _host_names_of(selector: Mapping[str, Any]) -> Iterator[str]:
    labels = selector.get("matchLabels") or {}
    if HOSTNAME_LABEL in labels:
        yield labels[HOSTNAME_LABEL]
    for expression in selector.get("matchExpressions") or ():
        if expression.get("key") == HOSTNAME_LABEL and expression.get("operator") == "In":
            yield from expression.get("values") or ()


def _node_document(device: DeviceConfig) -> Document:
    labels = {**kubelet_labels(device.name), f"{_ROLE_LABEL}{device.place.role}": ""}
    if device.place.zone:
        labels[_ZONE_LABEL] = device.place.zone
    value = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": device.name, "labels": labels}}
    return Document.generated(f"the device {device.name}", value)


def _translate_all(resources: Resources, devices: Iterable[DeviceConfig]) -> Mapping[str, NodeConfiguration]:
    """What frr-k8s makes of each device; refusals of all of them in one error."""
    nodes: Mapping[str, Node] = {node.name: node for node in nodes_of(resources)}
    translator = Translator(resources, resources.release)
    configurations: dict[str, NodeConfiguration] = {}
    refused: list[str] = []
    for device in devices:
        try:
            configurations[device.name] = translator.node(nodes[device.name])
        except ConversionError as error:
            refused.append(str(error))
    if refused:
        raise InputError("\n".join(refused))
    if not any(configuration.sources for configuration in configurations.values()):
        names = ", ".join(configurations)
        raise InputError(
            f"The resources give none of the nodes {names} an FRRConfiguration. Add BGPPeers or FRRConfigurations that "
            "select them."
        )
    return configurations


def _configured(device: DeviceConfig, configurations: Mapping[str, NodeConfiguration]) -> DeviceConfig:
    """The device's interfaces and static routes with the BGP that the resources give it, and nothing of the plan's."""
    configuration = configurations.get(device.name)
    if configuration is None:
        return device
    return to_device_config(replace(device, policies=Policies(), fib_filters=()), configuration)
