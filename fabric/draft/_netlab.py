"""A netlab topology file (https://netlab.tools/topology-overview/) as a found network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from fabric.draft._found import Found, FoundDevice, FoundLink, device_found
from fabric.errors import Problem, TopologyError
from fabric.topology import Source, read_yaml

_POOLS = {"loopback": "loopbacks", "p2p": "fabric_links"}
"""Our pools by netlab's names."""
_FABRIC = {"spines": ("S{}", "spine"), "leafs": ("L{}", "leaf")}
"""What netlab's `fabric` plugin makes: counts, with the default names and the group of each."""
_ADDRESSES = "Addresses are planned anew from the pools; netlab gives them out in the order of its file."


def from_netlab(text: str, file: str) -> Found:
    """The network of a netlab topology: nodes, links, groups, the `fabric` plugin, pools and ASNs.

    Raises `TopologyError` with every place where the file is no netlab topology.
    """
    source = read_yaml(text, file)
    data = source.data if isinstance(source.data, Mapping) else {}
    made, made_links = _made(data)
    nodes = {**made, **_nodes(data)}
    if not nodes:
        action = "Name a netlab topology file, such as topology.yml."
        raise TopologyError([source.problem(("nodes",), "no nodes", "a list or mapping of nodes", action)])
    problems: list[Problem] = []
    notes: list[str] = [_ADDRESSES]
    links = [*made_links, *_links(source, nodes, problems, notes)]
    if problems:
        raise TopologyError(problems)
    addressing = _mapping(data.get("addressing"))
    return Found(
        str(data.get("name") or "imported"),
        f"the netlab file {file}",
        tuple(_device(source, name, values, data) for name, values in nodes.items()),
        tuple(links),
        _families(addressing),
        _pools(addressing),
        notes=tuple(notes),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _members(group: object) -> Sequence[Any]:
    """The members of a group, or of an entry of `bgp.as_list`."""
    members = _mapping(group).get("members")
    return members if isinstance(members, list) else ()


def _nodes(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    nodes = data.get("nodes")
    if isinstance(nodes, list):
        return {str(item.get("name") if isinstance(item, Mapping) else item): _mapping(item) for item in nodes}
    found = {str(name): _mapping(values) for name, values in _mapping(nodes).items()}
    for group in _mapping(data.get("groups")).values():
        if _mapping(group).get("_auto_create") or _mapping(data.get("groups")).get("_auto_create"):
            found |= {str(name): {} for name in _members(group) if name not in found}
    return found


def _made(data: Mapping[str, Any]) -> tuple[dict[str, Mapping[str, Any]], list[FoundLink]]:
    """Nodes and links of the `fabric` plugin."""
    settings = _mapping(data.get("fabric"))
    names: dict[str, list[str]] = {}
    for key, (pattern, group) in _FABRIC.items():
        count = settings.get(key)
        form = str(_mapping(settings.get(group)).get("name", pattern)).replace("{count}", "{}")
        names[group] = [form.format(number) for number in range(1, (count if isinstance(count, int) else 0) + 1)]
    nodes: dict[str, Mapping[str, Any]] = {name: {"role": group} for group, all_ in names.items() for name in all_}
    return nodes, [FoundLink(spine, leaf) for leaf in names["leaf"] for spine in names["spine"]]


def _links(source: Source, nodes: Mapping[str, Any], problems: list[Problem], notes: list[str]) -> Iterator[FoundLink]:
    links = source.data.get("links")
    for index, link in enumerate(links if isinstance(links, list) else []):
        path = ("links", index)
        ends = _ends(link, nodes)
        unknown = [end for end in ends if end not in nodes]
        problems += [
            source.problem(path, f"the end {end!r}", "names of nodes of this file", "Correct it.") for end in unknown
        ]
        if len(ends) == 2 and not unknown:
            yield FoundLink(ends[0], ends[1], source.where(path))
        elif not unknown:
            notes.append(
                f"The link of {', '.join(ends) or 'nobody'} ({source.where(path)}) is not between two devices."
            )


def _ends(link: object, nodes: Mapping[str, Any]) -> list[str]:
    """The ends of a link in any of netlab's forms: `a-b`, a list, a mapping of nodes, or `interfaces`."""
    if isinstance(link, str):
        return _split(link, nodes)
    if isinstance(link, list):
        return [str(end.get("node") if isinstance(end, Mapping) else end) for end in link]
    values = _mapping(link)
    interfaces = values.get("interfaces")
    if isinstance(interfaces, list):
        return [str(end.get("node") if isinstance(end, Mapping) else end) for end in interfaces]
    return [str(key) for key in values if key in nodes]


def _split(text: str, nodes: Mapping[str, Any]) -> list[str]:
    """The names in `a-b`, whose own hyphens are told from the one between by which names there are."""
    parts = text.split("-")
    for cut in range(1, len(parts)):
        one, two = "-".join(parts[:cut]), "-".join(parts[cut:])
        if one in nodes and two in nodes:
            return [one, two]
    return parts


def _device(source: Source, name: str, values: Mapping[str, Any], data: Mapping[str, Any]) -> FoundDevice:
    groups = [str(group) for group, v in _mapping(data.get("groups")).items() if name in _members(v)]
    labels = {**_mapping(values.get("labels")), **{k: values[k] for k in ("role", "zone", "rack") if k in values}}
    kind = [str(values["device"])] if values.get("device") == "linux" else []
    return device_found(
        name, labels, *groups, *kind, asn=_asn(name, values, groups, data), place=source.where(("nodes", name))
    )


def _asn(name: str, values: Mapping[str, Any], groups: list[str], data: Mapping[str, Any]) -> int | None:
    """The node's ASN: its own, its groups', the one that `bgp.as_list` has it in, or the topology's."""
    of_groups = [_mapping(_mapping(data.get("groups")).get(group)) for group in groups]
    listed = _mapping(_mapping(data.get("bgp")).get("as_list"))
    choices = (
        _mapping(values.get("bgp")).get("as"),
        *(_mapping(_mapping(g.get("node_data")).get("bgp")).get("as") for g in of_groups),
        *(_mapping(g.get("bgp")).get("as") for g in of_groups),
        *(asn for asn, inside in listed.items() if name in _members(inside)),
        _mapping(data.get("bgp")).get("as"),
    )
    return next((int(str(asn)) for asn in choices if str(asn).isdigit()), None)


def _families(addressing: Mapping[str, Any]) -> tuple[str, ...]:
    given = {family for pool in addressing.values() for family in ("ipv4", "ipv6") if _mapping(pool).get(family)}
    return tuple(family for family in ("ipv4", "ipv6") if family in given) or ("ipv4",)


def _pools(addressing: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Our pools where netlab's are prefixes; a pool of netlab may also be `true` (unnumbered)."""
    pools: dict[str, dict[str, str]] = {}
    for theirs, ours in _POOLS.items():
        given = _mapping(addressing.get(theirs))
        prefixes = {family: str(given[family]) for family in ("ipv4", "ipv6") if _is_prefix(given.get(family))}
        if prefixes:
            pools[ours] = prefixes
    return pools


def _is_prefix(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ip_network(value))
    except ValueError:
        return False
