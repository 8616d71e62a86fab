"""Nodes: what each role is told, as the software that runs there would write it.

* `openshift` (frr-k8s): announces; learns nothing and has static routes over every leaf, or learns host routes.
* `edpm` (OpenStack data plane): learns all, installs only the default route, with its loopback as source.
* `host`: a plain BGP speaker that installs what it learns.
* `static`: speaks no BGP; its leaves route to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from fabric.config._bgp import BfdProfile, BgpFamily, BgpInstance, Neighbor
from fabric.config._device import DeviceConfig, FibFilter, StaticNextHop, StaticRoute
from fabric.config._filters import (
    default_only,
    default_only_map,
    deny_all,
    fabric_hosts,
    families_of,
    family_of,
    host_prefix,
    hosts_list,
    nothing_list,
    own_list,
    own_prefix_list,
    routed_space,
)
from fabric.config._policy import Family, Policies, Prefix, PrefixList
from fabric.config._session import BFD_PROFILE, COALESCE_MS, neighbors, sides
from fabric.plan import DevicePlan, Plan

Builder = Callable[[Plan, DevicePlan, DeviceConfig], DeviceConfig]


def node_config(plan: Plan, device: DevicePlan, base: DeviceConfig) -> DeviceConfig:
    """The configuration of a node, by its role in the design's profile."""
    return _builder(plan, device)(plan, device, base)


def _builder(plan: Plan, device: DevicePlan) -> Builder:
    if device.asn is None:
        return _static
    if plan.design.topology.profile == "rhoso":
        match device.device.role:
            case "worker" | "control-plane":
                return _openshift
            case "compute" | "networker":
                return _edpm
    return _host


def _own_prefixes(device: DevicePlan) -> tuple[Prefix, ...]:
    addresses = (*device.loopbacks, *(h.address for h in device.hosts), *(v.address for v in device.vips))
    return tuple(host_prefix(address) for address in addresses)


def _of(family: Family, prefixes: tuple[Prefix, ...]) -> tuple[Prefix, ...]:
    return tuple(prefix for prefix in prefixes if family_of(prefix) == family)


def _host(plan: Plan, device: DevicePlan, base: DeviceConfig) -> DeviceConfig:
    """A node that announces its own addresses and accepts what its leaves send."""
    assert device.asn is not None
    own = _own_prefixes(device)
    sessions = tuple(_announcing(n) for side in sides(plan, device.name) for n in neighbors(side))
    bfd = plan.design.topology.bfd
    profiles = (BfdProfile(BFD_PROFILE, bfd.transmit_ms, bfd.transmit_ms, bfd.multiplier),)
    instance = BgpInstance(
        asn=device.asn,
        router_id=str(device.router_id),
        neighbors=sessions,
        families=tuple(BgpFamily(family, networks=_of(family, own)) for family in families_of(plan)),
        coalesce_ms=None if plan.design.topology.profile == "rhoso" else COALESCE_MS,  # where others configure nodes
    )
    lists = tuple(own_prefix_list(family, _of(family, own)) for family in families_of(plan))
    return replace(
        base,
        bgp=(instance,),
        policies=Policies(prefix_lists=lists),
        bfd_profiles=profiles if any(session.bfd for session in sessions) else (),
        forwarding=False,
    )


def _announcing(neighbor: Neighbor) -> Neighbor:
    """The session with the node's own filters in place of the switches' ones."""
    families = tuple(
        replace(entry, prefix_list_in=None, prefix_list_out=own_list(entry.family), next_hop_self=False)
        for entry in neighbor.families
    )
    return replace(neighbor, families=families)


def _edpm(plan: Plan, device: DevicePlan, base: DeviceConfig) -> DeviceConfig:
    """As the `edpm_frr` role configures a data-plane node."""
    host = _host(plan, device, base)
    filters = tuple(FibFilter(family, "bgp", default_only_map(family)) for family in families_of(plan))
    maps = [default_only(address) for address in device.loopbacks]
    policies = Policies(
        prefix_lists=host.policies.prefix_lists + tuple(pl for m in maps for pl in m.prefix_lists),
        route_maps=tuple(rm for m in maps for rm in m.route_maps),
    )
    return replace(host, policies=policies, fib_filters=filters, forwarding=True)


def _openshift(plan: Plan, device: DevicePlan, base: DeviceConfig) -> DeviceConfig:
    """As frr-k8s and the node's network policy configure an OpenShift node."""
    host = _host(plan, device, base)
    learns = plan.design.topology.rhoso.node_routes == "learned"
    hear, heard = (_eager, fabric_hosts) if learns else (_deaf, _nothing)
    instance = replace(host.bgp[0], neighbors=tuple(map(hear, host.bgp[0].neighbors)), network_import_check=False)
    return replace(
        host,
        bgp=(instance,),
        policies=Policies(prefix_lists=host.policies.prefix_lists + heard(plan)),
        static_routes=() if learns else tuple(_weighted_routes(plan, device)),
        bgp_listens=False,
        forwarding=True,
    )


def _nothing(plan: Plan) -> tuple[PrefixList, ...]:
    return tuple(deny_all(family) for family in families_of(plan))


def _eager(neighbor: Neighbor) -> Neighbor:
    """A session that takes the fabric's host routes; the default route stays the cluster's own."""
    families = tuple(replace(entry, prefix_list_in=hosts_list(entry.family)) for entry in neighbor.families)
    return replace(neighbor, families=families)


def _deaf(neighbor: Neighbor) -> Neighbor:
    families = tuple(replace(e, prefix_list_in=nothing_list(e.family), allowas_in=None) for e in neighbor.families)
    return replace(neighbor, families=families)


def _uplinks(plan: Plan, device: DevicePlan, family: Family) -> tuple[StaticNextHop, ...]:
    """The leaves as next hops."""
    far = (address for side in sides(plan, device.name) for address in side.far.addresses)
    return tuple(StaticNextHop(address.ip) for address in far if family_of(address.ip) == family)


def _weighted_routes(plan: Plan, device: DevicePlan) -> Iterator[StaticRoute]:
    """ECMP in IPv4; in IPv6 one route a leaf with rising distance, for nmstate has no weighted IPv6 routes.

    Which leaf comes first alternates from node to node, so that a rack's nodes load both.
    """
    for family in families_of(plan):
        hops = _uplinks(plan, device, family)
        start = device.slot % max(len(hops), 1)
        for prefix in routed_space(plan, family):
            if family == "ipv4":
                yield StaticRoute(prefix, hops)
            else:
                turned = hops[start:] + hops[:start]
                yield from (StaticRoute(prefix, (hop,), distance) for distance, hop in enumerate(turned, start=1))


def _static(plan: Plan, device: DevicePlan, base: DeviceConfig) -> DeviceConfig:
    """A node without BGP, such as a storage array: routes to the fabric over every leaf."""
    routes = tuple(
        StaticRoute(prefix, _uplinks(plan, device, family))
        for family in families_of(plan)
        for prefix in routed_space(plan, family)
    )
    return replace(base, static_routes=routes, forwarding=False)
