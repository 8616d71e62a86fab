"""The configuration of a whole design: OpenShift nodes run what the controllers make of resources, as on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from fabric import config
from fabric._values import dataclass
from fabric.config import FabricConfig, Secret
from fabric.plan import Plan

_OPENSHIFT_PROFILE = "rhoso"
_OPENSHIFT_ROLES = frozenset({"worker", "control-plane"})


@dataclass(frozen=True)
class ClusterSource:
    """What is applied to a cluster: the texts of its resources by file name, and the release that reads them."""

    texts: Mapping[str, str] = field(repr=False)
    """Not shown by `repr`: they may hold passwords."""
    release: str


def configure(
    plan: Plan, cluster: ClusterSource | None = None, passwords: Mapping[str, Secret] = MappingProxyType({})
) -> FabricConfig:
    """The configuration of all devices; that of OpenShift nodes comes from resources: the given ones, else our own.

    `passwords`, by the name of their Secret, take the place of the placeholders that `fabric.config.build` writes.
    With resources of the user's own, the nodes have the passwords of the Secrets among those. Raises `InputError` with
    what the controllers refuse.
    """
    fabric = config.with_passwords(config.build(plan), passwords)
    members = _openshift_nodes(plan, fabric)
    if cluster is None and not members:
        return fabric
    from fabric.kubernetes.nodes import own_cluster, with_cluster  # noqa: PLC0415 - few designs have a cluster

    return with_cluster(fabric, cluster or own_cluster(plan, passwords), members)


def _openshift_nodes(plan: Plan, fabric: FabricConfig) -> frozenset[str]:
    if plan.design.topology.profile != _OPENSHIFT_PROFILE:
        return frozenset()
    return frozenset(d.name for d in fabric if d.place.role in _OPENSHIFT_ROLES and d.default_bgp)
