"""Ethernet segments of racks: a bridge with the gateway on the rack's first leaf, and a VLAN on each node's link to it.

Leaves of a rack have no link between them, so two of them could not carry one segment without cutting it in two; the
first leaf has it alone, and announces its subnet. Segments of a zone or of the fabric would need an overlay (EVPN);
they are planned and not configured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from ipaddress import ip_interface

from fabric._values import dataclass
from fabric.config._device import Cable, Interface, Port
from fabric.config._policy import Family, PrefixRule
from fabric.plan import DevicePlan, LinkEnd, Plan, SubnetPlan


def _interfaces() -> dict[str, list[Interface]]:
    return defaultdict(list)


@dataclass(frozen=True)
class Segments:
    """What the segments of racks add to a fabric."""

    interfaces: dict[str, list[Interface]] = field(default_factory=_interfaces)
    """By device: VLANs of its ports, then its bridges."""
    circuits: list[Cable] = field(default_factory=list)


def segments(plan: Plan) -> Segments:
    """The VLANs and bridges of all segments that stand in one rack."""
    found = Segments()
    racks = plan.design.fabric.racks
    local = [s for s in plan.subnets if s.kind == "segment" and s.scope in racks and s.vlan is not None]
    leaves = _first_leaves(plan) if local else {}
    for subnet in local:
        leaf = leaves[subnet.scope]
        members = tuple(_attach(plan, leaf, subnet, found))
        if members:
            found.interfaces[leaf.name].append(_bridge(plan, subnet, members))
    return found


def segment_rules(plan: Plan, family: Family) -> Iterator[PrefixRule]:
    """What permits the subnets of segments that leaves announce."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for subnet in plan.subnets:
        if subnet.kind == "segment" and subnet.scope in plan.design.fabric.racks:
            lengths[subnet.network] |= {p.prefixlen for p in subnet.prefixes if f"ipv{p.version}" == family}
    for name, found in lengths.items():
        whole = getattr(plan.design.settings.networks[name], family)
        for length in sorted(found):
            exact = whole.prefixlen == length
            yield PrefixRule(0, "permit", whole, *((None, None) if exact else (length, length)))


def _first_leaves(plan: Plan) -> Mapping[str, DevicePlan]:
    """The leaf of each rack that carries its segments: the one of the lowest slot, for that stays."""
    found: dict[str, DevicePlan] = {}
    for entry in plan.devices:
        rack = entry.device.rack
        if entry.device.tier == "leaf" and rack and (rack not in found or entry.slot < found[rack].slot):
            found[rack] = entry
    return found


def _attach(plan: Plan, leaf: DevicePlan, subnet: SubnetPlan, found: Segments) -> Iterator[str]:
    """The VLANs of the leaf's ports to nodes with an address in the subnet, each made at both ends."""
    lengths = {prefix.version: prefix.prefixlen for prefix in subnet.prefixes}
    for link, near, far in plan.links_of[leaf.name]:
        node = plan.by_name[far.device]
        mine = [host.address for host in node.segments if host.network == subnet.network]
        if link.link.kind != "node" or not mine:
            continue
        here, there = _vlan(plan, subnet, near, far), _vlan(plan, subnet, far, near)
        addresses = tuple(ip_interface(f"{address}/{lengths[address.version]}") for address in mine)
        found.interfaces[leaf.name].append(here)
        found.interfaces[node.name].append(replace(there, addresses=addresses))
        found.circuits.append(Cable(Port(leaf.name, here.name), Port(node.name, there.name), link.speed_gbps))
        yield here.name


def _vlan(plan: Plan, subnet: SubnetPlan, near: LinkEnd, far: LinkEnd) -> Interface:
    return Interface(
        f"{near.interface}.{subnet.vlan}",
        mtu=plan.design.topology.mtu.nodes,
        description=f"{subnet.network} of {far.device}",
        parent=near.interface,
        vlan=subnet.vlan,
    )


def _bridge(plan: Plan, subnet: SubnetPlan, members: tuple[str, ...]) -> Interface:
    pairs = zip(subnet.gateways, subnet.prefixes, strict=True)
    return Interface(
        f"br{subnet.vlan}",
        tuple(ip_interface(f"{gateway}/{prefix.prefixlen}") for gateway, prefix in pairs),
        mtu=plan.design.topology.mtu.nodes,
        description=f"{subnet.network} of {subnet.scope}",
        members=members,
    )
