"""Both ends of every BGP session, from the link they run over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from fabric._values import dataclass
from fabric.config._bgp import Neighbor, NeighborFamily, RemoteAs, Secret, Timers
from fabric.config._filters import (
    default_and_hosts_list,
    default_and_summaries_list,
    families_of,
    family_of,
    hosts_list,
    sums_up,
)
from fabric.config._policy import Address, Family
from fabric.plan import DevicePlan, LinkEnd, LinkPlan, Plan
from fabric.topology import AsnSettings, RackAsnSettings, Tier

COALESCE_MS = 100
"""FRR waits 1 s and more before the first announcement of a new session; 100 ms brings full ECMP back in 0.3 s."""
_BOTH_DIAL_S, _ONE_DIALS_S = 10, 2
"""`timers connect`, unless the design says otherwise: who dials alone is helped by nobody, and tries again sooner."""
BFD_PROFILE = "fabric"
EQUAL_LENGTHS = "equal-lengths"
"""The route map by which leaves of iBGP racks prepend their ASN."""
Direction = Literal["up", "down"]
_PLURAL: dict[Tier, str] = {
    "border": "borders",
    "super-spine": "super-spines",
    "spine": "spines",
    "leaf": "leaves",
    "node": "nodes",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a link, seen from the device that is being configured."""

    plan: Plan
    link: LinkPlan
    near: LinkEnd
    far: LinkEnd

    @property
    def me(self) -> DevicePlan:
        """The device being configured."""
        return self.plan.by_name[self.near.device]

    @property
    def peer(self) -> DevicePlan:
        """The device at the far end."""
        return self.plan.by_name[self.far.device]

    @property
    def toward(self) -> Direction:
        """Whether the peer stands above or below."""
        return "up" if self.near is self.link.lower else "down"

    @property
    def internal(self) -> bool:
        """True for iBGP."""
        return self.me.asn == self.peer.asn

    @property
    def speaks_bgp(self) -> bool:
        """True when both ends have an ASN."""
        return self.me.asn is not None and self.peer.asn is not None

    @property
    def bfd(self) -> bool:
        """Whether the session has BFD; both ends answer alike."""
        settings, lower = self.plan.design.settings, self.plan.by_name[self.link.lower.device].device
        return lower.role in settings.bfd_roles if lower.tier == "node" else self.plan.design.topology.bfd.fabric

    @property
    def names_source(self) -> bool:
        """Whether the session states its own address, without which bgpd resets it for BFD: docs/decisions/0015.

        Nodes of the `rhoso` profile cannot: neither MetalLB nor edpm-ansible passes it on. iBGP must not: with a source
        its BFD session is of several hops, which an end without one does not answer, and bgpd 10 waits for BFD.
        """
        by_others = self.me.device.tier == "node" and self.plan.design.topology.profile == "rhoso"
        return self.bfd and not by_others and not self.internal

    @property
    def dialled_from_below(self) -> bool:
        """Whether the lower end alone dials, so that two connections never meet; both ends answer alike.

        Where two do, bgpd 8.4 may end the session as it closes the connection that lost: docs/decisions/0018.
        """
        asked = self.plan.design.topology.links.dialled_from == "below"
        return asked and self.names_source and replace(self, near=self.far, far=self.near).names_source

    @property
    def connect_s(self) -> int:
        """After how long a connection that was refused is dialled again."""
        asked = self.plan.design.topology.timers.connect_s
        return asked or (_ONE_DIALS_S if self.dialled_from_below else _BOTH_DIAL_S)

    @property
    def password(self) -> Secret | None:
        """The session's password, by name and still without a value; both ends answer alike."""
        design, lower = self.plan.design, self.plan.by_name[self.link.lower.device].device
        names = design.topology.passwords
        if lower.tier != "node":
            name = names.fabric
        else:
            name = names.cluster if lower.role in design.settings.cluster_roles else names.nodes
        return Secret.placeholder(name) if name else None


def sides(plan: Plan, name: str) -> Iterator[Side]:
    """The ends of all links of a device, in the order of its ports."""
    return (Side(plan, link, near, far) for link, near, far in plan.links_of[name])


