"""What writes and elections come to; no etcd runs."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from fabric.config import Address, Port
from fabric.lab import Leadership, Member, PeerStream, Timers
from fabric.lab._quorum import (
    QuorumPhase,
    QuorumRequest,
    QuorumResult,
    read_leadership,
    read_request,
    read_result,
    write_leadership,
    write_request,
    write_result,
)
from fabric.lab._quorum._etcd import source_rules
from fabric.lab._quorum._model import Write, phases_of
from fabric.lab._quorum._streams import Segment, segment_in, streams_of

MS = 1_000_000
MEMBERS = tuple(Member(name, ip_address(f"10.0.0.{n}")) for n, name in enumerate("abc", start=1))


def test_writes_count_where_they_end_and_an_outage_is_cut_at_its_phase() -> None:
    writes = [Write(f"k/a/{n}", at * MS, (at + 5) * MS, at not in (40, 50)) for n, at in enumerate(range(0, 100, 10))]
    before, after = phases_of([("before", 0), ("fault", 42 * MS)], 100 * MS, writes, [10 * MS, 60 * MS])
    assert before == QuorumPhase("before", 4, 0, 1, 10.0, 5.0)
    assert after == QuorumPhase("fault", 4, 2, 1, 23.0, 5.0)
    assert list(phases_of([("none", 0)], 10 * MS, [], [])) == [QuorumPhase("none", 0, 0, 0, 10.0, None)]


def test_members_speak_from_the_address_that_they_listen_on() -> None:
    assert "ip daddr { 10.0.0.2, 10.0.0.3 } tcp dport 2380 snat to 10.0.0.1;" in source_rules(MEMBERS[0], MEMBERS)
    six = tuple(Member(name, ip_address(f"fd00::{n}")) for n, name in enumerate("ab", start=1))
    assert source_rules(six[0], six).startswith("table ip6 fabric_quorum")


def packet(source: Address, destination: Address, ports: tuple[int, int], payload: bytes) -> bytes:
    tcp = struct.pack("!HHIIBBHHH", *ports, 0, 0, 8 << 4, 0, 0, 0, 0) + bytes(12) + payload
    if source.version == 4:
        head = struct.pack("!BBHHHBBH", 0x46, 0, 24 + len(tcp), 0, 0, 64, 6, 0)
        return head + source.packed + destination.packed + bytes(4) + tcp
    return struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + source.packed + destination.packed + tcp


@pytest.mark.parametrize(("near", "far"), [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")])
def test_a_segment_is_read_whatever_options_come_before_it(near: str, far: str) -> None:
    ends = ip_address(near), ip_address(far)
    whole = packet(*ends, (2380, 40000), b"beat")
    assert segment_in(whole) == Segment(ends[0], 2380, ends[1], 40000, 4)
    assert segment_in(whole[:30]) is None
    assert segment_in(b"") is None


def test_a_leaders_streams_are_what_it_goes_on_saying_to_members() -> None:
    a, b, c = (member.address for member in MEMBERS)
    first, second, answer = Port("a", "eth1"), Port("leaf", "eth2"), Port("b", "eth1")
    beat, probe = Segment(a, 2380, b, 51108, 20), Segment(a, 2380, b, 51109, 90)
    heard = [(first, beat), (second, beat), (first, probe), (second, probe), (first, beat), (second, beat)]
    heard += [(answer, Segment(b, 2380, a, 40000, 20))] * 3  # another member's
    heard += [(first, Segment(a, 2380, c, 40001, 0))] * 3  # acknowledgements alone
    heard += [(first, Segment(a, 2380, ip_address("10.0.0.9"), 40001, 9))] * 3  # to a stranger
    assert streams_of(MEMBERS[0], MEMBERS, heard) == [PeerStream("b", 51108, (first, second))]


def test_a_leader_speaks_to_a_follower_by_two_streams() -> None:
    streams = [PeerStream(name, number, ()) for name in "bc" for number in (1, 2)]
    assert Leadership("a", tuple(streams)).speaks_to(2)
    assert not Leadership("a", tuple(streams[1:])).speaks_to(2)
    assert not Leadership("a", tuple(streams[:2])).speaks_to(2)


def test_what_was_written_is_read() -> None:
    request = QuorumRequest(MEMBERS, Timers(100, 1000))
    assert read_request(write_request(request)) == request
    leadership = Leadership("a", (PeerStream("b", 51108, (Port("a", "eth1"),)),))
    assert read_leadership(write_leadership(leadership)) == leadership
    result = QuorumResult((QuorumPhase("x", 1, 2, 3, 4.0, None),), 5, 6)
    assert read_result(write_result(result)) == result
