"""BGPPeers and the nodes that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fabric.check._scene import ResourceScene
from fabric.check._values import Path, at
from fabric.check._views import hostnames, selected
from fabric.kubernetes import Resource

__all__ = ["by_node", "hostnames", "passwords", "selected"]


def by_node(scene: ResourceScene) -> Mapping[str, Sequence[Resource]]:
    """The peers of each node that some peer names."""
    return scene.peers_by_node


def passwords(scene: ResourceScene) -> Iterator[tuple[Resource, Path, str]]:
    """Passwords of BGP sessions in clear text: the object, where it stands, and the password."""
    for peer in scene.of_kind("BGPPeer"):
        if isinstance(at(peer.spec, "password"), str):
            yield peer, ("spec", "password"), peer.spec["password"]
    for node_set in scene.node_sets:
        path, value = node_set.variable("edpm_frr_bgp_neighbor_password")
        if isinstance(value, str):
            yield node_set.resource, (*node_set.path, *path), value
