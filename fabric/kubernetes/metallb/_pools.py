"""IPAddressPool, BGPAdvertisement and Community, as MetalLB parses, joins and refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import Any

from fabric.kubernetes._community import community_text
from fabric.kubernetes._golang import parse_cidr, parse_ip, quote
from fabric.kubernetes._refusal import Origin, Refusals, RefusedError
from fabric.kubernetes._resources import Resource
from fabric.kubernetes._selectors import SelectorError, parse_selector
from fabric.kubernetes.metallb._duplicates import ParseError, refuse_duplicate_selectors, refuse_duplicates
from fabric.kubernetes.metallb._model import Advertisement, Network, Pool


def parse_communities(resources: Iterable[Resource], refusals: Refusals) -> dict[str, str]:
    """The value of each community alias."""
    found: dict[str, str] = {}
    for resource in resources:
        for index, entry in enumerate(resource.spec.get("communities") or ()):
            name, origin = entry.get("name", ""), Origin(resource, ("spec", "communities", index))
            try:
                value = _community(entry.get("value", ""))
            except ParseError as reason:
                refusals.add(f"parsing community {quote(name)}: {reason}", [origin])
                continue
            if name in found:
                refusals.add(f"duplicate definition of community {quote(name)}", [origin])
            found.setdefault(name, value)
    return found


def _community(text: str) -> str:
    try:
        return community_text(text)[1]
    except RefusedError as error:
        raise ParseError(_community_fault(text)) from error


def _community_fault(text: str) -> str:
    """MetalLB's words: a wrong shape, or a number that does not fit its part."""
    large = text.startswith("large:")
    parts = text.removeprefix("large:").split(":")
    limit = 0xFFFFFFFF if large else 0xFFFF
    for part in parts if len(parts) == (3 if large else 2) else ():
        number = part.isascii() and part.isdigit()
        if not number or int(part) > limit:
            why = "value out of range" if number else "invalid syntax"
            parsing = f"strconv.ParseUint: parsing {quote(part)}: {why}"
            section = f"invalid section {quote(part)} of community {quote(text)}"
            return f"invalid community value: {section}, err: {quote(parsing)}"
    return f"invalid community format: {text}"


def parse_pools(resources: Iterable[Resource], nodes: Iterable[Resource], refusals: Refusals) -> tuple[Pool, ...]:
    """The pools, without advertisements yet; overlapping ones are refused."""
    pools: list[Pool] = []
    node_addresses = [(node, address) for node in nodes for address in _node_addresses(node)]
    for resource in resources:
        origin = Origin(resource, ("spec",))
        try:
            pool = _pool(resource)
        except (ParseError, SelectorError) as reason:
            refusals.add(f"parsing address pool {resource.name}: {reason}", [origin])
            continue
        for network in pool.networks:
            _check_overlap(network, pool, pools, refusals)
            for node, address in node_addresses:
                if address in network:
                    text = f"pool cidr {quote(str(network))} contains nodeIp {quote(str(address))}"
                    refusals.add(text, [origin, Origin(node, ("status", "addresses"))])
        pools.append(pool)
    return tuple(pools)


def _pool(resource: Resource) -> Pool:
    if not resource.name:
        raise ParseError("missing pool name")
    addresses = resource.spec.get("addresses") or ()
    if not addresses:
        raise ParseError("pool has no prefixes defined")
    ranges = tuple((text, _networks(text, resource.name)) for text in addresses)
    _check_allocation(resource.spec.get("serviceAllocation") or {})
    spec = resource.spec
    return Pool(
        resource.name,
        ranges,
        spec.get("autoAssign", True),
        spec.get("avoidBuggyIPs", False),
        resource=resource,
    )


def _networks(text: str, pool: str) -> tuple[Network, ...]:
    """The prefixes that make up a CIDR or a `start-end` range."""
    try:
        return parse_range(text)
    except ParseError as reason:
        raise ParseError(f"invalid CIDR {quote(text)} in pool {quote(pool)}: {reason}") from reason


