"""Merging of routers and neighbors, where it is allowed at all.

Every function notes contradictions in `Refusals` and goes on with the first value, so that all of them are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from fabric._values import dataclass
from fabric.kubernetes._refusal import Origin, Refusals
from fabric.kubernetes._release import Dialect
from fabric.kubernetes.frr_k8s._evpn import merge_evpn
from fabric.kubernetes.frr_k8s._internal import Incoming, IncomingFilter, Modifier, Outgoing, RouterConfig, Session

DEFAULT_PORT = 179
DEFAULT_HOLD_S = 180
DEFAULT_KEEPALIVE_S = 60
DEFAULT_CONNECT_S = 60
"""What frr-k8s takes for FRR's connect retry time; FRR's own default is 120 s, and 30 s from 10.3 on."""


def merge_routers(first: RouterConfig, second: RouterConfig, dialect: Dialect, refusals: Refusals) -> RouterConfig:
    """Two routers of one VRF in one; with `second` the same as `first`, that router put in order."""
    origins = (*first.origins, *second.origins)
    if first.asn != second.asn:
        asns = f"{first.asn} != {second.asn}"
        refusals.add(f"different asns ({asns}) specified for same vrf: {first.vrf}", origins)
    if first.router_id and second.router_id and first.router_id != second.router_id:
        ids = f"{first.router_id} != {second.router_id}"
        refusals.add(f"different router ids ({ids}) specified for same vrf: {first.vrf}", origins)
    try:
        evpn = merge_evpn(first.evpn, second.evpn)
    except ValueError as conflict:
        refusals.add(f'could not merge EVPN configuration for vrf "{first.vrf}", err: {conflict}', origins)
        evpn = first.evpn
    return replace(
        first,
        router_id=first.router_id or second.router_id,
        sessions=merge_sessions((*first.sessions, *second.sessions), dialect, refusals),
        v4=_union(first.v4, second.v4),
        v6=_union(first.v6, second.v6),
        imports=_union(first.imports, second.imports),
        evpn=evpn,
        origins=_distinct((*first.origins, *second.origins)),
    )


def merge_sessions(sessions: Iterable[Session], dialect: Dialect, refusals: Refusals) -> tuple[Session, ...]:
    """The sessions with those of one id joined, sorted by id as text (10.0.0.10 stands before 10.0.0.2)."""
    merged: dict[str, Session] = {}
    for session in sessions:
        known = merged.get(session.id)
        merged[session.id] = _merge_session(known, session, dialect, refusals) if known else session
    return tuple(merged[key] for key in sorted(merged))


def _merge_session(first: Session, second: Session, dialect: Dialect, refusals: Refusals) -> Session:
    if first is not second:
        for reason in _contradictions(first, second, dialect):
            refusals.add(f"{reason} specified for {first.id}", (*first.origins, *second.origins))
        for reason in _outgoing_contradictions(first.outgoing, second.outgoing):
            where = f"could not merge outgoing for neighbor {second.address} vrf {second.vrf}, err"
            refusals.add(f"{where}: {reason}", (*first.origins, *second.origins))
    return clear_defaults(
        replace(
            first,
            bfd_profile=first.bfd_profile or second.bfd_profile,
            outgoing=merge_outgoing(first.outgoing, second.outgoing),
            incoming=merge_incoming(first.incoming, second.incoming),
            address_families=_union(first.address_families, second.address_families),
            origins=_distinct((*first.origins, *second.origins)),
        )
    )


@dataclass(frozen=True, slots=True)
class _Equal:
    """A property that must not differ between two descriptions of one session."""

    reason: str
    value: Callable[[Session], object]


_EQUAL = (
    _Equal("multiple asns", lambda s: s.asn),
    _Equal("multiple ports", lambda s: DEFAULT_PORT if s.port is None else s.port),
    _Equal("multiple source addresses", lambda s: s.source_address),
    _Equal("multiple passwords", lambda s: s.password),
    _Equal("conflicting ebgp-multihop", lambda s: s.ebgp_multi_hop),
    _Equal("conflicting advertiseDualStack", lambda s: s.family),
    _Equal("multiple hold times", lambda s: DEFAULT_HOLD_S if s.hold_s is None else s.hold_s),
    _Equal("multiple keepalive times", lambda s: DEFAULT_KEEPALIVE_S if s.keepalive_s is None else s.keepalive_s),
    _Equal("multiple connect times", lambda s: DEFAULT_CONNECT_S if s.connect_s is None else s.connect_s),
    _Equal("multiple localASNs", lambda s: s.local_asn),
)


def _contradictions(first: Session, second: Session, dialect: Dialect) -> Iterator[str]:
    """What keeps two descriptions of one session from being merged, in the controller's order."""
    for rule in _EQUAL:
        if rule.value(first) != rule.value(second):
            yield rule.reason
        if rule.reason == "multiple passwords":
            yield from _bfd_contradiction(first, second, dialect)
    if not dialect.ignores_disable_mp and first.disable_mp != second.disable_mp:
        yield "conflicting disableMP"


