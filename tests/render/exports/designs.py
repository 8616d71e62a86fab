"""Designs to export: those that ship, and random small ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml
from hypothesis import strategies as st

from fabric import config, plan, resources
from fabric.render.exports import Export
from fabric.topology import load, parse

SHIPPED = ("quickstart", "rhoso-dz", "rhoso-bgp-dt01", "clos3-rfc7938", "clos5")


@lru_cache
def shipped(name: str) -> Export:
    """The export of a topology that ships."""
    planned = plan.build(load(resources.directory("topologies") / f"{name}.yaml"))
    return Export(planned, config.build(planned))


def _export(topology: dict[str, Any]) -> Export:
    planned = plan.build(parse(yaml.safe_dump(topology)))
    return Export(planned, config.build(planned))


_scopes = st.sampled_from(["fabric", "zone", "rack"])
_families = st.sampled_from([["ipv4"], ["ipv4", "ipv6"], ["ipv6", "ipv4"]])


@st.composite
def exports(draw: st.DrawFn) -> Export:
    """A fabric of 1 to 3 spines and zones, with nodes of two kinds, a network and perhaps a border."""
    racks = draw(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=2), min_size=1, max_size=3))
    topology: dict[str, Any] = {
        "version": 1,
        "name": draw(st.sampled_from(["fab", "fab-2"])),
        "profile": draw(st.sampled_from(["rfc7938", "rhoso"])),
        "families": draw(_families),
        "spines": draw(st.integers(1, 3)),
        "zones": [
            {
                "name": f"zone-{z}",
                "racks": [
                    {"name": f"rack-{z}-{r}", "leaves": 2, "nodes": {"workers": nodes, "arrays": 1}}
                    for r, nodes in enumerate(zone)
                ],
            }
            for z, zone in enumerate(racks)
        ],
        "node_groups": {"workers": {"role": "worker"}, "arrays": {"role": "storage"}},
        "networks": {
            "storage": {
                "scope": draw(_scopes),
                "ipv4": "172.18.0.0/16",
                "ipv6": "fd00:172:18::/48",
                "roles": ["storage", "worker"],
                "vips": draw(st.integers(0, 2)),
            },
            "machine": {
                "kind": "segment",
                "scope": "rack",
                "ipv4": "192.168.0.0/16",
                "ipv6": "fd00:192::/48",
                "roles": ["storage"],
            },
        },
        "links": {"fabric": draw(st.sampled_from(["numbered", "unnumbered"]))},
    }
    if draw(st.booleans()):
        topology["borders"] = {"routers": 1}
    return _export(topology)


def every_address(export: Export) -> list[str]:
    """Each address of a plan, straight from its parts; a virtual one counts once."""
    planned = export.plan
    own = [str(a) for d in planned.devices for a in (*d.loopbacks, *(h.address for h in (*d.hosts, *d.segments)))]
    own += [str(gateway) for subnet in planned.subnets for gateway in subnet.gateways]
    links = [str(a.ip) for link in planned.links for end in link.ends for a in end.addresses]
    return own + links + [str(vip) for subnet in planned.subnets for vip in subnet.vips]
