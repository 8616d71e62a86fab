"""Rules about zones in Kubernetes: labels, spreading, and what happens to a zone's pods when it dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Path, at, entries, items, percent, texts
from fabric.kubernetes import Resource

ZONE = "topology.kubernetes.io/zone"
_ROLE = "node-role.kubernetes.io/"
_WORKER = f"{_ROLE}worker"
_QUORUM = ("rabbitmq", "galera")
_LVMS = "topolvm.io"
_TESTER = "testOperator"


def _zones(scene: ResourceScene) -> set[str]:
    return {node.labels[ZONE] for node in scene.of_kind("Node") if ZONE in node.labels}


def nodes_have_a_zone(scene: ResourceScene) -> Iterator[Hit]:
    """Only where some node has one; a node that is kept free for tests stands outside of the zones."""
    if not _zones(scene):
        return
    for node in scene.of_kind("Node"):
        tainted = any(at(taint, "key") == _TESTER for _, taint in items(node.spec, "taints"))
        if ZONE not in node.labels and not tainted:
            yield about(node, ("metadata", "labels"), f"{node.name} has no label {ZONE}")


def _zone_values(resource: Resource) -> Iterator[tuple[Path, str]]:
    base: Path = ("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for path, _ in items(resource.value, *base, "nodeSelectorTerms"):
        for place, expression in items(resource.value, *path, "matchExpressions"):
            if at(expression, "key") == ZONE and at(expression, "operator") == "In":
                for index, value in enumerate(texts(expression, "values")):
                    yield (*place, "values", index), value


def zones_exist(scene: ResourceScene) -> Iterator[Hit]:
    known = _zones(scene)
    for resource in scene.of_kind("Topology"):
        for path, value in _zone_values(resource) if known else ():
            if value not in known:
                text = f"the zone {value}; nodes have the zones {', '.join(sorted(known))}"
                yield about(resource, path, text)


def _spreads(resource: Resource) -> Iterator[tuple[Path, object]]:
    """The constraints that spread pods over zones."""
    for path, constraint in items(resource.value, "spec", "topologySpreadConstraints"):
        if at(constraint, "topologyKey") == ZONE:
            yield path, constraint


def quorums_are_spread(scene: ResourceScene) -> Iterator[Hit]:
    """The Topology of a service with a quorum has to forbid two of three members in one zone."""
    topologies = {entry.name: entry for entry in scene.of_kind("Topology")}
    for resource in scene.of_kind("OpenStackControlPlane"):
        for service in _QUORUM:
            for name, path, template in entries(resource.value, "spec", service, "templates"):
                own = at(template, "topologyRef", "name")
                wanted = own or at(resource.spec, "topologyRef", "name")
                chosen = topologies.get(str(wanted))
                if wanted is None and topologies:
                    yield about(resource, path, f"{service} {name} has no topologyRef, and may gather in one zone")
                elif chosen is not None and not _forbids(chosen):
                    text = f"{service} {name} uses the Topology {chosen.name}, which forbids no two members in one zone"
                    yield about(resource, path, text)


def _forbids(topology: Resource) -> bool:
    return any(at(constraint, "whenUnsatisfiable") == "DoNotSchedule" for _, constraint in _spreads(topology))


def spreads_forbid(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("Topology"):
        for path, constraint in _spreads(resource):
            if at(constraint, "whenUnsatisfiable") != "DoNotSchedule":
                text = f"{resource.name} spreads over zones by {at(constraint, 'whenUnsatisfiable')}"
                yield about(resource, (*path, "whenUnsatisfiable"), text)


def spreads_count_one_version(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("Topology"):
        for path, constraint in _spreads(resource):
            if not texts(constraint, "matchLabelKeys"):
                yield about(resource, path, f"{resource.name} spreads over zones without matchLabelKeys")


def remediation_after_a_zone(scene: ResourceScene) -> Iterator[Hit]:
    zones = Counter(
        node.labels[ZONE] for node in scene.of_kind("Node") if ZONE in node.labels and _WORKER in node.labels
    )
    if len(zones) < 2:
        return
    left = 100 * (zones.total() - max(zones.values())) / zones.total()
    for resource in scene.of_kind("NodeHealthCheck"):
        least = percent(at(resource.spec, "minHealthy"))
        if least is not None and least > left:
            text = f"without the largest zone {left:.1f} % of the workers are left, and minHealthy is {least} %"
            yield about(resource, ("spec", "minHealthy"), text)


def somebody_remedies(scene: ResourceScene) -> Iterator[Hit]:
    """Where zones are described (Topology or labels) and no health check is."""
    zoned = [entry for entry in scene.of_kind("Topology") if any(_spreads(entry)) or any(_zone_values(entry))]
    checks = scene.of_kind("NodeHealthCheck")
    if zoned and not checks:
        yield about(zoned[0], ("metadata", "name"), "pods are tied to zones, and no NodeHealthCheck is among the files")
    for resource in checks:
        if not (at(resource.spec, "remediationTemplate") or at(resource.spec, "escalatingRemediations")):
            yield about(resource, ("spec",), f"{resource.name} names no remediation")


def local_volumes(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("StorageClass"):
        if at(resource.value, "provisioner") == _LVMS and scene.of_kind("NodeHealthCheck"):
            text = f"{resource.name} has volumes that stay on a node, which remediation cannot move"
            yield about(resource, ("provisioner",), text)


_GUIDE = "Red Hat, RHOSO 18.0 distributed zones, "
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-801",
        "Every node has a zone label",
        "error",
        "Spreading over zones passes over nodes without the label: nothing is placed there, or all of it.",
        f"{_GUIDE}6.3; Kubernetes, topology spread constraints",
        f"Set {ZONE} on every worker and control-plane node.",
        nodes_have_a_zone,
    ),
    Rule(
        "FAB-802",
        "A Topology names zones that exist",
        "error",
        "Its pods stay pending.",
        f"{_GUIDE}6.4",
        "Correct the zone, or label its nodes.",
        zones_exist,
    ),
    Rule(
        "FAB-803",
        "Services with a quorum are spread over zones",
        "error",
        "With two of three members in one zone, its loss stops messages or the database everywhere.",
        f"{_GUIDE}6.4 and 6.5",
        "Give rabbitmq and galera a topologyRef whose constraint on the zone is DoNotSchedule.",
        quorums_are_spread,
    ),
    Rule(
        "FAB-804",
        "Spreading over zones is not only a wish",
        "warning",
        "ScheduleAnyway gathers pods in one zone whenever that is easier, and leaves them there.",
        f"{_GUIDE}6.4; Kubernetes, topology spread constraints",
        "Set whenUnsatisfiable to DoNotSchedule.",
        spreads_forbid,
    ),
    Rule(
        "FAB-805",
        "Spreading counts pods of one version",
        "warning",
        "During an update old pods count too, and the new ones end up unevenly spread.",
        f"{_GUIDE}6.4 (matchLabelKeys)",
        "Set matchLabelKeys to pod-template-hash and controller-revision-hash.",
        spreads_count_one_version,
    ),
    Rule(
        "FAB-806",
        "Remediation works after the loss of a zone",
        "warning",
        "Below minHealthy nothing is remedied: the pods of the dead zone stay where they were.",
        "Node Health Check operator, minHealthy; ci-framework, cifmw_snr_nhc",
        "Lower minHealthy to what is left without the largest zone, or even the zones out.",
        remediation_after_a_zone,
    ),
    Rule(
        "FAB-807",
        "Dead nodes are remedied",
        "warning",
        "Pods with volumes are not started elsewhere until somebody confirms that their node is dead.",
        f"{_GUIDE}1.1.1 (Self Node Remediation, Node Health Check)",
        "Add a NodeHealthCheck with a SelfNodeRemediationTemplate.",
        somebody_remedies,
    ),
    Rule(
        "FAB-808",
        "Who uses LVM storage detaches volumes by hand",
        "note",
        "A local volume stays assigned to the dead node, so remediation starts its pod nowhere.",
        f"{_GUIDE}1.1.2 (note)",
        "Detach volumes after a non-graceful shutdown, or use storage that the zone's workers share.",
        local_volumes,
    ),
)
