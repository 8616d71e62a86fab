"""MetalLB's and frr-k8s's kinds, with the fields that every supported release has.

The one exception is `interface`, which came with OpenShift 4.19; the emitter refuses to use it before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from fabric.kubernetes.emit._model import (
    Address,
    Asn,
    Duration,
    Label,
    Model,
    Name,
    Object,
    Prefix,
    Reference,
    Selector,
)

Port = Annotated[int, Field(strict=True, ge=1, le=16_384)]
BfdMs = Annotated[int, Field(strict=True, ge=10, le=60_000)]
_SECONDS = re.compile(r"([0-9]+)s")


def seconds(duration: str) -> int:
    """Whole seconds of a duration written as `9s`, the only form that is emitted; raises `ValueError` for others."""
    found = _SECONDS.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration} is no whole number of seconds, written as 9s")
    return int(found[1])


class Session(Model):
    """What BGPPeer and a FRRConfiguration's neighbor have in common."""

    hold_time: Duration | None = None
    keepalive_time: Duration | None = None
    connect_time: Duration | None = None
    bfd_profile: Name | None = None
    password_secret: Reference | None = None

    @model_validator(mode="after")
    def _timers(self) -> Self:
        """Both or none, hold 0 or 3 s and more, keepalive at most a third (bgpd lowers it); connect 1 to 65535 s."""
        if (self.hold_time is None) != (self.keepalive_time is None):
            raise ValueError("holdTime and keepaliveTime go together")
        if self.hold_time is not None and self.keepalive_time is not None:
            hold, keepalive = seconds(self.hold_time), seconds(self.keepalive_time)
            if hold < 3 or keepalive * 3 > hold:
                raise ValueError(f"holdTime {hold}s and keepaliveTime {keepalive}s: 3s or more, and at most a third")
        if self.connect_time is not None and not 1 <= seconds(self.connect_time) <= 65_535:
            raise ValueError(f"connectTime {self.connect_time}: 1s to 65535s")
        return self


class BgpPeerSpec(Session):
    my_asn: Asn = Field(alias="myASN")
    peer_asn: Asn = Field(alias="peerASN")
    peer_address: Address
    node_selectors: Annotated[tuple[Selector, ...], Field(min_length=1)]
    disable_mp: bool | None = Field(default=None, alias="disableMP")
    """Heeded up to OpenShift 4.19: without it both families are activated on every session."""


class BgpPeer(Object):
    api_version: Literal["metallb.io/v1beta2"] = "metallb.io/v1beta2"
    kind: Literal["BGPPeer"] = "BGPPeer"
    spec: BgpPeerSpec


