"""FRRConfigurations of one node to one internal form: the compiler's middle, pure.

The order of the steps is the controller's, because it reports only the first thing it refuses; here all are noted,
the controller's first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from fabric._values import dataclass
from fabric.kubernetes._golang import SECOND_NS, format_duration, prefix_family
from fabric.kubernetes._refusal import Refusals, RefusedError
from fabric.kubernetes._release import Dialect
from fabric.kubernetes._resources import Resource
from fabric.kubernetes._secrets import secret_password
from fabric.kubernetes.frr_k8s._api import BfdProfile, FrrConfiguration, Neighbor, Router
from fabric.kubernetes.frr_k8s._checks import (
    check_router,
    local_asn_fault,
    neighbor_faults,
    prefixes_by_vrf,
    session_family,
)
from fabric.kubernetes.frr_k8s._evpn import check_evpn
from fabric.kubernetes.frr_k8s._internal import IncomingFilter, MergedConfig, RouterConfig, Session
from fabric.kubernetes.frr_k8s._merge import merge_routers
from fabric.kubernetes.frr_k8s._outgoing import convert_incoming, convert_outgoing


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a conversion depends on besides the FRRConfigurations."""

    dialect: Dialect
    secrets: Mapping[str, Resource] = field(default_factory=dict)
    """Secrets of the daemon's namespace by name."""
    always_block: tuple[IncomingFilter, ...] = ()
    ignore_secrets: bool = False
    """As the admission webhook does: passwords from secrets count as none."""


def convert(configurations: Iterable[FrrConfiguration], around: Surroundings) -> tuple[MergedConfig, Refusals]:
    """All configurations of one node merged, with everything that the controller would refuse."""
    conversion = _Conversion(around)
    configurations = tuple(configurations)
    for configuration in configurations:
        conversion.take(configuration)
    routers = tuple(conversion.routers[vrf] for vrf in sorted(conversion.routers))
    profiles = tuple(conversion.profiles[name] for name in sorted(conversion.profiles))
    check_evpn(routers, conversion.refusals)
    return MergedConfig(routers, profiles, _joined_raw(configurations)), conversion.refusals


def _joined_raw(configurations: Iterable[FrrConfiguration]) -> str:
    """Raw texts by priority, then by resource name, each followed by a line end."""
    texts = [entry for entry in configurations if entry.raw]
    texts.sort(key=lambda entry: (entry.raw_priority, entry.name))
    return "".join(f"{entry.raw}\n" for entry in texts)


class _Conversion:
    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.refusals = Refusals()
        self.routers: dict[str, RouterConfig] = {}
        self.profiles: dict[str, BfdProfile] = {}
        self._profile_sources: dict[str, FrrConfiguration] = {}

    def take(self, configuration: FrrConfiguration) -> None:
        """Converts one resource and merges its routers into the node's."""
        names = self._take_profiles(configuration)
        by_vrf = prefixes_by_vrf(configuration)
        for router in configuration.routers:
            prefixes = check_router(router, by_vrf, self.refusals)
            if prefixes is not None:
                self._take_router(router, prefixes, names)

    def _take_profiles(self, configuration: FrrConfiguration) -> frozenset[str]:
        """The names of the resource's own profiles: those of other resources do not count for its neighbors."""
        own: set[str] = set()
        origin = configuration.origin(("spec", "bgp", "bfdProfiles"))
        for profile in configuration.bfd_profiles:
            if profile.name in own:
                text = f"duplicate bfd profile name {profile.name} in config {configuration.name}"
                self.refusals.add(text, [origin])
                continue
            own.add(profile.name)
            known = self.profiles.setdefault(profile.name, profile)
            source = self._profile_sources.setdefault(profile.name, configuration)
            if known != profile:
                text = (
                    f"duplicate bfd profile name {profile.name} with different values for config {configuration.name}"
                )
                self.refusals.add(text, [source.origin(("spec", "bgp", "bfdProfiles")), origin])
        return frozenset(own)

    def _take_router(self, router: Router, prefixes: tuple[str, ...], profiles: frozenset[str]) -> None:
        neighbors = self._checked_neighbors(router, frozenset(prefixes))
        sessions = tuple(
            session
            for neighbor in neighbors
            if (session := self._session(neighbor, router, prefixes, profiles)) is not None
        )
        converted = _router_config(router, sessions)
        if self.around.dialect.self_merge:
            converted = merge_routers(converted, converted, self.around.dialect, self.refusals)
        known = self.routers.get(router.vrf)
        if known is not None:
            converted = merge_routers(known, converted, self.around.dialect, self.refusals)
        self.routers[router.vrf] = converted

    def _checked_neighbors(self, router: Router, prefixes: frozenset[str]) -> list[Neighbor]:
        """The neighbors whose advertisements pass; the faults of the others are noted."""
        passed = []
        for neighbor in router.neighbors:
            faults = list(neighbor_faults(neighbor, router, prefixes, self.around.dialect))
            for reason in faults:
                self.refusals.add(reason, [neighbor.origin])
            if not faults:
                passed.append(neighbor)
        for neighbor in router.neighbors:
            fault = local_asn_fault(neighbor, router)
            if fault:
                self.refusals.add(fault, [neighbor.origin])
        return passed

    def _session(
        self, neighbor: Neighbor, router: Router, prefixes: Sequence[str], profiles: frozenset[str]
    ) -> Session | None:
        try:
            _check_neighbor(neighbor, profiles, self.around.dialect)
            return _convert_neighbor(neighbor, router, prefixes, self.around)
        except RefusedError as reason:
            place = f"failed to process neighbor {neighbor.name} for router {router.asn}-{router.vrf}"
            self.refusals.add(f"{place}: {reason}", [neighbor.origin])
            return None


