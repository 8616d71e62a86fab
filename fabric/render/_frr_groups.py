"""Neighbors that are configured alike, folded into FRR peer-groups without a change of meaning.

A setting goes to the peer-group only where *every* member has it with the same value, so a member never has to take
anything back. Settings whose inheritance differs between FRR releases (port, local-as, graceful restart) and those an
operator changes for one neighbor alone (description, shutdown) always stay with the neighbor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, TypeVar

from fabric._values import dataclass
from fabric.config import BgpInstance, Neighbor, NeighborFamily, RemoteAs

Settings = TypeVar("Settings", Neighbor, NeighborFamily)
Fields = tuple[str, ...]

# Fields that stand on one line, or on lines that only make sense together, are shared together or not at all.
_SESSION: tuple[Fields, ...] = (
    ("password",),
    ("timers",),
    ("connect_s",),
    ("bfd", "bfd_profile"),
    ("ebgp_multihop",),
    ("ttl_security_hops",),
    ("passive",),
    ("extended_next_hop",),
)
_FAMILY: tuple[Fields, ...] = (
    ("prefix_list_in",),
    ("prefix_list_out",),
    ("route_map_in",),
    ("route_map_out",),
    ("next_hop_self", "next_hop_self_force"),
    ("route_reflector_client",),
    ("default_originate", "default_originate_map"),
    ("allowas_in",),
    ("soft_reconfiguration_in",),
    ("remove_private_as",),
    ("as_override",),
    ("maximum_prefix",),
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A peer-group (`members` empty) or a neighbor, with the settings that it states itself."""

    settings: Neighbor
    remote_as: RemoteAs | None
    """`None`: the members state it, or the peer-group does."""
    activates: frozenset[str]
    """Families that this one activates itself; a member's others come from its peer-group."""
    is_group: bool = False


def fold(instance: BgpInstance) -> list[Folded]:
    """The peer-groups of an instance, then its neighbors, each with only what it must state itself."""
    groups: list[Folded] = []
    neighbors: list[Folded] = []
    for label, members in _labelled(instance.neighbors):
        if label is None or not _one_kind(members, instance.asn):
            neighbors.extend(_alone(member) for member in members)
        else:
            group = _group(label, members)
            groups.append(group)
            neighbors.extend(_members(members, group))
    return groups + neighbors


def _labelled(neighbors: Iterable[Neighbor]) -> Iterable[tuple[str | None, list[Neighbor]]]:
    by_label: defaultdict[str | None, list[Neighbor]] = defaultdict(list)
    for neighbor in neighbors:
        by_label[neighbor.group].append(neighbor)
    return sorted(by_label.items(), key=lambda item: item[0] or "")


def _one_kind(members: Iterable[Neighbor], asn: int) -> bool:
    """True unless iBGP and eBGP peers share the label: FRR refuses a peer-group of both."""
    return len({_kind(member, asn) for member in members}) == 1


def _kind(neighbor: Neighbor, asn: int) -> str:
    if isinstance(neighbor.remote_as, str):
        return neighbor.remote_as
    return "internal" if neighbor.remote_as == (neighbor.local_as or asn) else "external"


def _alone(neighbor: Neighbor) -> Folded:
    return Folded(
        settings=replace(neighbor, group=None),
        remote_as=neighbor.remote_as,
        activates=frozenset(entry.family for entry in neighbor.families),
    )


def _group(label: str, members: Sequence[Neighbor]) -> Folded:
    """The peer-group of `members`: what all of them have in common."""
    first = members[0]
    shared_as = first.remote_as if all(member.remote_as == first.remote_as for member in members) else None
    by_family = [{entry.family: entry for entry in member.families} for member in members]
    families = tuple(
        _common([entries[family] for entries in by_family], NeighborFamily(family), _FAMILY)
        for family in by_family[0]
        if all(family in entries for entries in by_family)
    )
    blank = Neighbor(peer=label, remote_as=first.remote_as, families=families)
    return Folded(
        settings=_common(members, blank, _SESSION),
        remote_as=shared_as,
        activates=frozenset(entry.family for entry in families),
        is_group=True,
    )


def _members(neighbors: Iterable[Neighbor], group: Folded) -> Iterable[Folded]:
    """What each of `neighbors` says beyond their peer-group."""
    session = _taken(group.settings, Neighbor(peer="", remote_as="auto", families=()), _SESSION)
    family = {entry.family: _taken(entry, NeighborFamily(entry.family), _FAMILY) for entry in group.settings.families}
    for neighbor in neighbors:
        families = tuple(replace(entry, **family.get(entry.family, {})) for entry in neighbor.families)
        yield Folded(
            settings=replace(neighbor, families=families, **session),
            remote_as=neighbor.remote_as if group.remote_as is None else None,
            activates=frozenset(entry.family for entry in families) - group.activates,
        )


def _common(members: Sequence[Settings], blank: Settings, kinds: Iterable[Fields]) -> Settings:
    """`blank` with every setting on which all `members` agree."""
    first = members[0]
    shared: dict[str, Any] = {}
    for fields in kinds:
        values = attrgetter(*fields)
        wanted = values(first)
        if all(values(member) == wanted for member in members):
            shared.update((field, getattr(first, field)) for field in fields)
    return replace(blank, **shared)


def _taken(group: Settings, blank: Settings, kinds: Iterable[Fields]) -> dict[str, Any]:
    """The settings that a member need not state because `group` does, each with the default that means silence."""
    return {
        field: getattr(blank, field)
        for fields in kinds
        if any(getattr(group, field) != getattr(blank, field) for field in fields)
        for field in fields
    }