def _bfd_contradiction(first: Session, second: Session, dialect: Dialect) -> Iterator[str]:
    may_fill_in = dialect.bfd_profile_fills_in and not (first.bfd_profile and second.bfd_profile)
    if first.bfd_profile != second.bfd_profile and not may_fill_in:
        yield "multiple bfd profiles"


def _outgoing_contradictions(first: Outgoing, second: Outgoing) -> Iterator[str]:
    for family, one, other in (
        ("ipv4", first.next_hop_v4, second.next_hop_v4),
        ("ipv6", first.next_hop_v6, second.next_hop_v6),
    ):
        if one and other and one != other:
            yield f"{family} next hop: multiple next hops ({one} != {other}) specified"
    known = {prefix: m.value for m in first.modifiers if m.kind == "local-preference" for prefix in m.prefixes}
    for modifier in second.modifiers:
        if modifier.kind != "local-preference":
            continue
        for prefix in sorted(modifier.prefixes):
            if known.get(prefix, modifier.value) != modifier.value:
                yield f"multiple local prefs ({known[prefix]} != {modifier.value}) specified for prefix {prefix}"


def merge_outgoing(first: Outgoing, second: Outgoing) -> Outgoing:
    """The union of what two resources advertise to one neighbor."""
    if first == second:
        return replace(first, v4=_union(first.v4, ()), v6=_union(first.v6, ()))
    return Outgoing(
        _union(first.v4, second.v4),
        _union(first.v6, second.v6),
        _merge_modifiers((*first.modifiers, *second.modifiers)),
        first.next_hop_v4 or second.next_hop_v4,
        first.next_hop_v6 or second.next_hop_v6,
    )


def _merge_modifiers(modifiers: Iterable[Modifier]) -> tuple[Modifier, ...]:
    merged: dict[tuple[str, str, str], Modifier] = {}
    for modifier in modifiers:
        known = merged.get(modifier.key)
        prefixes = known.prefixes | modifier.prefixes if known else modifier.prefixes
        merged[modifier.key] = replace(modifier, prefixes=prefixes)
    return tuple(merged[key] for key in sorted(merged))


def merge_incoming(first: Incoming, second: Incoming) -> Incoming:
    """The union of what two resources accept from one neighbor; `all` wins over any list."""
    if first.all or second.all:
        return Incoming(all=True)
    return Incoming(v4=_merge_filters((*first.v4, *second.v4)), v6=_merge_filters((*first.v6, *second.v6)))


def _merge_filters(filters: Iterable[IncomingFilter]) -> tuple[IncomingFilter, ...]:
    merged = {entry.text_key: entry for entry in filters}
    return tuple(merged[key] for key in sorted(merged))


def clear_defaults(session: Session) -> Session:
    """The session without values that equal the defaults, each taken alone.

    So a hold time of 180 s beside a keepalive of 30 s is lost, and with it the whole `timers` line.
    """
    return replace(
        session,
        port=None if session.port == DEFAULT_PORT else session.port,
        hold_s=None if session.hold_s == DEFAULT_HOLD_S else session.hold_s,
        keepalive_s=None if session.keepalive_s == DEFAULT_KEEPALIVE_S else session.keepalive_s,
        connect_s=None if session.connect_s == DEFAULT_CONNECT_S else session.connect_s,
    )


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*first, *second}))


def _distinct(items: Iterable[Origin]) -> tuple[Origin, ...]:
    return tuple({id(item): item for item in items}.values())
