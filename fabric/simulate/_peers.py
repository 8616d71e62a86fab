"""Both ends of every session, derived from the two configurations as bgpd and TCP would match them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Literal, NamedTuple

from fabric._values import dataclass
from fabric.config import (
    Address,
    BgpInstance,
    DeviceConfig,
    Family,
    Interface,
    Neighbor,
    NeighborFamily,
    Port,
)
from fabric.simulate._links import Attachment, Links
from fabric.simulate._path import router_id
from fabric.simulate._values import SessionDown, SessionEnd, SessionType

LinkLocal = Literal["link-local"]
LINK_LOCAL: LinkLocal = "link-local"
PeerAddress = Address | LinkLocal


@dataclasses.dataclass(slots=True, eq=False)  # frozen, it would take four times as long to make
class Peer:
    """One `neighbor` statement together with what it means on its device; one object for each, never changed."""

    device: DeviceConfig
    instance: BgpInstance
    neighbor: Neighbor
    end: SessionEnd
    """The name of this statement."""
    asn: int
    """The AS that this end says it is."""
    router_id: IPv4Address
    """The BGP identifier that this end sends."""

    def settings(self, family: Family) -> NeighborFamily | None:
        """What it says of the address family; `None` where that is not activated at this end."""
        found = None
        for item in self.neighbor.families:
            if item.family == family:
                found = item
        return found

    @property
    def ttl_limited(self) -> bool:
        """True for an eBGP peer at FRR's default TTL of 1; `ttl-security` raises it to 255 as `ebgp-multihop` does."""
        return not self.neighbor.ebgp_multihop and self.neighbor.ttl_security_hops is None

    def type_towards(self, remote_asn: int) -> SessionType:
        """`ibgp` when both ends say the same AS, as FRR's `peer_calc_sort` decides."""
        if self.neighbor.remote_as == "internal":
            return "ibgp"
        if self.neighbor.remote_as == "external":
            return "ebgp"
        return "ibgp" if remote_asn == self.asn else "ebgp"

    def accepts_asn(self, remote_asn: int) -> bool:
        """True when the AS in the peer's OPEN is the one that this end expects (`bgp_open_receive`)."""
        wanted = self.neighbor.remote_as
        if wanted == "internal":
            return remote_asn == self.instance.asn
        if wanted == "external":
            return remote_asn != self.instance.asn
        return wanted in ("auto", remote_asn)

    @property
    def dials(self) -> bool:
        """True when this end opens connections that can arrive: every bgpd listens on port 179."""
        return not self.neighbor.passive and self.neighbor.port in (None, 179)


class Reached(NamedTuple):
    """Where a peer statement leads: the port that owns the address, and the addresses of both ends."""

    port: Port
    remote: PeerAddress
    local: PeerAddress | None
    """The own address; `None` where only the route to the peer tells it."""
    interface: str | None
    """The own interface on the shared link; `None` when the peer is further away."""
    near: Attachment | None = None
    """The own interface and its address on whose subnet the peer's address was found."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why a peer statement leads nowhere."""

    why: SessionDown
    explanation: str


def peers_of(links: Links) -> Iterator[Peer]:
    """Every neighbor statement of the default VRF, in configured order."""
    for device in links.fabric:
        instance = device.default_bgp
        if instance is not None:
            identifier = router_id(device, instance)
            yield from (_peer(device, instance, neighbor, identifier) for neighbor in instance.neighbors)


def _peer(device: DeviceConfig, instance: BgpInstance, neighbor: Neighbor, identifier: IPv4Address) -> Peer:
    end = SessionEnd(device.name, str(neighbor.peer))
    return Peer(device, instance, neighbor, end, neighbor.local_as or instance.asn, identifier)


def reach(links: Links, peer: Peer) -> Reached | Unreached:
    """Where the statement's peer address is found, before any question whether it answers."""
    if peer.neighbor.by_interface:
        return _reach_by_interface(links, peer)
    address = peer.neighbor.peer
    assert not isinstance(address, str)
    found = links.connected_address(peer.device, address)
    if found is None:
        return _reach_far(links, peer, address)
    name = found.interface.name
    far = links.far_end(Port(peer.device.name, name))
    if far is None or far not in links.owners.get(address, ()):
        where = "nothing" if far is None else str(far)
        return Unreached(
            SessionDown.NO_OWNER,
            f"{address} is on the subnet of {name}, and {where} is at the other end of its cable",
        )
    return Reached(far, address, peer.neighbor.update_source or found.ip, name, found)


def _reach_far(links: Links, peer: Peer, address: Address) -> Reached | Unreached:
    for interface in peer.device.interfaces:
        down = interface.vrf is None and not links.up(Port(peer.device.name, interface.name))
        if down and any(item.version == address.version and address in item.network for item in interface.addresses):
            return Unreached(SessionDown.INTERFACE_DOWN, f"{peer.device.name}:{interface.name} has no carrier")
    owners = [port for port in links.owners.get(address, ()) if port.device != peer.device.name]
    if not owners:
        return Unreached(SessionDown.NO_OWNER, f"no other device of the fabric has the address {address}")
    return Reached(owners[0], address, peer.neighbor.update_source, None)


def _reach_by_interface(links: Links, peer: Peer) -> Reached | Unreached:
    name = str(peer.neighbor.peer)
    interface = next((item for item in peer.device.interfaces if item.name == name), None)
    if interface is None:
        return Unreached(SessionDown.NO_PEER_ADDRESS, f"{peer.device.name} has no interface {name}")
    far = links.far_end(Port(peer.device.name, name))
    if far is None:
        return Unreached(SessionDown.INTERFACE_DOWN, f"{peer.device.name}:{name} has no carrier")
    derived = _derived_ipv4(interface)
    if derived is None:
        return Reached(far, LINK_LOCAL, LINK_LOCAL, name)
    local, remote = derived
    if far not in links.owners.get(remote, ()):
        return Unreached(
            SessionDown.ADDRESS_MISMATCH, f"{name} has {local}, so that FRR dials {remote}, which {far} does not have"
        )
    return Reached(far, remote, local.ip, name)


def _derived_ipv4(interface: Interface) -> tuple[IPv4Interface, IPv4Address] | None:
    """The /30 or /31 of the interface and the mate's address, as `bgp_peer_conf_if_to_su_update_v4` takes them."""
    for address in interface.addresses:
        if not isinstance(address, IPv4Interface):
            continue
        if address.network.prefixlen == 31:
            return address, IPv4Address(int(address.ip) ^ 1)
        if address.network.prefixlen == 30:
            offset = {1: 1, 2: -1}.get(int(address.ip) % 4, 0)
            return address, IPv4Address(int(address.ip) + offset)
    return None
