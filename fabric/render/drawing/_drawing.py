"""A fabric as a drawing sees it: devices on tiers, in racks, in zones, and the cables between them."""

from __future__ import annotations

from typing import Literal, get_args

from fabric._values import dataclass
from fabric.config import DeviceConfig, FabricConfig

Tier = Literal["edge", "super-spine", "spine", "leaf", "node"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From top to bottom; `edge` holds what stands outside: border routers and testers."""
Mark = Literal["", "down", "path"]
"""What stands out: what has failed, and what packets pass."""
_TIER_OF_ROLE: dict[str, Tier] = {
    "border": "edge",
    "tester": "edge",
    "super-spine": "super-spine",
    "spine": "spine",
    "leaf": "leaf",
}


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A device of a drawing; `label` is a second, smaller line below its name."""

    name: str
    tier: Tier
    zone: str | None = None
    rack: str | None = None
    label: str = ""
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """A cable between the devices called `a` and `b`; `label` says more of it, as in `leaf-1:swp1 - spine-1:swp3`."""

    a: str
    b: str
    label: str = ""
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What there is to draw; every name of an edge is that of a node."""

    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    title: str = "Fabric"
    summary: str = ""
    """What is counted, where that is not what is drawn."""


def drawing_of(fabric: FabricConfig) -> Drawing:
    """The drawing of `fabric`: each device at its place, with its ASN, and each cable."""
    return Drawing(
        nodes=tuple(_node(device) for device in fabric),
        edges=tuple(DrawnEdge(c.a.device, c.b.device, f"{c.a} - {c.b}") for c in fabric.cables),
        title=fabric.name,
    )


def _node(device: DeviceConfig) -> DrawnNode:
    place, bgp = device.place, device.default_bgp
    tier = _TIER_OF_ROLE.get(place.role, "node")
    return DrawnNode(device.name, tier, place.zone, place.rack, f"AS {bgp.asn}" if bgp else "")


def summary_of(drawing: Drawing) -> str:
    """How much there is of everything, such as `2 zones · 2 racks · 10 devices · 16 cables`."""
    if drawing.summary:
        return drawing.summary
    zones = len({node.zone for node in drawing.nodes} - {None})
    racks = len({(node.zone, node.rack) for node in drawing.nodes if node.rack is not None})
    counts = ((zones, "zone"), (racks, "rack"), (len(drawing.nodes), "device"), (len(drawing.edges), "cable"))
    return " · ".join(counted(number, word) for number, word in counts if number)


def counted(number: int, word: str) -> str:
    """`1 cable`, `2 cables`."""
    if number == 1:
        return f"1 {word}"
    return f"{number} {word[:-1]}ies" if word.endswith("cy") else f"{number} {word}s"
