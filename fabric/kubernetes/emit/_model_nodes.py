"""Kinds about nodes: labels, tuning, placement, health, and OpenStack's data plane."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from fabric.kubernetes.emit._model import (
    Address,
    Duration,
    Label,
    LabelValue,
    Metadata,
    Model,
    Name,
    Object,
    Requirement,
    Selector,
)
from fabric.kubernetes.emit._model_network import NetworkName

Percentage = Annotated[str, StringConstraints(pattern=r"^(100|[0-9]{1,2})%$")]


class Taint(Model):
    key: str
    value: LabelValue
    effect: Literal["NoSchedule", "NoExecute"]


class NodeSpec(Model):
    taints: tuple[Taint, ...]


class Node(Object):
    api_version: Literal["v1"] = "v1"
    kind: Literal["Node"] = "Node"
    spec: NodeSpec | None = None


class TunedProfile(Model):
    name: Name
    data: str


class TunedMatch(Model):
    label: str
    value: LabelValue | None = None


class TunedConfig(Model):
    model_config = Model.model_config | {"alias_generator": None}
    reapply_sysctl: bool


class TunedOperand(Model):
    tuned_config: TunedConfig


class TunedRecommend(Model):
    match: Annotated[tuple[TunedMatch, ...], Field(min_length=1)]
    priority: Annotated[int, Field(strict=True, ge=0)]
    profile: Name
    operand: TunedOperand


class TunedSpec(Model):
    profile: Annotated[tuple[TunedProfile, ...], Field(min_length=1)]
    recommend: Annotated[tuple[TunedRecommend, ...], Field(min_length=1)]


class Tuned(Object):
    api_version: Literal["tuned.openshift.io/v1"] = "tuned.openshift.io/v1"
    kind: Literal["Tuned"] = "Tuned"
    spec: TunedSpec


class NodeSelectorTerm(Model):
    match_expressions: tuple[Requirement, ...]


class NodeSelectorTerms(Model):
    node_selector_terms: tuple[NodeSelectorTerm, ...]


class NodeAffinity(Model):
    required: NodeSelectorTerms = Field(alias="requiredDuringSchedulingIgnoredDuringExecution")


class Affinity(Model):
    node_affinity: NodeAffinity


class SpreadConstraint(Model):
    max_skew: Annotated[int, Field(strict=True, ge=1)]
    topology_key: str
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    match_label_keys: tuple[str, ...] | None = None


class TopologySpec(Model):
    affinity: Affinity | None = None
    topology_spread_constraints: tuple[SpreadConstraint, ...] | None = None


class Topology(Object):
    api_version: Literal["topology.openstack.org/v1beta1"] = "topology.openstack.org/v1beta1"
    kind: Literal["Topology"] = "Topology"
    spec: TopologySpec


class TemplateReference(Model):
    api_version: str
    kind: str
    name: Name
    namespace: Label


class UnhealthyCondition(Model):
    type: Literal["Ready"]
    status: Literal["False", "Unknown"]
    duration: Duration


class NodeHealthCheckSpec(Model):
    selector: Selector
    min_healthy: Percentage
    unhealthy_conditions: tuple[UnhealthyCondition, ...]
    remediation_template: TemplateReference


class NodeHealthCheck(Object):
    api_version: Literal["remediation.medik8s.io/v1alpha1"] = "remediation.medik8s.io/v1alpha1"
    kind: Literal["NodeHealthCheck"] = "NodeHealthCheck"
    spec: NodeHealthCheckSpec


class RemediationStrategy(Model):
    remediation_strategy: Literal["Automatic", "ResourceDeletion", "OutOfServiceTaint"]


class RemediationTemplate(Model):
    spec: RemediationStrategy


class SelfNodeRemediationTemplateSpec(Model):
    template: RemediationTemplate


class SelfNodeRemediationTemplate(Object):
    api_version: Literal["self-node-remediation.medik8s.io/v1alpha1"] = "self-node-remediation.medik8s.io/v1alpha1"
    kind: Literal["SelfNodeRemediationTemplate"] = "SelfNodeRemediationTemplate"
    spec: SelfNodeRemediationTemplateSpec


class NodeSetNetwork(Model):
    name: NetworkName
    subnet_name: NetworkName
    fixed_ip: Address = Field(alias="fixedIP")
    default_route: bool | None = None


class SecretSource(Model):
    name: Name


class VarsFrom(Model):
    secret_ref: SecretSource


class NodeAnsible(Model):
    ansible_host: IPv4Address
    ansible_vars: Mapping[str, Any]


class NodeSetNode(Model):
    host_name: Label
    ansible: NodeAnsible
    networks: tuple[NodeSetNetwork, ...]

    @model_validator(mode="after")
    def _networks(self) -> Self:
        names = [network.name.lower() for network in self.networks]
        if len(names) != len(set(names)):
            raise ValueError(f"{self.host_name} has a network twice")
        return self


class TemplateAnsible(Model):
    ansible_user: str
    ansible_port: int
    ansible_vars: Mapping[str, Any]
    ansible_vars_from: tuple[VarsFrom, ...] | None = None


class NodeTemplate(Model):
    ansible_ssh_private_key_secret: Name = Field(alias="ansibleSSHPrivateKeySecret")
    management_network: NetworkName
    ansible: TemplateAnsible


_ORDERED = ("configure-os", "configure-network", "frr", "validate-network")


class NodeSetSpec(Model):
    pre_provisioned: bool
    network_attachments: tuple[Name, ...] | None = None
    services: tuple[Name, ...]
    node_template: NodeTemplate
    nodes: Mapping[Label, NodeSetNode]

    @model_validator(mode="after")
    def _order(self) -> Self:
        """The network is validated over routes that only FRR brings, and FRR needs the network."""
        places = [self.services.index(name) for name in _ORDERED]
        if places != sorted(places):
            raise ValueError(f"services stand in this order: {', '.join(_ORDERED)}")
        return self


class NodeSetMetadata(Metadata):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$")]
    """At most 53 characters, because pods are named after it."""
    namespace: Label


class NodeSet(Object):
    api_version: Literal["dataplane.openstack.org/v1beta1"] = "dataplane.openstack.org/v1beta1"
    kind: Literal["OpenStackDataPlaneNodeSet"] = "OpenStackDataPlaneNodeSet"
    metadata: NodeSetMetadata
    spec: NodeSetSpec
