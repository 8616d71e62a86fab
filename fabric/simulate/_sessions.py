"""Which sessions the configurations ask for, and which of them come up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from fabric.config import Address, Family, Prefix
from fabric.simulate._links import Links
from fabric.simulate._peers import LINK_LOCAL, Peer, PeerAddress, Reached, Unreached, peers_of, reach
from fabric.simulate._values import Session, SessionDown, SessionEnd, SessionType

_FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
_COMBINED: Mapping[tuple[bool, bool], tuple[Family, ...]] = {
    (True, True): _FAMILIES,
    (True, False): ("ipv4",),
    (False, True): ("ipv6",),
    (False, False): (),
}


class Forwarding(Protocol):
    """What a session further than one link away needs to know of the routes."""

    def source_towards(self, device: str, address: Address) -> Address | None:
        """The source address that the kernel takes for packets to `address`; `None` without a route."""

    def delivers(self, device: str, address: Address) -> bool:
        """True when packets from the device to `address` arrive, whichever ECMP member they take."""


class Side(NamedTuple):
    """One end of an established session."""

    peer: Peer
    local: PeerAddress
    remote: PeerAddress
    interface: str
    """The interface that has the local address; the loopback for a session between loopbacks."""
    shared_link: bool
    """True when the peer's address is on a connected subnet (bgpd's `shared_network`)."""
    type: SessionType
    subnet: Prefix | None
    """The connected subnet that the peer's address is on."""


class Established(NamedTuple):
    """A session that is up, seen from both ends."""

    a: Side
    b: Side
    families: tuple[Family, ...]

    def sides(self) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
        """Both ends with their far ends."""
        return (self.a, self.b), (self.b, self.a)


class Pair(NamedTuple):
    """A neighbor statement and its counterpart, matched on the healthy fabric."""

    a: Peer
    b: Peer | None
    lone: Unreached | None = None
    """Without counterpart: why."""
    reached: tuple[Reached, Reached] | None = None
    """Where the two statements lead on the healthy fabric."""


def pair_up(links: Links) -> tuple[Pair, ...]:
    """Every neighbor statement in exactly one pair. Statements that name each other's address come first."""
    healthy = links.healthy
    peers = list(peers_of(healthy))
    leads = [reach(healthy, peer) for peer in peers]
    between: dict[tuple[str, str], list[int]] = {}
    for number, (peer, lead) in enumerate(zip(peers, leads, strict=True)):
        if isinstance(lead, Reached):
            between.setdefault((peer.device.name, lead.port.device), []).append(number)
    mates: dict[int, int] = {}
    for exact in (True, False):
        for number, lead in enumerate(leads):
            if number in mates or isinstance(lead, Unreached):
                continue
            for other in between.get((lead.port.device, peers[number].device.name), ()):
                if other not in mates and other != number and _names(lead, leads[other], exact):
                    mates[number], mates[other] = other, number
                    break
    return tuple(_pairs(peers, leads, mates))


def _names(here: Reached, there: Reached | Unreached, exact: bool) -> bool:
    """True when a statement that leads `there` points at the one that leads `here`; each leads to the other's device.

    That is at its very address, or (not exact) at any address of its device.
    """
    assert isinstance(there, Reached)
    if exact:
        return here.local in (None, there.remote) and there.local in (None, here.remote)
    if LINK_LOCAL in (here.remote, there.remote):
        return here.interface is not None and there.port.interface == here.interface
    assert not isinstance(here.remote, str)
    assert not isinstance(there.remote, str)
    return here.remote.version == there.remote.version


def _pairs(peers: Sequence[Peer], leads: Sequence[Reached | Unreached], mates: Mapping[int, int]) -> Iterable[Pair]:
    for number, (peer, lead) in enumerate(zip(peers, leads, strict=True)):
        other = mates.get(number)
        if other is not None:
            if other < number:
                continue
            back = leads[other]
            assert isinstance(lead, Reached)
            assert isinstance(back, Reached)
            yield Pair(peer, peers[other], reached=(lead, back))
        elif isinstance(lead, Unreached):
            yield Pair(peer, None, lead)
        else:
            text = f"{lead.port.device} has no neighbor statement that leads back to {peer.device.name}"
            yield Pair(peer, None, Unreached(SessionDown.NO_COUNTERPART, text))


