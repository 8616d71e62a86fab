"""A fabric as an Ansible inventory: groups by place and role, and what each device is told as its variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml
from yaml.representer import SafeRepresenter

from fabric.config import DeviceConfig, FabricConfig, Interface, Neighbor, Port, StaticNextHop, StaticRoute
from fabric.plan import DevicePlan, HostAddress, Plan
from fabric.render.exports._names import file_name
from fabric.render.exports._yaml import Document, PlainDumper, yaml_text

_TEMPLATE_MARKS = ("{{", "{%", "{#")


def ansible_tree(plan: Plan, fabric: FabricConfig) -> Mapping[str, str]:
    """`ansible/inventory.yml`, `ansible/group_vars/all.yml` and `ansible/host_vars/DEVICE.yml`; no passwords.

    Groups are `tier_…`, `role_…`, `zone_…`, `rack_…` and `pod_…`, with `_` for the `-` that Ansible takes in no group.
    `ansible_host` is left to the user, for a plan knows no management network.
    """
    name = fabric.name
    files = {
        "ansible/inventory.yml": yaml_text(_inventory(plan), name, _Dumper),
        "ansible/group_vars/all.yml": yaml_text(_group_vars(plan), name, _Dumper),
    }
    for device in plan.devices:
        path = f"ansible/host_vars/{file_name(device.name, 'Ansible host')}.yml"
        files[path] = yaml_text(_host_vars(device, fabric), name, _Dumper)
    return files


class _Dumper(PlainDumper):
    """YAML that Ansible does not take for templates: a text with `{{` in it is tagged `!unsafe`."""


def _represent_text(dumper: SafeRepresenter, text: str) -> yaml.ScalarNode:
    if any(mark in text for mark in _TEMPLATE_MARKS):
        return dumper.represent_scalar("!unsafe", text, style="'")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text)


_Dumper.add_representer(str, _represent_text)


def _inventory(plan: Plan) -> Document:
    groups: dict[str, Document] = {}
    for device in plan.devices:
        for group in _groups(device):
            groups.setdefault(group, {"hosts": {}})["hosts"][device.name] = {}
    hosts: Document = {device.name: {} for device in plan.devices}
    return {"all": {"hosts": hosts, "children": groups}}


def _groups(entry: DevicePlan) -> Iterator[str]:
    device = entry.device
    notions = {"tier": device.tier, "role": device.role, "zone": device.zone, "rack": device.rack, "pod": device.pod}
    return (f"{notion}_{value.replace('-', '_')}" for notion, value in notions.items() if value)


def _group_vars(plan: Plan) -> Document:
    topology = plan.design.topology
    return {
        "fabric_name": topology.name,
        "fabric_families": list(topology.families),
        "fabric_networks": [
            {
                "network": subnet.network,
                "scope": subnet.scope,
                "subnets": [str(prefix) for prefix in subnet.prefixes],
                "vips": [str(vip) for vip in subnet.vips],
            }
            for subnet in plan.subnets
        ],
    }


def _host_vars(entry: DevicePlan, fabric: FabricConfig) -> Document:
    device, config = entry.device, fabric.by_name[entry.name]
    place = {"tier": device.tier, "role": device.role, "zone": device.zone, "rack": device.rack, "pod": device.pod}
    numbers = {"asn": entry.asn, "router_id": str(entry.router_id)}
    return {
        **{key: value for key, value in {**place, **numbers}.items() if value is not None},
        "loopbacks": [str(address) for address in entry.loopbacks],
        "addresses": [_host_address(host) for host in entry.hosts],
        "vips": [_host_address(vip) for vip in entry.vips],
        "interfaces": [_interface(interface, config, fabric) for interface in config.interfaces],
        "bgp_neighbors": [_neighbor(neighbor) for instance in config.bgp for neighbor in instance.neighbors],
        "static_routes": [_route(route) for route in config.static_routes],
    }


def _host_address(host: HostAddress) -> Document:
    return {"network": host.network, "address": str(host.address)}


def _interface(interface: Interface, device: DeviceConfig, fabric: FabricConfig) -> Document:
    far = fabric.peer_of.get(Port(device.name, interface.name))
    facts: Document = {
        "name": interface.name,
        "mtu": interface.mtu,
        "addresses": [str(address) for address in interface.addresses],
    }
    return {**facts, "peer": far.device, "peer_interface": far.interface} if far else facts


def _neighbor(neighbor: Neighbor) -> Document:
    """A session; `interface` stands in place of `address` where the peer is found on a port."""
    return {
        "interface" if neighbor.by_interface else "address": str(neighbor.peer),
        "remote_as": neighbor.remote_as,
        "description": neighbor.description,
        "families": [family.family for family in neighbor.families],
        "bfd": neighbor.bfd or neighbor.bfd_profile is not None,
    }


def _route(route: StaticRoute) -> Document:
    return {
        "prefix": str(route.prefix),
        "distance": route.distance,
        "next_hops": [_next_hop(hop) for hop in route.next_hops],
    }


def _next_hop(hop: StaticNextHop) -> str:
    """An address, `address%interface`, an interface, or `blackhole`."""
    parts = [str(part) for part in (hop.address, hop.interface) if part is not None]
    return "%".join(parts) or "blackhole"
