"""Networks, virtual addresses and NIC names from RHOSO's resources, as sections of a topology file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network
from typing import Any

from fabric.draft._draft import Section
from fabric.draft._found import proper_name
from fabric.draft._resource import is_address, items, mapping, number, objects
from fabric.kubernetes import Document

Values = dict[str, Any]

_UNDERLAY = ("bgpnet", "bgpmainnet")
"""NetConfig's names for what the plan has as links and loopbacks."""
_TWIN = "v6"
"""How NetConfig calls the IPv6 half of a network: it holds networks of one family."""
_MOST_VIPS = 1024
_POOLS = "Virtual addresses are those of the IPAddressPools; give the networks of nodes their `roles` too."


def networks_in(documents: Sequence[Document], families: Sequence[str]) -> Iterator[Section]:
    """One section with the networks: bridges with a pool of virtual addresses, and NetConfig's of a single subnet."""
    networks = {name: values for name, values in _networks(documents).items() if not _lacking(values, families)}
    if networks:
        yield Section({"networks": networks}, _POOLS)


def networks_left_out(documents: Sequence[Document], families: Sequence[str]) -> Iterator[str]:
    """Sentences on networks with a subnet a rack, which follow no rule that could be kept, and those of one family."""
    names = [name for name, subnets in _net_config(documents) if len(subnets) > 1]
    if names:
        yield f"Networks with several subnets have to be written by hand: {', '.join(dict.fromkeys(names))}."
    for name, values in _networks(documents).items():
        if lacking := _lacking(values, families):
            yield f"The network {name} has no {' and no '.join(lacking)} prefix, which nodes of this fabric need."


def _networks(documents: Sequence[Document]) -> dict[str, Values]:
    """Networks by name, the halves of one that NetConfig has as NAME and NAMEv6 put together."""
    pools = _with_vips(documents)
    networks = {**_configured(documents), **pools}
    for name in [name for name in networks if name not in pools and name.removesuffix(_TWIN) != name]:
        known = networks.get(name.removesuffix(_TWIN))
        if known is not None and "ipv4" not in networks[name]:
            known.setdefault("ipv6", networks.pop(name)["ipv6"])
    return networks


def _lacking(values: Values, families: Sequence[str]) -> list[str]:
    return [family for family in families if family not in values]


def nics_in(documents: Sequence[Document], leaves: Mapping[str, Sequence[str]]) -> Iterator[Section]:
    """The cluster's section: its namespaces, and the NICs towards the leaves, which are given by node."""
    values: Values = {}
    spaces = {item.namespace for item in objects(documents, "BGPPeer") if item.namespace}
    if len(spaces) == 1:
        values["metallb_namespace"] = spaces.pop()
    found: dict[str, set[str]] = {}
    for item in objects(documents, "NodeNetworkConfigurationPolicy"):
        for interface in items(mapping(item.spec.get("desiredState")).get("interfaces")):
            _match(mapping(interface), leaves, found)
    nics = {port: names.pop() for port, names in sorted(found.items()) if len(names) == 1 and names != {port}}
    if nics:
        values["nics"] = nics
    if values:
        yield Section({"kubernetes": values}, "The cluster, as its resources have it.")


def _match(interface: Mapping[str, Any], leaves: Mapping[str, Sequence[str]], found: dict[str, set[str]]) -> None:
    """Note the interface's name for the port whose leaf is in its subnet."""
    for address in _addresses(interface):
        for sides in leaves.values():
            for port, leaf in enumerate(sides, start=1):
                if ip_address(leaf) in address.network and address.network.prefixlen < address.max_prefixlen:
                    found.setdefault(f"eth{port}", set()).add(str(interface.get("name")))


def _addresses(interface: Mapping[str, Any]) -> Iterator[Any]:
    for family in ("ipv4", "ipv6"):
        for entry in items(mapping(interface.get(family)).get("address")):
            ip, length = mapping(entry).get("ip"), number(mapping(entry).get("prefix-length"))
            if is_address(ip) and length is not None and length <= ip_address(str(ip)).max_prefixlen:
                yield ip_interface(f"{ip}/{length}")


def _net_config(documents: Sequence[Document]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for item in objects(documents, "NetConfig"):
        for network in items(item.spec.get("networks")):
            name = proper_name(str(mapping(network).get("name")))
            subnets = [mapping(subnet) for subnet in items(mapping(network).get("subnets"))]
            if not name.startswith(_UNDERLAY):
                yield name, subnets


def _configured(documents: Sequence[Document]) -> dict[str, Values]:
    """NetConfig's networks of one subnet, as segments."""
    found: dict[str, Values] = {}
    for name, subnets in _net_config(documents):
        values = _segment(subnets[0]) if len(subnets) == 1 else {}
        if values:
            found.setdefault(name, {"kind": "segment"}).update(values)
    return found


def _segment(subnet: Mapping[str, Any]) -> Values:
    try:
        prefix = ip_network(str(subnet.get("cidr")))
    except ValueError:
        return {}
    values: Values = {f"ipv{prefix.version}": str(prefix)}
    if vlan := number(subnet.get("vlan")):
        values["vlan"] = vlan
    gateway = subnet.get("gateway")
    if is_address(gateway) and ip_address(str(gateway)) in prefix:
        values["gateway"] = int(ip_address(str(gateway))) - int(prefix.network_address)
    return values


def _with_vips(documents: Sequence[Document]) -> dict[str, Values]:
    """Networks of virtual addresses, by the pools' names; their prefix is that of a bridge of the nodes, else a /24."""
    bridges = dict.fromkeys(address.network for address in _bridge_addresses(documents))
    found: dict[str, Values] = {}
    for item in objects(documents, "IPAddressPool"):
        values = dict(_pool(items(item.spec.get("addresses")), bridges))
        if values:
            found[proper_name(item.name)[:32].strip("-")] = values
    return found


def _bridge_addresses(documents: Sequence[Document]) -> Iterator[Any]:
    for item in objects(documents, "NodeNetworkConfigurationPolicy"):
        for interface in items(mapping(item.spec.get("desiredState")).get("interfaces")):
            if str(mapping(interface).get("type")).endswith("bridge"):
                yield from _addresses(mapping(interface))


def _pool(ranges: Sequence[Any], bridges: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """The keys of a network that holds the pool's first range of each family."""
    counted: dict[str, tuple[int, int]] = {}
    for first, last in filter(None, map(_range, map(str, ranges))):
        family = f"ipv{first.version}"
        around = ip_network((int(first), 24 if first.version == 4 else 64), strict=False)
        inside = next((network for network in bridges if first in network and last in network), around)
        if last in inside and family not in counted:
            yield family, str(inside)
            counted[family] = int(first) - int(inside.network_address), int(last) - int(first) + 1
    if counted:
        offset, count = next(iter(counted.values()))
        yield "vips", min(count, _MOST_VIPS)
        yield "vip_offset", offset


def _range(text: str) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address] | None:
    """Both ends of `first-last` or of a prefix; `None` for what is neither, or mixes families."""
    try:
        if "/" in text:
            network = ip_network(text, strict=False)
            return network[0], network[-1]
        first, last = (ip_address(part.strip()) for part in text.split("-", 1))
    except ValueError:
        return None
    return (first, last) if first.version == last.version and int(first) <= int(last) else None
