"""What a kernel forwards by: the routes of one device, and how they differ from what was expected.

Pure values: nothing here opens a socket, so `verify` can hold a prediction beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache

from fabric._values import dataclass
from fabric.config import Address, Prefix

Hop = tuple[Address | None, str | None]
"""Gateway and interface of a next hop. A link-local gateway is written `None`: its interface names the neighbor."""

Forwarding = Mapping[Prefix, frozenset[Hop]]
"""The next hops of each prefix; the empty set drops the packet (blackhole, unreachable, prohibit)."""

KERNEL_OWN = frozenset({"kernel", "ra", "redirect"})
"""Protocols of routes that nobody asked for: addresses, router advertisements and redirects make them."""


class RouteKind(StrEnum):
    """What the kernel does with a packet that matches (`rtm_type`)."""

    UNICAST = "unicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"
    THROW = "throw"


@lru_cache(maxsize=65536)
def hop(gateway: Address | None, interface: str | None) -> Hop:
    """The next hop in the form that comparisons use.

    A link-local gateway says no more than its interface, and how it is written depends on the version of FRR:
    `fe80::...` of an unnumbered neighbor, or `169.254.0.1` where an IPv4 route leads to it (RFC 5549).
    """
    return (None if gateway is not None and gateway.is_link_local else gateway, interface)


@dataclass(frozen=True, slots=True)
class KernelNextHop:
    """One member of a route. `dead` members are listed by the kernel but get no packets."""

    gateway: Address | None
    interface: str | None
    weight: int = 1
    dead: bool = False
    linkdown: bool = False


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """One route of the main table."""

    prefix: Prefix
    next_hops: tuple[KernelNextHop, ...]
    """Empty unless `kind` is unicast."""
    protocol: str
    """Who installed it: `bgp`, `static`, `kernel`, ... or the number where it has no name."""
    metric: int = 0
    source: Address | None = None
    """The source address that the route prefers for the host's own packets."""
    kind: RouteKind = RouteKind.UNICAST

    @property
    def hops(self) -> frozenset[Hop]:
        """The next hops that get packets."""
        return frozenset(hop(member.gateway, member.interface) for member in self.next_hops if not member.dead)

    @property
    def dead(self) -> bool:
        """True where no next hop gets packets: the kernel passes over it, to a route of a higher metric."""
        return bool(self.next_hops) and all(member.dead for member in self.next_hops)


@dataclass(frozen=True)
class KernelFib:
    """The main table of one device, both families, ordered by family, prefix and metric."""

    device: str
    routes: tuple[KernelRoute, ...]

    def __iter__(self) -> Iterator[KernelRoute]:
        return iter(self.routes)

    @cached_property
    def by_prefix(self) -> Mapping[Prefix, KernelRoute]:
        """The route that wins for each prefix: the one of the lowest metric among those that are not dead."""
        best: dict[Prefix, KernelRoute] = {}
        for route in self.routes:
            held = best.setdefault(route.prefix, route)
            if (route.dead, route.metric) < (held.dead, held.metric):
                best[route.prefix] = route
        return best

    def forwarding(self, protocols: frozenset[str] | None = None) -> Forwarding:
        """The next hops of every winning route of these protocols; `None` takes all but what the kernel made itself."""
        return {
            prefix: route.hops
            for prefix, route in self.by_prefix.items()
            if (route.protocol not in KERNEL_OWN if protocols is None else route.protocol in protocols)
        }


@dataclass(frozen=True, slots=True)
class RouteDifference:
    """One prefix on which a kernel and the expectation disagree; `None` where a side has no route at all."""

    prefix: Prefix
    expected: frozenset[Hop] | None
    found: frozenset[Hop] | None

    @property
    def missing(self) -> bool:
        """True when the kernel has no route of this prefix."""
        return self.found is None

    @property
    def unexpected(self) -> bool:
        """True when nobody expected a route of this prefix."""
        return self.expected is None


def differences(expected: Forwarding, found: Forwarding) -> tuple[RouteDifference, ...]:
    """Every prefix that is missing, unexpected, or has other next hops than expected; ordered by family and prefix."""
    wrong = [
        RouteDifference(prefix, hops, found.get(prefix))
        for prefix, hops in expected.items()
        if found.get(prefix) != hops
    ]
    wrong.extend(RouteDifference(prefix, None, hops) for prefix, hops in found.items() if prefix not in expected)
    return tuple(sorted(wrong, key=lambda difference: prefix_order(difference.prefix)))


def prefix_order(prefix: Prefix) -> tuple[int, int, int]:
    """A sort key that holds for both families together: version, network, length."""
    return (prefix.version, int(prefix.network_address), prefix.prefixlen)
