from __future__ import annotations

import time

from fabric.lab._agent._pace import Pace

NEVER_OLD_NS = 10**12


def fill(pace: Pace, at_ns: int, first: int = 0) -> int:
    """Send until the window is full, numbering from `first`; returns how many that took."""
    sent = pace.room
    for number in range(first, first + sent):
        pace.sent(number, at_ns)
    return sent


def test_an_answer_makes_room_for_one_more() -> None:
    pace = Pace(128)
    fill(pace, time.monotonic_ns())
    pace.ended(3)
    assert pace.room == 1
    pace.ended(3)
    assert pace.room == 1


def test_the_window_doubles_while_idle_up_to_its_bound() -> None:
    pace, sent = Pace(128), []
    for first in range(0, 6000, 1000):
        sent.append(fill(pace, time.monotonic_ns() + NEVER_OLD_NS, first))
        wait_s = pace.idle()
    assert sent == [32, 32, 64, 128, 256, 0]
    assert wait_s > 0


def test_old_probes_no_longer_count() -> None:
    pace = Pace(128)
    sent = fill(pace, time.monotonic_ns() - 10**9)
    assert pace.idle() == 0
    assert pace.room == sent


def test_slow_answers_make_it_patient() -> None:
    pace = Pace(128)
    for _ in range(50):
        pace.measured(20_000_000)
    fill(pace, time.monotonic_ns() - 40_000_000)
    pace.idle()
    assert pace.room == 32, "wider, as nothing was let go"


def test_large_packets_have_a_smaller_window() -> None:
    pace, sent = Pace(30_000), 0
    for first in range(0, 6000, 1000):
        sent += fill(pace, time.monotonic_ns() + NEVER_OLD_NS, first)
        pace.idle()
    assert sent == (4 << 20) // (2 * 30_000 + 1024)
