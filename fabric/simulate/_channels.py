"""Directed edges of the route graph: what one end of a session announces, and what the other makes of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

from fabric.config import LOOPBACK, Address, Family, NeighborFamily, Prefix
from fabric.simulate._attributes import BgpNextHop
from fabric.simulate._export import Export, Exported
from fabric.simulate._import import Import
from fabric.simulate._path import Router, Source
from fabric.simulate._sessions import Established, Side
from fabric.simulate._values import SessionEnd


@dataclasses.dataclass(slots=True, eq=False)  # frozen, it would take four times as long to make
class Channel:
    """One direction of a session in one family. Compared by identity: there is one object for each, never changed."""

    index: int
    sender: Router
    receiver: Router
    sender_end: SessionEnd
    source: Source
    export: Export
    import_: Import
    own_next_hop: tuple[BgpNextHop, BgpNextHop]
    """The sender as next hop: without, and with its link-local address."""
    carries_ipv6: bool
    """True when the next hop is an IPv6 address: the IPv6 family, or IPv4 with RFC 8950."""
    peer_subnet: Prefix | None
    """The connected subnet, of the sender, that the receiver's address is on."""
    crowded: bool
    """True when the sender has other sessions on that subnet, whose next hops it passes on unchanged."""
    near: Address | None = None
    """The sender's address, where a connected subnet of the receiver makes it a next hop of metric 0."""

    def next_hop(self, exported: Exported, learned: Source | None) -> BgpNextHop:
        """The NEXT_HOP of an announcement: kept where the session allows it, else the sender."""
        address = exported.address
        own = self.own_next_hop[exported.with_link_local]
        if address is None or (exported.third_party and not self._on_peer_subnet(address, learned)):
            return own
        if (address.version == 6) != self.carries_ipv6:
            return own
        return BgpNextHop(address, own.link_local and exported.with_link_local)

    def _on_peer_subnet(self, address: Address, learned: Source | None) -> bool:
        """True when the receiver is on the next hop's subnet (RFC 4271 section 5.1.3) and did not send the path."""
        if self.peer_subnet is None or (learned is not None and not self.crowded):
            return False
        came_back = learned is not None and learned.end == self.sender_end
        return not came_back and address in self.peer_subnet


def channels_of(
    routers: Mapping[str, Router], established: Sequence[Established], family: Family
) -> tuple[Channel, ...]:
    """Both directions of every session that carries the family."""
    directions = [pair for session in established if family in session.families for pair in session.sides()]
    sessions = Counter(_place(here) for here, _ in directions)
    shared = _SharedPolicies(routers, family)
    return tuple(
        _channel(index, here, there, shared, crowded=here.subnet is not None and sessions[_place(here)] > 1)
        for index, (here, there) in enumerate(directions)
    )


def _place(side: Side) -> tuple[str, int]:
    """What stands for the subnet of a session on its device, where it is one object for all sessions."""
    return side.peer.device.name, id(side.subnet)


