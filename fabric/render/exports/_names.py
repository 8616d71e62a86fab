"""What the addresses of a fabric are called, in `/etc/hosts`, in DNS and in NetBox alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from fabric._values import dataclass
from fabric.config import Address
from fabric.errors import InputError
from fabric.plan import DevicePlan, LinkPlan, Plan, SubnetPlan

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_DOMAIN = 120
"""Leaves room for the longest name below it within the 253 characters of a domain name (RFC 1035 section 2.3.4)."""
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class NamedAddress:
    """An address and its name below the fabric's domain."""

    name: str
    """`DEVICE` for a loopback, `PORT.DEVICE`, `DEVICE.NETWORK`, `vip-N.NETWORK` or `gateway.NETWORK`.

    Of a network with several subnets the zone or rack stands before the network: `vip-N.ZONE.NETWORK`.
    """
    address: Address


def named_addresses(plan: Plan) -> Iterator[NamedAddress]:
    """Every address of a plan once: loopbacks and networks by device, then those of subnets, then links."""
    for device in plan.devices:
        yield from _of_device(device)
    for subnet in plan.subnets:
        yield from _of_subnet(subnet, plan.design.settings.first_index)
    for link in plan.links:
        yield from _of_link(link)


def _of_device(device: DevicePlan) -> Iterator[NamedAddress]:
    yield from (NamedAddress(device.name, address) for address in device.loopbacks)
    hosts = (*device.hosts, *device.segments)
    yield from (NamedAddress(f"{device.name}.{host.network}", host.address) for host in hosts)


def _of_subnet(subnet: SubnetPlan, first_index: int) -> Iterator[NamedAddress]:
    """Virtual addresses by number, so that the IPv4 and the IPv6 one of a service have one name; then gateways."""
    where = subnet.network if subnet.scope == "fabric" else f"{subnet.scope}.{subnet.network}"
    seen: Counter[int] = Counter()
    for vip in subnet.vips:
        yield NamedAddress(f"vip-{seen[vip.version] + first_index}.{where}", vip)
        seen[vip.version] += 1
    yield from (NamedAddress(f"gateway.{where}", gateway) for gateway in subnet.gateways)


def _of_link(link: LinkPlan) -> Iterator[NamedAddress]:
    for end in link.ends:
        for address in end.addresses:
            yield NamedAddress(f"{_label(end.interface)}.{end.device}", address.ip)


def _label(interface: str) -> str:
    """A port's name as a DNS label: `swp1s0.100` becomes `swp1s0-100`."""
    return re.sub(r"[^a-z0-9]+", "-", interface.lower()).strip("-")


def domain_of(plan: Plan, domain: str | None) -> str:
    """The domain of the fabric's names: the given one, else `FABRIC.internal`; InputError if it is no domain name.

    ICANN keeps `internal` free for private use.
    """
    if domain is None:
        return f"{plan.design.topology.name}.internal"
    if len(domain) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(domain):
        return domain
    raise InputError(
        f"domain: found {domain!r}; allowed: up to {_LONGEST_DOMAIN} characters, labels of a-z, 0-9 and '-' with dots "
        "between them. Give one such as 'fabric.example.org'."
    )


def file_name(name: str, what: str) -> str:
    """`name` as it is; InputError where it cannot be part of a path, a bind or a resource's name."""
    if _FILE_NAME.fullmatch(name):
        return name
    raise InputError(
        f"{what}: found the name {name!r}; allowed: letters, digits, '.', '_' and '-', a letter or digit first. "
        "Rename it in the topology."
    )
