"""A topology to devices and links: every name and every cable, and no number yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from fabric._values import dataclass
from fabric.topology._model import NodeGroup, PortGroup, Topology
from fabric.topology._settings import first_index
from fabric.topology._values import Members

if TYPE_CHECKING:
    import networkx as nx

Tier = Literal["border", "super-spine", "spine", "leaf", "node"]
Routing = Literal["bgp", "static"]


@dataclass(frozen=True, slots=True)
class Device:
    """A switch or node, and its place: the ordinals that the plan computes with are those of its place."""

    name: str
    tier: Tier
    role: str
    """The tier of a switch, the role of a node."""
    index: int
    """Ordinal among its like: leaf of the rack, node of the rack, spine of the pod."""
    zone: str | None = None
    rack: str | None = None
    pod: str | None = None
    group: str | None = None
    routing: Routing = "bgp"
    plane: int = 0
    """Ordinal of the plane that a spine or super-spine of a five-stage fabric is of."""


@dataclass(frozen=True, slots=True)
class Link:
    """A cable; `upper` is the end nearer the top of the fabric."""

    upper: str
    lower: str
    kind: Literal["fabric", "node"]


@dataclass(frozen=True)
class Fabric:
    """The expanded topology."""

    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    racks: Mapping[str, int]
    """Racks in order, with their ordinal in the fabric."""
    zones: tuple[str, ...]
    pods: tuple[str, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Device]:
        """Devices by name."""
        return {device.name: device for device in self.devices}

    @cached_property
    def graph(self) -> nx.Graph[str]:
        """The fabric as a networkx graph: node attribute `device`, edge attribute `link`."""
        import networkx as nx  # noqa: PLC0415 - a fifth of a second that only questions about the graph should pay

        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from((device.name, {"device": device}) for device in self.devices)
        graph.add_edges_from((link.upper, link.lower, {"link": link}) for link in self.links)
        return graph

    def tier(self, tier: Tier) -> Iterator[Device]:
        """The devices of a tier, in order."""
        return (device for device in self.devices if device.tier == tier)


def names(members: Members, stem: str, first: int) -> tuple[str, ...]:
    """The given names, or as many made ones as asked for: `stem-0`, `stem-1`, …"""
    if isinstance(members, int):
        return tuple(f"{stem}-{index}" for index in range(first, first + members))
    return members


_Place = tuple[str | None, str | None, str | None]
"""Zone, rack and pod."""


def port_names(group: PortGroup) -> tuple[str, ...]:
    """The names of a group's ports, split ones as `swp1s0`, `swp1s1`, …"""
    whole = (group.name.replace("{}", str(number)) for number in range(group.first, group.first + group.count))
    if group.breakout == 1:
        return tuple(whole)
    return tuple(f"{name}s{part}" for name in whole for part in range(group.breakout))


def routing_of(group: NodeGroup) -> Routing:
    """How nodes of a group are routed to: storage arrays speak no BGP unless the file says so."""
    return group.routing or ("static" if group.role == "storage" else "bgp")


def singular(group: str) -> str:
    """The name of one node of a group: `computes` has `compute-0`."""
    return group.removesuffix("s") if len(group) > 1 else group


def expand(topology: Topology) -> Fabric:
    """All devices and links of a topology that has passed its rules."""
    devices = (*_switches(topology), *_racked(topology), *_outside(topology))
    racks = [rack.name for zone in topology.zones for rack in zone.racks]
    return Fabric(
        devices,
        tuple(_links(topology, devices)),
        {name: ordinal for ordinal, name in enumerate(racks)},
        tuple(zone.name for zone in topology.zones),
        tuple(pod.name for pod in topology.pods),
    )


def _switches(topology: Topology) -> Iterator[Device]:
    first = first_index(topology)
    if topology.borders:
        for index, name in enumerate(names(topology.borders.routers, "router", first)):
            yield Device(name, "border", "border", index)
    for index, name in enumerate(names(topology.super_spines, "super-spine", first)):
        yield Device(name, "super-spine", "super-spine", index, plane=index % topology.planes)
    for index, name in enumerate(names(topology.spines, "spine", first)):
        yield Device(name, "spine", "spine", index)
    for pod in topology.pods:
        for index, name in enumerate(names(pod.spines, f"{pod.name}-spine", first)):
            yield Device(name, "spine", "spine", index, pod=pod.name, plane=index % topology.planes)


def _racked(topology: Topology) -> Iterator[Device]:
    first = first_index(topology)
    for zone in topology.zones:
        for rack in zone.racks:
            pod = rack.pod or zone.pod
            for index, name in enumerate(names(rack.leaves, f"{rack.name}-leaf", first)):
                yield Device(name, "leaf", "leaf", index, zone.name, rack.name, pod)
            yield from _nodes(topology, rack.nodes, f"{rack.name}-", (zone.name, rack.name, pod))


def _outside(topology: Topology) -> Iterator[Device]:
    if topology.borders:
        yield from _nodes(topology, topology.borders.nodes, "", (None, None, None))


def _nodes(topology: Topology, groups: Mapping[str, Members], prefix: str, place: _Place) -> Iterator[Device]:
    """Nodes in the order of `node_groups`, so that a rack may list its groups in any order."""
    first, ordinal = first_index(topology), 0
    for group_name, group in topology.node_groups.items():
        for name in names(groups.get(group_name, 0), prefix + singular(group_name), first):
            yield Device(name, "node", group.role, ordinal, *place, group_name, routing_of(group))
            ordinal += 1


def _links(topology: Topology, devices: tuple[Device, ...]) -> Iterator[Link]:
    yield from _upper_links(devices)
    spines = [d for d in devices if d.tier == "spine"]
    leaves = [d for d in devices if d.tier == "leaf"]
    for leaf in leaves:
        yield from (Link(s.name, leaf.name, "fabric") for s in spines if s.pod is None or s.pod == leaf.pod)
    yield from _node_links(topology, devices, leaves)


def _upper_links(devices: tuple[Device, ...]) -> Iterator[Link]:
    """Border and super-spine links: a border connects to the highest tier below it, a super-spine to its plane."""
    borders = [d for d in devices if d.tier == "border"]
    supers = [d for d in devices if d.tier == "super-spine"]
    spines = [d for d in devices if d.tier == "spine"]
    for border in borders:
        yield from (Link(border.name, below.name, "fabric") for below in supers or spines)
    for upper in supers:
        yield from (Link(upper.name, spine.name, "fabric") for spine in spines if spine.plane == upper.plane)


def _node_links(topology: Topology, devices: tuple[Device, ...], leaves: list[Device]) -> Iterator[Link]:
    borders = [d.name for d in devices if d.tier == "border"]
    by_rack: dict[str | None, list[str]] = {}
    for leaf in leaves:
        by_rack.setdefault(leaf.rack, []).append(leaf.name)
    for node in (d for d in devices if d.tier == "node"):
        uppers = by_rack.get(node.rack, []) if node.rack else borders
        group = topology.node_groups[node.group or ""]
        yield from (Link(upper, node.name, "node") for upper in uppers[: group.uplinks or len(uppers)])
