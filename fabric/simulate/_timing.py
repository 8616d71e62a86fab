"""How long routers take to notice a failure and to act on it: detection by session, and the constants of FRR.

The constants were read in FRR's sources and measured on chains and Clos fabrics of FRR 8.4; the law that fits every
measurement is T(FIB at the h-th BGP router) = T_detect + 24 ms + 50 ms x h, where h = 1 for the router that detects.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import BfdProfile, DeviceConfig, FabricConfig, Neighbor
from fabric.simulate._values import Session, SessionEnd

SETTLE_MS = 24.0
"""zebra's 10 ms queue, bgpd's 10 ms queue of a lost session, and the way through netlink; once for each failure."""
HOP_MS = 50.0
"""Every bgpd holds its queue of prefixes that wait for a best path for 50 ms (`bgp_route.c`, `spec.hold`)."""
HUNT_MS = 100.0
"""One more round of path hunting, down to a leaf and up to a spine again: two routers."""
_BFD = BfdProfile("default")
_HOLD_S = {"traditional": 180, "datacenter": 9}
"""`frr defaults`: the hold time of sessions without `timers` (`bgp_vty.h`)."""


class Detection(Enum):
    """What tells a router that a neighbor is gone."""

    NOTHING = "nothing to notice"
    KERNEL = "kernel"
    """The kernel stops using an ECMP member without carrier by itself (`ignore_routes_with_linkdown`)."""
    CARRIER = "carrier"
    CLOSED = "session closed"
    BFD = "BFD"
    HOLD_TIMER = "hold timer"
    NEVER = "never"
    """Nothing watches the link: no session, and no carrier that is lost."""


class Noticed(NamedTuple):
    """How a router comes to know of a failure, and after at most how long; infinite where it never does."""

    by: Detection
    ms: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How things fail, and what the kernels do about it."""

    silent: bool = False
    """Ports keep their carrier, as behind a media converter or in a hung switch: only timers notice."""
    linkdown_ignored: bool = True
    """`net.ipv4.conf.*.ignore_routes_with_linkdown = 1` and its IPv6 sibling, as the lab sets them."""


CARRIER = Manner()
"""Every far end loses its carrier."""
SILENT = Manner(silent=True)
"""No end loses its carrier."""


def noticed(fabric: FabricConfig, session: Session, device: str, manner: Manner) -> Noticed:
    """How the device notices that the session is dead, after at most how many ms."""
    if not manner.silent:
        return Noticed(Detection.CARRIER, 0.0)
    here = next(end for end in session.ends if end.device == device)
    there = next((end for end in session.ends if end != here), here)
    near, far = _statement(fabric, here), _statement(fabric, there)
    if near.bfd and far.bfd:
        return Noticed(Detection.BFD, float(_bfd_ms(fabric.by_name[device], near, fabric.by_name[there.device], far)))
    hold_s = min(_hold_s(fabric, here), _hold_s(fabric, there))
    return Noticed(Detection.HOLD_TIMER, 1000.0 * hold_s) if hold_s else Noticed(Detection.NEVER, math.inf)


def _statement(fabric: FabricConfig, end: SessionEnd) -> Neighbor:
    instances = fabric.by_name[end.device].bgp
    return next(n for instance in instances for n in instance.neighbors if str(n.peer) == end.peer)


def _bfd_ms(near: DeviceConfig, near_end: Neighbor, far: DeviceConfig, far_end: Neighbor) -> int:
    """RFC 5880 section 6.8.4: the far end's multiplier times the slower of what one sends and the other takes."""
    mine, other = _profile(near, near_end), _profile(far, far_end)
    return other.multiplier * max(mine.receive_ms, other.transmit_ms)


def _profile(device: DeviceConfig, neighbor: Neighbor) -> BfdProfile:
    return next((p for p in device.bfd_profiles if p.name == neighbor.bfd_profile), _BFD)


def _hold_s(fabric: FabricConfig, end: SessionEnd) -> int:
    """The hold time that an end offers, 0 for none; the session takes the lower of the two (RFC 4271 section 4.2)."""
    timers = _statement(fabric, end).timers
    return timers.hold_s if timers is not None else _HOLD_S[fabric.by_name[end.device].defaults]


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something that runs over the fabric bears silence."""

    name: str
    ms: float
    over_tcp: bool
    """It is TCP that goes silent, which an outage of the network keeps silent for longer."""
    source: str


LIMITS = (
    Limit("etcd election, Standard", 900.0, True, "etcd: election timeout 1000 ms less one heartbeat of 100 ms"),
    Limit("etcd election, Slower", 2000.0, True, "etcd: election timeout 2500 ms less one heartbeat of 500 ms"),
    Limit(
        "storage, iSCSI",
        5000.0,
        True,
        "open-iscsi, iscsid.conf: noop_out_timeout = 5, plus what is left of noop_out_interval = 5",
    ),
    Limit("edge site", 15000.0, False, "distributed compute nodes: the usual threshold of an outage"),
)
"""What a fabric under OpenShift and OpenStack must not exceed."""

_RTO_FLOOR_MS = 200.0
_RTO_SLACK = 1.1
"""Timers tick late and the RTT's variance adds up: measured gaps were up to 10 % beyond the back-off's sum."""
_HEARTBEAT_MS = 100.0


def tcp_gap_ms(outage_ms: float, heartbeat_ms: float = _HEARTBEAT_MS) -> float:
    """The longest silence, in ms, of a TCP stream of heartbeats over a network outage of that length.

    What is lost at the outage's start is sent again 0.2, 0.6, 1.4, 3 s and so on later (RFC 6298 with Linux' floor of
    200 ms); the stream goes on with the first of these that falls behind the outage, and its last good heartbeat was
    one period before.
    """
    if outage_ms <= 0:
        return heartbeat_ms
    if math.isinf(outage_ms):
        return outage_ms
    back_off = _RTO_FLOOR_MS
    step = _RTO_FLOOR_MS
    while back_off < outage_ms:
        step *= 2
        back_off += step
    return back_off * _RTO_SLACK + heartbeat_ms