def _router_config(router: Router, sessions: tuple[Session, ...]) -> RouterConfig:
    return RouterConfig(
        router.asn,
        router.id,
        router.vrf,
        sessions,
        tuple(prefix for prefix in router.prefixes if prefix_family(prefix) == "ipv4"),
        tuple(prefix for prefix in router.prefixes if prefix_family(prefix) == "ipv6"),
        router.imports,
        router.evpn,
        (router.origin,),
    )


def _check_neighbor(neighbor: Neighbor, profiles: frozenset[str], dialect: Dialect) -> None:
    """Raises `RefusedError` with the first reason against the neighbor's own fields."""
    if dialect.interface_peers and not neighbor.address and not neighbor.interface:
        raise RefusedError(f"neighbor with ASN {neighbor.asn_text} has no address and no interface")
    if neighbor.address and neighbor.interface:
        raise RefusedError(f"neighbor {neighbor.name} has both Address and Interface specified")
    session_family(neighbor)
    if neighbor.bfd_profile and neighbor.bfd_profile not in profiles:
        raise RefusedError(f"neighbor {neighbor.name} referencing non existing BFDProfile {neighbor.bfd_profile}")
    if not neighbor.asn and not neighbor.dynamic_asn:
        raise RefusedError(f"neighbor {neighbor.name} has no ASN or DynamicASN specified")
    if neighbor.asn and neighbor.dynamic_asn:
        raise RefusedError(f"neighbor {neighbor.name} has both ASN and DynamicASN specified")
    if neighbor.dynamic_asn not in ("", "internal", "external"):
        known = "must be one of internal,external"
        raise RefusedError(f"neighbor {neighbor.name} has invalid DynamicASN {neighbor.dynamic_asn} specified, {known}")


def _convert_neighbor(neighbor: Neighbor, router: Router, prefixes: Sequence[str], around: Surroundings) -> Session:
    family = session_family(neighbor)
    hold_s, keepalive_s = _timers(neighbor)
    password = _password(neighbor, around)
    outgoing = convert_outgoing(neighbor, family, prefixes, around.dialect)
    return Session(
        family,
        neighbor.asn_text,
        neighbor.address,
        neighbor.interface,
        router.vrf,
        neighbor.source_address,
        neighbor.port,
        hold_s,
        keepalive_s,
        None if neighbor.connect_ns is None else neighbor.connect_ns // SECOND_NS,
        password,
        neighbor.bfd_profile,
        neighbor.graceful_restart,
        neighbor.ebgp_multi_hop,
        neighbor.local_asn,
        neighbor.disable_mp,
        convert_incoming(neighbor.to_receive),
        outgoing,
        around.always_block,
        neighbor.address_families,
        (neighbor.origin,),
    )


def _timers(neighbor: Neighbor) -> tuple[int | None, int | None]:
    hold, keepalive = neighbor.hold_ns, neighbor.keepalive_ns
    if hold is None and keepalive is None:
        return None, None
    place = f"invalid timers for neighbor {neighbor.name}, err"
    if hold is None or keepalive is None:
        raise RefusedError(f"{place}: one of KeepaliveTime/HoldTime specified, both must be set or none")
    if hold // SECOND_NS in (1, 2):
        raise RefusedError(f'{place}: invalid hold time "{format_duration(hold)}": must be 0 or >=3s')
    if keepalive > hold:
        times = f'keepaliveTime "{format_duration(keepalive)}", must be lower than holdTime "{format_duration(hold)}"'
        raise RefusedError(f"{place}: invalid {times}")
    return hold // SECOND_NS, keepalive // SECOND_NS


def _password(neighbor: Neighbor, around: Surroundings) -> str:
    name = "" if around.ignore_secrets else neighbor.password_secret
    if neighbor.password and name:
        raise RefusedError(f"neighbor {neighbor.name} specifies both cleartext password and secret ref")
    if neighbor.password or not name:
        return neighbor.password
    secret = around.secrets.get(name)
    if secret is None:
        raise RefusedError(f"secret {name} not found for neighbor {neighbor.name}")
    return secret_password(secret)
