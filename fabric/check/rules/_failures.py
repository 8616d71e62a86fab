"""Rules that the graph and the simulator prove: what one failure cuts off, and where traffic goes then."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene
from fabric.config import Cable, DeviceConfig, Family, Prefix
from fabric.simulate import FAMILIES, Failures, Lost, Simulation, Walk, endpoints, lost_pairs, simulate

_TIERS = ("super-spine", "spine", "leaf")


def all_pairs_reach(scene: DesignScene) -> Iterator[Hit]:
    """One hit a family and a source, with an example."""
    for family, lost in scene.overview.lost.items():
        for name, group in groupby(lost, key=lambda pair: pair.source.device):
            pairs = list(group)
            others = f" and {len(pairs) - 1} others" if len(pairs) > 1 else ""
            text = f"{name} does not reach {pairs[0].destination.device}{others} over {family} ({_fates(pairs[0])})"
            yield scene.hit(scene.device_path(name), name, text)


def _fates(lost: Lost) -> str:
    return ", ".join(sorted({fate.value for fate in lost.forward | lost.back} - {"delivered"}))


def single_devices(scene: DesignScene) -> Iterator[Hit]:
    for name in scene.redundancy.single_devices:
        yield scene.hit(scene.device_path(name), name, f"without {name} others are cut off")


def single_links(scene: DesignScene) -> Iterator[Hit]:
    """Where a second switch stands beside the one that the link leads to; else that switch is the single point."""
    fabric = scene.plan.design.fabric
    for name in scene.redundancy.single_links:
        upper, lower = (fabric.by_name[end] for end in name.split(">"))
        if any(
            d.tier == upper.tier and d.rack == upper.rack and d.pod == upper.pod and d != upper for d in fabric.devices
        ):
            yield scene.hit(scene.device_path(lower.name), lower.name, f"{name} is the only link of {lower.name}")


def two_failures(scene: DesignScene) -> Iterator[Hit]:
    found = scene.redundancy
    for cut, text in zip(found.shared_asn_cuts, found.warnings, strict=True):
        path, subject = _spines_between(scene, cut.parted)
        yield scene.hit(path, subject, text.rstrip("."))


def _spines_between(scene: DesignScene, parted: tuple[str, str]) -> tuple[tuple[str | int, ...], str]:
    """Where the file has the switches over which two others meet, and what they are called."""
    pods = [pod.name for pod in scene.plan.design.topology.pods]
    one, other = (scene.plan.design.fabric.by_name[name].pod for name in parted)
    if not pods:
        return ("spines",), "spines"
    if one is not None and one == other:
        return ("pods", pods.index(one), "spines"), one
    key = "planes" if scene.plan.design.topology.planes > 1 else "super_spines"
    return (key,), key


def default_without_a_way_out(scene: DesignScene) -> Iterator[Hit]:
    """Proven: one such switch of each tier loses all links upwards, and the simulator says what others lose by it."""
    for tier in _TIERS:
        device = next((d for d in scene.fabric if d.place.role == tier and _originates(d)), None)
        if device is None:
            continue
        uplinks = frozenset(cable for cable in scene.fabric.cables if cable.b.device == device.name)
        lost = _lost(simulate(scene.fabric, Failures(cables=uplinks))) if uplinks else 0
        if lost:
            text = (
                f"{device.name} and its like announce a default route whatever happens: once {device.name} has lost "
                f"its uplinks, {lost} pairs of nodes lose packets there"
            )
            yield scene.hit(("rhoso", "default_route"), tier, text)


def _originates(device: DeviceConfig) -> bool:
    instance = device.default_bgp
    return instance is not None and any(
        family.default_originate and family.default_originate_map is None
        for neighbor in instance.neighbors
        for family in neighbor.families
    )


def _lost(simulation: Simulation) -> int:
    pairs = set()
    for family in FAMILIES:
        for lost in lost_pairs(Walk(simulation, family), endpoints(simulation.fabric, family)):
            pairs.add(frozenset((lost.source.device, lost.destination.device)))
    return len(pairs)


def addresses_on_short_paths(scene: DesignScene) -> Iterator[Hit]:
    """An address that several racks announce, and that spines follow into some of them only."""
    spines = [device.name for device in scene.fabric if device.place.role == "spine"]
    for prefix, racks in _anycast(scene).items():
        used = {rack for spine in spines for rack in _racks_towards(scene, spine, prefix)}
        if used and used < racks:
            text = (
                f"{prefix} is announced in {', '.join(sorted(racks))}, and spines send it to {', '.join(sorted(used))} "
                "only: the AS paths from the others are longer"
            )
            yield scene.hit(("asn",), str(prefix), text)


def _anycast(scene: DesignScene) -> dict[Prefix, set[str]]:
    """The virtual addresses that stand in several racks, each with those racks."""
    racks: dict[Prefix, set[str]] = {}
    for node in scene.plan.devices:
        rack, instance = node.device.rack, scene.fabric.by_name[node.name].default_bgp
        own = {vip.address for vip in node.vips}
        for family in instance.families if instance and own and rack else ():
            for prefix in family.networks:
                if prefix.num_addresses == 1 and prefix[0] in own:
                    racks.setdefault(prefix, set()).add(str(rack))
    return {prefix: found for prefix, found in racks.items() if len(found) > 1}


def _racks_towards(scene: DesignScene, spine: str, prefix: Prefix) -> Iterator[str]:
    """The racks of the leaves that the spine's route leads to."""
    family: Family = "ipv4" if prefix.version == 4 else "ipv6"
    entry = scene.simulation.fib(spine, family).get(prefix)
    ports = {hop.interface for hop in entry.next_hops} if entry else set()
    for cable in scene.fabric.cables:
        far = _far_end(cable, spine, ports)
        rack = scene.fabric.by_name[far].place.rack if far else None
        if rack:
            yield rack


