"""Destination classes: prefixes with one origin that no policy tells apart share one computation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from fabric.config import Address, Prefix, SetNextHop
from fabric.simulate._attributes import Attributes
from fabric.simulate._origins import suppressed
from fabric.simulate._path import Path, Router
from fabric.simulate._policy import PrefixMatcher
from fabric.simulate._propagation import DestinationClass, Graph
from fabric.simulate._tables import prefix_order

Locals = Mapping[Prefix, Mapping[int, tuple[Path, ...]]]
"""Own paths by prefix and speaker."""

Defaults = Mapping[int, Attributes | None]
"""What `default-originate` sends, by channel; `None` while its route map holds it back."""


class _Treatment(NamedTuple):
    """All that the fixed point sees of a prefix: equal treatment, equal outcome."""

    origins: tuple[tuple[int, tuple[Path, ...]], ...]
    suppressed: frozenset[int]
    host: Address | None
    default: bool
    verdicts: tuple[bool, ...]


def destination_classes(graph: Graph, local: Locals, defaults: Defaults) -> tuple[DestinationClass, ...]:
    """The prefixes of one family in classes, in the order of their first prefixes."""
    lists = tuple(dict.fromkeys(m for router in graph.routers for m in router.policy.prefix_lists.values()))
    next_hops = _next_hop_addresses(graph, local)
    summarizing = tuple(
        r for r in graph.routers if any(a.summary_only for a in r.instance.family(graph.family).aggregates)
    )
    groups: dict[_Treatment, list[Prefix]] = {}
    for prefix in sorted(local, key=prefix_order):
        groups.setdefault(_treatment(graph, prefix, local[prefix], (lists, next_hops, summarizing)), []).append(prefix)
    return tuple(
        DestinationClass(
            tuple(prefixes), dict(seen.origins), defaults if seen.default else {}, seen.suppressed, seen.host
        )
        for seen, prefixes in groups.items()
    )


def _treatment(
    graph: Graph,
    prefix: Prefix,
    origins: Mapping[int, tuple[Path, ...]],
    known: tuple[Sequence[PrefixMatcher], frozenset[int], Sequence[Router]],
) -> _Treatment:
    lists, next_hops, summarizing = known
    host = prefix.network_address if prefix.prefixlen == prefix.max_prefixlen else None
    return _Treatment(
        tuple(sorted(origins.items())),
        frozenset(router.index for router in summarizing if suppressed(router, graph.family, prefix)),
        host if host is not None and int(host) in next_hops else None,
        prefix.prefixlen == 0,
        tuple(item.permits(prefix) for item in lists),
    )


def _next_hop_addresses(graph: Graph, local: Locals) -> frozenset[int]:
    """Every address of the family that one of its paths may have as its next hop, as numbers: addresses hash slowly."""
    own = {id(hop): hop for channel in graph.channels for hop in channel.own_next_hop}
    paths = (path for origins in local.values() for paths in origins.values() for path in paths)
    hops = chain(own.values(), (path.next_hop for path in paths))
    found = chain((hop.address for hop in hops), *map(_set_next_hops, graph.routers))
    version = 4 if graph.family == "ipv4" else 6
    return frozenset(int(address) for address in found if address is not None and address.version == version)


def _set_next_hops(router: Router) -> Iterator[Address]:
    for route_map in router.policy.route_maps.values():
        for item in (item for entry in route_map.entries for item in entry.sets):
            if isinstance(item, SetNextHop) and item.address is not None:
                yield item.address
