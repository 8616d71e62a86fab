"""BGP of a device as FRR's bgpd has it: instances, neighbors and their address families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from fabric._values import dataclass
from fabric.config._policy import Address, Family, Prefix, Protocol

_PLACEHOLDER = "REPLACE-ME:"

RemoteAs = int | Literal["internal", "external", "auto"]


LocalAsMode = Literal["prepend", "no-prepend", "replace-as"]
_LOCAL_AS_WORDS: Mapping[LocalAsMode, str] = {
    "prepend": "",
    "no-prepend": " no-prepend",
    "replace-as": " no-prepend replace-as",
}


@dataclass(frozen=True, slots=True)
class Secret:
    """A password that no `repr`, table, report or log shows; only the FRR renderer opens it."""

    value: str = field(repr=False)
    name: str = ""
    """Of the Kubernetes Secret that holds it, where it has a name."""

    @classmethod
    def placeholder(cls, name: str) -> Secret:
        """What stands in for a password that is not given: a word that both ends agree on and nobody overlooks."""
        return cls(f"{_PLACEHOLDER}{name}", name)

    @property
    def is_placeholder(self) -> bool:
        """True where nobody has given the value yet."""
        return self.value.startswith(_PLACEHOLDER)

    def __str__(self) -> str:
        return "********"


@dataclass(frozen=True, slots=True)
class BfdProfile:
    """`bfd` / `profile NAME` (RFC 5880): intervals in ms, detection = multiplier x the slower interval."""

    name: str
    receive_ms: int = 300
    transmit_ms: int = 300
    multiplier: int = 3
    echo_ms: int | None = None
    """Echo receive and transmit interval; `None` leaves echo mode off, as FRR does."""
    passive: bool = False
    minimum_ttl: int | None = None


@dataclass(frozen=True, slots=True)
class NeighborFamily:
    """What one neighbor does in one address family (`address-family FAMILY unicast` / `neighbor PEER …`)."""

    family: Family
    prefix_list_in: str | None = None
    prefix_list_out: str | None = None
    route_map_in: str | None = None
    route_map_out: str | None = None
    next_hop_self: bool = False
    next_hop_self_force: bool = False
    """`next-hop-self force`: also on routes that this device reflects."""
    route_reflector_client: bool = False
    default_originate: bool = False
    default_originate_map: str | None = None
    allowas_in: int | Literal["origin"] | None = None
    """How often the own ASN may stand in a received path; `origin`: only as the originator."""
    soft_reconfiguration_in: bool = False
    remove_private_as: bool = False
    as_override: bool = False
    maximum_prefix: int | None = None


@dataclass(frozen=True, slots=True)
class Timers:
    keepalive_s: int = 60
    hold_s: int = 180


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One BGP session as configured at this end.

    `peer` is the neighbor's address, or the name of the local interface for a session whose peer is found there
    (`neighbor IFNAME interface`): FRR derives an IPv4 peer from a /30 or /31, else uses the router
    advertisements' link-local address (RFC 5549 next hops).
    """

    peer: Address | str
    remote_as: RemoteAs
    families: tuple[NeighborFamily, ...]
    group: str | None = None
    """Label of neighbors that are configured alike; the renderer folds them into an FRR peer-group."""
    description: str = ""
    password: Secret | None = None
    port: int | None = None
    timers: Timers | None = None
    connect_s: int | None = None
    bfd: bool = False
    bfd_profile: str | None = None
    ebgp_multihop: bool = False
    ttl_security_hops: int | None = None
    update_source: Address | None = None
    local_as: int | None = None
    """`local-as N`: the ASN that the peer sees."""
    local_as_mode: LocalAsMode = "replace-as"
    """`replace-as`: in place of the instance's ASN (`no-prepend replace-as`, as frr-k8s has it); `no-prepend`: in front
    of it in what is sent; `prepend`: in front of what is received too, which is what FRR does without either word."""
    passive: bool = False
    graceful_restart: bool = False
    extended_next_hop: bool = False
    """`capability extended-nexthop` (RFC 8950), implied by FRR on interface peers."""
    shutdown: bool = False

    @property
    def local_as_words(self) -> str:
        """What follows the ASN of `local-as`."""
        return _LOCAL_AS_WORDS[self.local_as_mode]

    @property
    def by_interface(self) -> bool:
        """True when the peer is named by the local interface."""
        return isinstance(self.peer, str)


@dataclass(frozen=True, slots=True)
class Redistribute:
    protocol: Protocol
    route_map: str | None = None
    table: int | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    prefix: Prefix
    summary_only: bool = False
    as_set: bool = False


@dataclass(frozen=True, slots=True)
class BgpFamily:
    """The part of an instance's address family that belongs to no neighbor."""

    family: Family
    networks: tuple[Prefix, ...] = ()
    redistribute: tuple[Redistribute, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    maximum_paths: int = 64
    """Upper limit of ECMP next hops, for eBGP and iBGP alike."""
    import_vrfs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BgpInstance:
    """One `router bgp ASN [vrf NAME]`."""

    asn: int
    router_id: str
    neighbors: tuple[Neighbor, ...]
    families: tuple[BgpFamily, ...]
    vrf: str | None = None
    multipath_relax: bool = True
    """`bgp bestpath as-path multipath-relax`: equal length is enough for ECMP, the ASNs may differ."""
    ebgp_requires_policy: bool = False
    """RFC 8212; off, because the design's filters are on every session where a filter belongs."""
    network_import_check: bool = True
    """Announce a `network` only while the RIB holds it."""
    graceful_restart: bool = False
    graceful_shutdown: bool = False
    coalesce_ms: int | None = None
    """`coalesce-time`: how long bgpd gathers peers before the first announcement; FRR's default is 1000 and up."""

    def family(self, family: Family) -> BgpFamily:
        """The settings of `family`; FRR's defaults where the instance says nothing about it."""
        return next((entry for entry in self.families if entry.family == family), BgpFamily(family))
