"""A plan to the configuration of every device."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface

from fabric.config._bgp import Aggregate, BfdProfile, BgpFamily, BgpInstance, Neighbor
from fabric.config._device import (
    LOOPBACK,
    Cable,
    DeviceConfig,
    FabricConfig,
    Interface,
    Place,
    Port,
    StaticNextHop,
    StaticRoute,
)
from fabric.config._filters import (
    aggregates,
    confined,
    families_of,
    family_of,
    host_prefix,
    summary_lists,
    sums_up,
    switch_lists,
)
from fabric.config._node import node_config
from fabric.config._policy import (
    Address,
    Family,
    Policies,
    Prefix,
    PrefixList,
    RouteMap,
    RouteMapEntry,
    SetAsPathPrepend,
)
from fabric.config._segments import segments
from fabric.config._session import BFD_PROFILE, COALESCE_MS, EQUAL_LENGTHS, Side, neighbors, sides
from fabric.plan import DevicePlan, LinkPlan, Plan


def build(plan: Plan) -> FabricConfig:
    """The configuration of all devices of a plan, and the cables between them."""
    local = segments(plan)
    return FabricConfig(
        name=plan.design.topology.name,
        devices=tuple(_device(plan, device, tuple(local.interfaces.get(device.name, ()))) for device in plan.devices),
        cables=tuple(_cable(link) for link in plan.links),
        circuits=tuple(local.circuits),
    )


def _cable(link: LinkPlan) -> Cable:
    upper, lower = (Port(end.device, end.interface) for end in link.ends)
    return Cable(upper, lower, link.speed_gbps)


def _device(plan: Plan, device: DevicePlan, vlans: tuple[Interface, ...]) -> DeviceConfig:
    base = DeviceConfig(
        name=device.name,
        place=Place(device.device.role, device.device.zone, device.device.rack, device.device.pod),
        interfaces=(_loopback(device), *(_port(side) for side in sides(plan, device.name)), *vlans),
    )
    return node_config(plan, device, base) if device.device.tier == "node" else _switch(plan, device, base)


def _loopback(device: DevicePlan) -> Interface:
    addresses = (*device.loopbacks, *(h.address for h in device.hosts), *(v.address for v in device.vips))
    return Interface(LOOPBACK, tuple(ip_interface(a) for a in addresses), mtu=65536)


def _port(side: Side) -> Interface:
    mtu = side.plan.design.topology.mtu
    return Interface(
        side.near.interface,
        side.near.addresses,
        mtu=mtu.fabric if side.link.link.kind == "fabric" else mtu.nodes,
        description=f"{side.far.device} {side.far.interface}",
        router_advertisements=not side.near.addresses,
    )


def _switch(plan: Plan, device: DevicePlan, base: DeviceConfig) -> DeviceConfig:
    sessions = tuple(n for side in sides(plan, device.name) for n in neighbors(side))
    routes = tuple(_routes_to_static_nodes(plan, device))
    return DeviceConfig(
        name=base.name,
        place=base.place,
        interfaces=base.interfaces,
        bgp=(_instance(plan, device, sessions, (*_subnets(base), *(route.prefix for route in routes))),),
        static_routes=(*routes, *_dropped(plan, device)),
        policies=Policies(prefix_lists=_lists(plan, device), route_maps=_route_maps(device, sessions)),
        bfd_profiles=bfd_profiles(plan, sessions),
        defaults="datacenter",
    )


def _sums_up(plan: Plan, device: DevicePlan) -> bool:
    return device.device.tier == "border" and sums_up(plan)


def _lists(plan: Plan, device: DevicePlan) -> tuple[PrefixList, ...]:
    return (*switch_lists(plan, device), *(summary_lists(plan) if _sums_up(plan, device) else ()))


def _aggregates(plan: Plan, device: DevicePlan, family: Family) -> tuple[Aggregate, ...]:
    if not _sums_up(plan, device):
        return ()
    return tuple(Aggregate(prefix) for prefix in aggregates(plan, family))


def _route_maps(device: DevicePlan, sessions: tuple[Neighbor, ...]) -> tuple[RouteMap, ...]:
    """The route maps that the sessions ask for."""
    assert device.asn is not None
    if not any(family.route_map_out == EQUAL_LENGTHS for session in sessions for family in session.families):
        return ()
    return (RouteMap(EQUAL_LENGTHS, (RouteMapEntry(10, "permit", (), (SetAsPathPrepend((device.asn,)),)),)),)


def _subnets(base: DeviceConfig) -> Iterator[Prefix]:
    """The segments that the device is the gateway of."""
    yield from (
        address.network for interface in base.interfaces if interface.members for address in interface.addresses
    )


def _instance(plan: Plan, device: DevicePlan, sessions: tuple[Neighbor, ...], below: tuple[Prefix, ...]) -> BgpInstance:
    assert device.asn is not None
    own = [host_prefix(address) for address in device.loopbacks]
    announced: list[Prefix] = [*own, *below]
    return BgpInstance(
        asn=device.asn,
        router_id=str(device.router_id),
        neighbors=sessions,
        families=tuple(
            BgpFamily(
                family,
                networks=tuple(p for p in announced if family_of(p) == family),
                aggregates=_aggregates(plan, device, family),
            )
            for family in families_of(plan)
        ),
        coalesce_ms=COALESCE_MS,
    )


def _dropped(plan: Plan, device: DevicePlan) -> Iterator[StaticRoute]:
    """Confined networks as wholes: what a leaf has no host route to must not follow its default route up."""
    yield from (StaticRoute(prefix, (StaticNextHop(),)) for prefix in confined(plan, device))


def bfd_profiles(plan: Plan, sessions: tuple[Neighbor, ...]) -> tuple[BfdProfile, ...]:
    """The fabric's BFD profile, on devices where some session uses it."""
    bfd = plan.design.topology.bfd
    if not any(session.bfd for session in sessions):
        return ()
    return (BfdProfile(BFD_PROFILE, bfd.transmit_ms, bfd.transmit_ms, bfd.multiplier),)


def _routes_to_static_nodes(plan: Plan, device: DevicePlan) -> Iterator[StaticRoute]:
    """Host routes to the nodes below that speak no BGP, by the address of their link."""
    for side in sides(plan, device.name):
        if side.toward == "down" and side.peer.asn is None:
            owned: tuple[Address, ...] = (*side.peer.loopbacks, *(host.address for host in side.peer.hosts))
            for far in side.far.addresses:
                yield from (
                    StaticRoute(host_prefix(address), (StaticNextHop(far.ip),))
                    for address in owned
                    if address.version == far.version
                )
