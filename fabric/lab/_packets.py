"""What BGP and BFD say in captured frames. Pure; scapy does the decoding."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from fabric._values import dataclass
from fabric.lab._frames import Frame

_BGP_PORT, _BFD_PORT = 179, 3784
_MARKER = b"\xff" * 16
_HEADER_BYTES = 19
_SHOWN = 4
_BFD_STATES = ("AdminDown", "Down", "Init", "Up")
_MP_REACH, _MP_UNREACH = 14, 15
_BGP_TYPES = {1: "OPEN", 2: "UPDATE", 3: "NOTIFICATION", 4: "KEEPALIVE", 5: "ROUTE-REFRESH"}


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a routing protocol."""

    at_ns: int
    source: str
    destination: str
    kind: str
    """Such as `BGP UPDATE` or `BFD Down`."""
    words: str = ""


class Listener:
    """Puts the streams of BGP sessions together and tells what is said in them, and how BFD's states change."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, int, str, int], _Stream] = {}
        self._bfd: dict[tuple[str, str], int] = {}

    def hear(self, frame: Frame) -> Iterator[Said]:
        """The messages that are complete with this frame."""
        from scapy.layers.inet import IP, TCP, UDP  # noqa: PLC0415 - scapy is slow to import
        from scapy.layers.inet6 import IPv6  # noqa: PLC0415
        from scapy.layers.l2 import Ether  # noqa: PLC0415

        packet = Ether(frame.content)
        network = packet.getlayer(IP) or packet.getlayer(IPv6)
        if network is None:
            return
        if (segment := network.getlayer(TCP)) is not None and _BGP_PORT in (segment.sport, segment.dport):
            yield from self._bgp(frame, network, segment)
        elif (datagram := network.getlayer(UDP)) is not None and datagram.dport == _BFD_PORT:
            yield from self._bfd_state(frame, network, bytes(datagram.payload))

    def _bgp(self, frame: Frame, network: Any, segment: Any) -> Iterator[Said]:
        payload = bytes(segment.payload)[: _payload_bytes(network, segment)]
        stream = self._streams.setdefault((network.src, segment.sport, network.dst, segment.dport), _Stream())
        for message in stream.take(segment.seq, payload):
            kind, words = _decoded(message)
            yield Said(frame.at_ns, network.src, network.dst, f"BGP {kind}", words)

    def _bfd_state(self, frame: Frame, network: Any, content: bytes) -> Iterator[Said]:
        if len(content) < 2:  # RFC 5880 section 4.1: the state is in the two upper bits of the second byte
            return
        state, ends = content[1] >> 6, (network.src, network.dst)
        if self._bfd.get(ends) != state:
            self._bfd[ends] = state
            yield Said(frame.at_ns, *ends, f"BFD {_BFD_STATES[state]}")


def _payload_bytes(network: Any, segment: Any) -> int:
    """The TCP payload's length: short frames are padded behind it."""
    whole = network.len - network.ihl * 4 if network.version == 4 else network.plen
    return max(0, int(whole) - int(segment.dataofs) * 4)


class _Stream:
    """One direction of a session: its bytes in order, cut into messages (RFC 4271 section 4.1)."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held = b""

    def take(self, sequence: int, payload: bytes) -> Iterator[bytes]:
        """The messages that the segment completes; what was sent twice counts once."""
        if not payload:
            return
        known = 0 if self._next is None else (self._next - sequence) % (1 << 32)
        if known > 1 << 31:  # a gap: the capture missed something
            self._held, known = b"", 0
        if known >= len(payload):
            return
        self._held += payload[known:]
        self._next = (sequence + len(payload)) % (1 << 32)
        yield from self._messages()

    def _messages(self) -> Iterator[bytes]:
        while len(self._held) >= _HEADER_BYTES:
            begin = self._held.find(_MARKER)
            if begin < 0:
                self._held = b""
                return
            length = int.from_bytes(self._held[begin + 16 : begin + 18], "big")
            if length < _HEADER_BYTES:
                self._held = self._held[begin + 1 :]
                continue
            if len(self._held) < begin + length:
                return
            yield self._held[begin : begin + length]
            self._held = self._held[begin + length :]


def _decoded(message: bytes) -> tuple[str, str]:
    logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # it would tell how wide it takes ASNs to be
    from scapy.contrib.bgp import BGPHeader, bgp_module_conf  # noqa: PLC0415 - scapy is slow to import

    bgp_module_conf.use_2_bytes_asn = False
    kind = _BGP_TYPES.get(message[18], f"type {message[18]}")
    try:
        body = BGPHeader(message).payload
        match kind:
            case "OPEN":
                return kind, f"AS {body.my_as}, hold {body.hold_time} s, router id {body.bgp_id}"
            case "NOTIFICATION":
                return kind, body.sprintf("%error_code% / %error_subcode%")
            case "UPDATE":
                return kind, _update(body)
    except Exception as error:
        return kind, f"not understood ({type(error).__name__})"
    return kind, ""


def _update(body: Any) -> str:
    announced = [route.prefix for route in body.nlri or ()]
    withdrawn = [route.prefix for route in body.withdrawn_routes or ()]
    for entry in body.path_attr or ():
        if entry.type_code == _MP_REACH:
            announced += [route.prefix for route in entry.attribute.nlri or ()]
        elif entry.type_code == _MP_UNREACH:
            afi = getattr(entry.attribute, "afi_safi_specific", None)
            withdrawn += [route.prefix for route in getattr(afi, "withdrawn_routes", None) or ()]
    parts = [f"{name} {_some(prefixes)}" for name, prefixes in (("+", announced), ("-", withdrawn)) if prefixes]
    return " ".join(parts) or "End-of-RIB"


def _some(prefixes: list[str]) -> str:
    more = f" and {len(prefixes) - _SHOWN} more" if len(prefixes) > _SHOWN else ""
    return ", ".join(map(str, prefixes[:_SHOWN])) + more
