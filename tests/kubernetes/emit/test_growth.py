"""A design that grows: what was applied keeps its name and, but for lists of members, its content."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fabric import plan
from fabric.plan import ledger_of
from tests.designs import Values, design_of
from tests.kubernetes.emit.cluster import Document, emitted, options, small

_LIST_MEMBERS = {
    "BGPAdvertisement",
    "BGPConfiguration",
    "NetConfig",
    "NodeHealthCheck",
    "OpenStackDataPlaneNodeSet",
    "Tuned",
}
"""Kinds that name the nodes, peers or addresses of others."""


def _more_spines(values: Values) -> None:
    values["spines"] = 4


def _more_workers(values: Values) -> None:
    values["zones"][0]["racks"][0]["nodes"]["workers"] = 4


def _another_zone(values: Values) -> None:
    values["zones"].append({"name": "z2", "racks": [{"name": "r2", "nodes": {"computes": 2, "workers": 2}}]})


def _another_rack(values: Values) -> None:
    values["zones"][0]["racks"].append({"name": "r9", "nodes": {"computes": 1, "workers": 1}})


def _another_role(values: Values) -> None:
    values["node_groups"]["networkers"] = {"role": "networker"}
    values["zones"][1]["racks"][0]["nodes"]["networkers"] = 1


def _by_identity(documents: list[Document]) -> dict[tuple[str, str | None, str], Document]:
    return {(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]): d for d in documents}


@pytest.mark.parametrize("peering", [None, "frr-k8s"])
@pytest.mark.parametrize(
    "grow", [_more_spines, _more_workers, _another_zone, _another_rack, _another_role], ids=lambda grow: grow.__name__
)
def test_growth_touches_nothing_that_was_applied(grow: Any, peering: Any) -> None:
    before = small(families=["ipv4", "ipv6"])
    before["networks"]["internalapi"]["ipv6"] = "fd00:17::/64"
    after = copy.deepcopy(before)
    grow(after)
    first = plan.build(design_of(before))
    then = plan.build(design_of(after), ledger_of(first))
    old, new = (_by_identity(emitted(p, options("4.20", peering=peering))) for p in (first, then))
    assert set(old) <= set(new)
    changed = {kind for (kind, *_), document in old.items() if new[(kind, *_)] != document}
    assert changed <= _LIST_MEMBERS
