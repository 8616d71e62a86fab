"""What a device announces to a peer: `subgroup_announce_check` and `bgp_packet_attribute` of bgpd."""

from __future__ import annotations

from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import Address, NeighborFamily, Prefix
from fabric.simulate._attributes import DEFAULT_LOCAL_PREFERENCE, AsHop, Attributes
from fabric.simulate._path import Path, Router
from fabric.simulate._policy import GRACEFUL_SHUTDOWN, LOCAL_AS, NO_ADVERTISE, NO_EXPORT, Subject
from fabric.simulate._values import Reason


class Exported(NamedTuple):
    """An announcement before its next hop is written for the single peer."""

    attributes: Attributes
    address: Address | None
    """The next hop to keep; `None`: the sender itself."""
    third_party: bool
    """Keep it only if the peer is on the next hop's subnet."""
    with_link_local: bool
    """May carry the sender's link-local address."""


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """How one device announces to peers that are configured alike (FRR's update group)."""

    router: Router
    settings: NeighborFamily
    external: bool
    asn: int
    """The AS put in front towards eBGP peers; `local-as` where one is set."""
    peer_asn: int
    replaces: bool = False
    """`local-as … replace-as`: the instance's own AS is not shown."""

    def announce(self, path: Path, prefix: Prefix) -> Exported | Reason:
        """What goes out for the best path, or why nothing does."""
        withheld = self._withheld(path, prefix)
        if withheld is not None:
            return withheld
        reflected = path.internal and not self.external
        attributes = self._before_map(path, reflected)
        set_address = None
        if self.settings.route_map_out is not None:
            kind = self.router.kind_of(path)
            subject = Subject(prefix, attributes, path.next_hop, path.interface, kind=kind)
            mapped = self.router.policy.apply(self.settings.route_map_out, subject)
            if mapped is None:
                return Reason.ROUTE_MAP
            if not reflected:  # a reflector must not change what it reflects (`allow-outbound-policy` is off)
                attributes = mapped.attributes
                set_address = mapped.next_hop.address if mapped.next_hop.address != path.next_hop.address else None
        if self.external and self.router.instance.ebgp_requires_policy and not self._has_policy:
            return Reason.NO_POLICY
        foreign = path.imported is not None  # the peer may not know the other VRF
        own = foreign or self.settings.next_hop_self_force or (self.settings.next_hop_self and not reflected)
        keeps = None if own else path.next_hop.address
        return Exported(
            self._on_the_wire(attributes),
            set_address or keeps,
            self.external and set_address is None,
            not reflected and (self.external or path.source is None),
        )

    def default(self, made: Attributes) -> Exported:
        """The announcement of `default-originate`, which no filter of the neighbor touches."""
        if self.router.instance.graceful_shutdown:
            made = made._replace(communities=made.communities | {GRACEFUL_SHUTDOWN}, local_preference=0)
        return Exported(self._prepend(made), None, third_party=False, with_link_local=True)

    @property
    def prefix_list(self) -> str | None:
        """The name of the prefix list that filters what goes out."""
        return self.settings.prefix_list_out

    @property
    def keeps_next_hop(self) -> bool:
        """True when eBGP paths go to the peer with the next hop that they came with."""
        return not (self.external or self.settings.next_hop_self or self.settings.next_hop_self_force)

    @property
    def relays_attributes_only(self) -> bool:
        """True when what goes out of an eBGP path depends on its attributes, not on where it came from."""
        return self.external and self.settings.route_map_out is None

    @property
    def _has_policy(self) -> bool:
        return self.settings.route_map_out is not None or self.settings.prefix_list_out is not None

    def _withheld(self, path: Path, prefix: Prefix) -> Reason | None:
        held = path.attributes.communities
        if NO_ADVERTISE in held or (self.external and (NO_EXPORT in held or LOCAL_AS in held)):
            return Reason.COMMUNITY
        name = self.settings.prefix_list_out
        if name is not None and not self.router.policy.prefix_list_permits(name, prefix):
            return Reason.PREFIX_LIST
        if path.internal and not self.external:
            assert path.source is not None
            from_client = path.source.from_client
            if not (from_client or self.settings.route_reflector_client):
                return Reason.NOT_REFLECTED
        return None

    def _before_map(self, path: Path, reflected: bool) -> Attributes:
        """The attributes that the outbound route map sees."""
        attributes = path.attributes
        if reflected:
            assert path.source is not None
            origin = attributes.originator_id
            return attributes._replace(
                originator_id=path.source.peer_router_id if origin is None else origin,
                cluster_list=(self.router.router_id, *attributes.cluster_list),
            )
        attributes = attributes._replace(originator_id=None, cluster_list=())
        if not self.external:
            return attributes
        if path.source is not None:
            attributes = attributes._replace(med=None)
        return attributes._replace(as_path=self._edited(attributes.as_path))

    def _edited(self, as_path: tuple[AsHop, ...]) -> tuple[AsHop, ...]:
        """The path after `remove-private-AS` (all or nothing, but for the peer's AS) and `as-override`."""
        if self.settings.remove_private_as and all(_all_private(hop) for hop in as_path):
            as_path = tuple(hop for hop in as_path if hop == self.peer_asn)
        if self.settings.as_override:
            as_path = tuple(self.router.instance.asn if hop == self.peer_asn else hop for hop in as_path)
        return as_path

    def _on_the_wire(self, attributes: Attributes) -> Attributes:
        if self.router.instance.graceful_shutdown:
            if self.external:
                attributes = attributes._replace(communities=attributes.communities | {GRACEFUL_SHUTDOWN})
            else:
                attributes = attributes._replace(local_preference=0)
        return self._prepend(attributes)

    def _prepend(self, attributes: Attributes) -> Attributes:
        """The attributes with the own AS in front, and without what never leaves the device or the AS."""
        if not self.external:
            return attributes._replace(weight=0)
        front: tuple[AsHop, ...] = (self.asn,)
        hidden = self.settings.remove_private_as and _all_private(self.router.instance.asn)
        if self.asn != self.router.instance.asn and not hidden and not self.replaces:
            front = (self.asn, self.router.instance.asn)
        return attributes._replace(
            as_path=front + attributes.as_path, weight=0, local_preference=DEFAULT_LOCAL_PREFERENCE
        )


def _all_private(hop: AsHop) -> bool:
    """True for private ASNs (RFC 6996)."""
    members = hop if isinstance(hop, frozenset) else (hop,)
    return all(64512 <= asn <= 65534 or 4200000000 <= asn <= 4294967294 for asn in members)
