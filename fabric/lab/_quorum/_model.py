"""What a quorum is asked for and what came of it: pure values. Times are of CLOCK_REALTIME."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from fabric._values import dataclass
from fabric.config import Address, Port
from fabric.lab._agent._wire import read_address

_STREAMS = 2


@dataclass(frozen=True, slots=True)
class Timers:
    """etcd's `--heartbeat-interval` and `--election-timeout`, in ms."""

    heartbeat_ms: int
    election_ms: int


@dataclass(frozen=True, slots=True)
class Member:
    """A device that runs etcd, and the address that it listens on."""

    device: str
    address: Address


@dataclass(frozen=True, slots=True)
class QuorumRequest:
    members: tuple[Member, ...]
    timers: Timers


@dataclass(frozen=True, slots=True)
class PeerStream:
    """A TCP connection by which a leader speaks to a follower."""

    follower: str
    follower_port: int
    """The connection's TCP port at the follower; at the leader all have etcd's."""
    left_by: tuple[Port, ...]
    """The ports that its packets to the follower leave by, on all devices, in no order."""


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads, and how it reaches the others."""

    leader: str
    streams: tuple[PeerStream, ...]

    def speaks_to(self, followers: int) -> bool:
        """True when it has both of its streams to each of so many followers: log entries, and the rest."""
        found = Counter(stream.follower for stream in self.streams)
        return len(found) == followers and all(count >= _STREAMS for count in found.values())


@dataclass(frozen=True, slots=True)
class Write:
    """One write, and whether its member acknowledged it."""

    key: str
    began_ns: int
    ended_ns: int
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class QuorumPhase:
    """What etcd did in a phase."""

    phase: str
    acknowledged: int
    failed: int
    leaders: int
    """Leaders that were elected in it."""
    outage_ms: float
    """The longest part of it without an acknowledged write, to whatever member."""
    p99_ms: float | None
    """Of acknowledged writes; `None` without one."""


@dataclass(frozen=True, slots=True)
class QuorumResult:
    phases: tuple[QuorumPhase, ...]
    acknowledged: int
    missing: int
    """Acknowledged writes that no longer were there at the end."""


def phases_of(
    phases: Sequence[tuple[str, int]], ended_ns: int, writes: Sequence[Write], elections_ns: Sequence[int]
) -> Iterator[QuorumPhase]:
    """What writes and elections come to in each phase, which ends where the next one begins."""
    ends = [at for _, at in phases[1:]] + [ended_ns]
    acknowledged = sorted(write.ended_ns for write in writes if write.acknowledged)
    for (name, began), end in zip(phases, ends, strict=True):
        here = [write for write in writes if began <= write.ended_ns < end]
        took = sorted(write.ended_ns - write.began_ns for write in here if write.acknowledged)
        yield QuorumPhase(
            name,
            acknowledged=len(took),
            failed=len(here) - len(took),
            leaders=sum(began <= at < end for at in elections_ns),
            outage_ms=_longest_ms(acknowledged, began, end),
            p99_ms=round(took[len(took) * 99 // 100] / 1e6, 2) if took else None,
        )


def _longest_ms(acknowledged_ns: Sequence[int], began: int, end: int) -> float:
    marks = [began, *(at for at in acknowledged_ns if began < at < end), end]
    return round(max(two - one for one, two in pairwise(marks)) / 1e6, 1)


def write_request(request: QuorumRequest) -> Any:
    """The request as a JSON value."""
    return {
        "members": [[member.device, str(member.address)] for member in request.members],
        "timers": asdict(request.timers),
    }


def read_request(value: Any) -> QuorumRequest:
    """The request of a JSON value."""
    members = []
    for device, text in value["members"]:
        address = read_address(text)
        if address is None:
            raise ValueError("an address is missing")
        members.append(Member(str(device), address))
    return QuorumRequest(tuple(members), Timers(**value["timers"]))


def write_leadership(found: Leadership) -> Any:
    """The leadership as a JSON value."""
    streams = [[s.follower, s.follower_port, [[p.device, p.interface] for p in s.left_by]] for s in found.streams]
    return {"leader": found.leader, "streams": streams}


def read_leadership(value: Any) -> Leadership:
    """The leadership of a JSON value."""
    streams = (
        PeerStream(str(follower), int(number), tuple(Port(str(d), str(i)) for d, i in ports))
        for follower, number, ports in value["streams"]
    )
    return Leadership(str(value["leader"]), tuple(streams))


def write_result(result: QuorumResult) -> Any:
    """The result as a JSON value."""
    return asdict(result)


def read_result(value: Any) -> QuorumResult:
    """The result of a JSON value."""
    return QuorumResult(
        tuple(QuorumPhase(**phase) for phase in value["phases"]), value["acknowledged"], value["missing"]
    )
