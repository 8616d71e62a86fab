"""Rules about sites at the edge: zones whose control plane stands in another one, behind a wide-area network."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene
from fabric.check.rules._zones import members

OUTAGE_S = 15


def _edges(scene: DesignScene) -> list[str]:
    """Zones with computes and without control plane, where another zone has it."""
    masters = members(scene, "control-plane")
    computes = members(scene, "compute")
    return [zone for zone, count in computes.items() if count and not masters[zone]] if any(masters.values()) else []


def outage_between_sites(scene: DesignScene) -> Iterator[Hit]:
    topology = scene.plan.design.topology
    bfd_s = topology.bfd.transmit_ms * topology.bfd.multiplier / 1000
    detection_s = bfd_s if topology.bfd.fabric else topology.timers.hold_s
    if _edges(scene) and detection_s >= OUTAGE_S:
        path = ("bfd",) if topology.bfd.fabric else ("timers", "hold_s")
        text = f"a silent failure between sites is noticed after {detection_s:g} s; {OUTAGE_S} s count as an outage"
        yield scene.hit(path, "timers", text)


def needs_the_centre(scene: DesignScene) -> Iterator[Hit]:
    for zone in _edges(scene):
        text = f"{zone} has computes and no control plane: alone it keeps its instances and can start or stop none"
        yield scene.hit(scene.zone_path(zone), zone, text)


def one_way_out(scene: DesignScene) -> Iterator[Hit]:
    """Sites that hang on one spine: its loss is the loss of the site's control."""
    fabric = scene.plan.design.fabric
    for zone in _edges(scene):
        pods = {device.pod for device in fabric.devices if device.zone == zone and device.tier == "leaf"}
        spines = [device.name for device in fabric.tier("spine") if device.pod in pods]
        if len(spines) == 1:
            yield scene.hit(
                scene.zone_path(zone), zone, f"all ways from {zone} to its control plane lead over {spines[0]}"
            )


_DCN = "OpenStack, distributed compute node deployment"
RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-118",
        "A failure between sites is noticed within 15 s",
        "warning",
        "Beyond 15 s without the control plane, services at the edge are taken for dead.",
        f"{_DCN} (network recommendations)",
        "Switch on BFD for the fabric, or shorten timers.hold_s.",
        outage_between_sites,
    ),
    Rule(
        "FAB-119",
        "Who plans an edge site knows what it cannot do alone",
        "note",
        "While the centre is out of reach nothing can be created, started or moved at the edge.",
        f"{_DCN} (loss of control plane connectivity)",
        "Accept it with a reason, or give the site a control plane of its own.",
        needs_the_centre,
    ),
    Rule(
        "FAB-120",
        "An edge site has two ways to its control plane",
        "warning",
        "One spine is one failure, and one update, between the site and all that manages it.",
        f"{_DCN} (loss of control plane connectivity); fabric (graph)",
        "Give the site's pod a second spine.",
        one_way_out,
    ),
)
