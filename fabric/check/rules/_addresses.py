"""Rules about addresses wherever they are written: that they are some, and that nobody gives one out twice."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import combinations, islice

from fabric._values import dataclass
from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import Address, Path, at, items, overlap, range_text, span, span_of, texts
from fabric.check._views import View
from fabric.kubernetes import Resource

_KINDS = (
    "BGPPeer",
    "NetConfig",
    "NodeNetworkConfigurationPolicy",
    "OpenStackDataPlaneNodeSet",
    "IPSet",
    "ConfigMap",
)
_ADDRESS_KEYS = frozenset(
    [
        *("ip", "next-hop-address", "nexthop", "gateway", "peerAddress", "fixedIP", "start", "end", "ansibleHost"),
        *("internalapi_ip", "ctlplane_ip", "storage_ip", "loopback_ip", "loopback_ipv6", "bgp_peer", "bgp_ip"),
    ]
)
_PREFIX_KEYS = frozenset(["cidr"])
_MOST_PAIRS = 500_000
"""A thousand ranges; what a folder has beyond them is not compared."""


def addresses_are_some(scene: ResourceScene) -> Iterator[Hit]:
    for kind in _KINDS:
        for resource in scene.of_kind(kind):
            for path, key, text in _scalars(resource):
                problem = _problem(key, text)
                if problem:
                    yield about(resource, path, f"{key} is {text!r}, {problem}")


def _problem(key: str, text: str) -> str:
    if "{{" in text or not text:
        return ""  # a template's business
    wanted = "prefix" if key in _PREFIX_KEYS else "address"
    if not text.isascii():
        return f"which has characters other than ASCII and is no {wanted}"
    try:
        if key in _PREFIX_KEYS:
            ip_network(text, strict=False)
        else:
            ip_address(text.partition("/")[0])
    except ValueError:
        return f"which is no {wanted}"
    return ""


def _scalars(resource: Resource) -> Iterator[tuple[Path, str, str]]:
    """Every text under a key that holds an address or prefix, items of lists included."""
    pending: list[tuple[Path, str, object]] = [((), "", resource.value)]
    while pending:
        path, key, value = pending.pop()
        if isinstance(value, dict):
            pending += [((*path, str(k)), str(k), entry) for k, entry in reversed(value.items())]
        elif isinstance(value, list):
            pending += [((*path, i), key, entry) for i, entry in reversed(list(enumerate(value)))]
        elif isinstance(value, str) and key in _ADDRESS_KEYS | _PREFIX_KEYS:
            yield path, key, value


@dataclass(frozen=True, slots=True)
class _Given:
    """Addresses that somebody gives out by himself."""

    giver: str
    what: str
    span: tuple[Address, Address]
    view: View
    path: Path


def given_out_once(scene: ResourceScene) -> Iterator[Hit]:
    """Ranges of different givers; ranges of one NetConfig are the operator's own business."""
    ranges = list(_given(scene))
    for one, other in islice(combinations(ranges, 2), _MOST_PAIRS):
        if one.giver != other.giver and overlap(one.span, other.span):
            text = (
                f"{other.what} ({range_text(other.span)}) overlaps {one.what} ({range_text(one.span)}) "
                f"at {one.view.hit(one.path, '').where}"
            )
            yield other.view.hit(other.path, text)


def _given(scene: ResourceScene) -> Iterator[_Given]:
    for pool in scene.pools:
        for path, text in items(pool.value):
            found = span_of(text) if isinstance(text, str) else None
            if found:
                yield _Given("MetalLB", f"the pool {pool.name}", found, pool, path)
    for entry in scene.attachments:
        ipam = at(dict(entry.config or {}), "ipam")
        if at(ipam, "type") == "whereabouts":
            found = span(at(ipam, "range_start"), at(ipam, "range_end")) or span_of(str(at(ipam, "range")))
            if found:
                yield _Given("whereabouts", f"the attachment {entry.name}", found, entry, ())
    for subnet in scene.subnets:
        for path, _ in items(subnet.value, "allocationRanges"):
            value = at(subnet.value, *path)
            found = span(at(value, "start"), at(value, "end"))
            if found:
                yield _Given("NetConfig", f"the subnet {subnet.network}/{subnet.name}", found, subnet, path)


def nodes_outside_of_ranges(scene: ResourceScene) -> Iterator[Hit]:
    """Addresses of OpenShift nodes that MetalLB or whereabouts would give to somebody else."""
    ranges = [entry for entry in _given(scene) if entry.giver != "NetConfig"]
    for network in scene.nodes:
        for assigned in network.addresses:
            for entry in ranges:
                if overlap((assigned.address, assigned.address), entry.span):
                    text = f"{network.node} has {assigned.address}, which {entry.what} gives out"
                    yield about(network.resource, assigned.path, text)


def pools_do_not_overlap(scene: ResourceScene) -> Iterator[Hit]:
    """Value files and pools alike: MetalLB itself refuses only pools that are objects."""
    pools = [(pool, text) for pool in scene.pools for text in texts(pool.value)]
    for (one, first), (other, second) in combinations(pools, 2):
        a, b = span_of(first), span_of(second)
        if one.name != other.name and a and b and overlap(a, b):
            yield other.hit((), f"{second} of {other.name} overlaps {first} of {one.name}")


RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-561",
        "What stands for an address is one",
        "error",
        "A slip of the pen in a value file is found by the last step of a deployment, hours later.",
        "architecture commit 5546e9c7 (a next hop with two letters that look like zeros, in three references)",
        "Correct the address.",
        addresses_are_some,
    ),
    Rule(
        "FAB-562",
        "MetalLB, whereabouts and NetConfig give out different addresses",
        "error",
        "Each gives out addresses without asking the others, and two owners of one answer in turns.",
        "Red Hat, NFV guide 8.3.4",
        "Cut the network into ranges, one for each.",
        given_out_once,
    ),
    Rule(
        "FAB-563",
        "No node's address is in a range that is given out",
        "error",
        "The next pod or service gets the address of a node.",
        "Red Hat, NFV guide 8.3.4",
        "Move the range, or the node.",
        nodes_outside_of_ranges,
    ),
    Rule(
        "FAB-564",
        "Address pools do not overlap",
        "error",
        "MetalLB refuses all of its configuration.",
        "MetalLB, configuration parser",
        "Cut one of the two.",
        pools_do_not_overlap,
    ),
)
