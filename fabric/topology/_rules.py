"""What a schema cannot say about one topology file: names that clash, references to nothing, pools that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from itertools import combinations

from fabric.errors import Problem
from fabric.topology._asn_rules import asn_problems
from fabric.topology._cluster_rules import cluster_problems
from fabric.topology._expand import Device, expand, names, routing_of, singular
from fabric.topology._impairment_rules import impairment_problems
from fabric.topology._intent_rules import intent_problems
from fabric.topology._model import Topology
from fabric.topology._network_rules import hardware_problems, network_problems
from fabric.topology._settings import settings_of
from fabric.topology._source import Path, Source, dotted, near_miss
from fabric.topology._values import Members

Named = tuple[str, Path]


def problems_of(topology: Topology, source: Source, *, named: bool = True) -> list[Problem]:
    """Every problem of a topology whose values are each of the right kind.

    What refers to devices by their names is judged where it is certain which ones there are: where `named` says so,
    and no name is given twice, or to nothing.
    """
    structure = [
        *_duplicate_names(topology, source),
        *_references(topology, source),
        *_shape(topology, source),
    ]
    rest = [
        *_timers(topology, source),
        *_inter_zone(topology, source),
        *_families(topology, source),
        *_static_nodes(topology, source),
        *network_problems(topology, source),
        *hardware_problems(topology, source),
        *cluster_problems(topology, source),
        *asn_problems(topology, source),
        *_reflected_nodes(topology, source),
        *_pools(topology, source),
    ]
    about = topology.asn.overrides or topology.pins or topology.intents or topology.impairments
    devices = _by_device(topology, source) if about and named and not structure else []
    return [*structure, *rest, *devices]


def _duplicates(named: Iterable[Named], kind: str, source: Source) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for name, path in named:
        if name in first:
            place = source.where(first[name])
            yield source.problem(
                path, f"{kind} '{name}' a second time (first at {place})", "unique names", "Rename one."
            )
        first.setdefault(name, path)


def _duplicate_names(topology: Topology, source: Source) -> Iterator[Problem]:
    zones = [(zone.name, ("zones", z, "name")) for z, zone in enumerate(topology.zones)]
    racks = [
        (rack.name, ("zones", z, "racks", r, "name"))
        for z, zone in enumerate(topology.zones)
        for r, rack in enumerate(zone.racks)
    ]
    pods = [(pod.name, ("pods", p, "name")) for p, pod in enumerate(topology.pods)]
    clashes = [
        *_duplicates(zones, "zone", source),
        *_duplicates(racks, "rack", source),
        *_duplicates(pods, "pod", source),
    ]
    yield from clashes
    if not clashes:  # made device names repeat whenever rack names do
        yield from _duplicates(_device_names(topology), "device", source)


def _device_names(topology: Topology) -> Iterator[Named]:
    first = settings_of(topology).first_index
    if topology.borders:
        yield from ((n, ("borders", "routers")) for n in names(topology.borders.routers, "router", first))
        for group, members in topology.borders.nodes.items():
            yield from ((n, ("borders", "nodes", group)) for n in names(members, singular(group), first))
    yield from ((n, ("super_spines",)) for n in names(topology.super_spines, "super-spine", first))
    yield from ((n, ("spines",)) for n in names(topology.spines, "spine", first))
    for p, pod in enumerate(topology.pods):
        yield from ((n, ("pods", p, "spines")) for n in names(pod.spines, f"{pod.name}-spine", first))
    for z, zone in enumerate(topology.zones):
        for r, rack in enumerate(zone.racks):
            path: Path = ("zones", z, "racks", r)
            yield from ((n, (*path, "leaves")) for n in names(rack.leaves, f"{rack.name}-leaf", first))
            for group, members in rack.nodes.items():
                stem = f"{rack.name}-{singular(group)}"
                yield from ((n, (*path, "nodes", group)) for n in names(members, stem, first))


def _references(topology: Topology, source: Source) -> Iterator[Problem]:
    known = ", ".join(topology.node_groups) or "none is defined"
    for path, group in _group_uses(topology):
        if group not in topology.node_groups:
            action = near_miss(group, topology.node_groups) or "Define it under node_groups."
            yield source.problem(path, f"node group '{group}'", known, action)
    pods = [pod.name for pod in topology.pods]
    for path, pod in _pod_uses(topology):
        if pod not in pods:
            action = near_miss(pod, pods) or "Define it under pods."
            yield source.problem(path, f"pod '{pod}'", ", ".join(pods) or "no pod is defined", action)


def _group_uses(topology: Topology) -> Iterator[tuple[Path, str]]:
    for z, zone in enumerate(topology.zones):
        for r, rack in enumerate(zone.racks):
            yield from ((("zones", z, "racks", r, "nodes", group), group) for group in rack.nodes)
    if topology.borders:
        yield from ((("borders", "nodes", group), group) for group in topology.borders.nodes)


def _pod_uses(topology: Topology) -> Iterator[tuple[Path, str]]:
    for z, zone in enumerate(topology.zones):
        if zone.pod is not None:
            yield ("zones", z, "pod"), zone.pod
        for r, rack in enumerate(zone.racks):
            if rack.pod is not None:
                yield ("zones", z, "racks", r, "pod"), rack.pod


def _size(members: int | tuple[str, ...]) -> int:
    return members if isinstance(members, int) else len(members)


def _shape(topology: Topology, source: Source) -> Iterator[Problem]:
    spines, supers = _size(topology.spines), _size(topology.super_spines)
    if topology.pods and spines:
        yield source.problem(("spines",), "spines beside pods", "one of the two", "Give each pod its spines.")
    if not topology.pods and not spines:
        yield source.problem(("spines",), "no spine", "at least one", "Set 'spines', or describe 'pods'.")
    if len(topology.pods) > 1 and not supers:
        yield source.problem(
            ("super_spines",), "no super-spine", "at least one with several pods", "Set 'super_spines'."
        )
    if supers and not topology.pods:
        yield source.problem(
            ("super_spines",), "super-spines without pods", "super-spines with pods", "Describe 'pods'."
        )
    if topology.pods:
        yield from _homeless_racks(topology, source)
    yield from _planes(topology, source)
    yield from _sizes(topology, source)


def _planes(topology: Topology, source: Source) -> Iterator[Problem]:
    """A plane joins pods only where it has a super-spine, and a spine in each of them."""
    planes = topology.planes
    if planes > 1 and not topology.pods:
        yield source.problem(("planes",), f"{planes} planes without pods", "planes with pods", "Describe 'pods'.")
        return
    sized: list[tuple[Path, str, Members]] = [
        (("pods", p, "spines"), "spine", pod.spines) for p, pod in enumerate(topology.pods)
    ]
    if _size(topology.super_spines):
        sized.append((("super_spines",), "super-spine", topology.super_spines))
    for path, what, members in sized:
        if _size(members) < planes:
            found = f"{_size(members)} {what}{'s'[: _size(members) != 1]} for {planes} planes"
            yield source.problem(path, found, f"at least one {what} a plane", f"Add {what}s, or lower 'planes'.")


def _homeless_racks(topology: Topology, source: Source) -> Iterator[Problem]:
    pods = ", ".join(pod.name for pod in topology.pods)
    for z, zone in enumerate(topology.zones):
        for r, rack in enumerate(zone.racks):
            if zone.pod is None and rack.pod is None:
                path: Path = ("zones", z, "racks", r)
                yield source.problem(path, f"rack '{rack.name}' in no pod", pods, "Set 'pod' on the zone or the rack.")


def _sizes(topology: Topology, source: Source) -> Iterator[Problem]:
    """Counts beyond the room that the plan reserves."""
    growth = topology.growth
    sized: list[tuple[Path, int, int, str]] = [
        (("spines",), _size(topology.spines), growth.spines, "spines"),
        (("super_spines",), _size(topology.super_spines), growth.spines, "spines"),
        (("pods",), len(topology.pods), growth.pods, "pods"),
    ]
    if growth.racks_per_zone is not None:
        sized.append((("zones",), len(topology.zones), growth.zones, "zones"))
        racks = ((("zones", z, "racks"), len(zone.racks)) for z, zone in enumerate(topology.zones))
        sized += [(path, size, growth.racks_per_zone, "racks_per_zone") for path, size in racks]
    if growth.racks is not None:
        sized.append((("zones",), sum(len(zone.racks) for zone in topology.zones), growth.racks, "racks"))
    if topology.borders:
        sized.append((("borders", "routers"), _size(topology.borders.routers), growth.spines, "spines"))
        outside = sum(_size(members) for members in topology.borders.nodes.values())
        sized.append((("borders", "nodes"), outside, growth.nodes_per_rack, "nodes_per_rack"))
    sized += [
        (("pods", p, "spines"), _size(pod.spines), growth.spines, "spines") for p, pod in enumerate(topology.pods)
    ]
    for z, zone in enumerate(topology.zones):
        for r, rack in enumerate(zone.racks):
            path: Path = ("zones", z, "racks", r)
            sized.append(((*path, "leaves"), _size(rack.leaves), growth.leaves_per_rack, "leaves_per_rack"))
            nodes = sum(_size(members) for members in rack.nodes.values())
            sized.append(((*path, "nodes"), nodes, growth.nodes_per_rack, "nodes_per_rack"))
            if not _size(rack.leaves):
                yield source.problem((*path, "leaves"), "no leaf", "at least one", "Set 'leaves'.")
    for path, size, room, key in sized:
        if size > room:
            yield source.problem(path, str(size), f"at most {room} (growth.{key})", f"Raise growth.{key}.")


def _timers(topology: Topology, source: Source) -> Iterator[Problem]:
    timers = topology.timers
    if timers.keepalive_s * 3 > timers.hold_s:
        path: Path = ("timers", "keepalive_s")
        allowed = f"at most a third of hold_s ({timers.hold_s // 3})"
        yield source.problem(path, str(timers.keepalive_s), allowed, "Lower keepalive_s or raise hold_s.")


def _inter_zone(topology: Topology, source: Source) -> Iterator[Problem]:
    zones = [zone.name for zone in topology.zones]
    seen: set[frozenset[str]] = set()
    for i, entry in enumerate(topology.inter_zone):
        for k, name in enumerate(entry.zones):
            if name not in zones:
                action = near_miss(name, zones) or "Name a zone."
                yield source.problem(("inter_zone", i, "zones", k), f"zone '{name}'", ", ".join(zones), action)
        pair = frozenset(entry.zones)
        if len(pair) == 1 or pair in seen:
            found = "the same zone twice" if len(pair) == 1 else "a pair that an earlier entry has"
            yield source.problem(("inter_zone", i, "zones"), found, "two zones, each pair once", "Correct the pair.")
        seen.add(pair)
        if entry.mtu is not None and entry.mtu < topology.mtu.nodes:
            allowed = f"at least the nodes' MTU, {topology.mtu.nodes}"
            yield source.problem(
                ("inter_zone", i, "mtu"), str(entry.mtu), allowed, "Lower mtu.nodes or raise this MTU."
            )
    if topology.mtu.nodes > topology.mtu.fabric:
        allowed = f"at most mtu.fabric, {topology.mtu.fabric}"
        yield source.problem(("mtu", "nodes"), str(topology.mtu.nodes), allowed, "Lower mtu.nodes or raise mtu.fabric.")


def _families(topology: Topology, source: Source) -> Iterator[Problem]:
    if len(set(topology.families)) < len(topology.families):
        yield source.problem(("families",), "a family twice", "each family once", "Remove one.")
    for name, network in topology.networks.items():
        shared = topology.pools.networks
        for family in topology.families:
            if getattr(network, family) is None and getattr(shared, family, None) is None:
                path: Path = ("networks", name)
                action = f"Add '{family}' here, or to pools.networks for all networks without one."
                yield source.problem(path, f"no {family} prefix", "a prefix of each family", action)


def _static_nodes(topology: Topology, source: Source) -> Iterator[Problem]:
    """A leaf routes to a node without BGP by the node's link address, so that link must have one."""
    if settings_of(topology).node_links.numbered:
        return
    for name, group in topology.node_groups.items():
        if routing_of(group) == "static":
            written = group.routing is not None
            path: Path = ("node_groups", name, "routing") if written else ("node_groups", name)
            found = "static routing" if written else f"role '{group.role}', which is routed statically by default,"
            action = "Set links.nodes to numbered, or set routing: bgp here if these nodes speak BGP."
            yield source.problem(path, f"{found} over unnumbered links", "links.nodes: numbered", action)