class _SharedPolicies:
    """Exports and imports by what tells them apart, so that peers configured alike share one."""

    def __init__(self, routers: Mapping[str, Router], family: Family) -> None:
        self.routers = routers
        self.family = family
        self._exports: dict[object, Export] = {}
        self._imports: dict[object, Import] = {}
        self._kinds: dict[NeighborFamily, int] = {}
        self._kind_of: dict[int, int] = {}

    def export(self, here: Side, peer_asn: int) -> Export:
        """How `here` announces."""
        router, settings = self.routers[here.peer.device.name], self._settings(here)
        by_peer = peer_asn if settings.remove_private_as or settings.as_override else None
        replaces = here.peer.neighbor.local_as_mode == "replace-as"
        key = (router.index, self._kind(settings), here.type, here.peer.asn, by_peer, replaces)
        found = self._exports.get(key)
        if found is None:
            found = Export(router, settings, here.type == "ebgp", here.peer.asn, peer_asn, replaces)
            self._exports[key] = found
        return found

    def import_(self, here: Side) -> Import:
        """How `here` receives."""
        router, settings = self.routers[here.peer.device.name], self._settings(here)
        local_as = None if here.peer.asn == router.instance.asn else here.peer.asn
        prepends = here.peer.neighbor.local_as_mode == "prepend"
        key = (router.index, self._kind(settings), here.type, local_as, prepends)
        found = self._imports.get(key)
        if found is None:
            found = self._imports[key] = Import(router, settings, here.type == "ebgp", local_as, prepends)
        return found

    def _settings(self, here: Side) -> NeighborFamily:
        """What the end of a session that carries the family says of it."""
        found = here.peer.settings(self.family)
        assert found is not None
        return found

    def _kind(self, settings: NeighborFamily) -> int:
        """A number that equal settings share; they are compared once, as they live as long as the fabric."""
        found = self._kind_of.get(id(settings))
        if found is None:
            found = self._kind_of[id(settings)] = self._kinds.setdefault(settings, len(self._kinds))
        return found


def _channel(index: int, here: Side, there: Side, shared: _SharedPolicies, *, crowded: bool) -> Channel:
    sender, receiver = shared.routers[here.peer.device.name], shared.routers[there.peer.device.name]
    ipv6 = shared.family == "ipv6" or _extended(here, there)
    external = there.type == "ebgp"
    export, import_ = shared.export(here, there.peer.asn), shared.import_(there)
    source = Source(
        there.peer.end,
        external,
        import_.settings.route_reflector_client,
        here.peer.asn,
        sender.router_id,
        _rank(there),
        there.interface,
        external and there.peer.ttl_limited,
    )
    hops = _own_next_hop(here, ipv6)
    near = _near(source, there)
    subnet, end = here.subnet, here.peer.end
    return Channel(index, sender, receiver, end, source, export, import_, hops, ipv6, subnet, crowded, near)


def _near(source: Source, there: Side) -> Address | None:
    """The sender's address, where the receiver cannot but have a connected or static route to it, all of metric 0.

    A session at TTL 1 looks at no other routes, and FRR keeps link-local subnets out of them.
    """
    remote = there.remote
    if not source.ttl_limited or there.subnet is None or isinstance(remote, str) or not there.subnet.prefixlen:
        return None
    return None if remote.is_link_local else remote


def _extended(here: Side, there: Side) -> bool:
    """True when IPv4 routes get IPv6 next hops: both ends offer it, which FRR does on IPv6 connections only."""
    over_ipv6 = isinstance(here.remote, str) or here.remote.version == 6
    return over_ipv6 and all(s.peer.neighbor.by_interface or s.peer.neighbor.extended_next_hop for s in (here, there))


def _own_next_hop(side: Side, ipv6: bool) -> tuple[BgpNextHop, BgpNextHop]:
    """What `bgp_zebra_nexthop_set` takes for the sender's addresses, without and with the link-local one."""
    if not ipv6:
        plain = BgpNextHop(_own_ipv4(side))
        return plain, plain
    interface = side.peer.device.interface(side.interface)
    addresses = [item.ip for item in interface.addresses if item.version == 6]
    local = None if isinstance(side.local, str) or side.local.version == 4 else side.local
    address = local or next(iter(addresses), None)
    link_local = side.shared_link and interface.name != LOOPBACK
    if address is None:
        only = BgpNextHop(None, link_local=True)
        return only, only
    return BgpNextHop(address), BgpNextHop(address, link_local)


def _own_ipv4(side: Side) -> Address:
    if not isinstance(side.local, str) and side.local.version == 4:
        return side.local
    interface = side.peer.device.interface(side.interface)
    own = next((item.ip for item in interface.addresses if item.version == 4), None)
    return own or side.peer.router_id


def _rank(side: Side) -> tuple[int, int, str]:
    remote = side.remote
    return (6, 0, side.interface) if isinstance(remote, str) else (remote.version, int(remote), "")
