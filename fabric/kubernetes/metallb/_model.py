"""MetalLB's resources as the speaker uses them: peers, pools with their advertisements, BFD profiles."""

from __future__ import annotations

from dataclasses import field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from fabric._values import dataclass
from fabric.kubernetes._refusal import Origin
from fabric.kubernetes._resources import Resource
from fabric.kubernetes._selectors import LabelSelector
from fabric.kubernetes.frr_k8s import BfdProfile

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """One BGPPeer; times in nanoseconds, `None` where unset."""

    name: str
    my_asn: int
    asn: int = 0
    dynamic_asn: str = ""
    local_asn: int = 0
    address: Address | None = None
    interface: str = ""
    source: Address | None = None
    port: int = 0
    hold_ns: int | None = None
    keepalive_ns: int | None = None
    connect_ns: int | None = None
    router_id: Address | None = None
    selectors: tuple[LabelSelector, ...] = ()
    """One of them must match a node; without any, every node is meant."""
    password: str = field(default="", repr=False)
    secret: tuple[str, str] | None = None
    """Namespace and name of the secret that holds the password."""
    secret_password: str = field(default="", repr=False)
    bfd_profile: str = ""
    graceful_restart: bool = False
    ebgp_multi_hop: bool = False
    vrf: str = ""
    disable_mp: bool = False
    dual_stack: bool = False
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One BGPAdvertisement; communities in the API's text form, aliases resolved."""

    name: str
    length_v4: int = 32
    length_v6: int = 128
    local_pref: int = 0
    communities: frozenset[str] = frozenset()
    peers: tuple[str, ...] = ()
    """Names of BGPPeers; none means all."""
    nodes: frozenset[str] = frozenset()
    service_selectors: tuple[LabelSelector, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pool:
    """One IPAddressPool with the advertisements that select it."""

    name: str
    ranges: tuple[tuple[str, tuple[Network, ...]], ...]
    """Each entry of `addresses`, with the prefixes that make it up."""
    auto_assign: bool = True
    avoid_buggy_ips: bool = False
    advertisements: tuple[Advertisement, ...] = ()
    resource: Resource | None = field(default=None, compare=False, repr=False)

    @property
    def networks(self) -> tuple[Network, ...]:
        """All prefixes of the pool, in written order."""
        return tuple(network for _, networks in self.ranges for network in networks)

    def holds(self, address: Address) -> bool:
        """True when `address` lies in the pool."""
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class MetallbConfig:
    """Everything that MetalLB's speakers work from."""

    peers: tuple[Peer, ...] = ()
    pools: tuple[Pool, ...] = ()
    bfd_profiles: tuple[BfdProfile, ...] = ()
