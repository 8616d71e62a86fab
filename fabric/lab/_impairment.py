"""Impairments: what a link does to the packets that a port sends into it. Pure values, and how they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fabric._values import dataclass
from fabric.config import Port
from fabric.lab._kept import KeptList

LEAST_MTU = 1280
"""Below it, Linux takes IPv6 from an interface (RFC 8200 section 5)."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What happens to packets on their way, one way."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """The delay of each packet lies evenly within this much of `delay_ms`, so that packets overtake each other."""
    loss_percent: float = 0.0
    corrupt_percent: float = 0.0
    """How many get one bit flipped behind the Ethernet header."""
    rate_mbit: float | None = None
    mtu: int | None = None
    """Of the port; between zones, longer IP packets are lost without a word, as a circuit of layer 2 loses them."""

    @property
    def passive(self) -> bool:
        """True when nothing happens to a packet that is short enough."""
        return not (self.delay_ms or self.jitter_ms or self.loss_percent or self.corrupt_percent or self.rate_mbit)

    @property
    def only_loss(self) -> bool:
        """True when packets are lost and nothing else happens to them."""
        return bool(self.loss_percent) and not (
            self.delay_ms or self.jitter_ms or self.corrupt_percent or self.rate_mbit
        )


def together(one: Impairment, two: Impairment) -> Impairment:
    """What a packet meets that meets both: delays add up, the lower rate and MTU hold."""
    rates = [rate for rate in (one.rate_mbit, two.rate_mbit) if rate is not None]
    mtus = [mtu for mtu in (one.mtu, two.mtu) if mtu is not None]
    return Impairment(
        one.delay_ms + two.delay_ms,
        one.jitter_ms + two.jitter_ms,
        _either(one.loss_percent, two.loss_percent),
        _either(one.corrupt_percent, two.corrupt_percent),
        min(rates, default=None),
        min(mtus, default=None),
    )


def _either(one: float, two: float) -> float:
    return 100 * (1 - (1 - one / 100) * (1 - two / 100))


@dataclass(frozen=True, slots=True)
class Impaired:
    """An impairment, and the packets that it is for, until it is cleared; known by the words that asked for it."""

    target: str
    impairment: Impairment
    ports: tuple[Port, ...]
    """The senders: a cable that is impaired both ways stands here with both its ends."""
    sources: tuple[str, ...] = ()
    """Only packets between an address of these devices …"""
    destinations: tuple[str, ...] = ()
    """… and one of these, either way; both empty for every packet."""


@dataclass(frozen=True, slots=True)
class ImpairmentChange:
    """What came of impairing or clearing."""

    targets: tuple[str, ...]
    means: Mapping[str, int]
    """How many directions are impaired now by `netem`, `nftables` or the user-space `relay`."""
    timer_ms: tuple[float, float, float] | None
    """How late the relay's timer was when it was tried: median, 99th percentile and worst of its tries."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late frames were that the relay delayed."""

    frames: int
    late_ms: tuple[float, float, float] | None
    """Median, 99th percentile and worst of the first 20,000; `None` without a frame."""


def impaired_value(impaired: Impaired) -> dict[str, Any]:
    """It as a JSON value."""
    ports = [[port.device, port.interface] for port in impaired.ports]
    return {**asdict(impaired), "ports": ports}


def impaired_from(value: Mapping[str, Any]) -> Impaired:
    """What `impaired_value` wrote; raises `ValueError`, `KeyError` or `TypeError` for what is none."""
    return Impaired(
        str(value["target"]),
        Impairment(**value["impairment"]),
        tuple(Port(str(device), str(interface)) for device, interface in value["ports"]),
        tuple(map(str, value["sources"])),
        tuple(map(str, value["destinations"])),
    )


IMPAIRMENTS = KeptList(
    "impairments.json",
    "impairments",
    impaired_value,
    impaired_from,
    "`fabric lab impair --clear` clears what is active and writes it anew.",
)
"""Where a lab keeps what is impaired."""
