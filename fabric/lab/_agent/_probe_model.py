"""What to probe, and what came of it: pure values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from fabric._values import dataclass
from fabric.config import Address


@dataclass(frozen=True, slots=True)
class ProbePair:
    """Packets go from an address of one device to an address of another, and come back."""

    source: str
    source_address: Address
    destination: str
    destination_address: Address


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """How each pair is probed."""

    flows: int = 16
    """UDP flows a pair, each from a source port of its own, so that a 5-tuple hash spreads them over ECMP members."""
    packet_bytes: int = 128
    """Length of the whole IP packet, both ways, never fragmented: the MTU that the path must carry."""
    rounds: int = 2
    """Flows without an answer are sent again until they have been sent this often."""
    timeout_ms: int = 500
    """How long a round waits after its last packet."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """Probe every pair; `namespaces` holds every device that a pair names."""

    namespaces: Mapping[str, Path]
    pairs: tuple[ProbePair, ...]
    settings: ProbeSettings = ProbeSettings()


class Where(StrEnum):
    """Where a probe ended."""

    SOURCE = "source"
    """The source could not send: no route, no such address, packet longer than its interface allows."""
    FORWARD = "forward"
    """A router on the way out said so by ICMP."""
    DESTINATION = "destination"
    """The destination got it but could not answer, or has no such address."""
    RETURN = "return"
    """A router on the way back said so by ICMP."""


@dataclass(frozen=True, slots=True)
class ProbeError:
    """A reason that some flows of a pair met, and how many of them. Silent loss has no `ProbeError`."""

    where: Where
    error: str
    """The errno's name, such as `ENETUNREACH` or `EMSGSIZE`."""
    flows: int
    mtu: int | None = None
    """With `EMSGSIZE`: the longest packet that would pass there, where the kernel said so."""
    reporter: Address | None = None
    """The router that said so by ICMP."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Round trip times of the answered flows of a pair, in microseconds. They include waiting inside the prober."""

    min_us: float
    median_us: float
    max_us: float


@dataclass(frozen=True, slots=True)
class PairResult:
    """What came of one pair."""

    pair: ProbePair
    flows: int
    answered: int
    arrived: int
    """Flows that the destination saw."""
    retried: int
    """Answered flows that needed more than one round."""
    round_trip: RoundTrip | None
    errors: tuple[ProbeError, ...] = ()

    @property
    def ok(self) -> bool:
        """True when every flow was answered."""
        return self.answered == self.flows

    @property
    def never_arrived(self) -> int:
        """Flows that the destination did not see: refused at the source or lost on the way out."""
        return self.flows - self.arrived

    @property
    def answers_lost(self) -> int:
        """Flows that the destination saw, whose answer did not come back."""
        return self.arrived - self.answered


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """All pairs in the order of the request."""

    pairs: tuple[PairResult, ...]
    overflows: int
    """Packets that the prober's own sockets dropped; above 0 a loss may be the prober's fault, not the fabric's."""
    duration_ms: float
