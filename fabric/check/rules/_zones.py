"""Rules about the distance of zones: round-trip times that products stand, and what etcd stands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene

_CLUSTER_ROLES = frozenset({"control-plane", "worker"})
RTT_RHOSO_MS = 15
RTT_ODF_MS = 10
RTT_FUSION_MS = 10
RTT_FUSION_WISHED_MS = 5
ETCD_ROUND_TRIP_MS = 100
DISK_MS = 10
"""What etcd asks of a disk: a sequential write with fdatasync takes less."""


def members(scene: DesignScene, *roles: str) -> dict[str, int]:
    """How many nodes of the roles stand in each zone, zones without one included."""
    found = dict.fromkeys(scene.plan.design.fabric.zones, 0)
    for device in scene.plan.design.fabric.devices:
        if device.zone is not None and device.role in roles:
            found[device.zone] += 1
    return found


def is_rhoso(scene: DesignScene) -> bool:
    """True for a design of OpenStack on OpenShift."""
    return scene.plan.design.topology.profile == "rhoso"


def cluster_zones(scene: DesignScene) -> list[str]:
    """The zones that an OpenShift cluster spans: those of its control plane, else those of its workers."""
    masters = members(scene, "control-plane")
    counted = masters if any(masters.values()) else members(scene, "worker")
    return [zone for zone, count in counted.items() if count]


def _apart(scene: DesignScene, most_ms: float, *, strictly: bool = True) -> Iterator[tuple[Hit, float]]:
    """Pairs of the cluster's zones whose round trip takes `most_ms` or more, each with its time."""
    zones = set(cluster_zones(scene))
    for index, entry in enumerate(scene.plan.design.topology.inter_zone):
        over = entry.rtt_ms >= most_ms if strictly else entry.rtt_ms > most_ms
        if zones.issuperset(entry.zones) and over:
            names = " and ".join(entry.zones)
            text = f"the round trip between {names} takes {entry.rtt_ms:g} ms; it has to stay below {most_ms:g} ms"
            yield scene.hit(("inter_zone", index, "rtt_ms"), "--".join(entry.zones), text), entry.rtt_ms


def rtt_rhoso(scene: DesignScene) -> Iterator[Hit]:
    if is_rhoso(scene):
        yield from (hit for hit, _ in _apart(scene, RTT_RHOSO_MS))


def rtt_odf(scene: DesignScene) -> Iterator[Hit]:
    if "odf" in scene.plan.design.topology.kubernetes.products:
        yield from (hit for hit, _ in _apart(scene, RTT_ODF_MS))


def rtt_fusion(scene: DesignScene) -> Iterator[Hit]:
    if "fusion" in scene.plan.design.topology.kubernetes.products:
        yield from (hit for hit, _ in _apart(scene, RTT_FUSION_MS))


def rtt_fusion_wished(scene: DesignScene) -> Iterator[Hit]:
    if "fusion" in scene.plan.design.topology.kubernetes.products:
        yield from (hit for hit, rtt_ms in _apart(scene, RTT_FUSION_WISHED_MS) if rtt_ms < RTT_FUSION_MS)


def etcd_round_trip(scene: DesignScene) -> Iterator[Hit]:
    """The measured value where there is one, else the least that the network and a good disk make of it."""
    measured = scene.plan.design.topology.kubernetes.etcd_round_trip_ms
    if measured is not None:
        if measured >= ETCD_ROUND_TRIP_MS:
            text = f"etcd's measured peer round trip is {measured:g} ms; it has to stay below {ETCD_ROUND_TRIP_MS} ms"
            yield scene.hit(("kubernetes", "etcd_round_trip_ms"), "etcd", text)
        return
    for hit, rtt_ms in _apart(scene, ETCD_ROUND_TRIP_MS - DISK_MS):
        text = f"{rtt_ms:g} ms of network and {DISK_MS} ms of disk leave etcd's peers no {ETCD_ROUND_TRIP_MS} ms"
        yield Hit(hit.where, hit.subject, text)


def rtt_unknown(scene: DesignScene) -> Iterator[Hit]:
    known = {frozenset(entry.zones) for entry in scene.plan.design.topology.inter_zone}
    for one, other in combinations(cluster_zones(scene), 2):
        if frozenset((one, other)) not in known:
            text = f"the round-trip time between {one} and {other} is not stated, so no limit can be checked"
            yield scene.hit(("inter_zone",), f"{one}--{other}", text)


def three_zones(scene: DesignScene) -> Iterator[Hit]:
    zones = cluster_zones(scene)
    if is_rhoso(scene) and zones and len(zones) != 3:
        spanned = "one zone" if len(zones) == 1 else f"{len(zones)} zones"
        text = f"the cluster spans {spanned} ({', '.join(zones)}); distributed zones are three"
        yield scene.hit(("zones",), "zones", text)


RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-101",
        "Zones of RHOSO are less than 15 ms apart",
        "error",
        "etcd of an OpenShift cluster that carries OpenStack is supported below 15 ms of round trip between zones.",
        "Red Hat, RHOSO 18.0 distributed zones, 1.1.1; Red Hat Developer, storage isolation with distributed zones",
        "Move the zones nearer, or run one cluster a site and join them as edge sites.",
        rtt_rhoso,
    ),
    Rule(
        "FAB-102",
        "Zones with OpenShift Data Foundation are less than 10 ms apart",
        "error",
        "OpenShift Data Foundation writes to all zones before it answers, and is supported below 10 ms of round trip.",
        "Red Hat, guidance for clusters spanning multiple sites (general guidance, caveats)",
        "Move the zones nearer, or give each zone a storage of its own.",
        rtt_odf,
    ),
    Rule(
        "FAB-103",
        "Zones of a stretched IBM Fusion are less than 10 ms apart",
        "error",
        "IBM asks for less than 10 ms of round trip at all times, for etcd's quorum and for the mirrored storage.",
        "IBM, stretching an OpenShift cluster across availability zones",
        "Move the zones nearer, or use a disaster-recovery topology with a cluster in each.",
        rtt_fusion,
    ),
    Rule(
        "FAB-104",
        "Zones of a stretched IBM Fusion are better less than 5 ms apart",
        "warning",
        "The high-availability solution is described for links below 5 ms; above, storage is slow at every write.",
        "IBM, stretching an OpenShift cluster across availability zones",
        "Move the zones nearer, or measure the storage under load before promising anything.",
        rtt_fusion_wished,
    ),
    Rule(
        "FAB-105",
        "etcd's peers answer within 100 ms",
        "error",
        "Beyond 100 ms of round trip, disk and jitter included, etcd loses leaders and the API with them.",
        "Red Hat, guidance for clusters spanning multiple sites; etcd documentation, tuning",
        "Measure etcd_network_peer_round_trip_time_seconds, and put faster disks or a shorter path under it.",
        etcd_round_trip,
    ),
    Rule(
        "FAB-106",
        "The round-trip time between the cluster's zones is stated",
        "warning",
        "A pair of zones that the file says nothing about counts as 0 ms, and no limit of a product is checked.",
        "fabric; limits as in FAB-101 to FAB-105",
        "Add the pair to inter_zone with its measured rtt_ms.",
        rtt_unknown,
    ),
    Rule(
        "FAB-107",
        "A distributed control plane has three zones",
        "error",
        "Two zones have no majority without either, and etcd and galera stop when the wrong one is lost.",
        "Red Hat, RHOSO 18.0 distributed zones, architecture; Red Hat, guidance for clusters spanning multiple sites",
        "Spread the cluster over three zones; the third may hold little more than one control-plane node.",
        three_zones,
    ),
)
