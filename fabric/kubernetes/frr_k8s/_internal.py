"""The form between resources and `frr.conf`: what one node's FRR is to do, merged over all its FRRConfigurations.

It mirrors the controller's own internal form, so that merging and writing can be compared with it step by step.
Prefixes stay the text that the user wrote: the controller compares and sorts them as text.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from fabric._values import dataclass
from fabric.kubernetes._golang import Family, prefix_family
from fabric.kubernetes._refusal import Origin
from fabric.kubernetes.frr_k8s._api import BfdProfile, Evpn

SessionFamily = Literal["ipv4", "ipv6", "dual"]
ModifierKind = Literal["local-preference", "community", "large-community"]


@dataclass(frozen=True, slots=True)
class IncomingFilter:
    """A prefix that a neighbor may send; `le` and `ge` 0 mean unset."""

    prefix: str
    le: int = 0
    ge: int = 0

    @property
    def family(self) -> Family:
        """The family of the prefix."""
        return prefix_family(self.prefix) or "ipv4"

    @property
    def text_key(self) -> str:
        """What merging sorts and de-duplicates by; ambiguous for some lengths, as it is in the controller."""
        return f"{self.prefix}{self.le}{self.ge}"

    @property
    def sort_key(self) -> tuple[str, str, int, int]:
        """The order of filters that were never merged."""
        return self.family, self.prefix, self.le, self.ge


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is accepted from a neighbor."""

    all: bool = False
    v4: tuple[IncomingFilter, ...] = ()
    v6: tuple[IncomingFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class Modifier:
    """An attribute that some prefixes of one family are advertised with; `value` is the API's text for it."""

    kind: ModifierKind
    value: str
    family: Family
    prefixes: frozenset[str]

    @property
    def key(self) -> tuple[ModifierKind, str, Family]:
        """What makes two modifiers the same, so that their prefixes are joined."""
        return self.kind, self.value, self.family


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is advertised to a neighbor."""

    v4: tuple[str, ...] = ()
    v6: tuple[str, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    next_hop_v4: str = ""
    next_hop_v6: str = ""

    def prefixes(self, family: Family) -> tuple[str, ...]:
        """The prefixes of one family."""
        return self.v4 if family == "ipv4" else self.v6

    def next_hop(self, family: Family) -> str:
        """The next hop to set in one family, or ""."""
        return self.next_hop_v4 if family == "ipv4" else self.next_hop_v6


@dataclass(frozen=True, slots=True)
class Session:
    """One neighbor of one router."""

    family: SessionFamily
    asn: str
    address: str = ""
    interface: str = ""
    vrf: str = ""
    source_address: str = ""
    port: int | None = None
    hold_s: int | None = None
    keepalive_s: int | None = None
    connect_s: int | None = None
    password: str = field(default="", repr=False)
    bfd_profile: str = ""
    graceful_restart: bool = False
    ebgp_multi_hop: bool = False
    local_asn: int = 0
    disable_mp: bool = False
    incoming: Incoming = Incoming()
    outgoing: Outgoing = Outgoing()
    always_block: tuple[IncomingFilter, ...] = ()
    address_families: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = field(default=(), compare=False, repr=False)

    @property
    def peer(self) -> str:
        """What follows `neighbor` in FRR: the address or the interface."""
        return self.address or self.interface

    @property
    def id(self) -> str:
        """The peer, with the VRF where it is not the default; the key of merging and the stem of all names."""
        return f"{self.peer}-{self.vrf}" if self.vrf else self.peer


@dataclass(frozen=True, slots=True)
class RouterConfig:
    """One `router bgp` of the node; `vrf` is "" for the default VRF."""

    asn: int
    router_id: str = ""
    vrf: str = ""
    sessions: tuple[Session, ...] = ()
    v4: tuple[str, ...] = ()
    v6: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    evpn: Evpn | None = None
    origins: tuple[Origin, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MergedConfig:
    """All FRRConfigurations of one node, merged: the controller's `frr.Config` without its header."""

    routers: tuple[RouterConfig, ...] = ()
    bfd_profiles: tuple[BfdProfile, ...] = ()
    raw: str = ""
