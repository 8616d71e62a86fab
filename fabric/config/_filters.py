"""The routing policy of a design: host routes go everywhere, a default route goes down, nothing else goes anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import cast

from fabric.config._policy import (
    Address,
    Family,
    MatchPrefixList,
    Policies,
    Prefix,
    PrefixList,
    PrefixRule,
    RouteMap,
    RouteMapEntry,
    SetSource,
)
from fabric.config._segments import segment_rules
from fabric.plan import DevicePlan, Plan, summaries

DEFAULTS: dict[Family, Prefix] = {"ipv4": IPv4Network("0.0.0.0/0"), "ipv6": IPv6Network("::/0")}
BITS: dict[Family, int] = {"ipv4": 32, "ipv6": 128}


def families_of(plan: Plan) -> tuple[Family, ...]:
    """The fabric's address families, IPv4 first."""
    return cast("tuple[Family, ...]", tuple(f for f in ("ipv4", "ipv6") if f in plan.design.topology.families))


def family_of(address: Address | Prefix) -> Family:
    """The family of an address or prefix."""
    return "ipv4" if address.version == 4 else "ipv6"


def host_prefix(address: Address) -> Prefix:
    """The /32 or /128 of an address."""
    return ip_network(address)


def hosts_list(family: Family) -> str:
    """Name of the list that permits the fabric's host routes."""
    return f"hosts-{family}"


def default_and_hosts_list(family: Family) -> str:
    """Name of the list that permits a default route too."""
    return f"default-and-hosts-{family}"


def default_and_summaries_list(family: Family) -> str:
    """Name of the list that permits aggregates in place of the host routes that they sum up."""
    return f"default-and-summaries-{family}"


def own_list(family: Family) -> str:
    """Name of the list that permits a node's own addresses, so that it never becomes transit."""
    return f"own-{family}"


def nothing_list(family: Family) -> str:
    """Name of the list that denies everything."""
    return f"nothing-{family}"


def default_only_map(family: Family) -> str:
    """Name of the route map by which a node installs the default route alone, with its loopback as source."""
    return f"only-default-{family}"


def routed_space(plan: Plan, family: Family) -> tuple[Prefix, ...]:
    """The prefixes out of which host routes come: loopbacks and networks."""
    settings, networks = plan.design.settings, plan.design.topology.networks
    pools = [getattr(settings.loopbacks, family)]
    pools += [getattr(settings.networks[name], family) for name, n in networks.items() if n.kind == "routed"]
    return tuple(dict.fromkeys(prefix for prefix in pools if prefix is not None))


def _rules(prefixes: tuple[PrefixRule, ...]) -> Iterator[PrefixRule]:
    for number, rule in enumerate(prefixes, start=1):
        yield PrefixRule(number * 10, rule.action, rule.prefix, rule.ge, rule.le)


def switch_lists(plan: Plan, device: DevicePlan) -> tuple[PrefixList, ...]:
    """The prefix lists of a switch; a leaf learns of confined networks what is of its own zone or rack."""
    found = []
    for hosts in fabric_hosts(plan):
        default = PrefixRule(0, "permit", DEFAULTS[hosts.family])
        segments = _segments(plan, hosts.family)
        name = default_and_hosts_list(hosts.family)
        kept = _confined_rules(plan, device, hosts)
        found.append(PrefixList(hosts.name, hosts.family, tuple(_rules((*hosts.rules, *segments)))))
        found.append(PrefixList(name, hosts.family, tuple(_rules((default, *kept, *segments)))))
    return tuple(found)


def confined(plan: Plan, device: DevicePlan) -> dict[Prefix, tuple[Prefix, ...]]:
    """The prefix of each network that this leaf keeps to a zone or rack, with its own subnets of it; else nothing."""
    if device.device.tier != "leaf":
        return {}
    networks, scopes = plan.design.topology.networks, {device.device.zone, device.device.rack}
    return {
        prefix: tuple(
            own
            for subnet in plan.subnets
            if subnet.network == name and subnet.scope in scopes
            for own in subnet.prefixes
            if own.version == prefix.version
        )
        for name, network in networks.items()
        if network.confined
        for family in families_of(plan)
        if (prefix := getattr(network, family)) is not None
    }


