"""`toAdvertise` and `toReceive` of one neighbor, converted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fabric.kubernetes._community import community_text
from fabric.kubernetes._golang import Family, parse_cidr, parse_ip, prefix_family
from fabric.kubernetes._refusal import RefusedError
from fabric.kubernetes._release import Dialect
from fabric.kubernetes.frr_k8s._api import Advertise, Neighbor, PrefixSelector, Receive
from fabric.kubernetes.frr_k8s._internal import (
    Incoming,
    IncomingFilter,
    Modifier,
    ModifierKind,
    Outgoing,
    SessionFamily,
)

_FAMILIES: tuple[Family, Family] = ("ipv4", "ipv6")


def convert_outgoing(neighbor: Neighbor, family: SessionFamily, prefixes: Sequence[str], dialect: Dialect) -> Outgoing:
    """What the neighbor is sent; `prefixes` are all that its router may advertise. Raises `RefusedError`."""
    if dialect.per_prefix_filters:
        return _outgoing_of_both_families(neighbor.to_advertise, prefixes)
    families = _FAMILIES if family == "dual" else (family,)
    wanted = {f: _advertised(neighbor.to_advertise, prefixes, f) for f in families}
    next_hops = {f: _next_hop(neighbor, f, families) for f in _FAMILIES} if dialect.next_hops else {}
    modifiers: list[Modifier] = []
    try:
        for entry in families:
            modifiers.extend(_local_prefs(neighbor.to_advertise, entry, wanted[entry]))
            modifiers.extend(_communities(neighbor.to_advertise, entry, wanted[entry]))
    except RefusedError as reason:
        # The controller blames the local preference for communities too.
        raise RefusedError(f"failed to process local pref for neighbor {neighbor.name}, err: {reason}") from reason
    return Outgoing(
        tuple(sorted(wanted.get("ipv4", ()))),
        tuple(sorted(wanted.get("ipv6", ()))),
        tuple(sorted(modifiers, key=lambda modifier: modifier.key)),
        next_hops.get("ipv4", ""),
        next_hops.get("ipv6", ""),
    )


def _advertised(advertise: Advertise, prefixes: Sequence[str], family: Family) -> frozenset[str]:
    source = prefixes if advertise.mode == "all" else advertise.prefixes
    return frozenset(prefix for prefix in source if prefix_family(prefix) == family)


def _next_hop(neighbor: Neighbor, family: Family, families: tuple[Family, ...]) -> str:
    advertise = neighbor.to_advertise
    text = advertise.next_hop_v4 if family == "ipv4" else advertise.next_hop_v6
    if not text:
        return ""
    address = parse_ip(text)
    if address is None or address.version != (4 if family == "ipv4" else 6):
        raise RefusedError(f'invalid {family} next hop "{text}" for neighbor {neighbor.name}')
    if family not in families:
        without = f"without an {family} address family"
        raise RefusedError(f'{family} next hop "{text}" set for neighbor {neighbor.name} {without}')
    return text


def _local_prefs(advertise: Advertise, family: Family, wanted: frozenset[str]) -> Iterator[Modifier]:
    seen: set[int] = set()
    for entry in advertise.with_local_pref:
        prefixes = [prefix for prefix in entry.prefixes if prefix_family(prefix) == family]
        if not prefixes:
            continue
        if entry.local_pref in seen:
            raise RefusedError(f"local preference {entry.local_pref} is already defined")
        seen.add(entry.local_pref)
        for prefix in prefixes:
            if prefix not in wanted:
                raise RefusedError(f"localPref {entry.local_pref} associated to non existing prefix {prefix}")
        for prefix in _repeated(prefixes):
            raise RefusedError(f"prefix {prefix} is already defined for local preference {entry.local_pref}")
        yield Modifier("local-preference", str(entry.local_pref), family, frozenset(prefixes))


def _communities(advertise: Advertise, family: Family, wanted: frozenset[str]) -> Iterator[Modifier]:
    seen: set[tuple[ModifierKind, str]] = set()
    for entry in advertise.with_community:
        kind, value = community_text(entry.community)
        prefixes = [prefix for prefix in entry.prefixes if prefix_family(prefix) == family]
        if not prefixes:
            continue
        if (kind, value) in seen:
            raise RefusedError(f"community {entry.community} is already defined")
        seen.add((kind, value))
        for prefix in prefixes:
            if prefix not in wanted:
                missing = "it's not in the advertisement list of the neighbor"
                raise RefusedError(f"prefix {prefix} is advertised for community {value} but {missing}")
        for prefix in _repeated(prefixes):
            raise RefusedError(f"prefix {prefix} is already defined for community {value}")
        yield Modifier(kind, value, family, frozenset(prefixes))


def _repeated(prefixes: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for prefix in prefixes:
        if prefix in seen:
            yield prefix
        seen.add(prefix)


def _outgoing_of_both_families(advertise: Advertise, prefixes: Sequence[str]) -> Outgoing:
    """Dialect A: both families whatever the session's own, and modifiers that may repeat."""
    wanted = {family: _advertised(advertise, prefixes, family) for family in _FAMILIES}
    everything = wanted["ipv4"] | wanted["ipv6"]
    pairs = [*_community_pairs(advertise, everything), *_local_pref_pairs(advertise, everything)]
    joined: dict[tuple[ModifierKind, str, Family], set[str]] = {}
    for kind, value, prefix in pairs:
        joined.setdefault((kind, value, prefix_family(prefix) or "ipv4"), set()).add(prefix)
    modifiers = (Modifier(*key, frozenset(joined[key])) for key in sorted(joined))
    return Outgoing(tuple(sorted(wanted["ipv4"])), tuple(sorted(wanted["ipv6"])), tuple(modifiers))


