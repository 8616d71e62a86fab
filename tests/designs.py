"""Topologies of many shapes, as hypothesis draws them and as plain mappings that a test may edit."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from fabric.topology import Design, parse

Values = dict[str, Any]
"""A topology file as plain values."""

GROUPS: Values = {
    "servers": {"role": "server"},
    "computes": {"role": "compute"},
    "workers": {"role": "worker"},
    "arrays": {"role": "storage"},
    "singles": {"role": "server", "uplinks": 1},
}


def design_of(values: Values) -> Design:
    """The design of plain values, read as a file is."""
    return parse(yaml.safe_dump(values, sort_keys=False), "drawn.yaml")


@st.composite
def racks(draw: st.DrawFn, name: str) -> Values:
    """A rack of up to two leaves and a few nodes of some groups."""
    groups = draw(st.lists(st.sampled_from(sorted(GROUPS)), unique=True, max_size=3))
    nodes = {group: draw(st.integers(1, 3)) for group in groups}
    return {"name": name, "leaves": draw(st.integers(1, 2)), "nodes": nodes}


@st.composite
def zones(draw: st.DrawFn, pods: list[str]) -> list[Values]:
    """One to three zones of unequal size."""
    found: list[Values] = []
    for zone in "abc"[: draw(st.integers(1, 3))]:
        inside = [draw(racks(f"{zone}{number}")) for number in range(1, draw(st.integers(1, 3)) + 1)]
        found.append({"name": f"zone-{zone}", "racks": inside})
        if pods:
            found[-1]["pod"] = draw(st.sampled_from(pods))
    return found


@st.composite
def asn_schemes(draw: st.DrawFn, default: bool) -> Values:
    """A scheme that the rules accept: nodes in their leaves' ASN need leaves that share one."""
    if default and draw(st.booleans()):
        return {}
    nodes = draw(st.sampled_from(["leaf", "per-node", "per-rack", "shared"]))
    leaves = draw(st.sampled_from(["per-leaf", "per-rack", "per-zone", "shared"]))
    if nodes == "leaf" and leaves == "per-leaf":
        leaves = "per-rack"
    return {"leaves": leaves, "nodes": nodes, "spines": draw(st.sampled_from(["shared", "unique"])), "width": 4}


@st.composite
def networks(draw: st.DrawFn) -> Values:
    """Networks of each scope, with addresses for some roles and virtual ones."""
    scopes = draw(st.lists(st.sampled_from(["fabric", "zone", "rack"]), max_size=2))
    return {
        f"net-{index}": {
            "kind": draw(st.sampled_from(["routed", "segment"])),
            "allocation": draw(st.sampled_from([None, {"offset": 12, "count": 20}])),
            "scope": scope,
            "ipv4": f"172.{16 + index}.0.0/16",
            "ipv6": f"fd00:172:{index}::/48",
            "roles": draw(st.lists(st.sampled_from(["server", "compute", "worker", "storage"]), unique=True)),
            "vips": draw(st.integers(0, 3)),
            "vip_roles": ["worker", "server"],
        }
        for index, scope in enumerate(scopes)
    }


@st.composite
def topologies(draw: st.DrawFn) -> Values:
    """A valid topology: three or five stages, any scheme, any addressing, any families."""
    profile = draw(st.sampled_from(["rfc7938", "rhoso"]))
    pods = [f"pod-{number}" for number in range(1, draw(st.integers(0, 3)) + 1)]
    numbered = st.sampled_from(["numbered", "unnumbered"])
    values: Values = {
        "version": 1,
        "name": "drawn",
        "profile": profile,
        "families": draw(st.sampled_from([["ipv4"], ["ipv6"], ["ipv4", "ipv6"]])),
        "zones": draw(zones(pods)),
        "node_groups": GROUPS,
        "networks": draw(networks()),
        "asn": draw(asn_schemes(default=not pods)),  # the ranges of `rhoso` have one ASN for all spines
        "links": {
            "fabric": draw(numbered),
            "fabric_prefix": draw(st.sampled_from([30, 31])),
            "node_prefix": draw(st.sampled_from([30, 31])),
            "dialled_from": draw(st.sampled_from(["both-ends", "below"])),
        },
        "bfd": {"fabric": draw(st.booleans()), "nodes": draw(st.booleans())},
    }
    if draw(st.booleans()):
        values["growth"] = {"racks_per_zone": draw(st.sampled_from([6, 15])), "zones": 8}
        if draw(st.booleans()):
            values["pools"] = {"networks": {"ipv4": "10.64.0.0/12", "ipv6": "fd00:64::/48"}}
            for network in values["networks"].values():
                if draw(st.booleans()):
                    del network["ipv4"], network["ipv6"]
    if values["asn"]:  # the defaults of `rhoso` have one ASN for all leaves
        for rack in (rack for zone in values["zones"] for rack in zone["racks"]):
            rack["asn"] = draw(st.sampled_from([None, {"nodes": "leaf", "leaves": "per-rack"}, {"nodes": "per-node"}]))
    if pods:
        planes = values["planes"] = draw(st.integers(1, 2))
        values["pods"] = [{"name": pod, "spines": draw(st.integers(planes, 3))} for pod in pods]
        values["super_spines"] = draw(st.integers(planes, 4))
    else:
        values["spines"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        values["borders"] = {"routers": draw(st.integers(1, 2)), "nodes": {"servers": draw(st.integers(0, 2))}}
    return values