def _far_end(cable: Cable, device: str, ports: set[str]) -> str | None:
    for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
        if near.device == device and near.interface in ports:
            return far.device
    return None


RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-401",
        "Every node reaches every other",
        "error",
        "Something keeps routes away although all works: an ASN in two places, a filter, a missing reflector.",
        "RFC 4271 section 9.1.2 (AS loop); RFC 4456 (reflection); fabric (simulator, compared with FRR)",
        "Ask `fabric explain FILE DEVICE PREFIX` which step rejects the route.",
        all_pairs_reach,
    ),
    Rule(
        "FAB-402",
        "No device is a single point of failure",
        "warning",
        "When it fails or is updated, all behind it is gone.",
        "fabric (articulation points of the graph)",
        "Set a second one beside it, connected alike.",
        single_devices,
    ),
    Rule(
        "FAB-403",
        "No link is a single point of failure",
        "warning",
        "One cable, optic or port takes away all that is behind it.",
        "fabric (bridges of the graph)",
        "Connect the device to a second switch.",
        single_links,
    ),
    Rule(
        "FAB-404",
        "Two failed links part no two leaves",
        "warning",
        "Two spines with one ASN do not pass on each other's routes: a link lost at each parts two leaves.",
        "RFC 7938 section 5.2.2; fabric (half of all pairs of links with two spines, none with three; seen with FRR)",
        "Plan a third spine (in five stages: of the pod, or a third super-spine), which keeps the one ASN; or set "
        "asn.spines to unique, which holds for super-spines too, and pay with path hunting.",
        two_failures,
    ),
    Rule(
        "FAB-405",
        "A switch announces a default route only while it has one",
        "warning",
        "Cut off from above, it still attracts what it can only drop, and does not heal by itself.",
        "fabric (measured with the published templates on FRR 8.4.4: 15 to 22 of 40 flows arrive)",
        "Set rhoso.default_route to propagated.",
        default_without_a_way_out,
    ),
    Rule(
        "FAB-406",
        "A virtual address is reached in every rack that announces it",
        "warning",
        "Racks with a longer AS path get no traffic: the short ones carry all, and their loss shifts all at once.",
        "RFC 4271 section 9.1.2.2 (AS path length); fabric (seen with FRR in mixed iBGP and eBGP racks)",
        "Give the nodes of all racks sessions of one kind (asn.nodes, asn.overrides).",
        addresses_on_short_paths,
    ),
)