def parse_range(text: str) -> tuple[Network, ...]:
    """The prefixes of one entry of a pool's `addresses`; raises `ParseError`."""
    if "-" not in text:
        if parse_cidr(text) is None:
            raise ParseError(f"invalid CIDR {quote(text)}")
        return (ip_network(text, strict=False),)
    written = [part.strip() for part in text.split("-", 1)]
    ends = [parse_ip(part) for part in written]
    for name, part, end in zip(("start", "end"), written, ends, strict=True):
        if end is None:
            raise ParseError(f"invalid IP range {quote(text)}: invalid {name} IP {quote(part)}")
    start, end = ends
    assert start is not None, "checked above"
    assert end is not None, "checked above"
    if start.version != end.version or int(start) > int(end):
        after = f"start IP {quote(str(start))} is after the end IP {quote(str(end))}"
        raise ParseError(f"invalid IP range {quote(text)}: {after}")
    return tuple(summarize_address_range(start, end))


def _check_allocation(allocation: Mapping[str, Any]) -> None:
    namespaces = allocation.get("namespaces") or ()
    if len(set(namespaces)) != len(namespaces):
        raise ParseError("duplicate definition in namespaces field")
    for key in ("namespaceSelectors", "serviceSelectors"):
        selectors = allocation.get(key) or ()
        refuse_duplicate_selectors(selectors, key)
        for selector in selectors:
            parse_selector(selector)


def _check_overlap(network: Network, pool: Pool, earlier: Iterable[Pool], refusals: Refusals) -> None:
    for other in earlier:
        for known in other.networks:
            if network.version == known.version and network.overlaps(known):
                overlap = f"in pool {quote(pool.name)} overlaps with already defined CIDR {quote(str(known))}"
                origins = [Origin(entry.resource, ("spec",)) for entry in (other, pool) if entry.resource]
                refusals.add(f"CIDR {quote(str(network))} {overlap}", origins)


def _node_addresses(node: Resource) -> list[Any]:
    entries = node.status.get("addresses") or ()
    return [ip_address(e["address"]) for e in entries if e.get("type") == "InternalIP" and parse_ip(e["address"])]


def advertise(
    pools: Iterable[Pool],
    resources: Iterable[Resource],
    nodes: Iterable[Resource],
    communities: Mapping[str, str],
    refusals: Refusals,
) -> tuple[Pool, ...]:
    """The pools with the advertisements that select them; names of pools that do not exist are passed over."""
    resources, nodes = tuple(resources), tuple(nodes)
    _check_equal(resources, refusals)
    by_name = {pool.name: pool for pool in pools}
    for resource in resources:
        origin = Origin(resource, ("spec",))
        try:
            advertisement = _advertisement(resource, nodes, communities)
            names = _selected_pools(resource, by_name.values())
        except (ParseError, SelectorError) as reason:
            refusals.add(str(reason), [origin])
            continue
        for name in names:
            pool = by_name.get(name)
            if pool is None:
                continue
            for fault, origins in _conflicts(advertisement, pool):
                refusals.add(fault, [*origins, origin])
            by_name[name] = replace(pool, advertisements=(*pool.advertisements, advertisement))
    return tuple(by_name.values())


def _check_equal(resources: tuple[Resource, ...], refusals: Refusals) -> None:
    for index, resource in enumerate(resources):
        for later_index in range(index + 1, len(resources)):
            later = resources[later_index]
            if resource.value == later.value:
                numbers = f"{index + 1} and {later_index + 1}"
                text = f"duplicate definition of bgpadvertisements. advertisement {numbers} are equal"
                refusals.add(text, [Origin(resource, ()), Origin(later, ())])


def _selected_pools(resource: Resource, pools: Iterable[Pool]) -> list[str]:
    names = list(resource.spec.get("ipAddressPools") or ())
    selectors = [parse_selector(selector) for selector in resource.spec.get("ipAddressPoolSelectors") or ()]
    pools = tuple(pools)
    if not names and not selectors:
        return [pool.name for pool in pools]
    labelled = (pool for pool in pools if pool.resource and any(s.matches(pool.resource.labels) for s in selectors))
    return [*names, *(pool.name for pool in labelled)]


