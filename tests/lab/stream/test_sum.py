"""Outages from what was sent and what arrived; no packet is sent."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from fabric.lab import FlowPhase, Phase, ProbePair
from fabric.lab._stream import (
    Event,
    StreamRequest,
    StreamResult,
    read_request,
    read_result,
    write_request,
    write_result,
)
from fabric.lab._stream._sum import Sent, flow_phases, gaps

MS = 1_000_000
PAIR = ProbePair("a", ip_address("10.0.0.1"), "b", ip_address("10.0.0.2"))
SENT = Sent([n * 2 * MS for n in range(1, 101)], 2 * MS)
PHASES = (Phase("quiet", 0), Phase("fault", 40 * MS), Phase("healed", 120 * MS))


def arrived(*lost: range, late_ms: float = 0.1) -> list[int]:
    gone = {number for of_run in lost for number in of_run}
    return [0 if n in gone else at + round(late_ms * MS) for n, at in enumerate(SENT.at_ns)]


def phases(*flows: list[int], heartbeats: tuple[list[int], ...] = ()) -> dict[str, FlowPhase]:
    return {entry.phase: entry for entry in flow_phases(PAIR, PHASES, SENT, flows, heartbeats)}


def test_an_outage_is_the_silence_around_lost_packets_less_the_spacing() -> None:
    found = phases(arrived(range(20, 30)), arrived())
    assert (found["fault"].lost, found["fault"].flows_hit, found["fault"].outage_ms) == (10, 1, 20.0)
    assert found["quiet"].lost == found["healed"].lost == 0
    assert found["quiet"].outage_ms == 0
    assert found["fault"].delay_ms == (0.1, 0.1, 0.1)
    assert sum(entry.sent for entry in found.values()) == 200


def test_a_lost_packet_counts_where_it_was_sent_and_an_outage_where_it_began() -> None:
    found = phases(arrived(range(50, 70)))
    assert (found["fault"].outage_ms, found["healed"].outage_ms) == (40.0, 0.0)
    assert (found["fault"].lost, found["healed"].lost) == (9, 11)
    assert not found["fault"].open


def test_late_packets_are_noise_and_no_outage() -> None:
    late = arrived()
    late[10] += 5 * MS
    found = phases(late)
    assert (found["quiet"].noise_ms, found["quiet"].outage_ms, found["quiet"].lost) == (5.0, 0.0, 0)


def test_silence_to_the_end_is_open() -> None:
    found = phases(arrived(range(30, 100)))
    assert found["fault"].open
    assert found["fault"].outage_ms == pytest.approx(139.9)
    nothing = phases([])
    assert [nothing[name].lost for name in ("quiet", "fault", "healed")] == [19, 40, 41]
    assert (nothing["quiet"].open, nothing["quiet"].delay_ms) == (True, None)


def test_a_heartbeat_gap_counts_where_it_touches() -> None:
    beats = ([10 * MS, 30 * MS, 90 * MS, 110 * MS, 140 * MS],)
    found = phases(arrived(), heartbeats=beats)
    assert [found[name].heartbeat_ms for name in ("quiet", "fault", "healed")] == [60, 60, 30]
    assert phases(arrived())["quiet"].heartbeat_ms is None


def test_sending_late_is_the_senders_own_noise() -> None:
    assert SENT.stall_ms == 0
    assert Sent([0, 2 * MS, 9 * MS], 2 * MS).stall_ms == 5
    assert [gap.lost for gap in gaps(Sent([2 * MS], 2 * MS), [2 * MS])] == [0]


def test_what_was_written_is_read() -> None:
    request = StreamRequest({}, (PAIR,))
    assert read_request(write_request(request)) == request
    events = (Event(5, "a", "route", "10.0.0.0/8 by 2"),)
    result = StreamResult(tuple(phases(arrived()).values()), events, 0.5, 0)
    assert read_result(write_result(result)) == result
