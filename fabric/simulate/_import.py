"""What a device makes of a received announcement: `bgp_update` of bgpd."""

from __future__ import annotations

from typing import Literal

from fabric._values import dataclass
from fabric.config import NeighborFamily, Prefix
from fabric.simulate._attributes import Attributes, BgpNextHop, count_asn
from fabric.simulate._path import Router
from fabric.simulate._policy import BLACKHOLE, GRACEFUL_SHUTDOWN, NO_EXPORT, Subject
from fabric.simulate._values import Reason


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """How one device receives from peers that are configured alike."""

    router: Router
    settings: NeighborFamily
    external: bool
    local_as: int | None
    """`local-as`, where it is not the instance's own AS."""
    prepends: bool = True
    """`local-as` without `no-prepend`: it goes in front of what is received."""

    @property
    def prefix_list(self) -> str | None:
        """The name of the prefix list that filters what comes in."""
        return self.settings.prefix_list_in

    @property
    def by_path_only(self) -> bool:
        """True when the answer does not depend on the next hop, so that it can be kept for the next session."""
        return self.settings.route_map_in is None

    @property
    def filter(self) -> tuple[object, ...] | None:
        """Imports with equal ones treat alike what does not name their router; `None`: this one is like no other."""
        if self.local_as is not None or self.settings.route_map_in is not None:
            return None
        instance, name = self.router.instance, self.settings.prefix_list_in
        lists = self.router.policy.prefix_lists
        permits = None if name is None else lists.get((name, self.settings.family))
        return name is None, permits, self.external, instance.ebgp_requires_policy, instance.graceful_shutdown

    @property
    def refuses_own_asn(self) -> bool:
        """True when every AS path with the router's own ASN in it is a loop: no `allowas-in`."""
        return not self.settings.allowas_in

    def is_named_in(self, attributes: Attributes) -> bool:
        """True when the AS path, ORIGINATOR_ID or CLUSTER_LIST has this router in it, whatever that leads to."""
        router = self.router
        return (
            bool(count_asn(attributes.as_path, router.instance.asn))
            or attributes.originator_id == router.router_id
            or router.router_id in attributes.cluster_list
        )

    def accept(
        self, attributes: Attributes, next_hop: BgpNextHop, prefix: Prefix, interface: str
    ) -> tuple[Attributes, BgpNextHop] | Reason:
        """The path as it enters the BGP table, or why it does not."""
        if self.local_as is not None and self.prepends:
            attributes = attributes._replace(as_path=(self.local_as, *attributes.as_path))
        loop = self._loop(attributes)
        if loop is not None:
            return loop
        name = self.settings.prefix_list_in
        if name is not None and not self.router.policy.prefix_list_permits(name, prefix):
            return Reason.PREFIX_LIST
        if (
            self.external
            and self.router.instance.ebgp_requires_policy
            and name is None
            and self.settings.route_map_in is None
        ):
            return Reason.NO_POLICY
        if self.settings.route_map_in is not None:
            on_link = interface if next_hop.address is None else None
            kind: Literal["system"] | None = "system" if self.router.asks_for_protocols else None
            mapped = self.router.policy.apply(
                self.settings.route_map_in, Subject(prefix, attributes, next_hop, on_link, kind=kind)
            )
            if mapped is None:
                return Reason.ROUTE_MAP
            attributes, next_hop = mapped.attributes, mapped.next_hop
        return self._graceful(attributes) if self.external else attributes, next_hop

    def _loop(self, attributes: Attributes) -> Reason | None:
        as_path = attributes.as_path
        allowed = self.settings.allowas_in
        count = allowed if isinstance(allowed, int) else 0
        if self.local_as is not None and count_asn(as_path, self.local_as) > (count or int(self.prepends)):
            return Reason.AS_LOOP
        from_own_as = allowed == "origin" and bool(as_path) and as_path[-1] == self.router.instance.asn
        if not from_own_as and count_asn(as_path, self.router.instance.asn) > count:
            return Reason.AS_LOOP
        if attributes.originator_id == self.router.router_id:
            return Reason.ORIGINATOR_LOOP
        return Reason.CLUSTER_LOOP if self.router.router_id in attributes.cluster_list else None

    def _graceful(self, attributes: Attributes) -> Attributes:
        """RFC 8326 and RFC 7999 as bgpd applies them to paths of eBGP peers."""
        held = attributes.communities
        if BLACKHOLE in held:
            attributes = attributes._replace(communities=held | {NO_EXPORT})
        if GRACEFUL_SHUTDOWN in held or self.router.instance.graceful_shutdown:
            communities = attributes.communities | {GRACEFUL_SHUTDOWN}
            attributes = attributes._replace(communities=communities, local_preference=0)
        return attributes
