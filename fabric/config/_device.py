"""`DeviceConfig`: everything one switch or node is told, and the only source of what is rendered, simulated and run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from ipaddress import IPv4Interface, IPv6Interface
from typing import Literal, NamedTuple

from fabric._values import dataclass
from fabric.config._bgp import BfdProfile, BgpInstance
from fabric.config._policy import Address, Family, Policies, Prefix

InterfaceAddress = IPv4Interface | IPv6Interface
LOOPBACK = "lo"


@dataclass(frozen=True, slots=True)
class Interface:
    """A port, a VLAN on one, a bridge or the loopback, with the addresses that the kernel holds while it is up."""

    name: str
    addresses: tuple[InterfaceAddress, ...] = ()
    mtu: int = 1500
    description: str = ""
    router_advertisements: bool = False
    """`no ipv6 nd suppress-ra`: lets an unnumbered BGP neighbor find this end."""
    vrf: str | None = None
    parent: str | None = None
    """The port that a VLAN's frames go over."""
    vlan: int | None = None
    """Of an interface with a parent: the 802.1Q tag of its frames."""
    members: tuple[str, ...] = ()
    """Of a bridge: the interfaces that it joins; where it has addresses, it is the VLAN's routed interface (SVI)."""


@dataclass(frozen=True, slots=True)
class StaticNextHop:
    """Where a static route leads: an address, an interface, or both; `None` twice drops the packet."""

    address: Address | None = None
    interface: str | None = None

    @property
    def blackhole(self) -> bool:
        """True when the route drops what it matches."""
        return self.address is None and self.interface is None


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A static route; several next hops of equal distance make an ECMP route."""

    prefix: Prefix
    next_hops: tuple[StaticNextHop, ...]
    distance: int = 1
    vrf: str | None = None


@dataclass(frozen=True, slots=True)
class FibFilter:
    """`ip protocol bgp route-map NAME`: which of the protocol's routes zebra installs, and with what source."""

    family: Family
    protocol: Literal["bgp", "static"]
    route_map: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands and what it is for; `None` where the notion does not apply."""

    role: str
    """`spine`, `super-spine`, `leaf`, `border`, or a node's role such as `compute`."""
    zone: str | None = None
    rack: str | None = None
    pod: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """The whole configuration of one device. Immutable; vary it with `dataclasses.replace`."""

    name: str
    place: Place
    interfaces: tuple[Interface, ...]
    bgp: tuple[BgpInstance, ...] = ()
    static_routes: tuple[StaticRoute, ...] = ()
    policies: Policies = field(default_factory=Policies)
    bfd_profiles: tuple[BfdProfile, ...] = ()
    fib_filters: tuple[FibFilter, ...] = ()
    resolve_via_default: bool = False
    """`ip nht resolve-via-default`: a BGP next hop may resolve through the default route."""
    kernel_nexthop_groups: bool = False
    """Off renders `no zebra nexthop kernel enable`: with them on, FRR 8.4 leaves stale kernel routes after a flap."""
    forwarding: bool = True
    bgp_listens: bool = True
    """Off runs bgpd with `-p 0`, as OpenShift's frr-k8s does: the node only dials out."""
    defaults: Literal["traditional", "datacenter"] = "traditional"
    raw: tuple[str, ...] = ()
    """Lines added verbatim at the end, as frr-k8s's raw configuration is."""
    frr_release: int = 8
    """The major release of FRR that runs it. The file suits all; what FRR 10 makes of it can differ from FRR 8."""

    def interface(self, name: str) -> Interface:
        """The interface called `name`; raises `KeyError` where there is none."""
        for interface in self.interfaces:
            if interface.name == name:
                return interface
        raise KeyError(name)

    @property
    def default_bgp(self) -> BgpInstance | None:
        """The BGP instance of the default VRF, if the device has one."""
        return next((instance for instance in self.bgp if instance.vrf is None), None)

    @property
    def uses_bfd(self) -> bool:
        """True when some session asks for BFD, so that bfdd must run."""
        return bool(self.bfd_profiles) or any(n.bfd or n.bfd_profile for b in self.bgp for n in b.neighbors)

    @property
    def daemons(self) -> tuple[str, ...]:
        """The FRR daemons the device needs, in starting order; `raw` lines may speak to any of them, as in frr-k8s."""
        needed = {
            "zebra": True,
            "staticd": bool(self.static_routes or self.raw),
            "bfdd": self.uses_bfd or bool(self.raw),
            "bgpd": bool(self.bgp or self.raw),
        }
        return tuple(name for name, need in needed.items() if need)

    def loopback_addresses(self) -> tuple[InterfaceAddress, ...]:
        """The addresses on `lo`, in configured order."""
        return next((i.addresses for i in self.interfaces if i.name == LOOPBACK), ())


class Port(NamedTuple):
    """One interface of one device; a named tuple, as it is hashed more than anything else."""

    device: str
    interface: str

    def __str__(self) -> str:
        return f"{self.device}:{self.interface}"


@dataclass(frozen=True, slots=True)
class Cable:
    """A point-to-point link between two ports; `a` is the end nearer the spines."""

    a: Port
    b: Port
    speed_gbps: float | None = None
    """Speed of each direction, where the model of a switch says it."""

    @property
    def name(self) -> str:
        """`leaf:port--leaf:port`, unique in a fabric."""
        return f"{self.a}--{self.b}"

    def other(self, port: Port) -> Port:
        """The far end of the cable, seen from `port`."""
        return self.b if port == self.a else self.a


@dataclass(frozen=True)
class FabricConfig:
    """All devices of a fabric and the cables between them: what render, simulate and lab work from."""

    name: str
    devices: tuple[DeviceConfig, ...]
    cables: tuple[Cable, ...]
    circuits: tuple[Cable, ...] = ()
    """VLANs of cables: what joins an interface with a parent to the one at the other end of the parent's cable."""

    @cached_property
    def by_name(self) -> Mapping[str, DeviceConfig]:
        """Devices by name."""
        return {device.name: device for device in self.devices}

    @cached_property
    def peer_of(self) -> Mapping[Port, Port]:
        """The far port of every cabled port."""
        ends = ((c.a, c.b) for c in self.cables)
        return {near: far for a, b in ends for near, far in ((a, b), (b, a))}

    def __iter__(self) -> Iterator[DeviceConfig]:
        return iter(self.devices)

    def run_by(self, frr_version: str) -> FabricConfig:
        """The same fabric, run by this version of FRR, such as `10.3`; itself where that is no number."""
        release = frr_version.partition(".")[0]
        if not release.isdecimal():
            return self
        return replace(self, devices=tuple(replace(device, frr_release=int(release)) for device in self))
