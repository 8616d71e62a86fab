"""MetalLB, then the infra-operator: from what a user writes to the FRRConfigurations that frr-k8s reads."""

from __future__ import annotations

from fabric._values import dataclass
from fabric.kubernetes._release import Release
from fabric.kubernetes._resources import Resource, Resources
from fabric.kubernetes.infra_operator import pod_configurations
from fabric.kubernetes.metallb import MetallbOptions, NotAnnounced, metallb_configurations

_METALLB_KINDS = ("BGPPeer", "BGPAdvertisement", "IPAddressPool")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The resources of a cluster after its controllers have run."""

    resources: Resources
    """The user's resources and every FRRConfiguration that was made from them."""
    written: tuple[Resource, ...] = ()
    """The FRRConfigurations that controllers wrote."""
    not_announced: tuple[tuple[str, Resource, NotAnnounced], ...] = ()
    """Node, Service and reason for each Service that a node does not announce."""


def reconcile(resources: Resources, release: Release, options: MetallbOptions | None = None) -> Cluster:
    """The cluster once MetalLB and the infra-operator have nothing left to do.

    Without MetalLB's resources or a BGPConfiguration the resources stay as they are. A FRRConfiguration that is among
    them already, such as one read back from the cluster, is replaced by what its controller would write now. Raises
    `MetallbError` and `PodError` for what stops the one or the other.
    """
    written: tuple[Resource, ...] = ()
    not_announced: tuple[tuple[str, Resource, NotAnnounced], ...] = ()
    if any(resources.of_kind(kind) for kind in _METALLB_KINDS):
        made = metallb_configurations(resources, release, options)
        written, not_announced = made.resources, made.not_announced
        resources = resources.adding(written)
    for bgp_configuration in resources.of_kind("BGPConfiguration"):
        clones = pod_configurations(bgp_configuration, resources)
        written = (*written, *clones)
        resources = resources.adding(clones)
    return Cluster(resources, written, not_announced)
