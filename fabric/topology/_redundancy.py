"""What a design survives, read off its graph: single points of failure, disjoint paths, and what two failures cut.

With one ASN for all spines of a pod a path passes that ASN once (RFC 7938 section 5.2.2, RFC 4271 section 9.1.2):
two leaves of a pod need a spine in common, and leaves of two pods a super-spine. With unique spine ASNs any path does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from fabric._values import dataclass
from fabric.topology._connectivity import disjoint_paths, weak_points
from fabric.topology._expand import Device, Fabric, Link
from fabric.topology._read import Design

_ENOUGH = 3
"""With so many of a kind side by side, two failures leave one; more of them add no new kind of cut. The planes of a
five-stage fabric stand side by side as well, so that of many planes a few with one switch of a kind each will do."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Failures that part two switches which both stay up: `spine-1`, or `spine-1>a1-leaf-1` for a link."""

    failures: tuple[str, ...]
    parted: tuple[str, str]
    isolated: bool
    """One of the two has lost all its uplinks."""
    around: bool = False
    """Cables still join the two: it is a shared ASN that parts them."""


@dataclass(frozen=True, slots=True)
class Redundancy:
    """What a design survives."""

    disjoint_paths: int
    """Fewest link-disjoint paths between two leaves."""
    single_devices: tuple[str, ...]
    """Devices without which others are cut off (articulation points)."""
    single_links: tuple[str, ...]
    """Links without which something is cut off (bridges)."""
    cuts: tuple[Cut, ...]
    """One example of each kind of cut by one failure or two, smallest first; none contains another."""

    @property
    def shared_asn_cuts(self) -> tuple[Cut, ...]:
        """The cuts by two links that part switches only because of a shared ASN."""
        return tuple(cut for cut in self.cuts if cut.around and [">" in name for name in cut.failures] == [True, True])

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence on each of `shared_asn_cuts`."""
        return tuple(map(_warning, self.shared_asn_cuts))


def redundancy(design: Design) -> Redundancy:
    """What the design survives; in a large regular fabric computed on a few devices of each kind."""
    fabric, cuts = _without_triplets(design.fabric), tuple(_cuts(design))
    devices, bridges = weak_points(_neighbors(fabric))
    links = (link for link in fabric.links if bridges & {(link.upper, link.lower), (link.lower, link.upper)})
    return Redundancy(
        disjoint_paths=_disjoint_paths(fabric),
        single_devices=tuple(sorted(devices)),
        single_links=tuple(sorted(map(_name, links))),
        cuts=cuts,
    )


def _without_triplets(fabric: Fabric) -> Fabric:
    """The fabric with two nodes at most of those that hang on the same switches, two or more.

    Either of two such nodes leads around the other, so a third one makes nothing a single point of failure or saves
    it from being one. Of nodes on one switch each is cut off by its own link, and all stay.
    """
    uppers: dict[str, list[str]] = {}
    for link in fabric.links:
        if link.kind == "node":
            uppers.setdefault(link.lower, []).append(link.upper)
    seen: dict[tuple[str, ...], int] = {}
    extra = set()
    for node, above in uppers.items():
        kind = tuple(sorted(above))
        seen[kind] = seen.get(kind, 0) + 1
        if len(kind) > 1 and seen[kind] > 2:
            extra.add(node)
    devices = tuple(device for device in fabric.devices if device.name not in extra)
    links = tuple(link for link in fabric.links if link.lower not in extra)
    return Fabric(devices, links, fabric.racks, fabric.zones, fabric.pods)


def _name(link: Link) -> str:
    return f"{link.upper}>{link.lower}"


def _disjoint_paths(fabric: Fabric) -> int:
    """The fewest between any two leaves; leaves that have the same switches above them are alike."""
    links = tuple(link for link in fabric.links if link.kind == "fabric")
    graph = _neighbors(replace(fabric, links=links))
    kinds: dict[tuple[str, ...], list[str]] = {}
    for leaf in fabric.tier("leaf"):
        kinds.setdefault(tuple(sorted(graph[leaf.name])), []).append(leaf.name)
    few = [name for names in kinds.values() for name in names[:2]][: 2 * _ENOUGH]
    return min((disjoint_paths(graph, a, b) for a, b in combinations(few, 2)), default=0)


def _neighbors(fabric: Fabric) -> Mapping[str, list[str]]:
    """The devices at the other ends of each device's links."""
    found: dict[str, list[str]] = {device.name: [] for device in fabric.devices}
    for link in fabric.links:
        found[link.upper].append(link.lower)
        found[link.lower].append(link.upper)
    return found