def _community_pairs(advertise: Advertise, known: frozenset[str]) -> Iterator[tuple[ModifierKind, str, str]]:
    for entry in advertise.with_community:
        kind, value = community_text(entry.community)
        for prefix in entry.prefixes:
            if prefix not in known:
                name = "large community" if kind == "large-community" else "community"
                raise RefusedError(f"{name} associated to non existing prefix {prefix}")
            yield kind, value, prefix


def _local_pref_pairs(advertise: Advertise, known: frozenset[str]) -> Iterator[tuple[ModifierKind, str, str]]:
    seen: set[str] = set()
    for entry in advertise.with_local_pref:
        for prefix in entry.prefixes:
            if prefix in seen:
                raise RefusedError(f"multiple local prefs specified for prefix {prefix}")
            seen.add(prefix)
    for entry in advertise.with_local_pref:
        for prefix in entry.prefixes:
            if prefix not in known:
                raise RefusedError(f"localPref associated to non existing prefix {prefix}")
            if entry.local_pref:  # zero counts as unset
                yield "local-preference", str(entry.local_pref), prefix


def convert_incoming(receive: Receive) -> Incoming:
    """What is accepted from the neighbor; raises `RefusedError` for a prefix or lengths that cannot be."""
    if receive.mode == "all":
        return Incoming(all=True)
    filters = sorted(map(_incoming_filter, receive.prefixes), key=lambda entry: entry.sort_key)
    return Incoming(
        v4=tuple(entry for entry in filters if entry.family == "ipv4"),
        v6=tuple(entry for entry in filters if entry.family == "ipv6"),
    )


def _incoming_filter(selector: PrefixSelector) -> IncomingFilter:
    parsed = parse_cidr(selector.prefix)
    if parsed is None:
        raise RefusedError(f"failed to parse prefix {selector.prefix}: invalid CIDR address: {selector.prefix}")
    mask, le, ge = parsed[1], selector.le, selector.ge
    if le and ge > le:
        raise RefusedError(f"invalid selector lengths: ge {ge} is bigger than le {le}")
    if le and mask > le:
        raise RefusedError(f"invalid selector lengths: cidr mask {mask} is bigger than le {le}")
    if ge and mask > ge:
        raise RefusedError(f"invalid selector lengths: cidr mask {mask} is bigger than ge {ge}")
    return IncomingFilter(selector.prefix, le, ge)
