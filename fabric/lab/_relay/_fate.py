"""What becomes of a frame in one direction: when it is due, or that it is lost, or which bit of it is flipped."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

from fabric._values import dataclass
from fabric.lab._impairment import Impairment, together
from fabric.lab._relay._plan import Direction

_ETHERNET_BYTES = 14
_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
_LONGEST_QUEUE_NS = 200_000_000
"""A sender that is slowed down loses what would wait longer: the buffer of a port, in time."""
_FRAMING_BYTES = 24
"""Preamble, checksum and gap of a frame on a wire."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Packed addresses between which a rule holds, in either direction."""

    sources: frozenset[bytes]
    destinations: frozenset[bytes]
    impairment: Impairment

    def holds(self, source: bytes, destination: bytes) -> bool:
        """True for a packet between the two sets."""
        return (source in self.sources and destination in self.destinations) or (
            source in self.destinations and destination in self.sources
        )


class Lane:
    """One direction; it changes only in when its wire is free again."""

    def __init__(self, direction: Direction, chance: random.Random) -> None:
        everything = [rule.impairment for rule in direction.rules if not rule.sources]
        self._all = _sum(everything) if everything else None
        self._pairs = tuple(
            _Pair(_packed(rule.sources), _packed(rule.destinations), rule.impairment)
            for rule in direction.rules
            if rule.sources
        )
        self._chance = chance
        self._free_ns = 0

    def due_ns(self, frame: bytes, arrived_ns: int) -> int | None:
        """When the frame is to arrive; `None` when it is lost."""
        found = self._impairment(frame)
        if found is None:
            return arrived_ns
        if found.loss_percent and self._chance.random() * 100 < found.loss_percent:
            return None
        due = arrived_ns
        if found.rate_mbit is not None:
            start = max(arrived_ns, self._free_ns)
            if start - arrived_ns > _LONGEST_QUEUE_NS:
                return None
            due = self._free_ns = start + round((len(frame) + _FRAMING_BYTES) * 8000 / found.rate_mbit)
        delay_ms = found.delay_ms
        if found.jitter_ms:
            delay_ms = max(0.0, delay_ms + self._chance.uniform(-found.jitter_ms, found.jitter_ms))
        return due + round(delay_ms * 1e6)

    def damaged(self, frame: bytearray) -> None:
        """Nothing; the frame, if chance will have it so, has one bit flipped behind its Ethernet header."""
        found = self._impairment(frame)
        if found is None or not found.corrupt_percent or self._chance.random() * 100 >= found.corrupt_percent:
            return
        bit = self._chance.randrange(8 * _ETHERNET_BYTES, 8 * len(frame))
        frame[bit >> 3] ^= 1 << (bit & 7)

    def _impairment(self, frame: bytes | bytearray) -> Impairment | None:
        for pair in self._pairs:
            source, destination = _addresses(frame)
            if pair.holds(source, destination):
                if pair.impairment.mtu is not None and len(frame) - _ETHERNET_BYTES > pair.impairment.mtu:
                    return _LOST
                return pair.impairment if self._all is None else together(self._all, pair.impairment)
        return self._all


_LOST = Impairment(loss_percent=100)


def _sum(impairments: Iterable[Impairment]) -> Impairment:
    found = Impairment()
    for impairment in impairments:
        found = together(found, impairment)
    return found


def _addresses(frame: bytes | bytearray) -> tuple[bytes, bytes]:
    """Source and destination of an IP packet; empty for anything else."""
    kind = frame[12:14]
    if kind == _IPV4:
        return bytes(frame[26:30]), bytes(frame[30:34])
    if kind == _IPV6:
        return bytes(frame[22:38]), bytes(frame[38:54])
    return b"", b""


def _packed(addresses: Iterable[str]) -> frozenset[bytes]:
    return frozenset(socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a) for a in addresses)
