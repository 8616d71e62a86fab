"""What the simulator takes and what it answers: failures in; sessions, routes and forwarding entries out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Literal, NamedTuple

from fabric._values import dataclass
from fabric.config import Address, Cable, Family, Prefix
from fabric.errors import FabricError, InputError, unknown
from fabric.simulate._attributes import Attributes, BgpNextHop

SessionType = Literal["ebgp", "ibgp"]


class SessionEnd(NamedTuple):
    """One `neighbor` statement: the device that has it and the peer as it is written there."""

    device: str
    peer: str

    def __str__(self) -> str:
        return f"{self.device}->{self.peer}"


@dataclass(frozen=True, slots=True)
class Failures:
    """What is broken.

    A failed cable or device takes the carrier at every far end; a session fails when either of its ends is named.
    """

    cables: frozenset[Cable] = frozenset()
    devices: frozenset[str] = frozenset()
    sessions: frozenset[SessionEnd] = frozenset()


NONE = Failures()
"""The healthy fabric."""


_STEPS_SHOWN = 12
"""Steps of a cycle that a message tells."""


class SessionDown(Enum):
    """Why a configured session is not established."""

    SHUTDOWN = "shutdown"
    FAILED = "failed"
    DEVICE_DOWN = "device-down"
    INTERFACE_DOWN = "interface-down"
    NO_PEER_ADDRESS = "no-peer-address"
    NO_OWNER = "no-owner"
    NO_COUNTERPART = "no-counterpart"
    ADDRESS_MISMATCH = "address-mismatch"
    NOT_CONNECTED = "not-connected"
    UNREACHABLE = "unreachable"
    TTL_SECURITY = "ttl-security"
    NOBODY_DIALS = "nobody-dials"
    AUTHENTICATION = "authentication"
    ASN = "asn"
    ROUTER_ID = "router-id"
    NO_COMMON_FAMILY = "no-common-family"
    MAXIMUM_PREFIX = "maximum-prefix"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that the configuration asks for, and what becomes of it."""

    a: SessionEnd
    b: SessionEnd | None
    """The counterpart's statement; `None` where no device has one."""
    type: SessionType | None
    """As `a` sees it; `None` where the peer's AS cannot be known."""
    families: tuple[Family, ...]
    """Families active at both ends; empty while the session is down."""
    why: SessionDown | None = None
    """`None`: the session is established."""
    explanation: str = ""

    @property
    def up(self) -> bool:
        """True when the session is established."""
        return self.why is None

    @property
    def ends(self) -> tuple[SessionEnd, ...]:
        """The statements that make this session, one or two."""
        return (self.a,) if self.b is None else (self.a, self.b)


class NextHop(NamedTuple):
    """One leg of a kernel route.

    `gateway` `None` with `link_local` off: the destination is on the interface's own subnet. `link_local`: the gateway
    is the link-local address of the port at the other end of the cable, whose value only the kernel knows.
    """

    interface: str
    gateway: Address | None = None
    link_local: bool = False

    def __str__(self) -> str:
        gateway = "link-local" if self.link_local else self.gateway
        return f"{self.interface}" if gateway is None else f"{gateway} dev {self.interface}"


FibProtocol = Literal["connected", "static", "bgp"]


@dataclass(frozen=True, slots=True)
class FibEntry:
    """One route of the kernel's main table."""

    prefix: Prefix
    protocol: FibProtocol
    next_hops: frozenset[NextHop]
    source: Address | None = None
    """Preferred source address (`set src`), where a FIB filter sets one."""
    blackhole: bool = False
    metric: int = 0
    """Zebra's metric: the MED of a BGP route. It is the IGP metric of next hops that resolve through this route."""
    refused: bool = False
    """zebra takes it for installed, and the kernel refused it; no FIB shows such a route."""


