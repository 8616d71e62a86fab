"""A plain rendering of a `DeviceConfig` for the reality tests of the simulator, independent of `fabric.render`."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.config import (
    BgpFamily,
    BgpInstance,
    DeviceConfig,
    Match,
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    MatchSourceProtocol,
    Neighbor,
    NeighborFamily,
    Policies,
    Set,
    SetAsPathPrepend,
    SetCommunities,
    SetLocalPreference,
    SetMetric,
    SetNextHop,
    SetSource,
    SetWeight,
    StaticNextHop,
)

_IP = {"ipv4": "ip", "ipv6": "ipv6"}


def frr_text(device: DeviceConfig) -> str:
    """An integrated frr.conf that says what the device is told."""
    return "\n".join([f"hostname {device.name}", *_lines(device), ""])


def _lines(device: DeviceConfig) -> Iterator[str]:
    yield f"frr defaults {device.defaults}"
    if not device.kernel_nexthop_groups:
        yield "no zebra nexthop kernel enable"
    if not device.resolve_via_default:
        yield from ("no ip nht resolve-via-default", "no ipv6 nht resolve-via-default")
    else:
        yield from ("ip nht resolve-via-default", "ipv6 nht resolve-via-default")
    yield from _policies(device.policies)
    for route in device.static_routes:
        for hop in route.next_hops:
            ip = _IP[f"ipv{route.prefix.version}"]
            yield f"{ip} route {route.prefix} {_static_hop(hop)} {route.distance}"
    for interface in device.interfaces:
        if interface.router_advertisements:
            yield from (f"interface {interface.name}", " no ipv6 nd suppress-ra", "exit")
    for filter_ in device.fib_filters:
        yield f"{_IP[filter_.family]} protocol {filter_.protocol} route-map {filter_.route_map}"
    for instance in device.bgp:
        yield from _bgp(instance)


def _static_hop(hop: StaticNextHop) -> str:
    return "blackhole" if hop.blackhole else " ".join(str(part) for part in (hop.address, hop.interface) if part)


def _policies(policies: Policies) -> Iterator[str]:
    for plist in policies.prefix_lists:
        for rule in plist.rules:
            bounds = "".join(f" {k} {v}" for k, v in (("ge", rule.ge), ("le", rule.le)) if v is not None)
            prefix = rule.prefix or "any"
            yield f"{_IP[plist.family]} prefix-list {plist.name} seq {rule.seq} {rule.action} {prefix}{bounds}"
    for aslist in policies.as_path_lists:
        for asrule in aslist.rules:
            yield f"bgp as-path access-list {aslist.name} seq {asrule.seq} {asrule.action} {asrule.regex}"
    for clist in policies.community_lists:
        kind = "large-community-list" if clist.large else "community-list"
        for crule in clist.rules:
            values = " ".join(crule.communities)
            yield f"bgp {kind} standard {clist.name} seq {crule.seq} {crule.action} {values}"
    for rmap in policies.route_maps:
        for entry in rmap.entries:
            yield f"route-map {rmap.name} {entry.action} {entry.seq}"
            yield from (f" match {_match(match)}" for match in entry.matches)
            yield from (f" set {_set(item)}" for item in entry.sets)
            if entry.on_match_next:
                yield " on-match next"
            yield "exit"


def _match(match: Match) -> str:
    if isinstance(match, MatchPrefixList):
        return f"{_IP[match.family]} address prefix-list {match.name}"
    if isinstance(match, MatchCommunity):
        exact = " exact-match" if match.exact else ""
        return f"{'large-' if match.large else ''}community {match.name}{exact}"
    if isinstance(match, MatchAsPath):
        return f"as-path {match.name}"
    if isinstance(match, MatchSourceProtocol):
        return f"source-protocol {match.protocol}"
    assert isinstance(match, MatchInterface)
    return f"interface {match.name}"


def _set(item: Set) -> str:
    if isinstance(item, SetLocalPreference):
        return f"local-preference {item.value}"
    if isinstance(item, SetMetric):
        return f"metric {item.value}"
    if isinstance(item, SetWeight):
        return f"weight {item.value}"
    if isinstance(item, SetCommunities):
        additive = " additive" if item.additive else ""
        return f"{'large-' if item.large else ''}community {' '.join(item.values)}{additive}"
    if isinstance(item, SetAsPathPrepend):
        return f"as-path prepend {' '.join(map(str, item.asns))}"
    if isinstance(item, SetSource):
        return f"src {item.address}"
    assert isinstance(item, SetNextHop)
    if item.address is None:
        return "ipv6 next-hop prefer-global"
    return f"ip next-hop {item.address}" if item.address.version == 4 else f"ipv6 next-hop global {item.address}"


def _bgp(instance: BgpInstance) -> Iterator[str]:
    yield f"router bgp {instance.asn}" + (f" vrf {instance.vrf}" if instance.vrf else "")
    yield f" bgp router-id {instance.router_id}"
    yield " no bgp default ipv4-unicast"
    yield f" {'' if instance.ebgp_requires_policy else 'no '}bgp ebgp-requires-policy"
    yield f" {'' if instance.network_import_check else 'no '}bgp network import-check"
    if instance.multipath_relax:
        yield " bgp bestpath as-path multipath-relax"
    if instance.graceful_shutdown:
        yield " bgp graceful-shutdown"
    yield f" coalesce-time {instance.coalesce_ms or 100}"
    for neighbor in instance.neighbors:
        yield from (f" {line}" for line in _neighbor(neighbor))
    for family in ("ipv4", "ipv6"):
        yield f" address-family {family} unicast"
        yield from (f"  {line}" for line in _bgp_family(instance.family(family)))
        for neighbor in instance.neighbors:
            for settings in neighbor.families:
                if settings.family == family:
                    yield from (f"  neighbor {neighbor.peer} {line}" for line in _neighbor_family(settings))
        yield " exit-address-family"
    yield "exit"


def _neighbor(neighbor: Neighbor) -> Iterator[str]:
    me = f"neighbor {neighbor.peer}"
    yield (
        f"{me} interface remote-as {neighbor.remote_as}"
        if neighbor.by_interface
        else (f"{me} remote-as {neighbor.remote_as}")
    )
    if neighbor.password is not None:
        yield f"{me} password {neighbor.password.value}"
    if neighbor.local_as is not None:
        yield f"{me} local-as {neighbor.local_as}"
    if neighbor.ebgp_multihop:
        yield f"{me} ebgp-multihop"
    if neighbor.ttl_security_hops is not None:
        yield f"{me} ttl-security hops {neighbor.ttl_security_hops}"
    if neighbor.update_source is not None:
        yield f"{me} update-source {neighbor.update_source}"
    if neighbor.passive:
        yield f"{me} passive"
    if neighbor.shutdown:
        yield f"{me} shutdown"
    if neighbor.extended_next_hop:
        yield f"{me} capability extended-nexthop"
    timers = neighbor.timers
    yield f"{me} timers {timers.keepalive_s if timers else 3} {timers.hold_s if timers else 9}"
    yield f"{me} timers connect {neighbor.connect_s or 1}"


def _bgp_family(family: BgpFamily) -> Iterator[str]:
    yield from (f"network {prefix}" for prefix in family.networks)
    for item in family.redistribute:
        yield f"redistribute {item.protocol}" + (f" route-map {item.route_map}" if item.route_map else "")
    for aggregate in family.aggregates:
        options = f"{' as-set' if aggregate.as_set else ''}{' summary-only' if aggregate.summary_only else ''}"
        yield f"aggregate-address {aggregate.prefix}{options}"
    yield from (f"maximum-paths {family.maximum_paths}", f"maximum-paths ibgp {family.maximum_paths}")


def _neighbor_family(settings: NeighborFamily) -> Iterator[str]:
    yield "activate"
    flags = (
        ("next-hop-self", settings.next_hop_self and not settings.next_hop_self_force),
        ("next-hop-self force", settings.next_hop_self_force),
        ("route-reflector-client", settings.route_reflector_client),
        ("soft-reconfiguration inbound", settings.soft_reconfiguration_in),
        ("remove-private-AS", settings.remove_private_as),
        ("as-override", settings.as_override),
    )
    yield from (line for line, on in flags if on)
    if settings.prefix_list_in:
        yield f"prefix-list {settings.prefix_list_in} in"
    if settings.prefix_list_out:
        yield f"prefix-list {settings.prefix_list_out} out"
    if settings.route_map_in:
        yield f"route-map {settings.route_map_in} in"
    if settings.route_map_out:
        yield f"route-map {settings.route_map_out} out"
    if settings.default_originate:
        condition = f" route-map {settings.default_originate_map}" if settings.default_originate_map else ""
        yield f"default-originate{condition}"
    if settings.allowas_in is not None:
        yield f"allowas-in {settings.allowas_in}"
    if settings.maximum_prefix is not None:
        yield f"maximum-prefix {settings.maximum_prefix}"
