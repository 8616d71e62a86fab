"""All rules, in tables by what they look at.

Hundreds by subject: 0 the check itself, 1 zones and the cluster, 2 links, addresses and room, 3 BGP sessions, 4 what
failures do, 5 MetalLB and frr-k8s, 6 networks of OpenShift nodes, 7 the data plane, 8 placement, 9 `frr.conf`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fabric.check._rule import Rule, RuleInfo, Subject
from fabric.check._scene import DesignScene, FrrScene, ResourceScene, SuppressionScene
from fabric.check.rules import (
    _addresses,
    _cluster,
    _controllers,
    _data_plane,
    _edge,
    _failures,
    _firewall,
    _frr,
    _frr_bgp,
    _installation,
    _metallb,
    _net_config,
    _node_addresses,
    _node_network,
    _node_sets,
    _placement,
    _pods,
    _room,
    _sessions,
    _static,
    _suppressions,
    _zones,
)
from fabric.errors import InputError

DESIGN_RULES: tuple[Rule[DesignScene], ...] = (
    *_zones.RULES,
    *_cluster.RULES,
    *_edge.RULES,
    *_room.RULES,
    *_sessions.RULES,
    *_failures.RULES,
    *_static.RULES,
)
RESOURCE_RULES: tuple[Rule[ResourceScene], ...] = (
    *_controllers.RULES,
    *_metallb.RULES,
    *_pods.RULES,
    *_addresses.RULES,
    *_node_addresses.RULES,
    *_node_network.RULES,
    *_firewall.RULES,
    *_net_config.RULES,
    *_node_sets.RULES,
    *_data_plane.RULES,
    *_placement.RULES,
    *_installation.RULES,
)
FRR_RULES: tuple[Rule[FrrScene], ...] = (*_frr.RULES, *_frr_bgp.RULES)
SUPPRESSION_RULES: tuple[Rule[SuppressionScene], ...] = _suppressions.RULES


_LETTERS = str.maketrans("OIL", "011")
"""Letters that are taken for digits."""


class UnknownRuleError(InputError):
    """There is no rule of that id."""

    def __init__(self, name: str) -> None:
        meant = f"FAB-{re.sub('[^0-9]', '', name.upper().translate(_LETTERS).removeprefix('FAB'))}"
        action = f"Did you mean {meant}?" if meant in _BY_ID else "`fabric check --list` shows all."
        super().__init__(f"check: found no rule {name!r}; allowed: {min(_BY_ID)} to {max(_BY_ID)}. {action}")


def _infos(table: Iterable[Rule[Any]], over: Subject) -> list[RuleInfo]:
    return [RuleInfo(r.id, r.title, r.severity, r.why, r.source, r.fix, over) for r in table]


_BY_ID = {
    entry.id: entry
    for entry in sorted(
        (
            *_infos(DESIGN_RULES, "design"),
            *_infos(RESOURCE_RULES, "resources"),
            *_infos(FRR_RULES, "frr"),
            *_infos(SUPPRESSION_RULES, "suppressions"),
        ),
        key=lambda entry: entry.id,
    )
}
INFOS: tuple[RuleInfo, ...] = tuple(_BY_ID.values())


def info(name: str) -> RuleInfo:
    """What there is to know about a rule; raises `UnknownRuleError`."""
    if name not in _BY_ID:
        raise UnknownRuleError(name)
    return _BY_ID[name]
