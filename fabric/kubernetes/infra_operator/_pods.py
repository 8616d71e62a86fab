"""BGPConfiguration (network.openstack.org/v1beta1): the node's FRRConfiguration, cloned for each of its pods.

Of the node's routers only the ASN and the neighbors are copied. Router id, VRF, imports, BFD profiles and raw text
are not, and a neighbor's modifiers keep naming the node's prefixes; frr-k8s refuses several of the results, which
is what the lint rules about BGPConfiguration are for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fabric._values import dataclass
from fabric.errors import InputError
from fabric.kubernetes._admission import admit
from fabric.kubernetes._documents import Document
from fabric.kubernetes._golang import parse_ip
from fabric.kubernetes._resources import HOSTNAME_LABEL, Resource, Resources

OWNER_LABEL = "bgpconfiguration.openstack.org/name"
_NAMESPACE_LABEL = "bgpconfiguration.openstack.org/namespace"
_POD_LABEL = "bgpconfiguration.openstack.org/pod-name"
_PREDICTABLE_LABEL = "predictableip"
_NETWORKS = "k8s.v1.cni.cncf.io/networks"
_NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status"
_PREFERRED_NAMESPACE = "openshift-frr-k8s"

Json = dict[str, Any]


class PodError(InputError):
    """What makes the operator give up on the whole BGPConfiguration until it changes."""


@dataclass(frozen=True, slots=True)
class _Pod:
    resource: Resource
    node: str
    prefixes: tuple[str, ...]


def pod_configurations(bgp_configuration: Resource, resources: Resources) -> tuple[Resource, ...]:
    """The FRRConfigurations that the operator writes for the pods of the BGPConfiguration's namespace.

    `resources` hold the pods, their network attachment definitions and the FRRConfigurations to clone from.
    Raises `PodError` for what the operator reports as an error; it then writes none for any pod.
    """
    namespace = frr_namespace(bgp_configuration, resources)
    pods = [_read_pod(pod, resources) for pod in _attached_pods(bgp_configuration, resources)]
    candidates = [
        (_normal(resource.spec.get("nodeSelector")), resource)
        for resource in resources.of_kind("FRRConfiguration")
        if resource.namespace == namespace and OWNER_LABEL not in resource.labels
    ]
    bases: dict[str, Resource] = {}
    for pod in pods:
        if pod.node not in bases:
            bases[pod.node] = _base(pod.node, bgp_configuration, candidates)
    written = (_document(pod, bases[pod.node], bgp_configuration, namespace) for pod in pods)
    return admit(written, resources.release).items


def frr_namespace(bgp_configuration: Resource, resources: Resources) -> str:
    """Where the operator reads and writes: `openshift-frr-k8s` as soon as that namespace exists, whatever the spec."""
    exists = resources.find("Namespace", _PREFERRED_NAMESPACE) is not None or any(
        resource.namespace == _PREFERRED_NAMESPACE for resource in resources.of_kind("FRRConfiguration")
    )
    if exists:
        return _PREFERRED_NAMESPACE
    return str(bgp_configuration.spec.get("frrConfigurationNamespace") or _PREFERRED_NAMESPACE)


def _attached_pods(bgp_configuration: Resource, resources: Resources) -> Iterator[Resource]:
    for pod in resources.of_kind("Pod"):
        running = pod.status.get("phase") == "Running" and not pod.value["metadata"].get("deletionTimestamp")
        attached = (pod.annotations.get(_NETWORKS) or "[]") != "[]" or _PREDICTABLE_LABEL in pod.labels
        if pod.namespace == bgp_configuration.namespace and running and attached:
            yield pod


def _read_pod(pod: Resource, resources: Resources) -> _Pod:
    requested = _json_list(pod, _NETWORKS)
    node = pod.spec.get("nodeName", "")
    if not node:
        raise PodError(f"{pod.where()}: {pod} has no spec.nodeName. The operator waits until it is scheduled.")
    status = _json_list(pod, _NETWORK_STATUS)
    # The status also lists the pod network.
    if requested and len(status) <= len(requested):
        raise PodError(
            f"{pod.where()}: {pod} asks for {len(requested)} networks, but its {_NETWORK_STATUS} annotation lists "
            f"{len(status)} with the pod network among them. The operator waits for the missing ones."
        )
    prefixes: dict[str, None] = {}
    for entry in status:
        if entry.get("name") == "ovn-kubernetes" or entry.get("interface") == "eth0":
            continue
        addresses = entry.get("ips") or ()
        if not addresses and _has_ipam(entry.get("name", ""), pod, resources):
            raise PodError(f"{pod.where()}: {pod} has no address on network {entry.get('name')}. The operator waits.")
        prefixes.update(dict.fromkeys(map(_host_prefix, addresses)))
    return _Pod(pod, node, tuple(prefixes))


def _json_list(pod: Resource, annotation: str) -> list[Any]:
    text = pod.annotations.get(annotation) or "[]"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        place = pod.where(("metadata", "annotations", annotation))
        raise PodError(
            f"{place}: the annotation {annotation} of {pod} is no JSON ({error.msg}). The operator does not read the "
            "short form of names; write a JSON list."
        ) from error
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _host_prefix(address: str) -> str:
    parsed = parse_ip(address)
    return f"{address}/128" if parsed is None or parsed.version == 6 else f"{address}/32"


def _has_ipam(network: str, pod: Resource, resources: Resources) -> bool:
    """False for networks that give out no addresses; a definition that is not at hand counts as giving them out."""
    name = network.removeprefix(f"{pod.namespace}/")
    for definition in resources.of_kind("NetworkAttachmentDefinition"):
        if (definition.namespace, definition.name) == (pod.namespace, name):
            try:
                config = json.loads(definition.spec.get("config") or "{}")
                return bool(config.get("ipam")) if isinstance(config, dict) else False
            except json.JSONDecodeError as error:
                place = definition.where(("spec", "config"))
                raise PodError(f"{place}: the config of {definition} is no JSON ({error.msg}).") from error
    return True


def _base(node: str, bgp_configuration: Resource, candidates: Iterable[tuple[Json, Resource]]) -> Resource:
    """The node's FRRConfiguration: the last of the candidates whose selector is exactly the wanted one."""
    wanted = _wanted_selector(node, bgp_configuration)
    found = [resource for selector, resource in candidates if selector == wanted]
    if not found:
        raise PodError(
            f"{bgp_configuration.where()}: no FRRConfiguration has exactly the nodeSelector {wanted} of node {node}, "
            "so the operator writes none for any pod. Give the node a BGPPeer, or name its selector in "
            "spec.frrNodeConfigurationSelector."
        )
    return found[-1]


