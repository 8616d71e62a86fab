"""What BGP and BFD say in frames: split, repeated, padded and damaged ones."""

from __future__ import annotations

import pytest
from scapy.contrib.bgp import BGPHeader, BGPKeepAlive, BGPNLRI_IPv4, BGPNotification, BGPOpen, BGPUpdate
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from fabric.lab import Frame, Listener

OPEN = bytes(BGPHeader(type=1) / BGPOpen(my_as=65001, hold_time=9, bgp_id="10.0.0.1"))
UPDATE = bytes(
    BGPHeader(type=2) / BGPUpdate(withdrawn_routes=[BGPNLRI_IPv4(prefix=f"10.9.{n}.0/24") for n in range(6)])
)
KEEPALIVE = bytes(BGPHeader(type=4) / BGPKeepAlive())
NOTIFICATION = bytes(BGPHeader(type=3) / BGPNotification(error_code=6, error_subcode=2))


def segment(sequence: int, payload: bytes, padding: bytes = b"") -> Frame:
    packet = Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=4000, dport=179, seq=sequence) / payload
    return Frame(0, outgoing=True, content=bytes(packet) + padding)


def heard(*frames: Frame) -> list[str]:
    listener = Listener()
    return [f"{said.kind} {said.words}".strip() for frame in frames for said in listener.hear(frame)]


def test_several_messages_in_a_segment_and_one_over_several() -> None:
    stream = OPEN + KEEPALIVE + UPDATE
    pieces = [segment(1 + at, stream[at : at + 37]) for at in range(0, len(stream), 37)]
    told = [
        "BGP OPEN AS 65001, hold 9 s, router id 10.0.0.1",
        "BGP KEEPALIVE",
        "BGP UPDATE - 10.9.0.0/24, 10.9.1.0/24, 10.9.2.0/24, 10.9.3.0/24 and 2 more",
    ]
    assert heard(segment(1, stream)) == told
    assert heard(*pieces) == told


def test_what_is_sent_twice_counts_once_and_sequence_numbers_wrap() -> None:
    last = (1 << 32) - 10
    again = segment(last, KEEPALIVE)
    assert heard(again, again, segment((last + 19) % (1 << 32), KEEPALIVE)) == ["BGP KEEPALIVE"] * 2


def test_padding_behind_a_short_packet_is_no_payload() -> None:
    assert heard(segment(1, b"", bytes(6)), segment(1, KEEPALIVE, bytes(20))) == ["BGP KEEPALIVE"]


def test_a_notification_says_why() -> None:
    assert "Cease" in heard(segment(1, NOTIFICATION))[0]


@pytest.mark.parametrize(
    "payload", [b"\xff" * 16 + b"\0\x05\x02", b"\xff" * 40, b"junk", UPDATE[:-3] + b"\xff\xff\xff"]
)
def test_nonsense_stops_nobody(payload: bytes) -> None:
    listener = Listener()
    assert len(list(listener.hear(segment(1, payload)))) <= 1


def test_only_changes_of_bfd_are_told() -> None:
    def packet(state: int) -> Frame:
        content = bytes([0x20, state << 6, 3, 24]) + bytes(20)
        return Frame(0, False, bytes(Ether() / IPv6(src="fe80::1", dst="fe80::2") / UDP(dport=3784) / content))

    assert heard(*map(packet, (1, 1, 2, 3, 3, 1))) == ["BFD Down", "BFD Init", "BFD Up", "BFD Down"]
