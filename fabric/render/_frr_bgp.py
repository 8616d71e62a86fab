"""BGP of a device as the templates walk it: finished names and lines, each in FRR's words."""

from __future__ import annotations

from collections.abc import Iterable

from fabric._values import dataclass
from fabric.config import (
    Aggregate,
    BgpFamily,
    BgpInstance,
    Family,
    Neighbor,
    NeighborFamily,
    Prefix,
    Redistribute,
    RemoteAs,
)
from fabric.render._frr_groups import Folded, fold
from fabric.render._text import natural, one_line, one_word


@dataclass(frozen=True, slots=True)
class Session:
    """The lines of `router bgp` for one peer-group or neighbor; a setting at its default has no line."""

    name: str
    is_group: bool
    by_interface: bool
    group: str | None
    remote_as: RemoteAs | None
    description: str
    password: str | None
    settings: Neighbor


@dataclass(frozen=True, slots=True)
class Policy:
    """The lines of one peer-group or neighbor inside one address family."""

    name: str
    activate: bool
    settings: NeighborFamily


@dataclass(frozen=True, slots=True)
class FamilyView:
    """One `address-family … unicast` block."""

    name: Family
    networks: tuple[Prefix, ...]
    aggregates: tuple[str, ...]
    redistribute: tuple[str, ...]
    maximum_paths: int
    import_vrfs: tuple[str, ...]
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One `router bgp` block: the instance's own settings, its sessions and its families."""

    settings: BgpInstance
    sessions: tuple[Session, ...]
    families: tuple[FamilyView, ...]


def instance_views(instances: Iterable[BgpInstance], device: str) -> tuple[InstanceView, ...]:
    """The BGP instances of `device` in FRR's order: the default VRF first."""
    return tuple(_instance(entry, device) for entry in sorted(instances, key=lambda entry: entry.vrf or ""))


def _instance(instance: BgpInstance, device: str) -> InstanceView:
    folded = sorted(fold(instance), key=_order)
    named = {entry.family for entry in instance.families}
    used = {family.family for entry in instance.neighbors for family in entry.families}
    return InstanceView(
        settings=instance,
        sessions=tuple(_session(entry, device) for entry in folded),
        families=tuple(_family(instance.family(family), folded) for family in sorted(named | used)),
    )


def _order(folded: Folded) -> tuple[object, ...]:
    """Peer-groups first, for members refer to them; then interface peers, then addresses by value."""
    peer = folded.settings.peer
    if isinstance(peer, str):
        return (not folded.is_group, 0, 0, natural(peer))
    return (True, peer.version, int(peer), ())


def _session(folded: Folded, device: str) -> Session:
    settings = folded.settings
    where = f"{device}, neighbor {settings.peer}"
    return Session(
        name=str(settings.peer),
        is_group=folded.is_group,
        by_interface=settings.by_interface and not folded.is_group,
        group=settings.group,
        remote_as=folded.remote_as,
        description=one_line(settings.description, f"{where}: description"),
        password=one_word(settings.password.value, f"{where}: password") if settings.password else None,
        settings=settings,
    )


def _family(family: BgpFamily, folded: Iterable[Folded]) -> FamilyView:
    return FamilyView(
        name=family.family,
        networks=tuple(sorted(family.networks, key=_prefix_order)),
        aggregates=tuple(_aggregate(entry) for entry in sorted(family.aggregates, key=_aggregate_order)),
        redistribute=tuple(sorted(_redistribute(entry, family.family) for entry in family.redistribute)),
        maximum_paths=family.maximum_paths,
        import_vrfs=tuple(sorted(family.import_vrfs)),
        policies=tuple(policy for entry in folded for policy in _policies(entry, family.family)),
    )


def _prefix_order(prefix: Prefix) -> tuple[int, int]:
    return int(prefix.network_address), prefix.prefixlen


def _aggregate_order(aggregate: Aggregate) -> tuple[int, int]:
    return _prefix_order(aggregate.prefix)


def _aggregate(aggregate: Aggregate) -> str:
    as_set = " as-set" if aggregate.as_set else ""
    summary_only = " summary-only" if aggregate.summary_only else ""
    return f"{aggregate.prefix}{as_set}{summary_only}"


def _redistribute(entry: Redistribute, family: Family) -> str:
    protocol = "ospf6" if (entry.protocol, family) == ("ospf", "ipv6") else entry.protocol
    table = "" if entry.table is None else f" {entry.table}"
    route_map = "" if entry.route_map is None else f" route-map {entry.route_map}"
    return f"{protocol}{table}{route_map}"


def _policies(folded: Folded, family: Family) -> Iterable[Policy]:
    """The lines of `folded` in `family`: none where its peer-group says all."""
    for entry in folded.settings.families:
        activate = family in folded.activates
        if entry.family == family and (activate or entry != NeighborFamily(family)):
            yield Policy(str(folded.settings.peer), activate, entry)
