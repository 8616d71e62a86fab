"""What rules look at. Costly views are made when the first rule asks for them, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from fabric._values import dataclass
from fabric.check._frr_text import FrrFile
from fabric.check._rule import Hit
from fabric.check._views import Attachment, NodeNetwork, NodeSet, PoolView, Subnet, Views
from fabric.config import FabricConfig, Secret
from fabric.errors import InputError
from fabric.kubernetes import ClusterSource, Document, Resource, Sifted, configure
from fabric.kubernetes.lint import Finding as LintFinding
from fabric.kubernetes.lint import lint_cluster
from fabric.plan import Plan
from fabric.simulate import Overview, Simulation, overview, simulate
from fabric.topology import Redundancy, redundancy


@dataclass(frozen=True)
class DesignScene:
    """A design with its plan; and, where resources are checked with it, what those make of its nodes."""

    plan: Plan
    cluster: ClusterSource | None = None
    passwords: Mapping[str, Secret] = field(default_factory=dict)
    """The passwords of the switches by the name of their Secret, where they are known."""

    @cached_property
    def _configured(self) -> tuple[FabricConfig, str]:
        try:
            return configure(self.plan, self.cluster, self.passwords), ""
        except InputError as error:
            if self.cluster is None:
                raise
            return configure(self.plan, None, self.passwords), str(error)

    @property
    def fabric(self) -> FabricConfig:
        """The configuration of all devices."""
        return self._configured[0]

    @property
    def refusal(self) -> str:
        """Why the given resources configure no node; empty where they do."""
        return self._configured[1]

    @cached_property
    def simulation(self) -> Simulation:
        """The healthy fabric."""
        return simulate(self.fabric)

    @cached_property
    def overview(self) -> Overview:
        """Who reaches whom in the healthy fabric."""
        return overview(self.simulation)

    @cached_property
    def redundancy(self) -> Redundancy:
        """What the graph survives."""
        return redundancy(self.plan.design)

    def hit(self, path: tuple[str | int, ...], subject: str, text: str) -> Hit:
        """A hit at the value at `path` of the topology file."""
        return Hit(self.plan.design.source.where(path), subject, text)

    def zone_path(self, zone: str) -> tuple[str | int, ...]:
        """Where the zone stands in the file."""
        names = [entry.name for entry in self.plan.design.topology.zones]
        return ("zones", names.index(zone)) if zone in names else ("zones",)

    def device_path(self, name: str) -> tuple[str | int, ...]:
        """Where the device comes from: its rack, or the list of its like."""
        device = self.plan.design.fabric.by_name[name]
        for z, zone in enumerate(self.plan.design.topology.zones):
            for r, rack in enumerate(zone.racks):
                if rack.name == device.rack:
                    return ("zones", z, "racks", r)
        tiers: dict[str, tuple[str | int, ...]] = {
            "border": ("borders",),
            "super-spine": ("super_spines",),
            "spine": self._pod_path(device.pod) if device.pod else ("spines",),
        }
        return tiers.get(device.tier, ("borders", "nodes"))

    def _pod_path(self, name: str) -> tuple[str | int, ...]:
        names = [pod.name for pod in self.plan.design.topology.pods]
        return ("pods", names.index(name), "spines")


@dataclass(frozen=True)
class ResourceScene:
    """Kubernetes files, the objects in them, and what networks, nodes and pools they speak of."""

    sifted: Sifted
    design: DesignScene | None = None
    """The design that they are checked with, if any."""

    @property
    def release(self) -> str:
        """What the cluster runs."""
        return self.sifted.resources.release.name

    @property
    def others(self) -> tuple[Document, ...]:
        """Documents that are no object."""
        return self.sifted.others

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """The objects of a kind."""
        return self.sifted.resources.of_kind(kind)

    @cached_property
    def lint(self) -> tuple[LintFinding, ...]:
        """What the controllers accept and live to regret."""
        return lint_cluster(self.sifted.resources)

    @cached_property
    def _views(self) -> Views:
        return Views(self.sifted.resources)

    @property
    def peers_by_node(self) -> Mapping[str, Sequence[Resource]]:
        """The BGPPeers of each node that some of them names."""
        return self._views.peers_by_node

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        """Subnets of NetConfigs and of values for them."""
        return self._views.subnets

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """NetworkAttachmentDefinitions and values for them."""
        return self._views.attachments

    @property
    def pools(self) -> tuple[PoolView, ...]:
        """IPAddressPools and values for them."""
        return self._views.pools

    @property
    def nodes(self) -> tuple[NodeNetwork, ...]:
        """Networks of OpenShift nodes: NodeNetworkConfigurationPolicies and values for them."""
        return self._views.nodes

    @property
    def node_sets(self) -> tuple[NodeSet, ...]:
        """OpenStackDataPlaneNodeSets and values for them."""
        return self._views.node_sets


@dataclass(frozen=True)
class FrrScene:
    """Configuration files of FRR."""

    files: tuple[FrrFile, ...]


@dataclass(frozen=True, slots=True)
class UsedSuppression:
    """A suppression, wherever it stands, and what it did."""

    rule: str
    reason: str
    where: str
    used: bool


@dataclass(frozen=True)
class SuppressionScene:
    """All suppressions, after they have been applied."""

    suppressions: tuple[UsedSuppression, ...]
    known: frozenset[str]
    """The ids of all rules."""
    complete: bool
    """False where only some rules ran, so that a suppression may be of use elsewhere."""


def about(resource: Resource, path: tuple[str | int, ...], text: str) -> Hit:
    """A hit at the field at `path` of an object."""
    return Hit(resource.where(path), str(resource), text, resource.annotations)


def from_lint(rule: str, scene: ResourceScene) -> Iterator[Hit]:
    """The hits of a rule that `fabric frr-k8s lint` has."""
    by_name = {str(item): item.annotations for item in scene.sifted.resources.items}
    for found in scene.lint:
        if found.rule == rule:
            yield Hit(found.where, found.resource, found.text, by_name.get(found.resource, {}))