def _advertisement(resource: Resource, nodes: Iterable[Resource], communities: Mapping[str, str]) -> Advertisement:
    spec = resource.spec
    for key, kind in (("ipAddressPools", "ipAddressPools"), ("communities", "community"), ("peers", "peers")):
        refuse_duplicates(spec.get(key) or (), kind)
    for key in ("ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors"):
        refuse_duplicate_selectors(spec.get(key) or (), key)
    length_v4, length_v6 = spec.get("aggregationLength", 32), spec.get("aggregationLengthV6", 128)
    _check_lengths(resource, length_v4, length_v6)
    return Advertisement(
        resource.name,
        length_v4,
        length_v6,
        spec.get("localPref", 0),
        frozenset(_resolved(text, communities) for text in spec.get("communities") or ()),
        tuple(spec.get("peers") or ()),
        _selected_nodes(resource, nodes),
        tuple(parse_selector(selector) for selector in spec.get("serviceSelectors") or ()),
        Origin(resource, ("spec",)),
    )


def _check_lengths(resource: Resource, length_v4: int, length_v6: int) -> None:
    if length_v4 > 32:
        raise ParseError(f"invalid aggregation length {length_v4} for IPv4")
    if length_v6 > 128:
        raise ParseError(f"invalid aggregation length {length_v6} for IPv6")
    if resource.spec.get("serviceSelectors"):
        both = f"are mutually exclusive, both cannot be set in {resource.name}"
        if length_v4 != 32:
            raise ParseError(f"serviceSelectors and aggregationLength {both}")
        if length_v6 != 128:
            raise ParseError(f"serviceSelectors and aggregationLengthV6 {both}")


def _resolved(text: str, communities: Mapping[str, str]) -> str:
    if text in communities:
        return communities[text]
    try:
        return _community(text)
    except ParseError as reason:
        raise ParseError(f"{reason}\ninvalid community {quote(text)} in BGP advertisement") from reason


def _selected_nodes(resource: Resource, nodes: Iterable[Resource]) -> frozenset[str]:
    try:
        selectors = [parse_selector(selector) for selector in resource.spec.get("nodeSelectors") or ()]
    except SelectorError as error:
        raise ParseError(f"{error}\nfailed to parse node selector for {resource.name}") from error
    return frozenset(
        node.name for node in nodes if not selectors or any(selector.matches(node.labels) for selector in selectors)
    )


def _conflicts(advertisement: Advertisement, pool: Pool) -> Iterable[tuple[str, list[Origin | None]]]:
    """What keeps an advertisement from being used for a pool."""
    for text, networks in pool.ranges:
        length = advertisement.length_v4 if networks[0].version == 4 else advertisement.length_v6
        shortest = min(network.prefixlen for network in networks)
        if length < shortest:
            specific = (
                f"prefix {shortest} in this pool is more specific than the aggregation length for addresses {text}"
            )
            reason = f"invalid aggregation length {advertisement.length_v4}: {specific}"
            yield reason, [Origin(pool.resource, ("spec", "addresses")) if pool.resource else None]
    for other in pool.advertisements:
        if other.local_pref != advertisement.local_pref and _meet(advertisement, other, pool):
            # MetalLB's own spelling.
            already = f"local preferernce {other.local_pref} was already set for the same type of BGP update"
            advice = "Check existing BGP advertisements with common pools and aggregation lengths"
            yield f"invalid local preference {advertisement.local_pref}: {already}. {advice}", [other.origin]


def _meet(first: Advertisement, second: Advertisement, pool: Pool) -> bool:
    """True when both may announce the same prefix from one node to one peer."""
    versions = {network.version for network in pool.networks}
    same_v4 = 4 in versions and first.length_v4 == second.length_v4
    same_v6 = 6 in versions and first.length_v6 == second.length_v6
    same_peers = not first.peers or not second.peers or bool(set(first.peers) & set(second.peers))
    return (same_v4 or same_v6) and same_peers and bool(first.nodes & second.nodes)
