"""What becomes of frames in the relay, and the words for netem and nftables; no packet socket is opened."""

from __future__ import annotations

import json
import random
import socket
import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest

from fabric.config import Port
from fabric.lab import Impaired, Impairment
from fabric.lab._impairer import netem_words
from fabric.lab._impairment import IMPAIRMENTS, together
from fabric.lab._relay import Direction, Rule, directions_from, directions_value
from fabric.lab._relay._fate import Lane
from fabric.lab._relaying import RELAY

A, B = Port("leaf-1", "up1"), Port("spine-1", "down1")
MS = 1_000_000


def lane(*rules: Rule) -> Lane:
    return Lane(Direction(A, B, rules), random.Random(7))


def frame(source: str = "10.0.0.1", destination: str = "10.0.0.2", length: int = 100) -> bytes:
    one, two = ip_address(source), ip_address(destination)
    kind, gap = (b"\x08\x00", 12) if one.version == 4 else (b"\x86\xdd", 8)
    return (bytes(12) + kind + bytes(gap) + one.packed + two.packed).ljust(length, b"\0")


def test_delay_and_jitter_stay_within_their_bounds() -> None:
    assert lane(Rule(Impairment(delay_ms=5))).due_ns(frame(), 1000) == 1000 + 5 * MS
    shaky = lane(Rule(Impairment(delay_ms=5, jitter_ms=2)))
    due = [shaky.due_ns(frame(), 0) or 0 for _ in range(500)]
    assert 3 * MS <= min(due) < 3.1 * MS
    assert 6.9 * MS < max(due) <= 7 * MS


def test_loss_and_corruption_take_their_share() -> None:
    lossy = lane(Rule(Impairment(loss_percent=10)))
    assert 60 < sum(lossy.due_ns(frame(), 0) is None for _ in range(1000)) < 140
    bad = lane(Rule(Impairment(corrupt_percent=50)))
    damaged = 0
    for _ in range(200):
        copy = bytearray(frame())
        bad.damaged(copy)
        assert copy[:14] == frame()[:14]
        flipped = sum((one ^ two).bit_count() for one, two in zip(copy, frame(), strict=True))
        assert flipped in (0, 1)
        damaged += flipped
    assert 60 < damaged < 140


def test_a_rate_spaces_frames_and_loses_what_would_wait_too_long() -> None:
    slow = lane(Rule(Impairment(rate_mbit=1)))
    due = [slow.due_ns(frame(length=976), 0) for _ in range(40)]
    kept = [when for when in due if when is not None]
    assert kept[:2] == [8 * MS, 16 * MS]  # 976 and 24 bytes of framing are 8000 bits
    assert len(kept) == 26
    assert kept[-1] == 208 * MS


def test_a_rule_between_two_groups_is_for_their_packets_alone_either_way() -> None:
    rule = Rule(Impairment(delay_ms=1, mtu=80), frozenset({"10.0.0.1", "fd00::1"}), frozenset({"10.0.0.2", "fd00::2"}))
    between = lane(rule)
    assert between.due_ns(frame(length=94), 0) == between.due_ns(frame("10.0.0.2", "10.0.0.1", 94), 0) == MS
    assert between.due_ns(frame("fd00::1", "fd00::2", 94), 0) == MS
    assert between.due_ns(frame("10.0.0.1", "10.0.0.1"), 0) == 0
    assert between.due_ns(bytes(60), 0) == 0
    assert between.due_ns(frame(length=95), 0) is None
    everything = lane(rule, Rule(Impairment(delay_ms=2)))
    assert everything.due_ns(frame(length=94), 0) == 3 * MS
    assert everything.due_ns(bytes(60), 0) == 2 * MS


def test_what_two_impairments_do_together() -> None:
    both = together(Impairment(1, 0, 50, 0, 10, 1400), Impairment(2, 1, 50, 0, None, 9000))
    assert both == Impairment(3, 1, 75, 0, 10, 1400)


def test_what_was_written_is_read() -> None:
    impaired = Impaired("zones:a--b", Impairment(2.5, mtu=1400), (A, B), ("leaf-1",), ("spine-1",))
    assert IMPAIRMENTS.entries(IMPAIRMENTS.text([impaired]), "lab") == (impaired,)
    directions = (Direction(A, B, (Rule(Impairment(1), frozenset({"10.0.0.1"}), frozenset({"10.0.0.2"})),)),)
    assert directions_from(directions_value(directions)) == directions


@pytest.mark.parametrize(
    ("impairment", "words"),
    [
        (Impairment(delay_ms=5, jitter_ms=0.5), "delay 5ms 0.5ms"),
        (Impairment(loss_percent=0.1, corrupt_percent=2), "loss 0.1% corrupt 2%"),
        (Impairment(rate_mbit=100), "rate 100mbit"),
    ],
)
def test_netem_words(impairment: Impairment, words: str) -> None:
    assert " ".join(netem_words(impairment)) == f"netem limit 10000 {words}"


def test_a_relay_behind_a_door_ends_with_the_last_process_that_it_works_for(tmp_path: Path) -> None:
    """As on the containerlab engine, where it outlives whoever asks it."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(tmp_path / "door"))
    door.listen()
    employers = [subprocess.Popen(("sleep", "60")) for _ in range(2)]
    pids = [str(employer.pid) for employer in employers]
    with subprocess.Popen((*RELAY, *pids, str(_a_dead_pid())), stdin=door.fileno()) as relay, door:
        try:
            for _ in range(2):  # each visitor is answered
                with socket.socket(socket.AF_UNIX) as visitor:
                    visitor.connect(str(tmp_path / "door"))
                    visitor.sendall(b"[]\n")
                    answer = json.loads(visitor.makefile().readline())
                assert (len(answer["timer_ms"]), answer["frames"]) == (3, 0)
            _end(employers[0])
            with pytest.raises(subprocess.TimeoutExpired):
                relay.wait(0.3)
            _end(employers[1])
            assert relay.wait(10) == 0
        finally:
            relay.kill()
            for employer in employers:
                _end(employer)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _a_dead_pid() -> int:
    with subprocess.Popen("true") as ended:
        return ended.pid
