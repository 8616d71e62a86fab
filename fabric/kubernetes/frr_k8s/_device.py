"""The node's FRR as a `DeviceConfig`, so that it can be simulated and run like any other device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Interface, ip_network
from typing import Literal, cast

from fabric import config
from fabric.config import DeviceConfig, Policies, Prefix
from fabric.kubernetes._golang import parse_ip
from fabric.kubernetes._release import Dialect
from fabric.kubernetes.frr_k8s._api import BfdProfile
from fabric.kubernetes.frr_k8s._filters import ListEntry, MapEntry, Statement, filter_statements
from fabric.kubernetes.frr_k8s._internal import Modifier, RouterConfig, Session
from fabric.kubernetes.frr_k8s._raw import own_asn_accepted, with_own_asn
from fabric.kubernetes.frr_k8s._text import active_families, evpn_lines, l3vni_lines, router_line, skips_connected_check
from fabric.kubernetes.frr_k8s._translate import NodeConfiguration

_FRR_ECHO_MS = 50


def to_device_config(base: DeviceConfig, configuration: NodeConfiguration) -> DeviceConfig:
    """`base` (the node's interfaces and static routes) with the BGP that frr-k8s gives it.

    What `DeviceConfig` has no field for (EVPN, an interface as update source, `disable-connected-check`,
    preserved forwarding) goes into `raw`, before the user's own raw text, of which `allowas-in` is understood as well.
    """
    merged, dialect = configuration.merged, configuration.release.dialect
    statements = [
        statement
        for router in merged.routers
        for session in router.sessions
        for statement in filter_statements(session, dialect)
    ]
    raw = [line for router in merged.routers for line in (*l3vni_lines(router), *_raw_router(router, dialect))]
    instances = tuple(_instance(router, base, dialect) for router in merged.routers)
    accepted = own_asn_accepted(merged.raw)
    return replace(
        base,
        bgp=tuple(with_own_asn(instance, accepted) for instance in instances),
        policies=_policies(base.policies, statements),
        bfd_profiles=tuple(map(_bfd_profile, merged.bfd_profiles)),
        resolve_via_default=True,
        bgp_listens=configuration.release.bgpd_listens,
        defaults="traditional",
        raw=(*base.raw, *raw, *merged.raw.splitlines()),
    )


def _instance(router: RouterConfig, base: DeviceConfig, dialect: Dialect) -> config.BgpInstance:
    return config.BgpInstance(
        router.asn,
        router.router_id or _router_id(base),
        tuple(_neighbor(session, dialect) for session in router.sessions),
        (
            config.BgpFamily("ipv4", tuple(map(_network, router.v4)), import_vrfs=router.imports),
            config.BgpFamily("ipv6", tuple(map(_network, router.v6)), import_vrfs=router.imports),
        ),
        vrf=router.vrf or None,
        multipath_relax=False,
        network_import_check=False,
    )


def _network(text: str) -> Prefix:
    return ip_network(text, strict=False)  # bgpd masks host bits, too


def _router_id(base: DeviceConfig) -> str:
    """The router id that zebra chooses: the highest IPv4 address on `lo`, else on any interface."""
    everywhere = [entry for interface in base.interfaces for entry in interface.addresses]
    for addresses in (base.loopback_addresses(), everywhere):
        found = [entry.ip for entry in addresses if isinstance(entry, IPv4Interface) and not entry.ip.is_loopback]
        if found:
            return str(max(found))
    return "0.0.0.0"  # noqa: S104  # what zebra reports without any address; nothing is bound to it


def _neighbor(session: Session, dialect: Dialect) -> config.Neighbor:
    timed = session.keepalive_s is not None and session.hold_s is not None
    return config.Neighbor(
        parse_ip(session.address) or session.interface,
        cast("Literal['internal', 'external']", session.asn) if not session.asn.isdigit() else int(session.asn),
        tuple(
            config.NeighborFamily(family, route_map_in=f"{session.id}-in", route_map_out=f"{session.id}-out")
            for family in active_families(session, dialect)
        ),
        password=config.Secret(session.password) if session.password else None,
        port=session.port,
        timers=config.Timers(session.keepalive_s or 0, session.hold_s or 0) if timed else None,
        connect_s=session.connect_s,
        bfd=bool(session.bfd_profile),
        bfd_profile=session.bfd_profile or None,
        ebgp_multihop=session.ebgp_multi_hop,
        update_source=parse_ip(session.source_address) if session.source_address else None,
        local_as=session.local_asn or None,
        graceful_restart=session.graceful_restart,
    )


def _raw_router(router: RouterConfig, dialect: Dialect) -> Iterator[str]:
    """The router's lines that `DeviceConfig` cannot express, in a block of their own."""
    lines = [line for session in router.sessions for line in _raw_session(session, router)]
    if dialect.preserve_forwarding and any(session.graceful_restart for session in router.sessions):
        lines.insert(0, "  bgp graceful-restart preserve-fw-state")
    if router.evpn is not None:
        lines.extend(evpn_lines(router, router.evpn))
    if lines:
        yield router_line(router)
        yield from lines
        yield "exit"


def _raw_session(session: Session, router: RouterConfig) -> Iterator[str]:
    if session.source_address and parse_ip(session.source_address) is None:
        yield f"  neighbor {session.peer} update-source {session.source_address}"
    if skips_connected_check(session, router):
        yield f"  neighbor {session.peer} disable-connected-check"


def _bfd_profile(profile: BfdProfile) -> config.BfdProfile:
    echo_ms = (profile.echo_interval or _FRR_ECHO_MS) if profile.echo_mode else None
    return config.BfdProfile(
        profile.name,
        profile.receive_interval or 300,
        profile.transmit_interval or 300,
        profile.detect_multiplier or 3,
        echo_ms,
        profile.passive_mode,
        profile.minimum_ttl,
    )


def _policies(base: Policies, statements: Iterable[Statement]) -> Policies:
    """The base's policies with the neighbors' added; a name in both means the neighbors' one."""
    lists: dict[tuple[str, config.Family], list[ListEntry]] = {}
    maps: dict[str, list[MapEntry]] = {}
    for statement in statements:
        if isinstance(statement, ListEntry):
            lists.setdefault((statement.name, statement.family), []).append(statement)
        else:
            maps.setdefault(statement.name, []).append(statement)
    kept_lists = (entry for entry in base.prefix_lists if (entry.name, entry.family) not in lists)
    kept_maps = (entry for entry in base.route_maps if entry.name not in maps)
    ours = (config.PrefixList(name, family, _rules(lists[name, family])) for name, family in lists)
    maps_of_ours = (config.RouteMap(name, tuple(map(_map_entry, maps[name]))) for name in maps)
    return replace(base, prefix_lists=(*kept_lists, *ours), route_maps=(*kept_maps, *maps_of_ours))


def _rules(entries: Iterable[ListEntry]) -> tuple[config.PrefixRule, ...]:
    rules: list[config.PrefixRule] = []
    for entry in entries:
        # FRR gives a line without a number the next multiple of five.
        seq = entry.seq or (rules[-1].seq // 5 * 5 + 5 if rules else 5)
        prefix = _network(entry.prefix) if entry.prefix else None
        rules.append(config.PrefixRule(seq, _action(entry.action), prefix, entry.ge or None, entry.le or None))
    return tuple(rules)


def _map_entry(entry: MapEntry) -> config.RouteMapEntry:
    match = (config.MatchPrefixList(entry.match[1], entry.match[0]),) if entry.match else ()
    sets: tuple[config.Set, ...] = (_set(entry.modifier),) if entry.modifier else ()
    if entry.next_hop:
        sets = (*sets, config.SetNextHop(parse_ip(entry.next_hop)))
    going_on = entry.modifier is not None
    return config.RouteMapEntry(entry.seq, _action(entry.action), match, sets, on_match_next=going_on)


def _set(modifier: Modifier) -> config.Set:
    match modifier.kind:
        case "local-preference":
            return config.SetLocalPreference(int(modifier.value))
        case "community":
            return config.SetCommunities((modifier.value,))
        case "large-community":
            return config.SetCommunities((modifier.value.removeprefix("large:"),), large=True)


def _action(text: str) -> config.Action:
    return "permit" if text == "permit" else "deny"
