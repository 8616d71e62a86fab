"""What a topology leaves out, filled in by its profile: from here on nothing is undecided."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, get_args

from fabric._values import dataclass
from fabric.topology._model import AsnRange, NodeAsns, Pool, Profile, Rack, Topology
from fabric.topology._values import Role

Sharing = Literal["per-leaf", "per-rack", "per-zone", "shared"]


@dataclass(frozen=True, slots=True)
class RackAsnSettings:
    """How the ASNs of a rack are given out."""

    leaves: Sharing
    nodes: NodeAsns

    @property
    def internal(self) -> bool:
        """True for an iBGP rack: nodes are in their leaves' ASN."""
        return self.nodes == "leaf"


@dataclass(frozen=True)
class AsnSettings:
    """How ASNs are given out, range by tier (`node` included)."""

    leaves: Sharing
    spines: Literal["shared", "unique"]
    nodes: NodeAsns
    """Of nodes in no rack, and of racks that do not differ."""
    ranges: Mapping[str, AsnRange]
    overrides: Mapping[str, int]
    racks: Mapping[str, RackAsnSettings]
    """Of every rack."""
    equal_lengths: bool
    """Whether iBGP racks beside eBGP racks prepend their ASN."""

    def of(self, rack: str | None) -> RackAsnSettings:
        """What holds in a rack, or for nodes outside the racks."""
        return self.racks[rack] if rack else RackAsnSettings(self.leaves, self.nodes)

    @cached_property
    def internal(self) -> frozenset[bool]:
        """Whether racks are iBGP racks; both answers where some are. Every session asks."""
        return frozenset(rack.internal for rack in self.racks.values())

    @property
    def mixed(self) -> bool:
        """True where iBGP racks and eBGP racks stand side by side."""
        return len(self.internal) > 1


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Addressing of one kind of link; `prefix` is the IPv4 prefix length, IPv6 uses 96 more."""

    numbered: bool
    prefix: int
    pool: Pool
    side_first: bool = False
    """Blocks by side (first leaves of all racks, then second ones) instead of by rack."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every decision that a topology takes or leaves to its profile."""

    first_index: int
    loopbacks: Pool
    rack_loopbacks: int
    """Fewest IPv4 loopback addresses that a rack's block holds; a power of two."""
    fabric_links: LinkSettings
    node_links: LinkSettings
    networks: Mapping[str, Pool]
    """The prefixes that each network's subnets come out of: its own, or the pool that it shares with others."""
    asn: AsnSettings
    bfd_roles: frozenset[str]
    """Roles of nodes whose sessions have BFD."""
    cluster_roles: frozenset[str]
    """Roles of the nodes that are the OpenShift cluster's."""


@dataclass(frozen=True, slots=True)
class _Defaults:
    first_index: int
    loopbacks: Pool
    rack_loopbacks: int
    fabric_links: Pool
    node_links: Pool
    fabric_numbered: bool
    node_prefix: int
    side_first: bool
    width: Literal[2, 4]
    leaves: Sharing
    nodes: NodeAsns
    ranges: Mapping[str, AsnRange]
    bfd_roles: frozenset[str]
    cluster_roles: frozenset[str]


def _pool(ipv4: str, ipv6: str) -> Pool:
    return Pool.model_construct(ipv4=IPv4Network(ipv4), ipv6=IPv6Network(ipv6))


def _range(first: int, last: int) -> AsnRange:
    return AsnRange.model_construct(first=first, last=last)


_PRIVATE: Mapping[int, Mapping[str, AsnRange]] = {  # RFC 6996, cut by tier
    2: {
        "super-spine": _range(64512, 64519),
        "spine": _range(64520, 64599),
        "border": _range(64600, 64639),
        "leaf": _range(64640, 64999),
        "node": _range(65000, 65534),
    },
    4: {
        "super-spine": _range(4200000000, 4200000099),
        "spine": _range(4200000100, 4200000999),
        "border": _range(4200001000, 4200001999),
        "leaf": _range(4200010000, 4200199999),
        "node": _range(4200200000, 4294967294),
    },
}

_ROLES: frozenset[str] = frozenset(get_args(Role))