def neighbors(side: Side) -> Iterator[Neighbor]:
    """The sessions over one link: one a family between numbered ends, else one for all families."""
    if not side.speaks_bgp:
        return
    if not side.far.addresses:
        yield _neighbor(side, side.near.interface, families_of(side.plan))
    own = {family_of(address.ip): address.ip for address in side.near.addresses}
    for address in side.far.addresses:
        family = family_of(address.ip)
        numbered = _neighbor(side, address.ip, (family,))
        yield replace(
            numbered,
            update_source=own[family] if side.names_source else None,
            passive=side.toward == "down" and side.dialled_from_below,
            connect_s=side.connect_s,
        )


def _neighbor(side: Side, peer: Address | str, families: tuple[Family, ...]) -> Neighbor:
    timers = side.plan.design.topology.timers
    suffix = f"-{families[0]}" if side.far.addresses else ""
    return Neighbor(
        peer=peer,
        remote_as=_remote_as(side),
        families=tuple(_family(side, family) for family in families),
        group=_PLURAL[side.peer.device.tier] + suffix,
        description=side.peer.name,
        password=side.password,
        timers=Timers(timers.keepalive_s, timers.hold_s),
        connect_s=timers.connect_s or _BOTH_DIAL_S,
        bfd=side.bfd,
        bfd_profile=BFD_PROFILE if side.bfd else None,
    )


def _remote_as(side: Side) -> RemoteAs:
    assert side.peer.asn is not None
    return "internal" if side.internal else side.peer.asn


def _family(side: Side, family: Family) -> NeighborFamily:
    """Host routes both ways; the default route downwards."""
    down = side.toward == "down"
    hosts, with_default = hosts_list(family), default_and_hosts_list(family)
    reflects = side.internal and side.peer.device.tier == "node"
    made = NeighborFamily(
        family,
        prefix_list_in=hosts if down else with_default,
        prefix_list_out=_announced(side, family),
        route_map_out=EQUAL_LENGTHS if prepends(side) else None,
        next_hop_self=side.internal and not reflects,
        next_hop_self_force=reflects,
        route_reflector_client=reflects,
        default_originate=down and _originates_default(side),
        allowas_in=_allowas_in(side),
    )
    return _shared(made)


@lru_cache(maxsize=1024)
def _shared(settings: NeighborFamily) -> NeighborFamily:
    """The one object for equal settings: a fabric has a handful of them, and two sessions a link."""
    return settings


def _announced(side: Side, family: Family) -> str:
    """Name of the list of what the peer is told."""
    if side.toward == "up":
        return hosts_list(family)
    outside = side.me.device.tier == "border" and side.peer.device.tier == "node"
    return (default_and_summaries_list if outside and sums_up(side.plan) else default_and_hosts_list)(family)


def _originates_default(side: Side) -> bool:
    if side.me.device.tier == "border":
        return True
    topology = side.plan.design.topology
    return topology.profile == "rhoso" and topology.rhoso.default_route == "originated"


def _allowas_in(side: Side) -> int | Literal["origin"] | None:
    """Leaves that share an ASN must accept it in what the spines pass on; so must nodes that share one."""
    if side.toward != "up" or (side.internal and side.me.device.tier != "node"):
        return None
    asn, me = side.plan.design.settings.asn, side.me.device
    here = asn.of(me.rack)
    if me.tier == "leaf" or (me.tier == "node" and here.internal):
        return _of_shared_leaf(asn, here) if here.leaves != "per-leaf" else None
    return 1 if me.tier == "node" and here.nodes != "per-node" else None


def _of_shared_leaf(asn: AsnSettings, here: RackAsnSettings) -> int | Literal["origin"]:
    """In iBGP racks the shared ASN is the origin of all that comes; in eBGP racks a node's stands behind it."""
    internal = {here.internal} if here.leaves == "per-rack" else asn.internal
    if internal == {True}:
        return "origin"
    return 2 if asn.equal_lengths and True in internal else 1


def prepends(side: Side) -> bool:
    """Whether a leaf makes its AS path as long as those of racks whose nodes have ASNs of their own."""
    asn, me = side.plan.design.settings.asn, side.me.device
    fits = me.tier == "leaf" and side.toward == "up" and not side.internal
    return fits and asn.equal_lengths and asn.mixed and asn.of(me.rack).internal
