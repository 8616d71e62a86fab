"""Short names to write small fabrics in tests: devices by their addresses, cables by their ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from fabric.config import (
    BgpFamily,
    BgpInstance,
    Cable,
    DeviceConfig,
    FabricConfig,
    Family,
    Interface,
    Neighbor,
    NeighborFamily,
    Place,
    Policies,
    Port,
    Prefix,
    PrefixList,
    PrefixRule,
    Redistribute,
    RemoteAs,
    RouteMap,
    RouteMapEntry,
    StaticNextHop,
    StaticRoute,
)

V4: tuple[Family, ...] = ("ipv4",)
V6: tuple[Family, ...] = ("ipv6",)
DUAL: tuple[Family, ...] = ("ipv4", "ipv6")


def interface(name: str, *addresses: str, **extra: Any) -> Interface:
    """An interface with its addresses."""
    return Interface(name, tuple(map(ip_interface, addresses)), **extra)


def neighbor(
    peer: str,
    remote_as: RemoteAs,
    families: Iterable[Family] | None = None,
    extra: dict[str, Any] | None = None,
    **policy: Any,
) -> Neighbor:
    """A neighbor by address (its family by default) or by interface (both); `policy` goes to every family."""
    try:
        address = ip_address(peer)
    except ValueError:
        address = None
    chosen = tuple(families) if families else (DUAL if address is None else (V4 if address.version == 4 else V6))
    settings = tuple(NeighborFamily(family, **policy) for family in chosen)
    return Neighbor(address or peer, remote_as, settings, **(extra or {}))


@dataclass(frozen=True)
class Own:
    """What a device announces itself."""

    networks: tuple[str, ...] = ()
    redistribute: tuple[str, ...] = ()
    maps: tuple[str | None, ...] = (None,)

    def family(self, family: Family, **extra: Any) -> BgpFamily:
        """The part of one family."""
        networks = tuple(p for p in map(prefix, self.networks) if f"ipv{p.version}" == family)
        extra["aggregates"] = tuple(a for a in extra.get("aggregates", ()) if f"ipv{a.prefix.version}" == family)
        items = tuple(Redistribute(protocol, self.maps[0]) for protocol in self.redistribute)  # type: ignore[arg-type]  # spelt in the test
        return BgpFamily(family, networks, items, **extra)


def device(
    name: str,
    asn: int,
    interfaces: Iterable[Interface],
    neighbors: Iterable[Neighbor] = (),
    own: Own | None = None,
    *,
    bgp: dict[str, Any] | None = None,
    family: dict[str, Any] | None = None,
    **extra: Any,
) -> DeviceConfig:
    """A device; its router id comes from the number in its name, so that it is unique and ordered."""
    made = own or Own(redistribute=("connected",))
    families = tuple(made.family(item, **(family or {})) for item in DUAL)
    settings: dict[str, Any] = {"router_id": _router_id(name)} | (bgp or {})
    instance = BgpInstance(asn=asn, neighbors=tuple(neighbors), families=families, **settings)
    return DeviceConfig(name, Place("test"), tuple(interfaces), (instance,), **extra)


def _router_id(name: str) -> str:
    kind = sum(map(ord, "".join(c for c in name if c.isalpha()))) % 250
    return f"{kind}.0.0.{int(''.join(c for c in name if c.isdigit()) or 0) + 1}"


def fabric(devices: Iterable[DeviceConfig], *cables: str) -> FabricConfig:
    """A fabric; each cable is `device:interface device:interface`."""
    return FabricConfig("test", tuple(devices), tuple(map(cable, cables)))


def cable(text: str) -> Cable:
    """The cable of `device:interface device:interface`."""
    a, b = text.split()
    return Cable(port(a), port(b))


def port(text: str) -> Port:
    """The port of `device:interface`."""
    return Port(*text.split(":"))


def prefix(text: str) -> Prefix:
    """The prefix of the text."""
    return ip_network(text)


def static(destination: str, *hops: str | tuple[str, str] | None, distance: int = 1) -> StaticRoute:
    """A static route: hops are addresses, interfaces, pairs of both, or `None` for a blackhole."""
    return StaticRoute(prefix(destination), tuple(map(_hop, hops)), distance)


def _hop(hop: str | tuple[str, str] | None) -> StaticNextHop:
    if hop is None:
        return StaticNextHop()
    if isinstance(hop, tuple):
        return StaticNextHop(ip_address(hop[0]), hop[1])
    try:
        return StaticNextHop(ip_address(hop))
    except ValueError:
        return StaticNextHop(None, hop)


def prefix_list(name: str, *rules: str, family: Family = "ipv4") -> PrefixList:
    """A prefix list; rules are FRR's text, such as `permit 10.0.0.0/8 ge 32`."""
    return PrefixList(name, family, tuple(_rule(5 * number + 5, text) for number, text in enumerate(rules)))


def _rule(seq: int, text: str) -> PrefixRule:
    action, what, *bounds = text.split()
    limits = {key: int(value) for key, value in zip(bounds[::2], bounds[1::2], strict=True)}
    assert action in ("permit", "deny")
    return PrefixRule(seq, action, None if what == "any" else prefix(what), **limits)  # type: ignore[arg-type]  # checked above


def route_map(name: str, *entries: RouteMapEntry) -> RouteMap:
    """A route map whose entries are numbered 10, 20, …"""
    return RouteMap(name, tuple(replace(entry, seq=10 * number + 10) for number, entry in enumerate(entries)))


def permit(*clauses: Any, on_match_next: bool = False) -> RouteMapEntry:
    """A permitting entry; clauses are matches and sets in any order."""
    return _entry("permit", clauses, on_match_next)


def deny(*clauses: Any) -> RouteMapEntry:
    """A denying entry."""
    return _entry("deny", clauses, on_match_next=False)


def _entry(action: Any, clauses: Iterable[Any], on_match_next: bool) -> RouteMapEntry:
    matches = tuple(item for item in clauses if type(item).__name__.startswith("Match"))
    sets = tuple(item for item in clauses if type(item).__name__.startswith("Set"))
    return RouteMapEntry(0, action, matches, sets, on_match_next)


def policies(*objects: Any) -> Policies:
    """The policy objects of a device, sorted into their kinds."""
    kinds = {"PrefixList": "prefix_lists", "AsPathList": "as_path_lists", "CommunityList": "community_lists",
             "RouteMap": "route_maps"}  # fmt: skip
    found: dict[str, tuple[Any, ...]] = {}
    for item in objects:
        kind = kinds[type(item).__name__]
        found[kind] = (*found.get(kind, ()), item)
    return Policies(**found)
