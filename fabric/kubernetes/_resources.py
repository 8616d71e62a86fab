"""Custom resources and core objects, as a cluster of a given release would hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from fabric._values import dataclass
from fabric.errors import Problem
from fabric.kubernetes._documents import (
    Document,
    position,
)
from fabric.kubernetes._documents import Path as FieldPath
from fabric.kubernetes._release import Release

Identity = tuple[str, str, str, str]
"""Group, kind, namespace and name."""
HOSTNAME_LABEL = "kubernetes.io/hostname"
OS_LABEL = "kubernetes.io/os"
PLURALS = {
    ("frrk8s.metallb.io", "FRRConfiguration"): "frrconfigurations",
    ("frrk8s.metallb.io", "FRRK8sConfiguration"): "frrk8sconfigurations",
    ("metallb.io", "BGPPeer"): "bgppeers",
    ("metallb.io", "BGPAdvertisement"): "bgpadvertisements",
    ("metallb.io", "IPAddressPool"): "ipaddresspools",
    ("metallb.io", "BFDProfile"): "bfdprofiles",
    ("metallb.io", "Community"): "communities",
    ("network.openstack.org", "BGPConfiguration"): "bgpconfigurations",
}
GROUPS = {kind: group for group, kind in PLURALS} | {
    "L2Advertisement": "metallb.io",
    "EndpointSlice": "discovery.k8s.io",
    "NetworkAttachmentDefinition": "k8s.cni.cncf.io",
    **dict.fromkeys(("Namespace", "Node", "Pod", "Secret", "Service"), ""),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One object, after unknown fields were dropped and defaults filled in."""

    document: Document = field(repr=False)
    kind: str
    namespace: str
    """Empty for objects that live in no namespace, such as nodes."""
    name: str
    value: Mapping[str, Any] = field(repr=False)
    """Not shown by `repr`: it may hold passwords."""

    @property
    def group(self) -> str:
        """The API group, "" for core objects: other groups have a BGPPeer or a Service of their own."""
        return str(self.value.get("apiVersion", "")).rpartition("/")[0]

    @property
    def labels(self) -> Mapping[str, str]:
        """`metadata.labels`."""
        labels: Mapping[str, str] = self.value.get("metadata", {}).get("labels") or {}
        return labels

    @property
    def annotations(self) -> Mapping[str, str]:
        """`metadata.annotations`."""
        annotations: Mapping[str, str] = self.value.get("metadata", {}).get("annotations") or {}
        return annotations

    @property
    def spec(self) -> Mapping[str, Any]:
        """`spec`, empty where the object has none."""
        spec: Mapping[str, Any] = self.value.get("spec") or {}
        return spec

    @property
    def status(self) -> Mapping[str, Any]:
        """`status`, empty where the object has none."""
        status: Mapping[str, Any] = self.value.get("status") or {}
        return status

    def where(self, path: FieldPath = ()) -> str:
        """`file:line` of the field at `path`, or of its nearest ancestor that was written down."""
        return position(self.document, self.value, path)

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name}"


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that was read, by kind, in the order of the files."""

    release: Release
    items: tuple[Resource, ...]
    dropped: tuple[Problem, ...] = ()
    """Fields that the release's schema does not know: a cluster drops them silently, `oc apply` may refuse them."""
    _by_kind: Mapping[str, tuple[Resource, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_kind: dict[str, list[Resource]] = {}
        for item in self.items:
            if item.group == GROUPS.get(item.kind, item.group):
                by_kind.setdefault(item.kind, []).append(item)
        object.__setattr__(self, "_by_kind", {kind: tuple(found) for kind, found in by_kind.items()})

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """The objects of `kind` in the API group that the controllers here watch, in the order of the files."""
        return self._by_kind.get(kind, ())

    def find(self, kind: str, name: str) -> Resource | None:
        """The first object of `kind` called `name`."""
        return next((item for item in self.of_kind(kind) if item.name == name), None)

    def adding(self, more: Iterable[Resource]) -> Resources:
        """These resources and `more`; an object that is there already is replaced."""
        added = {identity(item): item for item in more}
        kept = (item for item in self.items if identity(item) not in added)
        return Resources(self.release, (*kept, *added.values()), self.dropped)


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster node: its name and the labels that selectors see."""

    name: str
    labels: Mapping[str, str]
    network_unavailable: bool = False


def node_named(resources: Resources, name: str) -> Node:
    """The node `name` of the resources; a node that is not among them has kubelet's labels only."""
    found = resources.find("Node", name)
    return _node(found) if found else Node(name, kubelet_labels(name))


def kubelet_labels(name: str) -> Mapping[str, str]:
    """The labels that kubelet gives every node and that selectors name: host name and operating system."""
    return {HOSTNAME_LABEL: name, OS_LABEL: "linux"}


def nodes_of(resources: Resources) -> tuple[Node, ...]:
    """All nodes among the resources."""
    return tuple(map(_node, resources.of_kind("Node")))


def nodes_meant(resources: Resources) -> tuple[Node, ...]:
    """The nodes among the resources; without any, one for each host name that a node selector names."""
    nodes = nodes_of(resources)
    if nodes:
        return nodes
    names: dict[str, None] = {}
    for resource in resources.of_kind("FRRConfiguration"):
        labels = (resource.spec.get("nodeSelector") or {}).get("matchLabels") or {}
        if HOSTNAME_LABEL in labels:
            names.setdefault(labels[HOSTNAME_LABEL])
    return tuple(Node(name, kubelet_labels(name)) for name in names) or (Node("any", {}),)


def _node(resource: Resource) -> Node:
    """The node, with kubelet's labels where a document that only adds some does not have them."""
    conditions = resource.status.get("conditions") or []
    down = any(entry.get("type") == "NetworkUnavailable" and entry.get("status") == "True" for entry in conditions)
    return Node(resource.name, {**kubelet_labels(resource.name), **resource.labels}, down)


def identity(resource: Resource) -> Identity:
    return resource.group, resource.kind, resource.namespace, resource.name