def settle(
    links: Links, pair: Pair, forwarding: Forwarding, overflown: frozenset[SessionEnd]
) -> Established | Unreached:
    """What becomes of a pair: established, or the first thing that keeps it down.

    `overflown`: the statements whose peer sent more than their `maximum-prefix`.
    """
    a, b = pair.a, pair.b
    early = _switched_off(links, pair, overflown)
    if early is not None:
        return early
    if b is None:
        assert pair.lone is not None
        return pair.lone
    to_b, to_a = _reach_now(links, pair)
    if isinstance(to_b, Unreached):
        return to_b
    if isinstance(to_a, Unreached):
        return to_a
    connected = _connect(links, a, b, (to_b, to_a), forwarding)
    if isinstance(connected, Unreached):
        return connected
    refused = _refused(a, b)
    if refused is not None:
        return refused
    return Established(*connected, _common_families(a, b))


def _common_families(a: Peer, b: Peer) -> tuple[Family, ...]:
    ipv4, ipv6 = (bool(a.settings(family) and b.settings(family)) for family in _FAMILIES)
    return _COMBINED[ipv4, ipv6]


def _reach_now(links: Links, pair: Pair) -> tuple[Reached | Unreached, Reached | Unreached]:
    """Where both statements lead; what nothing disturbs leads where it led on the healthy fabric."""
    assert pair.b is not None
    assert pair.reached is not None
    if links.disturbed(pair.a.device.name) or links.disturbed(pair.b.device.name):
        return reach(links, pair.a), reach(links, pair.b)
    return pair.reached


def _switched_off(links: Links, pair: Pair, overflown: frozenset[SessionEnd]) -> Unreached | None:
    for peer in (pair.a, pair.b):
        if peer is None:
            continue
        if not links.alive(peer.device.name):
            return Unreached(SessionDown.DEVICE_DOWN, f"{peer.device.name} is down")
        if peer.neighbor.shutdown:
            return Unreached(SessionDown.SHUTDOWN, f"{peer.end} is configured `shutdown`")
        if links.failures.sessions and peer.end in links.failures.sessions:
            return Unreached(SessionDown.FAILED, f"the scenario takes {peer.end} down")
        if overflown and peer.end in overflown:
            return Unreached(SessionDown.MAXIMUM_PREFIX, f"{peer.end} got more prefixes than its `maximum-prefix`")
    return None


def _connect(
    links: Links, a: Peer, b: Peer, reached: tuple[Reached, Reached], forwarding: Forwarding
) -> tuple[Side, Side] | Unreached:
    """Both sides of the TCP connection, opened by whichever end can."""
    to_b, to_a = reached
    first = _dial(links, (a, to_b), (b, to_a), forwarding)
    if not isinstance(first, Unreached):
        return first
    second = _dial(links, (b, to_a), (a, to_b), forwarding)
    if isinstance(second, Unreached):
        return second if first.why is SessionDown.NOBODY_DIALS else first
    return second[1], second[0]


