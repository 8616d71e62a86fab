"""Networks, nodes and pools as resources describe them, and as the value files of kustomizations do.

The examples of the OpenStack operators keep what differs between sites in ConfigMaps (`network-values`,
`edpm-nodeset-values`) from which kustomize fills in the resources. Both hold the same facts, so rules see one view.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

from fabric._values import dataclass
from fabric.check._rule import Hit
from fabric.check._values import Address, Path, Prefix, address, at, entries, items, prefix, texts
from fabric.kubernetes import HOSTNAME_LABEL, Resource, Resources


@dataclass(frozen=True, slots=True)
class View:
    """A part of an object."""

    resource: Resource = field(repr=False)
    path: Path

    @property
    def value(self) -> Any:
        """What stands there."""
        return at(self.resource.value, *self.path)

    def hit(self, path: Path, text: str, subject: str = "") -> Hit:
        """A hit at `path` below the part."""
        where = self.resource.where((*self.path, *path))
        return Hit(where, subject or str(self.resource), text, self.resource.annotations)


@dataclass(frozen=True, slots=True)
class Subnet(View):
    """A subnet of a network."""

    network: str
    name: str
    cidr: Prefix | None


@dataclass(frozen=True, slots=True)
class Attachment(View):
    """A NetworkAttachmentDefinition; `path` leads to the text of its CNI configuration."""

    name: str
    config: Mapping[str, Any] | None
    """`None` where the text is no JSON object."""


@dataclass(frozen=True, slots=True)
class PoolView(View):
    """An IPAddressPool's list of addresses; `path` leads to it."""

    name: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """An address that a node has, and where that is written."""

    address: Address
    length: int | None
    path: Path
    interface: str


@dataclass(frozen=True, slots=True)
class NodeNetwork(View):
    """The network of one OpenShift node."""

    node: str
    addresses: tuple[Assigned, ...]
    routes: Path
    """Where its static routes stand, below the object."""
    is_policy: bool
    """True for a NodeNetworkConfigurationPolicy, which says all about its node."""

    def interfaces(self) -> Iterator[tuple[Path, Any]]:
        """Its interfaces, each with its path below the part; none in a value file."""
        return (
            ((*path[len(self.path) :],), entry)
            for path, entry in items(self.resource.value, *self.path, "interfaces")
            if isinstance(entry, dict)
        )

    def own(self) -> Iterator[Assigned]:
        """The addresses that belong to the node alone: those of its loopback and of its links."""
        bridges = {str(at(entry, "name")) for _, entry in self.interfaces() if at(entry, "type") == "linux-bridge"}
        return (entry for entry in self.addresses if entry.interface not in bridges)


@dataclass(frozen=True, slots=True)
class NodeSet(View):
    """An OpenStackDataPlaneNodeSet."""

    name: str
    template: Path
    """Where what all nodes have in common stands, below the part."""

    def variable(self, name: str) -> tuple[Path, Any]:
        """An Ansible variable that all nodes share, and its path; `None` where it is not set."""
        path = (*self.template, "ansible", "ansibleVars", name)
        return path, at(self.value, *path)

    def nodes(self) -> Iterator[tuple[str, Path, Any]]:
        """Its nodes."""
        return entries(self.value, "nodes")

    def of_node(self, node: Any, name: str) -> Any:
        """A variable as one node has it."""
        own = at(node, "ansible", "ansibleVars", name)
        return own if own is not None else self.variable(name)[1]


