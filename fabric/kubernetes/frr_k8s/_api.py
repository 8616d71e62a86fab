"""FRRConfiguration (frrk8s.metallb.io/v1beta1) as typed values; the fields are those of the published schemas.

Unset text is "", an unset number that Go keeps as a pointer is `None`; frr-k8s treats the two differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from fabric._values import dataclass
from fabric.errors import Problem
from fabric.kubernetes._documents import Path, ResourceError, dotted
from fabric.kubernetes._golang import parse_duration
from fabric.kubernetes._refusal import Origin
from fabric.kubernetes._resources import Resource

Mode = Literal["all", "filtered"]


@dataclass(frozen=True, slots=True)
class LocalPrefPrefixes:
    prefixes: tuple[str, ...]
    local_pref: int


@dataclass(frozen=True, slots=True)
class CommunityPrefixes:
    prefixes: tuple[str, ...]
    community: str


@dataclass(frozen=True, slots=True)
class Advertise:
    """`toAdvertise`."""

    mode: Mode = "filtered"
    prefixes: tuple[str, ...] = ()
    with_local_pref: tuple[LocalPrefPrefixes, ...] = ()
    with_community: tuple[CommunityPrefixes, ...] = ()
    next_hop_v4: str = ""
    next_hop_v6: str = ""


@dataclass(frozen=True, slots=True)
class PrefixSelector:
    prefix: str
    le: int = 0
    ge: int = 0


@dataclass(frozen=True, slots=True)
class Receive:
    """`toReceive`."""

    mode: Mode = "filtered"
    prefixes: tuple[PrefixSelector, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One entry of `neighbors`; durations in nanoseconds, as Go keeps them."""

    origin: Origin
    asn: int = 0
    dynamic_asn: str = ""
    source_address: str = ""
    address: str = ""
    interface: str = ""
    port: int | None = None
    password: str = field(default="", repr=False)
    password_secret: str = ""
    hold_ns: int | None = None
    keepalive_ns: int | None = None
    connect_ns: int | None = None
    ebgp_multi_hop: bool = False
    bfd_profile: str = ""
    graceful_restart: bool = False
    to_advertise: Advertise = Advertise()
    to_receive: Receive = Receive()
    disable_mp: bool = False
    dual_stack: bool = False
    local_asn: int = 0
    address_families: tuple[str, ...] = ()

    @property
    def asn_text(self) -> str:
        """`remote-as` as written to FRR: a number, `internal` or `external`."""
        return self.dynamic_asn or str(self.asn)

    @property
    def name(self) -> str:
        """`ASN@PEER`, as the controller's messages name a neighbor."""
        return f"{self.asn_text}@{self.address or self.interface}"


@dataclass(frozen=True, slots=True)
class Vni:
    """One entry of `l2vnis`, or `l3vni` with `advertise_prefixes`."""

    number: int
    rd: str = ""
    import_rts: tuple[str, ...] = ()
    export_rts: tuple[str, ...] = ()
    advertise_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evpn:
    advertise_vnis: Literal["All", "Disabled"] | None = None
    advertise_svi: bool = False
    l2vnis: tuple[Vni, ...] = ()
    l3vni: Vni | None = None


@dataclass(frozen=True, slots=True)
class Router:
    """One entry of `routers`; `vrf` is "" for the default VRF."""

    origin: Origin
    asn: int
    id: str = ""
    vrf: str = ""
    neighbors: tuple[Neighbor, ...] = ()
    prefixes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    evpn: Evpn | None = None


@dataclass(frozen=True, slots=True)
class BfdProfile:
    """A BFD profile; intervals in ms, `None` where unset. A boolean that is unset counts as false."""

    name: str
    receive_interval: int | None = None
    transmit_interval: int | None = None
    detect_multiplier: int | None = None
    echo_interval: int | None = None
    echo_mode: bool = False
    passive_mode: bool = False
    minimum_ttl: int | None = None


@dataclass(frozen=True, slots=True)
class FrrConfiguration:
    """One FRRConfiguration."""

    resource: Resource
    routers: tuple[Router, ...] = ()
    bfd_profiles: tuple[BfdProfile, ...] = ()
    raw: str = ""
    raw_priority: int = 0

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.resource.name

    def origin(self, path: Path = ()) -> Origin:
        """This resource, or the part of it at `path`, as the origin of something."""
        return Origin(self.resource, path)


def read_configurations(resources: Iterable[Resource]) -> tuple[FrrConfiguration, ...]:
    """The typed forms of FRRConfigurations; raises `ResourceError` with what Go cannot read in any of them."""
    found: list[FrrConfiguration] = []
    problems: list[Problem] = []
    for resource in resources:
        try:
            found.append(read_configuration(resource))
        except ResourceError as error:
            problems.extend(error.problems)
    if problems:
        raise ResourceError(problems)
    return tuple(found)


