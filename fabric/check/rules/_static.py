"""Rules about routes that no protocol withdraws."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene

_SWITCHES = frozenset({"spine", "super-spine", "leaf", "border"})


def routes_that_stay(scene: DesignScene) -> Iterator[Hit]:
    """Nodes that spread traffic over their leaves by static routes, one hit a role."""
    roles: dict[str, list[str]] = {}
    for device in scene.fabric:
        wide = any(len(route.next_hops) > 1 for route in device.static_routes)
        if wide and device.place.role not in _SWITCHES:
            roles.setdefault(device.place.role, []).append(device.name)
    groups = scene.plan.design.topology.node_groups
    for role, names in roles.items():
        group = next((name for name, entry in groups.items() if entry.role == role), "")
        text = (
            f"{len(names)} {role} nodes reach the fabric by static routes over several leaves; a leaf that dies with "
            "its carrier up keeps its share of their traffic"
        )
        yield scene.hit(("node_groups", group), role, text)


RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-407",
        "Nodes learn of a dead leaf",
        "warning",
        "The kernel drops a static next hop when the port loses its carrier, and at no other time.",
        "fabric (measured: half of the flows lost until the carrier goes, BGP down or not)",
        "Set rhoso.node_routes to learned for OpenShift nodes; else watch the sessions, and cut dead ports.",
        routes_that_stay,
    ),
)
