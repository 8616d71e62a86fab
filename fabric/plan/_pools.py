"""How full the pools of a plan are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fabric.plan._addresses import families
from fabric.plan._ledger import Values
from fabric.plan._model import PoolUse, Prefix
from fabric.plan._shared_pool import SUBNET_LENGTH
from fabric.topology import AsnRange, Design, Pool


def pool_uses(design: Design, given: Values) -> tuple[PoolUse, ...]:
    """The use of each pool and range that something was given out of."""
    counts: Counter[str] = Counter()
    for (_, kind), owners in given.items():
        counts[kind] += len(owners)
    found = (*_address_pools(design, counts), *_networks(design, counts), *_asn_ranges(design, counts))
    return tuple(use for use in found if use.used)


def _address_pools(design: Design, counts: Counter[str]) -> Iterator[PoolUse]:
    settings = design.settings
    for name, kind, length, pool in (
        ("loopbacks", "loopback", 32, settings.loopbacks),
        ("fabric_links", "fabric-link", settings.fabric_links.prefix, settings.fabric_links.pool),
        ("node_links", "node-link", settings.node_links.prefix, settings.node_links.pool),
    ):
        unit = "addresses" if kind == "loopback" else "link subnets"
        for family, prefix in families(pool, ("ipv4", "ipv6")):
            full = length if family == "ipv4" else length + 96
            yield _use(f"pools.{name}.{family}", prefix, unit, counts[f"{kind}.{family}"], full)


def _networks(design: Design, counts: Counter[str]) -> Iterator[PoolUse]:
    shared = design.topology.pools.networks
    for family, prefix in families(shared or Pool(), design.topology.families):
        length = max(SUBNET_LENGTH[family], prefix.prefixlen)
        yield _use(f"pools.networks.{family}", prefix, "subnets", counts[f"subnet.{family}"], length)
    for name, network in design.topology.networks.items():
        for family, prefix in families(Pool(ipv4=network.ipv4, ipv6=network.ipv6), design.topology.families):
            used = counts[f"host.{name}.{family}"] + counts[f"vip.{name}.{family}"]
            yield _use(f"networks.{name}.{family}", prefix, "addresses", used, prefix.max_prefixlen)


def _use(pool: str, prefix: Prefix, unit: str, used: int, length: int) -> PoolUse:
    return PoolUse(pool, str(prefix), unit, used, (1 << length) >> prefix.prefixlen)


def _asn_ranges(design: Design, counts: Counter[str]) -> Iterator[PoolUse]:
    ranges: dict[str, AsnRange] = dict(design.settings.asn.ranges)
    for tier, entry in ranges.items():
        key = f"asn.{tier.replace('-', '_')}_range"
        yield PoolUse(key, f"{entry.first}-{entry.last}", "ASNs", counts[f"asn.{tier}"], entry.last - entry.first + 1)
