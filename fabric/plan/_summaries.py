"""What a zone comes to in each pool: the fewest prefixes that hold all of it, to filter by or to announce outside."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from fabric._values import dataclass
from fabric.plan._model import Block, Plan, Prefix


@dataclass(frozen=True, slots=True)
class Summary:
    """A zone's part of a pool."""

    zone: str
    pool: str
    prefixes: tuple[Prefix, ...]
    outside: tuple[Prefix, ...]
    """What the zone has in the pool beside them: values that a ledger has kept from another order of things."""


def summaries(plan: Plan) -> tuple[Summary, ...]:
    """A summary for each zone and pool. With `growth.racks_per_zone` a zone is one prefix, else as many as it takes."""
    zones = {rack.name: zone.name for zone in plan.design.topology.zones for rack in zone.racks}
    of_leaf = {device.name: device.zone or "" for device in plan.design.fabric.tier("leaf")}
    found: dict[tuple[str, str], list[Prefix]] = defaultdict(list)
    of_zone = {(block.owner, block.pool) for block in plan.blocks if block.level == "zone"}
    for block in plan.blocks:
        zone = _zone(block, zones, of_leaf)
        if block.level == "zone" or (zone, block.pool) not in of_zone:
            found[zone, block.pool].append(block.prefix)
    own = _own_networks(plan, zones)
    for key, prefixes in own.items():
        found[key] += prefixes
    used = _used(plan, of_leaf)
    return tuple(_summary(key, prefixes, used.get(key, ())) for key, prefixes in sorted(found.items()) if key[0])


def _zone(block: Block, racks: Mapping[str, str], leaves: Mapping[str, str]) -> str:
    match block.level:
        case "zone":
            return block.owner
        case "rack":
            return racks[block.owner]
        case _:
            return leaves[block.owner]


def _own_networks(plan: Plan, racks: Mapping[str, str]) -> Mapping[tuple[str, str], list[Prefix]]:
    """The subnets of zones and racks out of networks that have a prefix of their own."""
    found: dict[tuple[str, str], list[Prefix]] = defaultdict(list)
    for subnet in plan.subnets:
        for prefix in subnet.prefixes:
            family = f"ipv{prefix.version}"
            if subnet.scope != "fabric" and getattr(plan.design.topology.networks[subnet.network], family):
                found[racks.get(subnet.scope, subnet.scope), f"networks.{subnet.network}.{family}"].append(prefix)
    return found


def _used(plan: Plan, leaves: Mapping[str, str]) -> Mapping[tuple[str, str], list[Prefix]]:
    """What each zone has: loopbacks, and the links of its leaves."""
    found: dict[tuple[str, str], list[Prefix]] = defaultdict(list)
    for device in plan.devices:
        for address in device.loopbacks if device.device.rack else ():
            found[device.device.zone or "", f"pools.loopbacks.ipv{address.version}"].append(ip_network(address))
    for link in plan.links:
        leaf = link.upper if link.link.kind == "node" else link.lower
        for interface in leaf.addresses if leaf.device in leaves else ():
            pool = f"pools.{link.link.kind}_links.ipv{interface.version}"
            found[leaves[leaf.device], pool].append(interface.network)
    return found


def _summary(key: tuple[str, str], prefixes: Iterable[Prefix], used: Iterable[Prefix]) -> Summary:
    whole = tuple(_collapsed(prefixes))
    return Summary(*key, whole, tuple(_collapsed(_outside(used, whole))))


def _outside(used: Iterable[Prefix], whole: Iterable[Prefix]) -> Iterator[Prefix]:
    """What of `used` starts in none of `whole`, whose prefixes do not overlap; n log n, for there may be thousands."""
    spans = sorted((prefix.version, int(prefix[0]), int(prefix[-1])) for prefix in whole)
    starts = [(version, low) for version, low, _ in spans]
    for entry in used:
        first = int(entry.network_address)
        place = bisect_right(starts, (entry.version, first)) - 1
        version, _, high = spans[place] if place >= 0 else (0, 0, -1)
        if version != entry.version or first > high:
            yield entry


def _collapsed(prefixes: Iterable[Prefix]) -> Iterator[Prefix]:
    """The fewest prefixes with the same addresses; all of one family, as a pool is."""
    four, six = [], []
    for prefix in prefixes:
        if isinstance(prefix, IPv4Network):
            four.append(prefix)
        elif isinstance(prefix, IPv6Network):
            six.append(prefix)
    yield from collapse_addresses(four)
    yield from collapse_addresses(six)
