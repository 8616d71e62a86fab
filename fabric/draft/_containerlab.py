"""A containerlab topology file (https://containerlab.dev/manual/topo-def-file) as a found network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fabric.draft._found import Found, FoundDevice, FoundLink, device_found
from fabric.draft._frr_settings import spoken
from fabric.errors import Problem, TopologyError
from fabric.topology import Source, read_yaml

_BGP = re.compile(r"^router bgp (\d+)(?! vrf)", re.MULTILINE)
_IPV6 = re.compile(r"^\s*(?:ipv6 address|address-family ipv6 unicast)", re.MULTILINE)
_OUTSIDE = frozenset({"host", "mgmt-net", "macvlan"})
"""Ends of links that are no nodes."""
_ADDRESSES = (
    "Addresses are planned anew; `--pins` keeps those of nodes, `pools` moves the rest (the source's configuration "
    "files have them)."
)

ReadFile = Callable[[str], str | None]
"""The text of a file that the topology names, relative to it; `None` where there is none."""


def from_containerlab(text: str, file: str, read_file: ReadFile = lambda _path: None) -> Found:
    """The network of a containerlab topology; ASNs come from the FRR configurations that its nodes mount.

    Raises `TopologyError` with every place where the file is no containerlab topology.
    """
    source = read_yaml(text, file)
    nodes, links = _parts(source)
    configurations = {name: _configuration(values, read_file) for name, values in nodes.items()}
    devices = tuple(_device(source, name, values, configurations[name]) for name, values in nodes.items())
    wide = any(_IPV6.search(text) for text in configurations.values())
    outside = tuple(
        f"The link {one}--{two} leads out of the lab."
        for one, two, _ in links
        if {one, two} & _OUTSIDE or "" in (one, two)
    )
    told = spoken(devices, configurations)
    return Found(
        str(source.data.get("name") or "imported"),
        f"the containerlab file {file}",
        devices,
        tuple(FoundLink(one, two, place) for one, two, place in links if one in nodes and two in nodes),
        ("ipv4", "ipv6") if wide else ("ipv4",),
        sections=told.sections,
        notes=(*outside, _ADDRESSES, *told.notes),
    )


def _parts(source: Source) -> tuple[Mapping[str, Mapping[str, Any]], list[tuple[str, str, str]]]:
    """Nodes by name, and links as both ends and their place."""
    data = source.data if isinstance(source.data, Mapping) else {}
    topology = data.get("topology")
    nodes = topology.get("nodes") if isinstance(topology, Mapping) else None
    if not isinstance(topology, Mapping) or not isinstance(nodes, Mapping) or not nodes:
        action = "Name a containerlab topology file, such as lab.clab.yml."
        raise TopologyError([source.problem(("topology", "nodes"), "no nodes", "a mapping of nodes by name", action)])
    problems: list[Problem] = []
    links = list(_links(source, topology.get("links") or [], nodes, problems))
    if problems:
        raise TopologyError(problems)
    return {str(n): v if isinstance(v, Mapping) else {} for n, v in nodes.items()}, links


def _links(
    source: Source, links: object, nodes: Mapping[str, Any], problems: list[Problem]
) -> Iterator[tuple[str, str, str]]:
    for index, link in enumerate(links if isinstance(links, list) else []):
        path = ("topology", "links", index)
        ends = [_end(end) for end in _endpoints(link)]
        if len(ends) != 2:
            allowed = "`endpoints` with two ends, such as [spine1:eth1, leaf1:eth1]"
            problems.append(source.problem(path, f"{len(ends)} ends", allowed, "Name both ends."))
            continue
        unknown = [end for end in ends if end not in nodes and end not in _OUTSIDE]
        problems += [
            source.problem(path, f"the end {end!r}", "names of nodes of this file", "Correct it.") for end in unknown
        ]
        yield ends[0], ends[1], source.where(path)


def _endpoints(link: object) -> list[object]:
    """Both ends, in the brief and in the extended format of links."""
    if not isinstance(link, Mapping):
        return []
    ends = link.get("endpoints")
    if isinstance(ends, list):
        return ends
    one = link.get("endpoint")
    return [one, {"node": "host"}] if one is not None else []


def _end(end: object) -> str:
    if isinstance(end, Mapping):
        return str(end.get("node", ""))
    return str(end).partition(":")[0]


def _configuration(values: Mapping[str, Any], read_file: ReadFile) -> str:
    """The FRR configuration that a node mounts, if there is one."""
    binds = values.get("binds")
    for bind in binds if isinstance(binds, list) else []:
        path = str(bind).partition(":")[0]
        if path.endswith(("frr.conf", "bgpd.conf")) and (text := read_file(path)) is not None:
            return text
    return ""


def _device(source: Source, name: str, values: Mapping[str, Any], configuration: str) -> FoundDevice:
    labels = values.get("labels")
    asn = _BGP.search(configuration)
    texts = [str(values[key]) for key in ("group",) if values.get(key)]
    return device_found(
        name,
        labels if isinstance(labels, Mapping) else {},
        *texts,
        asn=int(asn[1]) if asn else None,
        place=source.where(("topology", "nodes", name)),
    )
