"""A found network as a spine-leaf design: tiers, pods, zones and racks, from its hints and from its links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from fabric._values import dataclass
from fabric.draft._draft import Draft, Section, draft_text
from fabric.draft._found import Found, FoundDevice, proper_name, renamed
from fabric.draft._scheme import RackAsns, scheme_of
from fabric.errors import PlanError, Problem, TopologyError
from fabric.plan import build
from fabric.topology import Design, Fabric, Tier, parse

Values = dict[str, Any]

_ZONE, _UNKNOWN_ZONE = "zone-a", "zone-unknown"
"""Where racks stand whose zone nothing tells: all of them, or some."""
_UNTOLD = "a device whose tier neither its labels, its group, its name nor its links tell"
_UNFIT = "ASNs in use, and links that differ: the design has to fit first. Mend it, and write asn.overrides by hand."
_ASNS = "ASNs in use: who shares one, and those that the scheme would not give."
_ALLOWED = "super-spine, spine, leaf, border or node"


@dataclass(frozen=True)
class _Wired:
    """Devices of known tier under their proper names, and who is linked to whom."""

    devices: Mapping[str, FoundDevice]
    links: tuple[tuple[str, str], ...]

    @cached_property
    def neighbors(self) -> Mapping[str, tuple[str, ...]]:
        """The linked devices of each, in the order of the devices."""
        linked: dict[str, set[str]] = {name: set() for name in self.devices}
        for one, two in self.links:
            linked[one].add(two)
            linked[two].add(one)
        return {name: tuple(other for other in self.devices if other in linked[name]) for name in self.devices}

    def tier(self, tier: Tier) -> tuple[str, ...]:
        """The names of the devices of a tier."""
        return tuple(name for name, device in self.devices.items() if device.tier == tier)

    def near(self, name: str, tier: Tier) -> tuple[str, ...]:
        """The neighbors that are of a tier."""
        return tuple(other for other in self.neighbors[name] if self.devices[other].tier == tier)

    def near_any(self, names: Iterable[str], tier: Tier) -> tuple[str, ...]:
        """The devices of a tier that are linked to any of the names."""
        near = {other for name in names for other in self.near(name, tier)}
        return tuple(name for name in self.devices if name in near)


def draft_of(found: Found) -> Draft:
    """The design that a found network is, with a note on everything that it says and the design does not.

    It may be none that can be planned, where the source has what no design may have; whoever reads its text is told
    where. Raises `TopologyError` where the tier of a device cannot be told, naming all such devices.
    """
    wired = _wired(found)
    racks, zoneless = _with_zones(_racks(wired))
    names = [f"{old} is called {new}" for old, new in renamed(d.name for d in found.devices).items() if old != new]
    draft = Draft(
        f"{found.name}: drafted from {found.source}. Change anything; `fabric plan FILE` says what does not fit.",
        tuple(_sections(found, wired, racks)),
        (*found.notes, *zoneless, *(f"Names: {', '.join(names)}." for _ in names[:1])),
    )
    scheme = _scheme(wired, racks) if found.profile == "rfc7938" else {}
    followed = replace(draft, sections=(*draft.sections, Section({"asn": scheme} if scheme else {})))
    try:
        design = parse(draft_text(followed), "the draft")
        kept = {**scheme, **_kept_asns(design, wired)}
    except (TopologyError, PlanError):
        return replace(followed, notes=(*draft.notes, _UNFIT))
    asn = Section({"asn": kept} if kept else {}, _ASNS)
    return replace(draft, sections=(*draft.sections, asn), differences=tuple(_differences(design.fabric, wired)))


def _wired(found: Found) -> _Wired:
    names = renamed(device.name for device in found.devices)
    links = tuple(dict.fromkeys((names[link.one], names[link.two]) for link in found.links))
    named = {names[device.name]: replace(device, name=names[device.name]) for device in found.devices}
    return _with_tiers(_Wired(named, links), found)


def _with_tiers(wired: _Wired, found: Found) -> _Wired:
    """Leaves are told by their nodes and spines by their leaves, until nothing more can be told."""
    while True:
        told = {name: tier for name in wired.devices if (tier := _told_by_links(wired, name)) is not None}
        if not told:
            break
        devices = {n: replace(d, tier=told[n]) if n in told else d for n, d in wired.devices.items()}
        wired = _Wired(devices, wired.links)
    untold = [device for device in wired.devices.values() if device.tier is None]
    if untold:
        raise TopologyError(
            Problem(d.place or found.source, d.name, _UNTOLD, _ALLOWED, "Give it a label `fabric-role` with one.")
            for d in untold
        )
    return wired


def _told_by_links(wired: _Wired, name: str) -> Tier | None:
    if wired.devices[name].tier is not None:
        return None
    if wired.near(name, "node"):
        return "leaf"
    return "spine" if wired.near(name, "leaf") else None


@dataclass(frozen=True, slots=True)
class _Rack:
    """Leaves that share nodes."""

    name: str
    zone: str
    pod: str
    leaves: tuple[str, ...]
    nodes: tuple[str, ...]


def _racks(wired: _Wired) -> tuple[_Rack, ...]:
    """Racks in the order of their leaves: leaves that a hint or a node joins."""
    rest, racks = list(wired.tier("leaf")), list[_Rack]()
    while rest:
        leaves = _joined(wired, rest[0])
        rest = [leaf for leaf in rest if leaf not in leaves]
        racks.append(_rack(wired, leaves, len(racks) + 1, {rack.name for rack in racks}))
    return tuple(racks)


def _joined(wired: _Wired, first: str) -> tuple[str, ...]:
    """The leaves of the first one's rack: by the same label, or by a node between them."""
    reached, todo = {first}, [first]
    while todo:
        leaf = todo.pop()
        label = wired.devices[leaf].rack
        same = [o for o in wired.tier("leaf") if label and wired.devices[o].rack == label]
        shared = [o for o in wired.near_any(wired.near(leaf, "node"), "leaf") if wired.devices[o].rack == label]
        todo += [other for other in dict.fromkeys((*same, *shared)) if other not in reached]
        reached.update(same, shared)
    return tuple(leaf for leaf in wired.tier("leaf") if leaf in reached)


