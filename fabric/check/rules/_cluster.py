"""Rules about the nodes of a cluster and of OpenStack: how many of each, and in which zone."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene
from fabric.check.rules._zones import cluster_zones, is_rhoso, members

_PROVISIONING = ("provisioning", "provision")


def each_zone_has_all(scene: DesignScene) -> Iterator[Hit]:
    """Control-plane nodes count only where the design has some: they may stand outside the fabric."""
    if not is_rhoso(scene):
        return
    masters = any(members(scene, "control-plane").values())
    for role in (*(("control-plane",) if masters else ()), "worker", "compute"):
        for zone, count in members(scene, role).items():
            if not count:
                yield scene.hit(scene.zone_path(zone), zone, f"{zone} has no {role} node")


def two_workers(scene: DesignScene) -> Iterator[Hit]:
    if is_rhoso(scene):
        for zone, count in members(scene, "worker").items():
            if count == 1:
                yield scene.hit(scene.zone_path(zone), zone, f"{zone} has one worker")


def three_masters(scene: DesignScene) -> Iterator[Hit]:
    count = sum(members(scene, "control-plane").values())
    if count and not 3 <= count <= 5:
        text = f"there are {count} control-plane nodes; OpenShift runs three, or up to five from 4.17 on"
        yield scene.hit(("zones",), "control-plane", text)


def quorum_without_any_zone(scene: DesignScene) -> Iterator[Hit]:
    masters = members(scene, "control-plane")
    total = sum(masters.values())
    for zone, count in masters.items():
        left = total - count
        if len(masters) > 1 and count and left and left <= total // 2:
            text = f"without {zone} {left} of {total} control-plane nodes are left, which is no majority"
            yield scene.hit(scene.zone_path(zone), zone, text)


def not_compact(scene: DesignScene) -> Iterator[Hit]:
    masters, workers = (sum(members(scene, role).values()) for role in ("control-plane", "worker"))
    if is_rhoso(scene) and masters and not workers:
        yield scene.hit(
            ("node_groups",), "workers", f"{masters} control-plane nodes and no worker are a compact cluster"
        )


def networker_in_each_zone(scene: DesignScene) -> Iterator[Hit]:
    if not is_rhoso(scene):
        return
    networkers = members(scene, "networker")
    for zone, count in members(scene, "compute").items():
        if count and not networkers[zone]:
            text = f"{zone} has computes and no networker, so its traffic to the outside crosses another zone"
            yield scene.hit(scene.zone_path(zone), zone, text)


def storage_in_each_zone(scene: DesignScene) -> Iterator[Hit]:
    """Only where the design has storage at all: it may stand outside the fabric."""
    arrays = members(scene, "storage")
    if not is_rhoso(scene) or not any(arrays.values()):
        return
    for zone, count in members(scene, "compute").items():
        if count and not arrays[zone]:
            yield scene.hit(scene.zone_path(zone), zone, f"{zone} has computes and no storage of its own")


def computes_reach_storage(scene: DesignScene) -> Iterator[Hit]:
    for name, network in scene.plan.design.topology.networks.items():
        if "storage" in network.roles and "compute" not in network.roles and any(members(scene, "compute").values()):
            yield scene.hit(("networks", name), name, f"the network {name} has storage arrays in it and no computes")


def no_provisioning_network(scene: DesignScene) -> Iterator[Hit]:
    topology = scene.plan.design.topology
    if topology.kubernetes.provisioning == "separate":
        yield scene.hit(("kubernetes", "provisioning"), "provisioning", "provisioning has a network of its own")
    for name in topology.networks:
        if is_rhoso(scene) and name.startswith(_PROVISIONING):
            yield scene.hit(("networks", name), name, f"{name} is a provisioning network")


def cluster_has_a_majority_zone(scene: DesignScene) -> Iterator[Hit]:
    """Workers gathered in one zone, so that losing it leaves no place for the control plane's services."""
    workers = members(scene, "worker")
    total = sum(workers.values())
    for zone, count in workers.items():
        if is_rhoso(scene) and len(cluster_zones(scene)) > 1 and total and count * 2 > total:
            text = f"{count} of {total} workers stand in {zone}; what is left cannot take over its services"
            yield scene.hit(scene.zone_path(zone), zone, text)


_GUIDE = "Red Hat, RHOSO 18.0 distributed zones, "
_SITES = "Red Hat, guidance for clusters spanning multiple sites"
_STORAGE = "Red Hat Developer, storage isolation with distributed zones"
RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-108",
        "Every zone has a control-plane node, a worker and a compute",
        "error",
        "A zone without one of them cannot go on alone, and the others cannot take over what it does.",
        f"{_GUIDE}architecture; {_STORAGE}",
        "Add the nodes to the zone, or take it out of the distributed control plane.",
        each_zone_has_all,
    ),
    Rule(
        "FAB-109",
        "Every zone has two workers or more",
        "warning",
        "With one worker a zone loses its part of OpenStack's control plane at every update of that node.",
        f"{_STORAGE} (general approach)",
        "Add a worker to the zone.",
        two_workers,
    ),
    Rule(
        "FAB-110",
        "A cluster has three control-plane nodes",
        "error",
        "etcd is supported with exactly three members (OpenShift 4.17 and later: up to five).",
        _SITES,
        "Plan three control-plane nodes, one a zone.",
        three_masters,
    ),
    Rule(
        "FAB-111",
        "etcd keeps its majority without any one zone",
        "error",
        "Without more than half of its members etcd takes no writes, and the cluster stands still.",
        f"etcd documentation, fault tolerance; {_SITES}",
        "Spread the control-plane nodes so that no zone has half of them.",
        quorum_without_any_zone,
    ),
    Rule(
        "FAB-112",
        "The cluster is not compact",
        "error",
        "Distributed zones are not supported where control-plane nodes are the workers too.",
        f"{_GUIDE}1.1.1",
        "Add workers, two a zone.",
        not_compact,
    ),
    Rule(
        "FAB-113",
        "No zone has more than half of the workers",
        "warning",
        "When that zone is lost, the rest can neither place its pods nor pass a health check of 51 %.",
        f"{_GUIDE}architecture; fabric (arithmetic)",
        "Spread the workers evenly over the zones.",
        cluster_has_a_majority_zone,
    ),
    Rule(
        "FAB-114",
        "Every zone with computes has a networker",
        "warning",
        "Gateways of OVN stand on networkers: without one in the zone its instances depend on another zone.",
        "OpenStack operators' reference topologies (every one of them does so)",
        "Add a networker to the zone.",
        networker_in_each_zone,
    ),
    Rule(
        "FAB-115",
        "Every zone with computes has storage of its own",
        "warning",
        "Volumes and images of a zone should not stop working when another zone does.",
        f"{_GUIDE}1.1.2; {_STORAGE}",
        "Give the zone an array or a Ceph cluster of its own.",
        storage_in_each_zone,
    ),
    Rule(
        "FAB-116",
        "Computes are on the storage network",
        "error",
        "An instance's volume is attached by its compute node, which has to reach the array.",
        f"{_GUIDE}1.1.2, local access storage",
        "Add compute to the network's roles.",
        computes_reach_storage,
    ),
    Rule(
        "FAB-117",
        "There is no provisioning network",
        "error",
        "A provisioning network is one Ethernet segment, which a routed fabric does not have.",
        f"{_GUIDE}chapter 1 (note)",
        "Provision over the machine network, or bring nodes that are provisioned already.",
        no_provisioning_network,
    ),
)
