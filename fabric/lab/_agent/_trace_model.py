"""What to trace, and where packets went: pure values, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from fabric._values import dataclass
from fabric.config import Address
from fabric.lab._agent._probe_codec import read_pair, write_pair
from fabric.lab._agent._probe_model import ProbePair
from fabric.lab._agent._wire import Json, read_address, read_namespaces, write_namespaces, write_text


class TraceEnd(StrEnum):
    """How a flow's packets ended."""

    ARRIVED = "arrived"
    UNREACHABLE = "unreachable"
    """A device said that it has no way on."""
    TOO_LONG = "too-long"
    SILENT = "silent"
    """Nobody said anything."""


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """How a pair is traced."""

    flows: int = 64
    """UDP flows a round, each from a source port of its own."""
    missed: float = 0.001
    """Rounds are added until an equal path that no flow took has at most this chance."""
    packet_bytes: int = 64
    """Length of the whole IP packet, never fragmented."""


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """Trace a pair; `namespaces` holds the source and every device that has the destination's address."""

    namespaces: Mapping[str, Path]
    pair: ProbePair
    settings: TraceSettings = TraceSettings()
    owners: tuple[str, ...] = ()
    """The devices that have the destination's address, beside the pair's destination: packets arrive at any."""


@dataclass(frozen=True, slots=True)
class TracedFlow:
    """Where one flow's packets went: who answered at each hop (`None`: nobody), and how they ended."""

    hops: tuple[Address | None, ...]
    end: TraceEnd
    mtu: int | None = None
    """With `TOO_LONG`: what would pass there, where it was said."""
    arrived_at: str | None = None
    """With `ARRIVED`: the device, of those that have the address."""


@dataclass(frozen=True, slots=True)
class PathMtu:
    """The longest IP packet that all flows of a pair carry; 0 where not even a short one arrives on all of them."""

    packet_bytes: int
    reporter: Address | None = None
    """Who said that a longer one is too long; `None` where the source's own kernel did, or nobody."""
    at_source: bool = False
    """The source's own interface is the limit."""


def write_trace_request(request: TraceRequest) -> Json:
    settings = request.settings
    return {
        "devices": write_namespaces(request.namespaces),
        "pair": write_pair(request.pair),
        "settings": [settings.flows, settings.missed, settings.packet_bytes],
        "owners": list(request.owners),
    }


def read_trace_request(value: Json) -> TraceRequest:
    flows, missed, packet_bytes = value["settings"]
    settings = TraceSettings(int(flows), float(missed), int(packet_bytes))
    return TraceRequest(read_namespaces(value["devices"]), read_pair(value["pair"]), settings, tuple(value["owners"]))


def write_flows(flows: tuple[TracedFlow, ...]) -> Json:
    return [[[write_text(hop) for hop in flow.hops], flow.end.value, flow.mtu, flow.arrived_at] for flow in flows]


def read_flows(value: Json) -> tuple[TracedFlow, ...]:
    return tuple(TracedFlow(tuple(map(read_address, hops)), TraceEnd(end), mtu, at) for hops, end, mtu, at in value)


def write_path_mtu(found: PathMtu) -> Json:
    return [found.packet_bytes, write_text(found.reporter), found.at_source]


def read_path_mtu(value: Json) -> PathMtu:
    packet_bytes, reporter, at_source = value
    return PathMtu(int(packet_bytes), read_address(reporter), bool(at_source))