def _rack(wired: _Wired, leaves: tuple[str, ...], number: int, taken: set[str]) -> _Rack:
    members = [wired.devices[leaf] for leaf in leaves]
    nodes = tuple(n for n in wired.near_any(leaves, "node") if wired.near(n, "leaf")[0] in leaves)
    name = _first(members, "rack") or f"rack-{number}"
    while name in taken:
        name += "x"
    everyone = [*members, *(wired.devices[node] for node in nodes)]
    return _Rack(name, _first(everyone, "zone"), _first(members, "pod"), leaves, nodes)


def _with_zones(racks: tuple[_Rack, ...]) -> tuple[tuple[_Rack, ...], tuple[str, ...]]:
    """The racks, each in a zone, and a sentence on those whose zone the source does not tell."""
    known = {rack.zone for rack in racks if rack.zone}
    untold = [f"{rack.name} ({', '.join((*rack.leaves, *rack.nodes))})" for rack in racks if not rack.zone]
    zone = _ZONE if not known else _UNKNOWN_ZONE
    placed = tuple(replace(rack, zone=rack.zone or zone) for rack in racks)
    text = f"The zone of these racks is not told, and {zone} stands for it; move them: {', '.join(untold)}."
    return placed, (text,) if untold else ()


def _first(devices: Iterable[FoundDevice], hint: str) -> str:
    return next((value for device in devices if (value := str(getattr(device, hint)))), "")[:32].strip("-")


def _sections(found: Found, wired: _Wired, racks: Sequence[_Rack]) -> Iterator[Section]:
    groups = _groups(wired, racks)
    families = list(found.families)
    profile = {"profile": found.profile} if found.profile != "rfc7938" else {}
    yield Section({"version": 1, "name": proper_name(found.name)[:32], **profile, "families": families})
    yield from _spines(wired)
    yield from _borders(wired, groups)
    zones = dict.fromkeys(rack.zone for rack in racks)
    hint = "" if len(zones) > 1 else "One zone, until you say which racks fail together."
    yield Section({"zones": [_zone(wired, zone, racks, groups) for zone in zones]}, hint)
    yield Section({"node_groups": dict(groups.values())} if groups else {})
    yield Section({"pools": dict(found.pools)} if found.pools else {}, "Where addresses come from.")
    yield from found.sections


def _kept_asns(design: Design, wired: _Wired) -> Values:
    """The keys of `asn` for every ASN that the design's own scheme would not give."""
    scheme = {device.name: device.asn for device in build(design).devices}
    known = {d.name: d.asn for d in wired.devices.values() if d.asn is not None}
    kept = {name: asn for name, asn in known.items() if asn != scheme.get(name)}
    places = {device.name: device for device in design.fabric.devices}
    moved = {places[name].rack for name in kept if name in places and places[name].tier == "leaf"}
    # An override of leaves holds for their iBGP nodes too, so that a node that differs from them says so.
    kept |= {name: asn for name, asn in known.items() if name in places and places[name].rack in moved}
    if not kept:
        return {}
    public = any(not (64512 <= asn <= 65534 or asn >= 4_200_000_000) for asn in kept.values())
    return {**({"allow_public": True} if public else {}), "overrides": kept}


def _scheme(wired: _Wired, racks: Sequence[_Rack]) -> Mapping[str, Any]:
    """Who shares an ASN, as those in use tell."""
    asns = {name: device.asn for name, device in wired.devices.items()}
    inside = [
        RackAsns(
            rack.zone,
            tuple(asns[leaf] for leaf in rack.leaves),
            tuple(asn for node in rack.nodes if (asn := asns[node]) is not None),
        )
        for rack in racks
    ]
    return scheme_of(inside, [asns[spine] for spine in wired.tier("spine")])