def _wanted_selector(node: str, bgp_configuration: Resource) -> Json:
    for entry in bgp_configuration.spec.get("frrNodeConfigurationSelector") or ():
        if entry.get("nodeName") == node:
            return _normal(entry.get("nodeSelector"))
    return {"matchLabels": {HOSTNAME_LABEL: node}}


def _normal(selector: Mapping[str, Any] | None) -> Json:
    """A selector without empty parts, as Kubernetes compares them."""
    return {key: value for key, value in (selector or {}).items() if value}


def _document(pod: _Pod, base: Resource, bgp_configuration: Resource, namespace: str) -> Document:
    labels = {
        OWNER_LABEL: bgp_configuration.name,
        _NAMESPACE_LABEL: bgp_configuration.namespace,
        _POD_LABEL: pod.resource.name,
    }
    routers = (base.spec.get("bgp") or {}).get("routers") or ()
    value = {
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "FRRConfiguration",
        "metadata": {
            "name": f"{bgp_configuration.namespace}-{pod.resource.name}",
            "namespace": namespace,
            "labels": labels,
        },
        "spec": {
            "bgp": {"routers": [_router(router, pod.prefixes) for router in routers]},
            "nodeSelector": base.spec.get("nodeSelector") or {},
        },
    }
    return Document.generated(f"infra-operator for {pod.resource}, cloned from {base}", value)


def _router(router: Mapping[str, Any], prefixes: tuple[str, ...]) -> Json:
    return {
        "asn": router["asn"],
        "neighbors": [_neighbor(neighbor, prefixes) for neighbor in router.get("neighbors") or ()],
        "prefixes": list(prefixes),
    }


def _neighbor(neighbor: Mapping[str, Any], prefixes: tuple[str, ...]) -> Json:
    """A copy of the node's neighbor; only the list of allowed prefixes is replaced, not the modifiers."""
    advertise = dict(neighbor.get("toAdvertise") or {})
    advertise["allowed"] = {**(advertise.get("allowed") or {}), "prefixes": list(prefixes)}
    return {**neighbor, "toAdvertise": advertise}