_DEFAULTS: Mapping[Profile, _Defaults] = {
    "rfc7938": _Defaults(
        first_index=1,
        loopbacks=_pool("10.240.0.0/14", "fd00:fab::/64"),
        rack_loopbacks=1,
        fabric_links=_pool("10.244.0.0/14", "fd00:fab:0:1::/64"),
        node_links=_pool("10.248.0.0/14", "fd00:fab:0:2::/64"),
        fabric_numbered=True,
        node_prefix=31,
        side_first=False,
        width=2,
        leaves="per-leaf",
        nodes="per-node",
        ranges={},
        bfd_roles=_ROLES,
        cluster_roles=frozenset(("control-plane", "worker", "server")),
    ),
    "rhoso": _Defaults(
        first_index=0,
        loopbacks=_pool("99.99.0.0/16", "2620:cf:cf:cf99::/64"),
        rack_loopbacks=256,  # 99.99.<rack>.x
        fabric_links=_pool("100.96.0.0/12", "2620:cf:cf:1::/64"),
        node_links=_pool("100.64.0.0/11", "2620:cf:0:0:100::/80"),
        fabric_numbered=False,
        node_prefix=30,
        side_first=True,
        width=2,
        leaves="shared",
        nodes="leaf",
        ranges={
            "super-spine": _range(65001, 65001),
            "spine": _range(65000, 65000),
            "border": _range(65000, 65000),
            "leaf": _range(64999, 64999),
            "node": _range(64800, 64899),
        },
        # A BFD profile on an OpenShift node's peer breaks infra-operator's per-pod configurations (metallb#2904).
        bfd_roles=_ROLES - {"control-plane", "worker"},
        cluster_roles=frozenset(("control-plane", "worker")),
    ),
}


def first_index(topology: Topology) -> int:
    """The number of the first spine, leaf and node in names that are made."""
    chosen = topology.first_index
    return _DEFAULTS[topology.profile].first_index if chosen is None else chosen


def settings_of(topology: Topology) -> Settings:
    """All settings of a topology: its own where it has them, else those of its profile."""
    defaults = _DEFAULTS[topology.profile]
    pools, links, shared = topology.pools, topology.links, topology.pools.networks or Pool()
    return Settings(
        first_index=first_index(topology),
        loopbacks=_filled(pools.loopbacks, defaults.loopbacks),
        fabric_links=LinkSettings(
            _is_numbered(links.fabric, defaults.fabric_numbered),
            links.fabric_prefix or 31,
            _filled(pools.fabric_links, defaults.fabric_links),
        ),
        node_links=LinkSettings(
            _is_numbered(links.nodes, default=True),
            links.node_prefix or defaults.node_prefix,
            _filled(pools.node_links, defaults.node_links),
            defaults.side_first,
        ),
        networks={
            name: Pool(ipv4=n.ipv4 or shared.ipv4, ipv6=n.ipv6 or shared.ipv6) for name, n in topology.networks.items()
        },
        asn=_asn(topology, defaults),
        rack_loopbacks=defaults.rack_loopbacks,
        bfd_roles=_bfd_roles(topology.bfd.nodes, defaults),
        cluster_roles=frozenset(topology.kubernetes.node_roles or defaults.cluster_roles),
    )


def _filled(pool: Pool | None, default: Pool) -> Pool:
    if pool is None:
        return default
    return Pool(ipv4=pool.ipv4 or default.ipv4, ipv6=pool.ipv6 or default.ipv6)


def _bfd_roles(choice: bool | None, defaults: _Defaults) -> frozenset[str]:
    if choice is None:
        return defaults.bfd_roles
    return _ROLES if choice else frozenset()


def _is_numbered(choice: str | None, default: bool) -> bool:
    return default if choice is None else choice == "numbered"


def _asn(topology: Topology, defaults: _Defaults) -> AsnSettings:
    asn = topology.asn
    own_width = {} if asn.width is not None and asn.width != defaults.width else defaults.ranges
    ranges = {**_PRIVATE[asn.width or defaults.width], **own_width}
    chosen = {
        "super-spine": asn.super_spine_range,
        "spine": asn.spine_range,
        "border": asn.border_range,
        "leaf": asn.leaf_range,
        "node": asn.node_range,
    }
    ranges.update({tier: entry for tier, entry in chosen.items() if entry is not None})
    whole = RackAsnSettings(asn.leaves or defaults.leaves, asn.nodes or defaults.nodes)
    return AsnSettings(
        leaves=whole.leaves,
        spines=asn.spines or "shared",
        nodes=whole.nodes,
        ranges=ranges,
        overrides=asn.overrides,
        racks={rack.name: _of_rack(rack, whole) for zone in topology.zones for rack in zone.racks},
        equal_lengths=asn.equal_lengths,
    )


def _of_rack(rack: Rack, whole: RackAsnSettings) -> RackAsnSettings:
    if rack.asn is None:
        return whole
    return RackAsnSettings(rack.asn.leaves or whole.leaves, rack.asn.nodes or whole.nodes)