class BgpAdvertisementSpec(Model):
    ip_address_pools: Annotated[tuple[Name, ...], Field(min_length=1)]
    peers: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Named one by one: a peer that is forgotten gets no addresses, without a word."""


class BgpAdvertisement(Object):
    api_version: Literal["metallb.io/v1beta1"] = "metallb.io/v1beta1"
    kind: Literal["BGPAdvertisement"] = "BGPAdvertisement"
    spec: BgpAdvertisementSpec


class IpAddressPoolSpec(Model):
    addresses: Annotated[tuple[str, ...], Field(min_length=1)]
    auto_assign: bool = True

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        for entry in self.addresses:
            first, _, last = entry.partition("-")
            start, end = ip_address(first), ip_address(last)
            if start.version != end.version or int(start) > int(end):
                raise ValueError(f"{entry}: a range starts at or before its end, in one family")
        return self


class IpAddressPool(Object):
    api_version: Literal["metallb.io/v1beta1"] = "metallb.io/v1beta1"
    kind: Literal["IPAddressPool"] = "IPAddressPool"
    spec: IpAddressPoolSpec


class BfdTimes(Model):
    detect_multiplier: Annotated[int, Field(strict=True, ge=2, le=255)]
    receive_interval: BfdMs
    transmit_interval: BfdMs


class BfdProfile(Object):
    api_version: Literal["metallb.io/v1beta1"] = "metallb.io/v1beta1"
    kind: Literal["BFDProfile"] = "BFDProfile"
    spec: BfdTimes


class CommunityAlias(Model):
    name: Name
    value: Annotated[str, StringConstraints(pattern=r"^([0-9]{1,5}:[0-9]{1,5}|large:[0-9]+:[0-9]+:[0-9]+)$")]


class CommunitySpec(Model):
    communities: tuple[CommunityAlias, ...]


class Community(Object):
    api_version: Literal["metallb.io/v1beta1"] = "metallb.io/v1beta1"
    kind: Literal["Community"] = "Community"
    spec: CommunitySpec


class Toleration(Model):
    key: str
    operator: Literal["Exists", "Equal"]
    value: str | None = None
    effect: Literal["NoSchedule", "NoExecute"]


class MetalLbSpec(Model):
    node_selector: Mapping[str, str]
    speaker_tolerations: tuple[Toleration, ...] | None = None


class MetalLb(Object):
    api_version: Literal["metallb.io/v1beta1"] = "metallb.io/v1beta1"
    kind: Literal["MetalLB"] = "MetalLB"
    spec: MetalLbSpec


class Allowed(Model):
    """`allowed` of what is advertised."""

    prefixes: tuple[Prefix, ...]


class Everything(Model):
    """`allowed` of what is received, for nodes that learn routes."""

    mode: Literal["all"] = "all"


class Received(Model):
    """One prefix that is received, with those in it of lengths `ge` to `le`."""

    prefix: Prefix
    ge: Annotated[int, Field(ge=1, le=128)] | None = None
    le: Annotated[int, Field(ge=1, le=128)] | None = None


class Listed(Model):
    """`allowed` of what is received, for nodes that learn some routes."""

    prefixes: tuple[Received, ...]


class ToAdvertise(Model):
    allowed: Allowed


class ToReceive(Model):
    allowed: Everything | Listed


class Neighbor(Session):
    asn: Asn
    address: Address | None = None
    interface: str | None = None
    disable_mp: bool | None = Field(default=None, alias="disableMP")
    to_advertise: ToAdvertise
    to_receive: ToReceive | None = None
    """Left out, nothing is accepted."""

    @model_validator(mode="after")
    def _peer(self) -> Self:
        if (self.address is None) == (self.interface is None):
            raise ValueError("a neighbor has either an address or an interface")
        return self


class Router(Model):
    asn: Asn
    id: IPv4Address
    """Explicit: frr-k8s renders any text, and without one FRR takes the highest address, VIPs included."""
    prefixes: tuple[Prefix, ...]
    neighbors: tuple[Neighbor, ...]

    @model_validator(mode="after")
    def _advertised(self) -> Self:
        """A neighbor is only sent what the router has (`trying to advertise non configured prefix`)."""
        for neighbor in self.neighbors:
            extra = set(neighbor.to_advertise.allowed.prefixes) - set(self.prefixes)
            if extra:
                raise ValueError(f"{neighbor.address or neighbor.interface} is sent {extra}, which the router lacks")
        return self


class NamedBfdProfile(BfdTimes):
    name: Name


class RouterList(Model):
    routers: tuple[Router, ...]
    bfd_profiles: tuple[NamedBfdProfile, ...] | None = None

    @model_validator(mode="after")
    def _profiles(self) -> Self:
        """A neighbor's BFD profile is in the same resource (`referencing non existing BFDProfile`)."""
        known = {profile.name for profile in self.bfd_profiles or ()}
        used = {n.bfd_profile for router in self.routers for n in router.neighbors if n.bfd_profile}
        if used - known:
            raise ValueError(f"BFD profiles {used - known} are not defined in this resource")
        return self


class Raw(Model):
    raw_config: str


class FrrConfigurationSpec(Model):
    node_selector: Selector
    bgp: RouterList
    raw: Raw | None = None


class FrrConfiguration(Object):
    api_version: Literal["frrk8s.metallb.io/v1beta1"] = "frrk8s.metallb.io/v1beta1"
    kind: Literal["FRRConfiguration"] = "FRRConfiguration"
    spec: FrrConfigurationSpec


class BaseSelector(Model):
    """Which FRRConfiguration infra-operator clones for the pods of a node: the one with exactly this selector."""

    node_name: Name
    node_selector: Selector


class BgpConfigurationSpec(Model):
    frr_configuration_namespace: Label
    frr_node_configuration_selector: tuple[BaseSelector, ...] | None = None


class BgpConfiguration(Object):
    api_version: Literal["network.openstack.org/v1beta1"] = "network.openstack.org/v1beta1"
    kind: Literal["BGPConfiguration"] = "BGPConfiguration"
    spec: BgpConfigurationSpec