class Reason(Enum):
    """Why a path was not chosen, in the order in which FRR asks (import first, then `bgp_path_info_cmp`)."""

    AS_LOOP = "as-loop"
    ORIGINATOR_LOOP = "originator-loop"
    CLUSTER_LOOP = "cluster-loop"
    PREFIX_LIST = "prefix-list"
    NO_POLICY = "no-policy"
    ROUTE_MAP = "route-map"
    NEXT_HOP_SELF = "next-hop-self"
    NEXT_HOP_UNREACHABLE = "next-hop-unreachable"
    WEIGHT = "weight"
    LOCAL_PREFERENCE = "local-preference"
    LOCAL_ORIGIN = "local-origin"
    AS_PATH_LENGTH = "as-path-length"
    ORIGIN = "origin"
    MED = "med"
    PEER_TYPE = "peer-type"
    IGP_METRIC = "igp-metric"
    OLDER = "older"
    """Both paths are external: FRR keeps the one it selected first. The simulator takes the lower router id."""
    ROUTER_ID = "router-id"
    CLUSTER_LENGTH = "cluster-length"
    PEER_ADDRESS = "peer-address"
    # Reasons of the sender, for a route that it holds and does not announce.
    COMMUNITY = "community"
    NOT_REFLECTED = "not-reflected"
    SUPPRESSED = "suppressed"
    DEFAULT_ORIGINATED = "default-originated"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One path of a prefix in a device's BGP table."""

    learned_from: SessionEnd | None
    """The local `neighbor` statement; `None` for a path that the device originates itself."""
    attributes: Attributes
    next_hop: BgpNextHop
    best: bool
    multipath: bool
    """True for every path whose next hops are installed, the best one included."""
    rejected: Reason | None
    """Why this path is not the best one; also set on multipath members. `None` on the best path."""


@dataclass(frozen=True, slots=True)
class RibEntry:
    """The BGP table's answer for one prefix."""

    prefix: Prefix
    candidates: tuple[Candidate, ...]
    order_dependent: bool
    """True when arrival order decides which of several unlike paths is the best one, and so what is announced."""

    @property
    def best(self) -> Candidate | None:
        """The chosen path."""
        return next((candidate for candidate in self.candidates if candidate.best), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One step of a cycle without end: what a device chose, in place of what it had chosen before."""

    device: str
    learned_from: SessionEnd | None
    """The local `neighbor` statement; `None` for a path of the device's own, or for none at all."""
    sender: str | None
    """The device at the other end."""
    as_path: str

    def __str__(self) -> str:
        what = "has no path" if self.sender is None else f"takes {self.sender}'s path {self.as_path or 'of its own AS'}"
        return f"{self.device} {what}"


class NoStableStateError(FabricError):
    """Route propagation repeats a state for ever: the named devices never agree on the prefix."""

    def __init__(self, prefix: Prefix | None, devices: tuple[str, ...], cycle: tuple[Choice, ...] = ()) -> None:
        self.prefix = prefix
        self.devices = devices
        self.cycle = cycle
        """The choices that follow each other until the first one comes again; empty where it is no matter of routes."""
        shown = [str(choice) for choice in cycle[:_STEPS_SHOWN]]
        more = f", {len(cycle) - len(shown)} more steps" if len(cycle) > len(shown) else ""
        chase = f"The cycle: {', then '.join(shown)}{more}, and so on from the start. " if shown else ""
        what = f"the routes of {prefix}" if prefix is not None else "next hops and sessions"
        super().__init__(
            f"simulate: {what} find no stable state: {', '.join(devices)} change their choice for ever. "
            f"{chase}A stable fabric needs preferences that agree along every cycle; look at the local preferences, "
            "route maps and sessions of these devices."
        )


class UnknownDeviceError(InputError):
    """The fabric has no device of that name."""

    def __init__(self, device: str, known: Iterable[str], asker: str = "simulate") -> None:
        self.device = device
        self.known = tuple(known)
        super().__init__(f"{asker}: {unknown('device', device, self.known)}")