def _pods(wired: _Wired) -> Mapping[str, tuple[str, ...]]:
    """Spines by pod: by label, else those that share leaves; empty for a fabric of one pod."""
    if not wired.tier("super-spine"):
        return {}
    pods: dict[str, tuple[str, ...]] = {}
    rest = list(wired.tier("spine"))
    while rest:
        label, below = wired.devices[rest[0]].pod, set(wired.near(rest[0], "leaf"))
        pod = [s for s in rest if (label and wired.devices[s].pod == label) or below & set(wired.near(s, "leaf"))]
        pods[label or f"pod-{len(pods) + 1}"] = tuple(pod or rest[:1])
        rest = [spine for spine in rest if spine not in (pod or rest[:1])]
    return pods


def _spines(wired: _Wired) -> Iterator[Section]:
    pods = _pods(wired)
    if not pods:
        yield Section({"spines": list(wired.tier("spine"))})
        return
    listed = [{"name": name, "spines": list(spines)} for name, spines in pods.items()]
    supers = wired.tier("super-spine")
    planes = _planes(wired, supers, pods.values())
    yield Section({"super_spines": list(supers), **({"planes": planes} if planes > 1 else {}), "pods": listed})


def _planes(wired: _Wired, supers: Sequence[str], pods: Iterable[Sequence[str]]) -> int:
    """The number of planes whose cables between spines and super-spines are those found; 1 where none fits."""
    places = [(spine, place) for spines in pods for place, spine in enumerate(spines)]
    for planes in range(2, len(supers) + 1):
        of_plane = {s: {u for n, u in enumerate(supers) if n % planes == place % planes} for s, place in places}
        if all(set(wired.near(spine, "super-spine")) == uppers for spine, uppers in of_plane.items()):
            return planes
    return 1


_Groups = Mapping[str, tuple[str, Values]]
"""Of each node, its group: name and values."""


def _groups(wired: _Wired, racks: Sequence[_Rack]) -> _Groups:
    """Nodes of one role and with equally many of their rack's leaves are a group."""
    groups: dict[str, tuple[str, Values]] = {}
    of_rack = {node: rack for rack in racks for node in rack.nodes}
    for node in wired.tier("node"):
        role, rack = wired.devices[node].role or "server", of_rack.get(node)
        uplinks = len(wired.near(node, "leaf"))
        partial = rack is not None and uplinks < len(rack.leaves)
        stem = role if role.endswith("s") else f"{role}s"
        name = f"{stem}-{uplinks}-uplinks" if partial and uplinks != 1 else f"single-{stem}" if partial else stem
        groups[node] = (name, {"role": role, **({"uplinks": uplinks} if partial else {})})
    return groups


def _members(nodes: Iterable[str], groups: _Groups) -> Values:
    members: Values = {}
    for node in nodes:
        members.setdefault(groups[node][0], []).append(node)
    return members


def _borders(wired: _Wired, groups: _Groups) -> Iterator[Section]:
    routers = wired.tier("border")
    if not routers:
        return
    nodes = [n for n in wired.near_any(routers, "node") if not wired.near(n, "leaf")]
    members = {"nodes": _members(nodes, groups)} if nodes else {}
    yield Section({"borders": {"routers": list(routers), **members}})


def _zone(wired: _Wired, zone: str, racks: Sequence[_Rack], groups: _Groups) -> Values:
    pods = {spine: pod for pod, spines in _pods(wired).items() for spine in spines}
    inside = []
    for rack in (rack for rack in racks if rack.zone == zone):
        near = Counter(pods[s] for leaf in rack.leaves for s in wired.near(leaf, "spine") if s in pods)
        values: Values = {"name": rack.name, "leaves": list(rack.leaves)}
        values |= {"nodes": _members(rack.nodes, groups)} if rack.nodes else {}
        inside.append(values | ({"pod": near.most_common(1)[0][0]} if near else {}))
    return {"name": zone, "racks": inside}


def _differences(design: Fabric, wired: _Wired) -> Iterator[str]:
    """A sentence for the links and devices that are in one of the two only."""
    drawn = {frozenset((link.upper, link.lower)) for link in design.links}
    cabled = {frozenset(link) for link in wired.links}
    yield from _listed("Links that a spine-leaf design of these racks has not", cabled - drawn)
    yield from _listed("Links that the design has and the source has not", drawn - cabled)
    lost = sorted(set(wired.devices) - set(design.by_name))
    yield from (f"Devices that are linked to no leaf or border: {', '.join(lost)}." for _ in lost[:1])


def _listed(what: str, links: Iterable[frozenset[str]]) -> Iterator[str]:
    names = sorted("--".join(sorted(link)) for link in links)
    if names:
        yield f"{what}: {', '.join(names)}."
