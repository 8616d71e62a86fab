"""The plan: every number of a fabric, as values that print themselves nowhere and change never."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Literal

from fabric._values import dataclass
from fabric.plan._ledger import EMPTY, Ledger
from fabric.topology import Design, Device, Link

Address = IPv4Address | IPv6Address
InterfaceAddress = IPv4Interface | IPv6Interface
Prefix = IPv4Network | IPv6Network
RawAddress = tuple[str, int, int]
"""Family, address and prefix length; small and quick to make, for a fabric has more link ends than all else."""


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address that a node has in a network."""

    network: str
    address: Address


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """The numbers of one device."""

    device: Device
    asn: int | None
    """`None` for a node that speaks no BGP."""
    router_id: IPv4Address
    loopbacks: tuple[Address, ...]
    """One a family of the fabric, IPv4 first."""
    hosts: tuple[HostAddress, ...] = ()
    """Addresses on the loopback, each routed as a /32 or /128."""
    vips: tuple[HostAddress, ...] = ()
    """Virtual addresses that the node announces together with others."""
    slot: int = 0
    """Ordinal among its like (leaves or nodes of the rack, spines of the pod) that stays when others come and go."""
    segments: tuple[HostAddress, ...] = ()
    """Addresses in Ethernet segments."""

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name


@dataclass(frozen=True)
class LinkEnd:
    """One end of a link."""

    device: str
    port: int
    """Number of the port, counted from 1."""
    raw: tuple[RawAddress, ...]
    """The addresses as integers, one a family; none on an unnumbered link."""
    port_name: str = ""
    """The port's name on a switch whose model is known."""
    speed_gbps: float | None = None
    """The port's speed, where the switch's model is known."""

    @property
    def interface(self) -> str:
        """The port's name; `eth1` and up where no model says another one."""
        return self.port_name or f"eth{self.port}"

    @cached_property
    def addresses(self) -> tuple[InterfaceAddress, ...]:
        """The addresses, one a family; none on an unnumbered link. Made when asked for: they are large."""
        return tuple(
            IPv4Interface((value, length)) if family == "ipv4" else IPv6Interface((value, length))
            for family, value, length in self.raw
        )


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """A link with its ports and addresses."""

    link: Link
    upper: LinkEnd
    lower: LinkEnd

    @property
    def ends(self) -> tuple[LinkEnd, LinkEnd]:
        """Both ends, the upper one first."""
        return self.upper, self.lower

    @property
    def speed_gbps(self) -> float | None:
        """Speed of the slower end; `None` where no end's model is known."""
        return min((end.speed_gbps for end in self.ends if end.speed_gbps is not None), default=None)


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """A network's subnet of one scope: the fabric, a zone or a rack."""

    network: str
    scope: str
    """`fabric`, or the name of the zone or rack."""
    prefixes: tuple[Prefix, ...]
    vips: tuple[Address, ...]
    kind: Literal["routed", "segment"] = "routed"
    gateways: tuple[Address, ...] = ()
    """Of a segment, one a family."""
    vlan: int | None = None
    """Of a segment."""
    allocations: tuple[tuple[Address, Address], ...] = ()
    """First and last address that are left to others, one pair a family."""


@dataclass(frozen=True, slots=True)
class PoolUse:
    """How full a pool is, in units of what it gives out (addresses, link subnets, ASNs)."""

    pool: str
    range: str
    unit: str
    used: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Block:
    """A prefix that is kept for what one zone, rack or leaf has of a kind, so that it can be summarised and grow."""

    owner: str
    """The zone, rack or leaf."""
    pool: str
    prefix: Prefix
    used: int
    capacity: int
    """How many the growth that the topology reserves allows."""
    level: Literal["zone", "rack", "leaf"] = "rack"


@dataclass(frozen=True)
class Plan:
    """Everything that was numbered for one design."""

    design: Design
    devices: tuple[DevicePlan, ...]
    links: tuple[LinkPlan, ...]
    subnets: tuple[SubnetPlan, ...]
    pools: tuple[PoolUse, ...]
    ledger: Ledger = EMPTY
    """Every value given out, by what it is for, and what rests in quarantine."""
    blocks: tuple[Block, ...] = ()
    """What each zone, rack and leaf has room in; values that a ledger kept may lie elsewhere."""

    @cached_property
    def by_name(self) -> Mapping[str, DevicePlan]:
        """Device plans by name."""
        return {entry.name: entry for entry in self.devices}

    @cached_property
    def links_of(self) -> Mapping[str, tuple[tuple[LinkPlan, LinkEnd, LinkEnd], ...]]:
        """For each device its links, as (link, near end, far end), in the order of its ports."""
        found: dict[str, list[tuple[LinkPlan, LinkEnd, LinkEnd]]] = {entry.name: [] for entry in self.devices}
        for link in self.links:
            found[link.upper.device].append((link, link.upper, link.lower))
            found[link.lower.device].append((link, link.lower, link.upper))
        return {name: tuple(sorted(entries, key=lambda e: e[1].port)) for name, entries in found.items()}
