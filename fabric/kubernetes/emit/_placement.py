"""Where things may run: zone labels, taints, kernel settings, placement rules, and what happens to a dead node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fabric.kubernetes.emit._cluster import HOSTNAME, WORKER, Cluster, FabricNode
from fabric.kubernetes.emit._model import Metadata, Object, Requirement, Selector
from fabric.kubernetes.emit._model_nodes import (
    Affinity,
    Node,
    NodeAffinity,
    NodeHealthCheck,
    NodeHealthCheckSpec,
    NodeSelectorTerm,
    NodeSelectorTerms,
    NodeSpec,
    RemediationStrategy,
    RemediationTemplate,
    SelfNodeRemediationTemplate,
    SelfNodeRemediationTemplateSpec,
    SpreadConstraint,
    Taint,
    TemplateReference,
    Topology,
    TopologySpec,
    Tuned,
    TunedConfig,
    TunedMatch,
    TunedOperand,
    TunedProfile,
    TunedRecommend,
    TunedSpec,
    UnhealthyCondition,
)

ZONE = "topology.kubernetes.io/zone"
_PARENTS = {"control-plane": "openshift-control-plane"}
_TUNED_PRIORITY = 15  # a lower number wins; the operator's own profiles have 20 and more
_MIN_HEALTHY = 51
_REMEDIATION = "fabric-self-node-remediation"


def node_labels(cluster: Cluster) -> Iterator[Object]:
    """The zone of every node, and the taint of a tester, on which nothing else is to run."""
    for node in cluster.nodes:
        zone, tester = node.plan.device.zone, node.role == "tester"
        if zone or tester:
            labels = {ZONE: zone} if zone else None
            yield Node(metadata=Metadata(name=node.name, labels=labels), spec=_taints() if tester else None)


def _taints() -> NodeSpec:
    return NodeSpec(
        taints=(
            Taint(key="testOperator", value="true", effect="NoSchedule"),
            Taint(key="testOperator", value="true", effect="NoExecute"),
        )
    )


def tuned(cluster: Cluster) -> Iterator[Object]:
    """Reverse-path filters off on the ports towards the leaves: an answer may come in where nothing went out.

    One profile for nodes of one role with the same ports; it is the node's only one, so it includes the default.
    """
    alike: dict[tuple[str, tuple[str, ...]], list[FabricNode]] = {}
    for node in cluster.speakers:
        nics = tuple(cluster.nic(port.name) for port in node.ports)
        alike.setdefault((_PARENTS.get(node.role, "openshift-node"), nics), []).append(node)
    profiles, recommendations = [], []
    for ordinal, ((parent, nics), nodes) in enumerate(alike.items()):
        name = f"fabric-bgp-{ordinal}"
        profiles.append(TunedProfile(name=name, data=_profile(parent, nics)))
        recommendations.append(
            TunedRecommend(
                match=tuple(TunedMatch(label=HOSTNAME, value=node.name) for node in nodes),
                priority=_TUNED_PRIORITY,
                profile=name,
                operand=TunedOperand(tuned_config=TunedConfig(reapply_sysctl=False)),
            )
        )
    if profiles:
        metadata = Metadata(name="fabric-bgp", namespace=cluster.options.tuned_namespace)
        yield Tuned(metadata=metadata, spec=TunedSpec(profile=tuple(profiles), recommend=tuple(recommendations)))


def _profile(parent: str, nics: tuple[str, ...]) -> str:
    settings = (f"net.ipv4.conf.{nic}.rp_filter=0" for nic in nics)
    summary = "summary=No reverse-path filter on the ports towards the leaves"
    return "\n".join(["[main]", summary, f"include={parent}", "[sysctl]", *settings, ""])


def topologies(cluster: Cluster) -> Iterator[Object]:
    """A rule that keeps a service in one zone, for each zone, and one that spreads a service over all of them."""
    if not cluster.is_rhoso:
        return
    zones = [z for z in cluster.plan.design.fabric.zones if any(n.plan.device.zone == z for n in _workers(cluster))]
    for zone in zones:
        yield Topology(metadata=_in_openstack(cluster, zone), spec=_pinned(zone))
    if len(zones) > 1:
        keys = ("pod-template-hash", "controller-revision-hash")
        spread = SpreadConstraint(
            max_skew=1, topology_key=ZONE, when_unsatisfiable="DoNotSchedule", match_label_keys=keys
        )
        spec = TopologySpec(topology_spread_constraints=(spread,))
        yield Topology(metadata=_in_openstack(cluster, "spread-over-zones"), spec=spec)


def _in_openstack(cluster: Cluster, name: str) -> Metadata:
    return Metadata(name=name, namespace=cluster.options.openstack_namespace)


def _pinned(zone: str) -> TopologySpec:
    here = NodeSelectorTerm(match_expressions=(Requirement(key=ZONE, operator="In", values=(zone,)),))
    required = NodeSelectorTerms(node_selector_terms=(here,))
    spread = SpreadConstraint(
        max_skew=1, topology_key=HOSTNAME, when_unsatisfiable="ScheduleAnyway", match_label_keys=("pod-template-hash",)
    )
    return TopologySpec(
        affinity=Affinity(node_affinity=NodeAffinity(required=required)), topology_spread_constraints=(spread,)
    )


def _workers(cluster: Cluster) -> tuple[FabricNode, ...]:
    return tuple(node for node in cluster.nodes if node.role == "worker")


def node_health(cluster: Cluster) -> Iterator[Object]:
    """The restart of workers that are dead for 30 s, as long as enough are left when a whole zone is gone."""
    if not (cluster.is_rhoso and _workers(cluster)):
        return
    template = SelfNodeRemediationTemplate(
        metadata=Metadata(name=_REMEDIATION, namespace=cluster.options.remediation_namespace),
        spec=SelfNodeRemediationTemplateSpec(
            template=RemediationTemplate(spec=RemediationStrategy(remediation_strategy="Automatic"))
        ),
    )
    yield template
    conditions = tuple(UnhealthyCondition(type="Ready", status=s, duration="30s") for s in ("False", "Unknown"))
    spec = NodeHealthCheckSpec(
        selector=Selector(match_expressions=(Requirement(key=WORKER, operator="Exists"),)),
        min_healthy=f"{min_healthy(cluster)}%",
        unhealthy_conditions=conditions,
        remediation_template=TemplateReference(
            api_version=template.api_version,
            kind=template.kind,
            name=_REMEDIATION,
            namespace=cluster.options.remediation_namespace,
        ),
    )
    yield NodeHealthCheck(metadata=Metadata(name="fabric-workers"), spec=spec)


def min_healthy(cluster: Cluster) -> int:
    """The share of workers, in percent, below which nothing is restarted: at most what is left without one zone."""
    zones = Counter(node.plan.device.zone for node in _workers(cluster))
    left = zones.total() - max(zones.values())
    return _MIN_HEALTHY if len(zones) == 1 else min(_MIN_HEALTHY, 100 * left // zones.total())