@dataclass(frozen=True)
class Views:
    """All views of a set of resources."""

    resources: Resources

    @cached_property
    def peers_by_node(self) -> Mapping[str, Sequence[Resource]]:
        """The BGPPeers of each node that some of them names."""
        found: dict[str, list[Resource]] = {}
        for peer in self.resources.of_kind("BGPPeer"):
            for name in sorted(hostnames(peer)):
                found.setdefault(name, []).append(peer)
        return found

    @cached_property
    def subnets(self) -> tuple[Subnet, ...]:
        """Of NetConfigs, then of value files."""
        return (*self._netconfig_subnets(), *self._value_subnets())

    def _netconfig_subnets(self) -> Iterator[Subnet]:
        for resource in self.resources.of_kind("NetConfig"):
            for path, network in items(resource.value, "spec", "networks"):
                yield from _subnets(resource, path, str(at(network, "name")), "subnets")

    def _value_subnets(self) -> Iterator[Subnet]:
        for resource, name, path, value in self._value_entries():
            if isinstance(at(value, "subnets"), list):
                yield from _subnets(resource, path, name, "subnets")
            for network, _, _ in entries(value, "subnets"):
                yield from _subnets(resource, (*path, "subnets"), network, network)

    def _value_entries(self) -> Iterator[tuple[Resource, str, Path, Any]]:
        for resource in self.resources.of_kind("ConfigMap"):
            for name, path, value in entries(resource.value, "data"):
                yield resource, name, path, value

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Of NetworkAttachmentDefinitions, then of value files."""
        found = [
            (resource, resource.name, ("spec", "config"))
            for resource in self.resources.of_kind("NetworkAttachmentDefinition")
        ]
        for resource, name, path, value in self._value_entries():
            if isinstance(at(value, "net-attach-def"), str):
                found.append((resource, name, (*path, "net-attach-def")))  # type: ignore[arg-type]
        return tuple(Attachment(r, path, name, _json(at(r.value, *path))) for r, name, path in found)

    @cached_property
    def pools(self) -> tuple[PoolView, ...]:
        """Of IPAddressPools, then of value files."""
        own = (PoolView(r, ("spec", "addresses"), r.name) for r in self.resources.of_kind("IPAddressPool"))
        values = (
            PoolView(resource, (*path, "lb_addresses"), name)
            for resource, name, path, value in self._value_entries()
            if isinstance(at(value, "lb_addresses"), list)
        )
        return (*own, *values)

    @cached_property
    def nodes(self) -> tuple[NodeNetwork, ...]:
        """Of policies that are for one node, then of value files."""
        policies = (_policy(resource) for resource in self.resources.of_kind("NodeNetworkConfigurationPolicy"))
        values = (
            _value_node(resource, path, value)
            for resource, name, path, value in self._value_entries()
            if name.startswith("node_") and isinstance(value, dict)
        )
        return (*policies, *values)

    @cached_property
    def node_sets(self) -> tuple[NodeSet, ...]:
        """Of OpenStackDataPlaneNodeSets, then of value files."""
        own = (
            NodeSet(resource, ("spec",), resource.name, ("nodeTemplate",))
            for resource in self.resources.of_kind("OpenStackDataPlaneNodeSet")
        )
        values = (
            NodeSet(resource, path, resource.name, ())
            for resource, name, path, value in self._value_entries()
            if name == "nodeset" and isinstance(value, dict)
        )
        return (*own, *values)


def _subnets(resource: Resource, path: Path, network: str, key: str) -> Iterator[Subnet]:
    for place, entry in items(resource.value, *path, key):
        yield Subnet(resource, place, network, str(at(entry, "name")), prefix(at(entry, "cidr")))


def _json(text: Any) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _policy(resource: Resource) -> NodeNetwork:
    base: Path = ("spec", "desiredState")
    name = at(resource.value, "spec", "nodeSelector", HOSTNAME_LABEL)
    return NodeNetwork(
        resource,
        base,
        str(name) if isinstance(name, str) else resource.name,
        tuple(_interface_addresses(resource, base)),
        (*base, "routes", "config"),
        is_policy=True,
    )


def _interface_addresses(resource: Resource, base: Path) -> Iterator[Assigned]:
    for place, interface in items(resource.value, *base, "interfaces"):
        for family in ("ipv4", "ipv6"):
            for path, entry in items(resource.value, *place, family, "address"):
                found, length = address(at(entry, "ip")), at(entry, "prefix-length")
                if found is not None:
                    yield Assigned(
                        found,
                        length if isinstance(length, int) and not isinstance(length, bool) else None,
                        path,
                        str(at(interface, "name")),
                    )


_VALUE_ADDRESSES = ("internalapi_ip", "ctlplane_ip", "storage_ip", "loopback_ip", "loopback_ipv6")


def _value_node(resource: Resource, path: Path, value: Any) -> NodeNetwork:
    found = [(key, (*path, key), at(value, key)) for key in _VALUE_ADDRESSES]
    found += [("bgp", place, entry) for place, entry in items(resource.value, *path, "bgp_ip")]
    assigned = (
        Assigned(parsed, None, place, "lo" if key.startswith("loopback") else key)
        for key, place, text in found
        if (parsed := address(text)) is not None
    )
    name = at(value, "name")
    return NodeNetwork(resource, path, str(name), tuple(assigned), (*path, "routes", "config"), is_policy=False)


def hostnames(peer: Resource) -> frozenset[str]:
    """The host names that the peer's selectors name; empty for a peer of all nodes, or by other labels."""
    return frozenset(name for _, selector in items(peer.spec, "nodeSelectors") for name in selected(selector))


def selected(selector: object) -> Iterator[str]:
    """The host names that a label selector asks for."""
    yield from texts(selector, "matchLabels", HOSTNAME_LABEL)
    for _, expression in items(selector, "matchExpressions"):
        if at(expression, "key") == HOSTNAME_LABEL and at(expression, "operator") == "In":
            yield from texts(expression, "values")