def _reflected_nodes(topology: Topology, source: Source) -> Iterator[Problem]:
    """Nodes in their leaves' ASN need leaves that share one: a node has one ASN, and all sessions are iBGP."""
    asn, told = settings_of(topology).asn, False
    for z, zone in enumerate(topology.zones):
        for r, rack in enumerate(zone.racks):
            here = asn.of(rack.name)
            if not here.internal or here.leaves != "per-leaf" or _size(rack.leaves) < 2:
                continue
            if rack.asn is None and told:
                continue
            told = told or rack.asn is None
            head: Path = ("asn",) if rack.asn is None else ("zones", z, "racks", r, "asn")
            path = (*head, "leaves" if (*head, "leaves") in source.lines else "nodes")
            subject = "" if rack.asn is None else f"rack '{rack.name}' with "
            found = f"{subject}nodes in the ASN of leaves that have one each"
            allowed = "per-rack, per-zone or shared leaf ASNs"
            action = "Set asn.leaves to one of them, or asn.nodes to per-node."
            yield source.problem(path, found, allowed, action)


def _pools(topology: Topology, source: Source) -> Iterator[Problem]:
    """Pools and networks that overlap, and pools that lack a family of the fabric."""
    named = sorted(_prefixes(topology), key=lambda item: item[0] in source.lines)
    for (path, prefix), (other_path, other) in combinations(named, 2):
        if prefix.version == other.version and prefix.overlaps(other):
            default = "" if path in source.lines else "the default of "
            found = f"{other}, which overlaps {default}{dotted(path)} ({prefix})"
            yield source.problem(other_path, found, "prefixes apart from every other pool", "Move one of the two.")


