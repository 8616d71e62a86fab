"""A device as the FRR templates walk it: a finished, flat value; nothing is left to compute."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from fabric import __version__
from fabric._values import dataclass
from fabric.config import (
    LOOPBACK,
    BfdProfile,
    DeviceConfig,
    FibFilter,
    Interface,
    InterfaceAddress,
    StaticNextHop,
    StaticRoute,
)
from fabric.render._frr_bgp import InstanceView, instance_views
from fabric.render._frr_policy import IP, PolicyView, policy_view
from fabric.render._text import natural, one_line


@dataclass(frozen=True, slots=True)
class InterfaceView:
    """One `interface NAME` block. MTU and VRF membership have no FRR directive: the kernel holds them."""

    name: str
    description: str
    addresses: tuple[str, ...]
    """`ip address …` and `ipv6 address …`."""
    router_advertisements: bool


@dataclass(frozen=True, slots=True)
class StaticView:
    """The static routes of one VRF; `vrf` is `None` for the default one."""

    vrf: str | None
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrrView:
    """Everything that the templates of one device walk."""

    version: str
    device: DeviceConfig
    daemons: tuple[str, ...]
    interfaces: tuple[InterfaceView, ...]
    static: tuple[StaticView, ...]
    policy: PolicyView
    fib_filters: tuple[str, ...]
    instances: tuple[InstanceView, ...]
    bfd_profiles: tuple[BfdProfile, ...]
    raw: tuple[str, ...]


def frr_view(device: DeviceConfig) -> FrrView:
    """The finished context of `device`'s templates; raises InputError for a text FRR could not read back."""
    return FrrView(
        version=__version__,
        device=device,
        daemons=device.daemons,
        interfaces=tuple(_interfaces(device)),
        static=tuple(_static(device.static_routes)),
        policy=policy_view(device.policies),
        fib_filters=tuple(_fib_filter(entry) for entry in sorted(device.fib_filters, key=_filter_order)),
        instances=instance_views(device.bgp, device.name),
        bfd_profiles=tuple(sorted(device.bfd_profiles, key=lambda profile: natural(profile.name))),
        raw=tuple(line for text in device.raw for line in text.splitlines()),
    )


def _interfaces(device: DeviceConfig) -> Iterable[InterfaceView]:
    """The interfaces that FRR is told something about: the loopback first, then by name."""
    for interface in sorted(device.interfaces, key=lambda entry: (entry.name != LOOPBACK, natural(entry.name))):
        if interface.addresses or interface.description or interface.router_advertisements:
            yield _interface(interface, device.name)


def _interface(interface: Interface, device: str) -> InterfaceView:
    return InterfaceView(
        name=interface.name,
        description=one_line(interface.description, f"{device}, interface {interface.name}: description"),
        addresses=tuple(_address(address) for address in interface.addresses),
        router_advertisements=interface.router_advertisements,
    )


def _address(address: InterfaceAddress) -> str:
    return f"{IP[f'ipv{address.version}']} address {address}"


def _static(routes: Iterable[StaticRoute]) -> Iterable[StaticView]:
    """The routes of the default VRF, then those of the others, by prefix."""
    for vrf, members in groupby(sorted(routes, key=_route_order), key=lambda route: route.vrf):
        yield StaticView(vrf, tuple(_route(route, hop) for route in members for hop in route.next_hops))


def _route_order(route: StaticRoute) -> tuple[object, ...]:
    prefix = route.prefix
    return route.vrf or "", prefix.version, int(prefix.network_address), prefix.prefixlen, route.distance


def _route(route: StaticRoute, hop: StaticNextHop) -> str:
    distance = "" if route.distance == 1 else f" {route.distance}"
    return f"{IP[f'ipv{route.prefix.version}']} route {route.prefix} {_via(hop)}{distance}"


def _via(hop: StaticNextHop) -> str:
    if hop.blackhole:
        return "blackhole"
    return " ".join(str(part) for part in (hop.address, hop.interface) if part is not None)


def _filter_order(entry: FibFilter) -> tuple[str, str]:
    return entry.family, entry.protocol


def _fib_filter(entry: FibFilter) -> str:
    return f"{IP[entry.family]} protocol {entry.protocol} route-map {entry.route_map}"