def _few(fabric: Fabric) -> Fabric:
    """The switches, cut down to a few of each kind: the smallest pods, and of each the first spines and leaves.

    With two planes a failure in each is one failure for a plane, which two switches of a kind outlive.
    """
    planes = 1 + max((device.plane for device in fabric.devices), default=0)
    in_a_plane = max(_ENOUGH + 1 - planes, 1)
    sizes = {pod: sum(d.pod == pod for d in fabric.tier("spine")) for pod in fabric.pods}
    pods = {None, *sorted(sizes, key=lambda pod: sizes[pod])[:_ENOUGH]}
    seen: dict[tuple[str, str | None, int], int] = {}
    kept = []
    for device in fabric.devices:
        if device.tier != "node" and device.pod in pods and device.plane < _ENOUGH:
            place = (device.tier, device.pod, device.plane)
            seen[place] = seen.get(place, 0) + 1
            if seen[place] <= (in_a_plane if device.tier in ("spine", "super-spine") else _ENOUGH):
                kept.append(device)
    names = {device.name for device in kept}
    links = tuple(link for link in fabric.links if link.upper in names and link.lower in names)
    return Fabric(tuple(kept), links, fabric.racks, fabric.zones, fabric.pods)


def _cuts(design: Design) -> Iterator[Cut]:
    few = _few(design.fabric)
    shared = design.settings.asn.spines == "shared"
    between = [d.name for d in few.devices if d.tier in ("super-spine", "spine")]
    elements = [*between, *map(_name, few.links)]
    known: set[tuple[str, ...]] = set()
    kinds: set[tuple[object, ...]] = set()
    for failures in (*combinations(elements, 1), *combinations(elements, 2)):
        if any(set(smaller) <= set(failures) for smaller in known):
            continue
        cut = _cut(few, frozenset(failures), shared)
        if cut is not None:
            known.add(failures)
            around = shared and _cut(few, frozenset(failures), shared=False) is None
            kind = (*(_kind(few, name) for name in failures), cut.isolated, around)
            if kind not in kinds:
                kinds.add(kind)
                yield replace(cut, failures=failures, around=around)


def _kind(fabric: Fabric, element: str) -> tuple[str, ...]:
    return tuple(fabric.by_name[name].tier for name in element.split(">"))


def _cut(fabric: Fabric, failures: frozenset[str], shared: bool) -> Cut | None:
    """The first two ends that the failures part; ends that are cut off altogether come last."""
    links = [link for link in fabric.links if not failures & {link.upper, link.lower, _name(link)}]
    ends = [d for d in fabric.devices if d.tier in ("leaf", "border") and d.name not in failures]
    linked = {name for link in links for name in (link.upper, link.lower)}
    above = _above(fabric, links) if shared else _joined(links)
    tiers = {device.name: device.tier for device in fabric.devices}
    parted = [(a, b) for a, b in combinations(ends, 2) if not _meet(a, b, above, tiers, shared)]
    parted.sort(key=lambda pair: not (pair[0].name in linked and pair[1].name in linked))
    if not parted:
        return None
    a, b = parted[0]
    return Cut(tuple(failures), (a.name, b.name), not (a.name in linked and b.name in linked))


_Sets = dict[str, frozenset[str]]


def _above(fabric: Fabric, links: list[Link]) -> _Sets:
    """For each switch itself and what it reaches by going up; `fabric.devices` has upper tiers first."""
    above: _Sets = {}
    uppers: dict[str, list[str]] = {}
    for link in links:
        uppers.setdefault(link.lower, []).append(link.upper)
    for device in fabric.devices:
        reached = (above[upper] for upper in uppers.get(device.name, ()))
        above[device.name] = frozenset({device.name}).union(*reached)
    return above


def _joined(links: list[Link]) -> _Sets:
    """For each switch all that cables still join it to."""
    joined: dict[str, set[str]] = {}
    for link in links:
        one, other = (joined.setdefault(name, {name}) for name in (link.upper, link.lower))
        if one is not other:
            one |= other
            joined.update(dict.fromkeys(other, one))
    return {name: frozenset(part) for name, part in joined.items()}


def _meet(a: Device, b: Device, above: _Sets, tiers: Mapping[str, str], shared: bool) -> bool:
    nothing: frozenset[str] = frozenset()
    common = above.get(a.name, nothing) & above.get(b.name, nothing)
    if not shared:
        return bool(common)
    if "border" in (a.tier, b.tier):  # two borders also meet outside
        return a.tier == b.tier or a.name in common or b.name in common
    turning = "spine" if a.pod == b.pod else "super-spine"
    return any(tiers[name] == turning for name in common)


def _warning(cut: Cut) -> str:
    first, second = cut.parted
    return (
        f"Losing the links {cut.failures[0]} and {cut.failures[1]} parts {first} from {second}, although "
        f"cables still join them: switches that share an ASN do not pass on each other's routes. To survive "
        f"any two link failures, set a third switch beside the two, or set asn.spines to unique."
    )
