"""What writes and elections come to; no etcd runs."""

from __future__ import annotations

from ipaddress import ip_address

from fabric.lab import Member, Timers
from fabric.lab._quorum import (
    QuorumPhase,
    QuorumRequest,
    QuorumResult,
    read_request,
    read_result,
    write_request,
    write_result,
)
from fabric.lab._quorum._etcd import source_rules
from fabric.lab._quorum._model import Write, phases_of

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


def test_what_was_written_is_read() -> None:
    request = QuorumRequest(MEMBERS, Timers(100, 1000))
    assert read_request(write_request(request)) == request
    result = QuorumResult((QuorumPhase("x", 1, 2, 3, 4.0, None),), 5, 6)
    assert read_result(write_result(result)) == result