def read_configuration(resource: Resource) -> FrrConfiguration:
    """The typed form of an FRRConfiguration; raises `ResourceError` for durations that Go cannot read."""
    spec = resource.spec
    bgp = spec.get("bgp") or {}
    raw = spec.get("raw") or {}
    return FrrConfiguration(
        resource,
        tuple(
            _router(Origin(resource, ("spec", "bgp", "routers", index)), value)
            for index, value in enumerate(_items(bgp, "routers"))
        ),
        tuple(map(read_bfd_profile, _items(bgp, "bfdProfiles"))),
        raw.get("rawConfig", ""),
        raw.get("priority", 0),
    )


def read_bfd_profile(value: Mapping[str, Any]) -> BfdProfile:
    """The typed form of one entry of `bfdProfiles`."""
    return BfdProfile(
        value["name"],
        value.get("receiveInterval"),
        value.get("transmitInterval"),
        value.get("detectMultiplier"),
        value.get("echoInterval"),
        bool(value.get("echoMode")),
        bool(value.get("passiveMode")),
        value.get("minimumTtl"),
    )


def _items(value: Mapping[str, Any], key: str) -> Sequence[Any]:
    items: Sequence[Any] = value.get(key) or ()
    return items


def _router(origin: Origin, value: Mapping[str, Any]) -> Router:
    return Router(
        origin,
        value["asn"],
        value.get("id", ""),
        value.get("vrf", ""),
        tuple(
            _neighbor(Origin(origin.resource, (*origin.path, "neighbors", index)), entry)
            for index, entry in enumerate(_items(value, "neighbors"))
        ),
        tuple(_items(value, "prefixes")),
        tuple(entry.get("vrf", "") for entry in _items(value, "imports")),
        _evpn(value["evpn"]) if value.get("evpn") is not None else None,
    )


def _neighbor(origin: Origin, value: Mapping[str, Any]) -> Neighbor:
    return Neighbor(
        origin,
        asn=value.get("asn", 0),
        dynamic_asn=value.get("dynamicASN", ""),
        source_address=value.get("sourceaddress", ""),
        address=value.get("address", ""),
        interface=value.get("interface", ""),
        port=value.get("port"),
        password=value.get("password", ""),
        password_secret=(value.get("passwordSecret") or {}).get("name", ""),
        hold_ns=_duration(origin, value, "holdTime"),
        keepalive_ns=_duration(origin, value, "keepaliveTime"),
        connect_ns=_duration(origin, value, "connectTime"),
        ebgp_multi_hop=value.get("ebgpMultiHop", False),
        bfd_profile=value.get("bfdProfile", ""),
        graceful_restart=value.get("enableGracefulRestart", False),
        to_advertise=_advertise(value.get("toAdvertise") or {}),
        to_receive=_receive(value.get("toReceive") or {}),
        disable_mp=value.get("disableMP", False),
        dual_stack=value.get("dualStackAddressFamily", False),
        local_asn=value.get("localASN", 0),
        address_families=tuple(_items(value, "addressFamilies")),
    )


def _duration(origin: Origin, value: Mapping[str, Any], key: str) -> int | None:
    text = value.get(key)
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        path = (*origin.path, key)
        where = origin.resource.where(path)
        problem = Problem(where, dotted(path), repr(text), "a duration such as 90s or 1m30s", "Write the unit.")
        raise ResourceError([problem]) from error


def _advertise(value: Mapping[str, Any]) -> Advertise:
    allowed = value.get("allowed") or {}
    next_hop = value.get("nextHop") or {}
    return Advertise(
        allowed.get("mode", "filtered"),
        tuple(_items(allowed, "prefixes")),
        tuple(
            LocalPrefPrefixes(tuple(_items(entry, "prefixes")), entry.get("localPref", 0))
            for entry in _items(value, "withLocalPref")
        ),
        tuple(
            CommunityPrefixes(tuple(_items(entry, "prefixes")), entry.get("community", ""))
            for entry in _items(value, "withCommunity")
        ),
        next_hop.get("ipv4", ""),
        next_hop.get("ipv6", ""),
    )


def _receive(value: Mapping[str, Any]) -> Receive:
    allowed = value.get("allowed") or {}
    selectors = (
        PrefixSelector(entry.get("prefix", ""), entry.get("le", 0), entry.get("ge", 0))
        for entry in _items(allowed, "prefixes")
    )
    return Receive(allowed.get("mode", "filtered"), tuple(selectors))


def _evpn(value: Mapping[str, Any]) -> Evpn:
    l3vni = value.get("l3vni")
    return Evpn(
        value.get("advertiseVNIs"),
        value.get("advertiseSVI", False),
        tuple(map(_vni, _items(value, "l2vnis"))),
        _vni(l3vni) if l3vni is not None else None,
    )


def _vni(value: Mapping[str, Any]) -> Vni:
    return Vni(
        value["vni"],
        value.get("rd", ""),
        tuple(_items(value, "importRTs")),
        tuple(_items(value, "exportRTs")),
        tuple(_items(value, "advertisePrefixes")),
    )
