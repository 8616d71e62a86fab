"""The scheme that ASNs in use follow: who shares one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fabric._values import dataclass


@dataclass(frozen=True, slots=True)
class RackAsns:
    """The ASNs of a rack's leaves and nodes, as far as they are known."""

    zone: str
    leaves: tuple[int | None, ...]
    nodes: tuple[int, ...]


def scheme_of(racks: Sequence[RackAsns], spines: Sequence[int | None]) -> Mapping[str, Any]:
    """The keys of `asn` that say who shares an ASN, as far as that is not what the profile rfc7938 does anyhow."""
    leaves, nodes = _leaves(racks), _nodes(racks)
    internal = nodes == "leaf" and all(len(set(rack.leaves)) == 1 for rack in racks)
    scheme = {
        "leaves": leaves if leaves != "per-leaf" else None,
        "spines": "unique" if len(spines) > 1 and None not in spines and _differ(spines) else None,
        "nodes": nodes if nodes != "leaf" or internal else None,
    }
    return {key: value for key, value in scheme.items() if value is not None}


def _leaves(racks: Sequence[RackAsns]) -> str | None:
    """Who shares a leaf ASN; `None` where not all are known or no rule fits."""
    every = [asn for rack in racks for asn in rack.leaves]
    if not every or None in every:
        return None
    if _differ(every):
        return "per-leaf"
    if len(set(every)) == 1:
        return "shared"
    zones = {rack.zone: {asn for r in racks if r.zone == rack.zone for asn in r.leaves} for rack in racks}
    for name, groups in (("per-rack", [set(rack.leaves) for rack in racks]), ("per-zone", list(zones.values()))):
        if all(len(group) == 1 for group in groups) and _differ([next(iter(group)) for group in groups]):
            return name
    return None


def _nodes(racks: Sequence[RackAsns]) -> str | None:
    """Who shares a node ASN, if any two of them do; `None` where nodes have one each or no rule fits."""
    every = [asn for rack in racks for asn in rack.nodes]
    if not every:
        return None
    if all(set(rack.nodes) <= {rack.leaves[0]} for rack in racks):
        return "leaf"
    if _differ(every):
        return None
    if len(set(every)) == 1:
        return "shared"
    groups = [set(rack.nodes) for rack in racks if rack.nodes]
    alone = all(len(group) == 1 for group in groups)
    return "per-rack" if alone and _differ([next(iter(group)) for group in groups]) else None


def _differ(asns: Iterable[int | None]) -> bool:
    every = list(asns)
    return len(set(every)) == len(every)