def _confined_rules(plan: Plan, device: DevicePlan, hosts: PrefixList) -> Iterator[PrefixRule]:
    """The rules for host routes with a leaf's own subnets in place of the whole of confined networks."""
    kept = confined(plan, device)
    for rule in hosts.rules:
        prefixes = (rule.prefix,) if rule.prefix is None else kept.get(rule.prefix, (rule.prefix,))
        yield from (replace(rule, prefix=prefix) for prefix in prefixes)


def fabric_hosts(plan: Plan) -> tuple[PrefixList, ...]:
    """The list of each family that permits the fabric's host routes."""
    return tuple(PrefixList(hosts_list(family), family, _host_rules(plan, family)) for family in families_of(plan))


def _host_rules(plan: Plan, family: Family) -> tuple[PrefixRule, ...]:
    longest = BITS[family]
    return tuple(
        _rules(
            tuple(
                PrefixRule(0, "permit", prefix, None if prefix.prefixlen == longest else longest)
                for prefix in routed_space(plan, family)
            )
        )
    )


def sums_up(plan: Plan) -> bool:
    """Whether borders announce aggregates to nodes outside the racks."""
    borders = plan.design.topology.borders
    return borders is not None and borders.announce == "summaries"


def aggregates(plan: Plan, family: Family) -> tuple[Prefix, ...]:
    """What sums up the host routes of zones and of the fabric's networks."""
    topology = plan.design.topology
    routed = {f"networks.{name}.{family}" for name, n in topology.networks.items() if n.kind == "routed"}
    pools = {f"pools.loopbacks.{family}", f"pools.networks.{family}", *routed}
    found = [p for summary in summaries(plan) if summary.pool in pools for p in summary.prefixes]
    for subnet in plan.subnets:
        if subnet.scope == "fabric" and subnet.kind == "routed":
            found += [prefix for prefix in subnet.prefixes if family_of(prefix) == family]
    return tuple(prefix for prefix in dict.fromkeys(found) if prefix.prefixlen < BITS[family])


def _segments(plan: Plan, family: Family) -> tuple[PrefixRule, ...]:
    """The rules for segments; a border's aggregate of the same length is for the outside alone."""
    segments = tuple(segment_rules(plan, family))
    outside = aggregates(plan, family) if segments and sums_up(plan) else ()
    return (*(PrefixRule(0, "deny", prefix) for prefix in outside), *segments)


def summary_lists(plan: Plan) -> tuple[PrefixList, ...]:
    """The lists of a border that announces aggregates: host routes pass only where no aggregate holds them."""
    found = []
    for family in families_of(plan):
        whole = aggregates(plan, family)
        rules = (
            PrefixRule(0, "permit", DEFAULTS[family]),
            *(PrefixRule(0, "permit", prefix) for prefix in whole),
            *(PrefixRule(0, "deny", prefix, BITS[family]) for prefix in whole),
            *(PrefixRule(0, "permit", prefix, BITS[family]) for prefix in routed_space(plan, family)),
            *segment_rules(plan, family),
        )
        found.append(PrefixList(default_and_summaries_list(family), family, tuple(_rules(rules))))
    return tuple(found)


def own_prefix_list(family: Family, prefixes: tuple[Prefix, ...]) -> PrefixList:
    """The list of a node's own prefixes; an empty one denies everything."""
    rules = tuple(PrefixRule(0, "permit", prefix) for prefix in prefixes) or (PrefixRule(0, "deny"),)
    return PrefixList(own_list(family), family, tuple(_rules(rules)))


def deny_all(family: Family) -> PrefixList:
    """The list by which OpenShift nodes learn nothing (frr-k8s with an empty `toReceive`)."""
    return PrefixList(nothing_list(family), family, (PrefixRule(10, "deny"),))


def default_only(source: Address) -> Policies:
    """What a data-plane node needs to install the default route alone (`ip protocol bgp route-map`)."""
    family = family_of(source)
    name = default_only_map(family)
    lists = PrefixList(name, family, (PrefixRule(10, "permit", DEFAULTS[family]),))
    entry = RouteMapEntry(10, "permit", (MatchPrefixList(name, family),), (SetSource(source),))
    return Policies(prefix_lists=(lists,), route_maps=(RouteMap(name, (entry,)),))