def _prefixes(topology: Topology) -> Iterator[tuple[Path, IPv4Network | IPv6Network]]:
    settings = settings_of(topology)
    pools = {"loopbacks": settings.loopbacks}
    if settings.fabric_links.numbered:
        pools["fabric_links"] = settings.fabric_links.pool
    if settings.node_links.numbered:
        pools["node_links"] = settings.node_links.pool
    if topology.pools.networks is not None:
        pools["networks"] = topology.pools.networks
    for name, pool in pools.items():
        yield from ((("pools", name, f), p) for f in ("ipv4", "ipv6") if (p := getattr(pool, f)) is not None)
    for name, network in topology.networks.items():
        yield from ((("networks", name, f), p) for f in ("ipv4", "ipv6") if (p := getattr(network, f)) is not None)


def _by_device(topology: Topology, source: Source) -> list[Problem]:
    """Problems of what names single devices, which have to be known for it."""
    fabric = expand(topology)
    return [
        *_overrides(topology, source, fabric.by_name),
        *_pins(topology, source, fabric.by_name),
        *intent_problems(topology, fabric, source),
        *impairment_problems(topology, fabric, source),
    ]


def _overrides(topology: Topology, source: Source, devices: Mapping[str, Device]) -> Iterator[Problem]:
    for name in topology.asn.overrides:
        if name not in devices:
            action = near_miss(name, devices) or "Correct the name."
            yield source.problem(("asn", "overrides", name), f"device '{name}'", "a device of the fabric", action)


def _pins(topology: Topology, source: Source, devices: Mapping[str, Device]) -> Iterator[Problem]:
    """Pins of nothing: no such node, no such network, or a node that has no address there."""
    nodes = {name: device.role for name, device in devices.items() if device.tier == "node"}
    for node, pins in topology.pins.items():
        if node not in nodes:
            action = near_miss(node, nodes) or "Correct the name."
            yield source.problem(("pins", node), f"node '{node}'", "a node of the fabric", action)
            continue
        for name in pins:
            network = topology.networks.get(name)
            path: Path = ("pins", node, name)
            if network is None:
                action = near_miss(name, topology.networks) or "Define it under networks."
                yield source.problem(path, f"network '{name}'", ", ".join(topology.networks) or "none", action)
            elif nodes[node] not in network.roles:
                found = f"a {nodes[node]}, which has no address in '{name}'"
                yield source.problem(path, found, f"nodes of its roles ({', '.join(network.roles)})", "Add the role.")
