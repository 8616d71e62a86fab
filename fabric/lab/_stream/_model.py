"""What a stream is asked for and what comes of it: pure values. Times are of CLOCK_REALTIME, by which kernels stamp."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fabric._values import dataclass
from fabric.lab._agent import ProbePair


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How each pair is probed."""

    flows: int = 16
    """UDP flows a pair, each to a port of its own, so that a 5-tuple hash spreads them over ECMP members."""
    interval_us: int = 2000
    """From one packet of a flow to the next."""
    heartbeats: int = 16
    """TCP streams a pair, each with a message of 64 bytes every 100 ms, as etcd's members send them; 0 for none."""


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """Send between every pair; events are noted in every namespace."""

    namespaces: Mapping[str, Path]
    pairs: tuple[ProbePair, ...]
    settings: StreamSettings = StreamSettings()


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run, which lasts until the next one begins; the first one is the quiet one."""

    name: str
    began_ns: int


@dataclass(frozen=True, slots=True)
class FlowPhase:
    """What became of all flows of a pair that were sent in a phase."""

    pair: ProbePair
    phase: str
    sent: int
    lost: int
    flows_hit: int
    """Flows that lost a packet."""
    outage_ms: float
    """The longest time without a packet of one flow, less the spacing, over a gap in which one was lost; 0 for none."""
    open: bool
    """True when a flow had lost its last packets when the run ended, so that its outage may be longer."""
    noise_ms: float
    """The longest such time of a flow that lost nothing in it."""
    delay_ms: tuple[float, float, float] | None
    """One way, as the kernel received it: median, 99th percentile and worst; `None` when nothing arrived."""
    heartbeat_ms: float | None
    """The longest time between two messages of a TCP stream; `None` without streams."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a kernel or a daemon did."""

    at_ns: int
    device: str
    kind: str
    """`route`, `route gone`, `link`, `session up` or `session down`."""
    what: str
    """The prefix with its next hops, the interface, or the daemon's own words."""


@dataclass(frozen=True, slots=True)
class StreamResult:
    """What came of a run."""

    pairs: tuple[FlowPhase, ...]
    """Each pair in each phase."""
    events: tuple[Event, ...]
    stall_ms: float
    """The longest time by which the sender was late: noise that is the prober's own."""
    overflows: int
    """Packets that the prober's own buffers dropped; above 0 a loss may be its fault."""
