"""Numbers of the plan, in NetBox's words."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

from fabric.config import LOOPBACK, Address, FabricConfig, Prefix
from fabric.plan import Plan
from fabric.render.exports._cells import Row
from fabric.render.exports._names import domain_of, named_addresses

_ACTIVE = "active"
_PRIVATE, _PUBLIC = "RFC 6996", "Public"
_PRIVATE_ASNS = (range(64512, 65535), range(4200000000, 4294967295))
_POOLS = {
    "pools.loopbacks": "Loopbacks",
    "pools.fabric_links": "Links between switches",
    "pools.node_links": "Links to nodes",
}


def _rir(asn: int) -> str:
    return _PRIVATE if any(asn in numbers for numbers in _PRIVATE_ASNS) else _PUBLIC


def rirs(plan: Plan) -> Iterator[Row]:
    """Who gave the ASNs: name, slug, whether private."""
    names = dict.fromkeys(_rir(asn) for asn in _devices_of_asns(plan))
    return ((name, name.lower().replace(" ", "-"), name == _PRIVATE) for name in names)


def asns(plan: Plan) -> Iterator[Row]:
    """ASN, RIR, description."""
    for asn, members in sorted(_devices_of_asns(plan).items()):
        yield asn, _rir(asn), members[0] if len(members) == 1 else f"{len(members)} devices from {members[0]}"


def _devices_of_asns(plan: Plan) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for device in plan.devices:
        if device.asn is not None:
            found.setdefault(device.asn, []).append(device.name)
    return found


def prefixes(plan: Plan) -> Iterator[Row]:
    """Pools, networks, their subnets and the links' subnets, each once: prefix, status, description."""
    found: dict[Prefix, tuple[str, str]] = {}
    for prefix, status, description in _prefixes(plan):
        found.setdefault(prefix, (status, description))
    return ((prefix, *rest) for prefix, rest in found.items())


def _prefixes(plan: Plan) -> Iterator[tuple[Prefix, str, str]]:
    for use in plan.pools:
        if title := _POOLS.get(use.pool.rpartition(".")[0]):
            yield ip_network(use.range), "container", title
    for subnet in plan.subnets:
        scope = "" if subnet.scope == "fabric" else f" of {subnet.scope}"
        yield from ((prefix, _ACTIVE, f"Network {subnet.network}{scope}") for prefix in subnet.prefixes)
    yield from _whole_networks(plan)
    for link in plan.links:
        ends = " - ".join(f"{end.device} {end.interface}" for end in link.ends)
        yield from ((address.network, _ACTIVE, ends) for address in link.upper.addresses)


def _whole_networks(plan: Plan) -> Iterator[tuple[Prefix, str, str]]:
    """The prefixes of which zones and racks have a subnet each."""
    families = plan.design.topology.families
    for name, whole in plan.design.settings.networks.items():
        for prefix in (whole.ipv4, whole.ipv6):
            if prefix is not None and f"ipv{prefix.version}" in families:
                yield prefix, "container", f"Network {name}"


def loopbacks(plan: Plan, domain: str | None) -> Iterator[Row]:
    """The address that a device is reached by, one a family: `_row`, and that it is primary."""
    names = _dns_names(plan, domain)
    for device in plan.devices:
        for address in device.loopbacks:
            yield *_row(address, "loopback", device.name, names), True


def addresses(plan: Plan, fabric: FabricConfig, domain: str | None) -> Iterator[Row]:
    """All other addresses that a device has; a virtual one stands on every node that announces it."""
    names = _dns_names(plan, domain)
    for device in plan.devices:
        yield from (_row(host.address, None, device.name, names) for host in device.hosts)
        yield from (_row(vip.address, "anycast", device.name, names) for vip in device.vips)
    for link in plan.links:
        for end in link.ends:
            for address in end.addresses:
                yield address, _ACTIVE, None, end.device, end.interface, names[address.ip]

    for entry in fabric:
        for port in entry.interfaces:
            for address in port.addresses if port.parent or port.members else ():
                yield address, _ACTIVE, None, entry.name, port.name, names[address.ip]


def _row(address: Address, role: str | None, device: str, names: dict[Address, str]) -> Row:
    """Address with its length, status, role, device, interface, DNS name."""
    return ip_interface(address), _ACTIVE, role, device, LOOPBACK, names[address]


def _dns_names(plan: Plan, domain: str | None) -> dict[Address, str]:
    suffix = domain_of(plan, domain)
    return {entry.address: f"{entry.name}.{suffix}" for entry in named_addresses(plan)}
