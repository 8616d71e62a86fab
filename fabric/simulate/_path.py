"""A path of a BGP table, the session it came over, and the speaker that holds it."""

from __future__ import annotations

import dataclasses
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Interface
from typing import Literal, NamedTuple

from fabric._values import dataclass
from fabric.config import LOOPBACK, Address, BgpInstance, DeviceConfig, Protocol
from fabric.simulate._attributes import Attributes, BgpNextHop
from fabric.simulate._policy import Policy
from fabric.simulate._values import SessionEnd


def router_id(device: DeviceConfig, instance: BgpInstance) -> IPv4Address:
    """The router id that bgpd uses: 0.0.0.0 means the highest loopback address or else any."""
    configured = _parsed(instance.router_id)
    if int(configured):
        return configured
    mine = [i for i in device.interfaces if i.vrf is None]
    for interfaces in ([i for i in mine if i.name == LOOPBACK], mine):
        found = [a.ip for i in interfaces for a in i.addresses if isinstance(a, IPv4Interface) and not a.ip.is_loopback]
        if found:
            return max(found)
    return configured


@lru_cache(maxsize=65536)
def _parsed(router_id_: str) -> IPv4Address:
    return IPv4Address(router_id_)


@dataclass(frozen=True, eq=False)
class Router:
    """One BGP speaker, ready for the fixed point; one object for each."""

    index: int
    device: DeviceConfig
    instance: BgpInstance
    policy: Policy
    own_addresses: frozenset[Address]
    """Addresses on interfaces that are up: no next hop may be one of them."""

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name

    def kind_of(self, path: Path) -> Protocol | None:
        """What `match source-protocol` sees of a path in bgpd's table: bgpd 8.4 has no such clause."""
        return (path.taken_over or "bgp") if self.asks_for_protocols else None

    @property
    def asks_for_protocols(self) -> bool:
        """True when bgpd's route maps know `match source-protocol`."""
        return self.device.frr_release >= 10

    @cached_property
    def router_id(self) -> int:
        """The router id, which is also the cluster id, as a number."""
        return int(router_id(self.device, self.instance))


@dataclass(frozen=True, slots=True)
class Settings:
    """What of a BGP instance and family bears on the decision."""

    multipath_relax: bool
    deterministic_med: bool
    """`bgp deterministic-med`, which only the profile `datacenter` turns on."""
    maximum_paths: int
    passes_next_hops: bool = False
    """Some iBGP peer is told next hops as they came, so that it sees which of several equal paths is the best one."""


@dataclasses.dataclass(slots=True, eq=False)  # frozen, it would take four times as long to make
class Source:
    """The session that a path came over, as its receiver sees it; one object for each direction, never changed."""

    end: SessionEnd
    """The receiver's `neighbor` statement."""
    external: bool
    from_client: bool
    """The sender is a route-reflector client of the receiver."""
    peer_asn: int
    peer_router_id: int
    peer_rank: tuple[int, int, str]
    """Order of the sender's address among all peers."""
    interface: str
    """The receiver's interface for the sender's link-local address."""
    ttl_limited: bool
    """eBGP at TTL 1: a next hop counts only if a connected or static route leads to it, and zebra does not recurse."""


class Path(NamedTuple):
    """One path of a prefix on a device; `source` `None` is a path of the device's own."""

    attributes: Attributes
    next_hop: BgpNextHop
    source: Source | None
    igp_metric: int = 0
    aggregate: bool = False
    """Made by `aggregate-address`: installed as a blackhole."""
    interface: str | None = None
    """Interface of the route that `redistribute` took over, for `match interface`."""
    imported: str | None = None
    """The VRF (`DEVICE%VRF`) that `import vrf` takes it from, where its next hop is resolved."""

    taken_over: Literal["connected", "static"] | None = None
    """The protocol whose route `redistribute` took over."""

    @property
    def external(self) -> bool:
        """True when an eBGP peer sent it."""
        return self.source is not None and self.source.external

    @property
    def internal(self) -> bool:
        """True when an iBGP peer sent it."""
        return self.source is not None and not self.source.external
