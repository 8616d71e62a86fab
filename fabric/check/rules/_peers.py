"""BGPPeers and the nodes that they are for."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._scene import ResourceScene
from fabric.check._values import Path, at, items, texts
from fabric.kubernetes import HOSTNAME_LABEL, Resource


def hostnames(peer: Resource) -> frozenset[str]:
    """The host names that the peer's selectors name; empty for a peer of all nodes, or by other labels."""
    return frozenset(name for _, selector in items(peer.spec, "nodeSelectors") for name in selected(selector))


def selected(selector: object) -> Iterator[str]:
    """The host names that a label selector asks for."""
    yield from texts(selector, "matchLabels", HOSTNAME_LABEL)
    for _, expression in items(selector, "matchExpressions"):
        if at(expression, "key") == HOSTNAME_LABEL and at(expression, "operator") == "In":
            yield from texts(expression, "values")


def by_node(scene: ResourceScene) -> dict[str, list[Resource]]:
    """The peers of each node that some peer names."""
    found: dict[str, list[Resource]] = {}
    for peer in scene.of_kind("BGPPeer"):
        for name in sorted(hostnames(peer)):
            found.setdefault(name, []).append(peer)
    return found


def passwords(scene: ResourceScene) -> Iterator[tuple[Resource, Path, str]]:
    """Passwords of BGP sessions in clear text: the object, where it stands, and the password."""
    for peer in scene.of_kind("BGPPeer"):
        if isinstance(at(peer.spec, "password"), str):
            yield peer, ("spec", "password"), peer.spec["password"]
    for node_set in scene.node_sets:
        path, value = node_set.variable("edpm_frr_bgp_neighbor_password")
        if isinstance(value, str):
            yield node_set.resource, (*node_set.path, *path), value
