"""Routes that a device brings into BGP itself: `network`, `redistribute`, `aggregate-address`, `default-originate`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network

from fabric.config import Aggregate, Family, Prefix, Redistribute
from fabric.simulate._attributes import LOCAL_WEIGHT, OWN, AsHop, Attributes, BgpNextHop, Origin
from fabric.simulate._path import Path, Router
from fabric.simulate._policy import GRACEFUL_SHUTDOWN, Subject
from fabric.simulate._vrf import base_device
from fabric.simulate._zebra import Zebra

Held = Callable[[Router], Iterable[tuple[Prefix, Sequence[Path]]]]
"""The prefixes of a speaker's BGP table with their usable paths."""


DEFAULT_PREFIX: Mapping[Family, Prefix] = {"ipv4": IPv4Network("0.0.0.0/0"), "ipv6": IPv6Network("::/0")}

DEFAULT_ATTRIBUTES = Attributes(med=0)
"""What `default-originate` announces."""

_NO_ENTRY = 65536


def originated(router: Router, family: Family, zebra: Zebra) -> Iterator[tuple[Prefix, Path]]:
    """The paths of `network` and `redistribute`, as the routes of zebra make them."""
    settings = router.instance.family(family)
    for prefix in settings.networks:
        entry = zebra.select(router.name, prefix)
        if not router.instance.network_import_check or (entry is not None and entry.protocol != "bgp"):
            yield prefix, Path(_own(router, Attributes(med=0, weight=LOCAL_WEIGHT)), OWN, None)
    for item in settings.redistribute:
        yield from _redistributed(router, family, item, zebra)


def aggregated(router: Router, family: Family, held: Held) -> Iterator[tuple[Prefix, Path]]:
    """The paths of `aggregate-address`: one for each aggregate with a more specific route in the BGP table."""
    for aggregate in router.instance.family(family).aggregates:
        parts = [
            path
            for prefix, paths in held(router)
            if prefix.prefixlen > aggregate.prefix.prefixlen and _inside(prefix, aggregate.prefix)
            for path in paths
            if not path.aggregate
        ]
        if parts:
            yield aggregate.prefix, Path(_own(router, _summary(aggregate, parts)), OWN, None, aggregate=True)


def imported(
    router: Router, family: Family, held: Held, routers: Mapping[str, Router]
) -> Iterator[tuple[Prefix, Path]]:
    """The paths of `import vrf`: every usable one of the other VRF, with its attributes, but what that imports itself.

    bgpd passes them through its VPN table, whose owner, the default VRF's instance, is their originator.
    """
    for other in router.instance.family(family).import_vrfs:
        if other in routers:
            owner = routers.get(base_device(other), routers[other])
            for prefix, paths in held(routers[other]):
                for path in (path for path in paths if path.imported is None and not path.aggregate):
                    came_by = path.interface if path.source is None else path.source.interface
                    attributes = path.attributes._replace(originator_id=owner.router_id)
                    yield prefix, Path(attributes, path.next_hop, None, interface=came_by, imported=other)


def suppressed(router: Router, family: Family, prefix: Prefix) -> bool:
    """True when a `summary-only` aggregate keeps the prefix from being announced."""
    return any(
        item.summary_only and prefix.prefixlen > item.prefix.prefixlen and _inside(prefix, item.prefix)
        for item in router.instance.family(family).aggregates
    )


def conditional_default(router: Router, name: str, held: Held) -> Attributes | None:
    """The attributes of a `default-originate route-map`, `None` while the map permits no path of the BGP table.

    Of all permitting entries the one with the lowest sequence number shapes the announcement.
    """
    shaped: Attributes | None = None
    lowest = _NO_ENTRY
    for prefix, paths in held(router):
        for path in paths:
            kind = router.kind_of(path)
            subject = Subject(prefix, path.attributes, path.next_hop, path.interface, kind=kind)
            verdict = router.policy.shape(name, subject, Subject(prefix, DEFAULT_ATTRIBUTES))
            if verdict is None:
                continue
            shaped = shaped or DEFAULT_ATTRIBUTES
            if verdict[0] < lowest:
                lowest, shaped = verdict[0], verdict[1].attributes
    return shaped


def _inside(prefix: Prefix, outer: Prefix) -> bool:
    return prefix.version == outer.version and prefix.network_address in outer


def _own(router: Router, attributes: Attributes) -> Attributes:
    if not router.instance.graceful_shutdown:
        return attributes
    return attributes._replace(communities=attributes.communities | {GRACEFUL_SHUTDOWN}, local_preference=0)


def _redistributed(router: Router, family: Family, item: Redistribute, zebra: Zebra) -> Iterator[tuple[Prefix, Path]]:
    if item.protocol not in ("connected", "static"):
        return  # nothing is known of kernel routes and other daemons
    version = 4 if family == "ipv4" else 6
    for entry in zebra.local_routes(router.name, item.protocol):
        if entry.prefix.version != version:
            continue
        gateway = zebra.static_gateway(router.name, entry.prefix) if item.protocol == "static" else None
        path = Path(
            Attributes(origin=Origin.INCOMPLETE, med=entry.metric, weight=LOCAL_WEIGHT),
            BgpNextHop(gateway),
            None,
            interface=min((hop.interface for hop in entry.next_hops), default=None),
            taken_over=item.protocol,
        )
        mapped = _mapped(router, item.route_map, entry.prefix, path)
        if mapped is not None:
            yield entry.prefix, mapped._replace(attributes=_own(router, mapped.attributes))


def _mapped(router: Router, name: str | None, prefix: Prefix, path: Path) -> Path | None:
    if name is None:
        return path
    kind = router.kind_of(path)
    verdict = router.policy.apply(name, Subject(prefix, path.attributes, path.next_hop, path.interface, kind=kind))
    return None if verdict is None else path._replace(attributes=verdict.attributes, next_hop=verdict.next_hop)


def _summary(aggregate: Aggregate, parts: Sequence[Path]) -> Attributes:
    """The worst origin of the parts; with `as-set` also their AS paths and communities (RFC 4271 section 9.2.2.2)."""
    origin = max(path.attributes.origin for path in parts)
    if not aggregate.as_set:
        return Attributes(origin=origin, med=0, weight=LOCAL_WEIGHT)
    return Attributes(
        _merged([path.attributes.as_path for path in parts]),
        origin,
        med=0,
        weight=LOCAL_WEIGHT,
        communities=frozenset().union(*(path.attributes.communities for path in parts)),
        large_communities=frozenset().union(*(path.attributes.large_communities for path in parts)),
    )


def _merged(as_paths: Sequence[tuple[AsHop, ...]]) -> tuple[AsHop, ...]:
    """The common beginning of the AS paths, then every other ASN as one AS_SET."""
    common: list[AsHop] = []
    for hops in zip(*as_paths, strict=False):
        if any(hop != hops[0] for hop in hops):
            break
        common.append(hops[0])
    rest = {
        asn
        for path in as_paths
        for hop in path[len(common) :]
        for asn in (hop if isinstance(hop, frozenset) else (hop,))
    }
    return (*common, frozenset(rest)) if rest else tuple(common)
