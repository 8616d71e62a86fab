"""Rules about NetConfig, as its webhook asks for them; value files for one are judged alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Path, address, at, inside, items, number, prefix
from fabric.check._views import Subnet

_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_MOST_VLAN = 4094


def one_a_namespace(scene: ResourceScene) -> Iterator[Hit]:
    first: dict[str, str] = {}
    for resource in scene.of_kind("NetConfig"):
        known = first.setdefault(resource.namespace, resource.where())
        if known != resource.where():
            text = f"a second NetConfig in the namespace {resource.namespace} (first at {known})"
            yield about(resource, ("metadata", "name"), text)


def names_once(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("NetConfig"):
        for key in ("name", "dnsDomain"):
            seen: set[str] = set()
            for path, network in items(resource.value, "spec", "networks"):
                value = str(at(network, key)).lower()
                if at(network, key) is not None and value in seen:
                    yield about(resource, (*path, key), f"{key} {value} a second time")
                seen.add(value)
    known: set[tuple[int, str, str]] = set()
    for subnet in scene.subnets:
        mark = (id(subnet.resource), subnet.network.lower(), subnet.name)
        if mark in known:
            yield subnet.hit(("name",), f"the subnet {subnet.name} of {subnet.network} a second time")
        known.add(mark)


def subnets_apart(scene: ResourceScene) -> Iterator[Hit]:
    for one, other in combinations(scene.subnets, 2):
        a, b = one.cidr, other.cidr
        if one.resource is other.resource and a and b and a.version == b.version and a.overlaps(b):
            text = f"{b} of {other.network}/{other.name} overlaps {a} of {one.network}/{one.name}"
            yield other.hit(("cidr",), text)


def all_in_the_subnet(scene: ResourceScene) -> Iterator[Hit]:
    for subnet in scene.subnets:
        if subnet.cidr is not None:
            yield from _outside(subnet)
            yield from _backwards(subnet)


def _outside(subnet: Subnet) -> Iterator[Hit]:
    value = subnet.value
    places: list[tuple[Path, object]] = [(("gateway",), at(value, "gateway"))]
    for path, entry in items(value, "allocationRanges"):
        places += [((*path, key), at(entry, key)) for key in ("start", "end")]
    places += [((*path, "nexthop"), at(entry, "nexthop")) for path, entry in items(value, "routes")]
    places += [(path, entry) for path, entry in items(value, "excludeAddresses")]
    assert subnet.cidr is not None
    for place, text in places:
        found = address(text)
        if found is not None and not inside(found, subnet.cidr):
            yield subnet.hit(place, f"{place[-1]} {found} is not in {subnet.cidr}")
    for place, entry in items(value, "routes"):
        destination = prefix(at(entry, "destination"))
        if destination is not None and destination.version != subnet.cidr.version:
            yield subnet.hit((*place, "destination"), f"a route to {destination} in {subnet.cidr}: another family")


def _backwards(subnet: Subnet) -> Iterator[Hit]:
    for path, entry in items(subnet.value, "allocationRanges"):
        first, last = address(at(entry, "start")), address(at(entry, "end"))
        if first and last and first.version == last.version and int(first) > int(last):
            yield subnet.hit((*path, "start"), f"the range starts at {first} and ends at {last}")


def domains_and_vlans(scene: ResourceScene) -> Iterator[Hit]:
    for resource in scene.of_kind("NetConfig"):
        for path, network in items(resource.value, "spec", "networks"):
            domain = at(network, "dnsDomain")
            if domain is not None and not (isinstance(domain, str) and _DOMAIN.fullmatch(domain)):
                yield about(resource, (*path, "dnsDomain"), f"{domain!r} is no domain name in lower case")
    for subnet in scene.subnets:
        vlan = number(at(subnet.value, "vlan"))
        if vlan is not None and vlan > _MOST_VLAN:
            yield subnet.hit(("vlan",), f"VLAN {vlan}; the last one is {_MOST_VLAN}")


_WEBHOOK = "infra-operator, NetConfig webhook"
RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-621",
        "A namespace has one NetConfig",
        "error",
        "The webhook refuses a second one.",
        _WEBHOOK,
        "Put all networks into one.",
        one_a_namespace,
    ),
    Rule(
        "FAB-622",
        "Networks, subnets and DNS domains have names of their own",
        "error",
        "The webhook refuses a name, or a domain, that is there already.",
        _WEBHOOK,
        "Rename one.",
        names_once,
    ),
    Rule(
        "FAB-623",
        "Subnets of a NetConfig do not overlap",
        "error",
        "The webhook refuses a prefix twice, and of two that overlap both give out the shared addresses.",
        _WEBHOOK,
        "Cut or move one.",
        subnets_apart,
    ),
    Rule(
        "FAB-624",
        "Gateways, ranges and next hops lie in their subnet",
        "error",
        "The webhook refuses an address outside, of another family, or a range that ends before it starts.",
        _WEBHOOK,
        "Correct the address, or the cidr.",
        all_in_the_subnet,
    ),
    Rule(
        "FAB-625",
        "DNS domains and VLANs are possible ones",
        "error",
        "The webhook refuses anything but a domain name in lower case, and a VLAN above 4094.",
        _WEBHOOK,
        "Correct the value.",
        domains_and_vlans,
    ),
)