def _dial(
    links: Links, caller: tuple[Peer, Reached], called: tuple[Peer, Reached], forwarding: Forwarding
) -> tuple[Side, Side] | Unreached:
    (a, to_b), (b, to_a) = caller, called
    if not a.dials or not b.device.bgp_listens:
        why = (
            "is passive or has another port"
            if not a.dials
            else f"cannot call {b.device.name}, whose bgpd does not listen"
        )
        return Unreached(
            SessionDown.NOBODY_DIALS, f"{a.end} {why}, and the other end does not open the connection either"
        )
    external = a.type_towards(b.asn) == "ebgp"
    if to_b.interface is None and external and (a.ttl_limited or b.ttl_limited):
        text = f"{to_b.remote} is not on a subnet of {a.device.name}, and the eBGP session has no `ebgp-multihop`"
        return Unreached(SessionDown.NOT_CONNECTED, text)
    source = to_b.local
    if source is None:
        assert not isinstance(to_b.remote, str)
        source = forwarding.source_towards(a.device.name, to_b.remote)
    if source is None:
        return Unreached(SessionDown.UNREACHABLE, f"{a.device.name} has no route to {to_b.remote}")
    if source != to_a.remote:
        text = f"{a.device.name} calls from {source}, where {b.device.name} expects {to_a.remote}"
        return Unreached(SessionDown.ADDRESS_MISMATCH, text)
    if to_b.interface is None:
        lost = _undelivered(a, b, to_b.remote, source, forwarding)
        if lost is not None:
            return lost
    return _side(links, (a, to_b), b, source, to_b.remote), _side(links, (b, to_a), a, to_b.remote, source)


def _undelivered(
    a: Peer, b: Peer, target: PeerAddress, source: PeerAddress, forwarding: Forwarding
) -> Unreached | None:
    for device, address in ((a.device.name, target), (b.device.name, source)):
        assert not isinstance(address, str)
        if not forwarding.delivers(device, address):
            return Unreached(SessionDown.UNREACHABLE, f"packets from {device} to {address} do not arrive")
    return None


def _side(links: Links, end: tuple[Peer, Reached], other: Peer, local: PeerAddress, remote: PeerAddress) -> Side:
    peer, reached = end
    type_ = peer.type_towards(other.asn)
    if isinstance(local, str) or isinstance(remote, str):
        return Side(peer, local, remote, str(peer.neighbor.peer), True, type_, None)
    near = reached.near or links.connected_address(peer.device, remote)
    if near is not None and (near.ip is local or near.ip == local):
        interface = near.interface.name
    else:
        interface = next(port for port in links.owners[local] if port.device == peer.device.name).interface
    return Side(peer, local, remote, interface, near is not None, type_, None if near is None else near.address.network)


def _refused(a: Peer, b: Peer) -> Unreached | None:
    """Why the connection or the OPEN message is refused, if it is."""
    for one, two in ((a, b), (b, a)):
        if one.neighbor.ttl_security_hops is not None and two.ttl_limited and two.type_towards(one.asn) == "ebgp":
            floor = 256 - one.neighbor.ttl_security_hops
            text = f"{one.end} drops packets below TTL {floor}, and {two.device.name} sends TTL 1"
            return Unreached(SessionDown.TTL_SECURITY, text)
    if (a.neighbor.password and a.neighbor.password.value) != (b.neighbor.password and b.neighbor.password.value):
        return Unreached(
            SessionDown.AUTHENTICATION, f"the passwords of {a.end} and {b.end} differ, or only one end has one"
        )
    for one, two in ((a, b), (b, a)):
        if not one.accepts_asn(two.asn):
            text = f"{one.end} expects remote-as {one.neighbor.remote_as}, and {two.device.name} is AS {two.asn}"
            return Unreached(SessionDown.ASN, text)
        if int(two.router_id) == 0:
            return Unreached(
                SessionDown.ROUTER_ID, f"{two.device.name} has the router id 0.0.0.0, a bad BGP identifier"
            )
    if a.type_towards(b.asn) == "ibgp" and a.router_id == b.router_id:
        return Unreached(SessionDown.ROUTER_ID, f"{a.device.name} and {b.device.name} share router id {a.router_id}")
    if not _common_families(a, b):
        return Unreached(SessionDown.NO_COMMON_FAMILY, f"{a.end} and {b.end} have no address family in common")
    return None


def as_session(pair: Pair, outcome: Established | Unreached) -> Session:
    """The pair as the answer shows it."""
    b = pair.b
    type_: SessionType | None = pair.a.type_towards(b.asn) if b is not None else None
    end = None if b is None else b.end
    if isinstance(outcome, Unreached):
        return Session(pair.a.end, end, type_, (), outcome.why, outcome.explanation)
    return Session(pair.a.end, end, type_, outcome.families)
