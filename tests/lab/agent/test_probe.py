"""Probes through real namespaces: what is reported must be where the packets really ended."""

from __future__ import annotations

import resource
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from fabric.errors import LabError
from fabric.lab._agent import (
    PairResult,
    ProbeError,
    ProbePair,
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
    Where,
    _exchange,
)
from fabric.lab._agent._probe import batches, probe

from .conftest import Lab

lab_test = pytest.mark.lab

V4 = ProbePair("a", ip_address("192.0.2.1"), "b", ip_address("192.0.2.2"))
V6 = ProbePair("a", ip_address("2001:db8::1"), "b", ip_address("2001:db8::2"))
BOTH = pytest.mark.parametrize("pair", [V4, V6], ids=["ipv4", "ipv6"])
QUICK = ProbeSettings(timeout_ms=300)


def back(pair: ProbePair) -> ProbePair:
    """The same pair in the other direction."""
    return ProbePair(pair.destination, pair.destination_address, pair.source, pair.source_address)


def run(lab: Lab, *pairs: ProbePair, settings: ProbeSettings = QUICK) -> ProbeResult:
    return probe(ProbeRequest(lab.paths, pairs, settings))


def one(lab: Lab, pair: ProbePair, settings: ProbeSettings = QUICK) -> PairResult:
    (result,) = run(lab, pair, settings=settings).pairs
    return result


@lab_test
def test_all_pairs_of_both_families_answer(chain: Lab) -> None:
    result = run(chain, V4, V6, back(V4), back(V6))
    assert [pair.pair for pair in result.pairs] == [V4, V6, back(V4), back(V6)]
    assert [(pair.flows, pair.answered, pair.arrived, pair.errors) for pair in result.pairs] == [(16, 16, 16, ())] * 4
    assert all(pair.ok for pair in result.pairs)
    assert result.overflows == 0


@lab_test
def test_round_trips_are_ordered_and_real(chain: Lab) -> None:
    trip = one(chain, V4).round_trip
    assert trip is not None
    assert 0 < trip.min_us <= trip.median_us <= trip.max_us < 1e6


@lab_test
def test_a_device_reaches_itself(chain: Lab) -> None:
    assert one(chain, ProbePair("a", V4.source_address, "a", V4.source_address)).ok


@lab_test
def test_the_result_follows_the_order_of_the_request_and_a_pair_may_repeat(chain: Lab) -> None:
    assert [pair.pair for pair in run(chain, back(V4), V4, back(V4)).pairs] == [back(V4), V4, back(V4)]


@lab_test
@BOTH
def test_no_route_at_the_source(chain: Lab, pair: ProbePair) -> None:
    chain.ip("a", f"route del {pair.destination_address}")
    result = one(chain, pair)
    assert (result.answered, result.never_arrived, result.answers_lost) == (0, 16, 0)
    assert result.errors == (ProbeError(Where.SOURCE, "ENETUNREACH", 16),)


@lab_test
@BOTH
def test_a_blackhole_on_the_way_is_silent_loss(chain: Lab, pair: ProbePair) -> None:
    chain.ip("r", f"route replace blackhole {pair.destination_address} proto bgp")
    result = one(chain, pair)
    assert (result.answered, result.never_arrived, result.errors) == (0, 16, ())


@lab_test
@BOTH
def test_a_router_that_knows_no_route_says_so(chain: Lab, pair: ProbePair) -> None:
    chain.ip("r", f"route del {pair.destination_address}")
    result = one(chain, pair)
    assert result.never_arrived == 16
    # The router limits how many ICMP errors it sends, so not every flow has one.
    assert {(error.where, error.error) for error in result.errors} == {(Where.FORWARD, "ENETUNREACH")}
    assert {str(error.reporter) for error in result.errors} <= {"10.0.1.2", "10.0.2.2", "fd00:1::2", "fd00:2::2"}


@lab_test
@BOTH
def test_no_way_back_is_told_from_no_way_out(chain: Lab, pair: ProbePair) -> None:
    chain.ip("b", f"route del {pair.source_address}")
    result = one(chain, pair)
    assert (result.answered, result.never_arrived, result.answers_lost) == (0, 0, 16)
    assert result.errors == (ProbeError(Where.DESTINATION, "ENETUNREACH", 16),)


@lab_test
@BOTH
def test_answers_lost_in_silence(chain: Lab, pair: ProbePair) -> None:
    chain.run("a", "nft", "add table inet t { chain c { type filter hook input priority 0; udp sport 7007 drop; }; }")
    result = one(chain, pair)
    assert (result.answered, result.arrived, result.errors) == (0, 16, ())


@lab_test
@pytest.mark.parametrize(
    ("pair", "reporters"),
    [(V4, {"10.0.1.2", "10.0.2.2"}), (V6, {"fd00:1::2", "fd00:2::2"})],
    ids=["ipv4", "ipv6"],
)
def test_an_mtu_bottleneck_is_named_with_its_mtu_and_router(chain: Lab, pair: ProbePair, reporters: set[str]) -> None:
    chain.ip("r", "link set b1 mtu 1400")
    chain.ip("b", "link set r1 mtu 1400")
    assert one(chain, pair, replace(QUICK, packet_bytes=1400)).ok
    result = one(chain, pair, replace(QUICK, packet_bytes=1401))
    assert result.never_arrived == 16
    assert {(e.where, e.error, e.mtu) for e in result.errors} == {(Where.FORWARD, "EMSGSIZE", 1400)}
    assert {str(e.reporter) for e in result.errors} <= reporters


@lab_test
@BOTH
def test_a_mended_mtu_is_seen_at_once(chain: Lab, pair: ProbePair) -> None:
    chain.ip("r", "link set b1 mtu 1400")
    assert not one(chain, pair, replace(QUICK, packet_bytes=1500)).ok
    chain.ip("r", "link set b1 mtu 1500")
    assert one(chain, pair, replace(QUICK, packet_bytes=1500)).ok


@lab_test
@BOTH
def test_a_packet_longer_than_the_own_interface_allows(chain: Lab, pair: ProbePair) -> None:
    result = one(chain, pair, replace(QUICK, packet_bytes=1501))
    assert result.errors == (ProbeError(Where.SOURCE, "EMSGSIZE", 16, mtu=1500),)


@lab_test
@BOTH
def test_half_the_flows_are_lost_when_one_of_two_members_drops(chain: Lab, pair: ProbePair) -> None:
    rule = 'iif "a2" udp dport 7007 drop'
    chain.run("r", "nft", f"add table inet t {{ chain c {{ type filter hook prerouting priority 0; {rule}; }}; }}")
    settings = replace(QUICK, flows=64)
    result = one(chain, pair, settings)
    assert 16 <= result.answered <= 48
    assert result.arrived == result.answered
    assert result.retried == 0, "a flow keeps its way, so sending it again changes nothing"
    assert one(chain, pair, settings).answered == result.answered


@lab_test
def test_a_flow_that_needs_a_second_round_is_answered_and_counted(chain: Lab) -> None:
    # Ten packets to the echo port are dropped, all later ones pass.
    rule = "udp dport 7007 quota until 1279 bytes drop"
    chain.run("b", "nft", f"add table inet t {{ chain c {{ type filter hook input priority 0; {rule}; }}; }}")
    result = one(chain, V4)
    assert (result.ok, result.retried) == (True, 9)
    assert one(chain, V4).retried == 0


@lab_test
def test_one_round_does_not_retry(chain: Lab) -> None:
    rule = "udp dport 7007 quota until 1279 bytes drop"
    chain.run("b", "nft", f"add table inet t {{ chain c {{ type filter hook input priority 0; {rule}; }}; }}")
    result = one(chain, V4, replace(QUICK, rounds=1))
    assert (result.answered, result.retried) == (7, 0)


@lab_test
@pytest.mark.parametrize(("where", "device"), [(Where.SOURCE, "a"), (Where.DESTINATION, "b")])
def test_an_address_that_its_device_does_not_have(chain: Lab, where: Where, device: str) -> None:
    strange = ip_address("203.0.113.9")
    source = replace(V4, source_address=strange)
    pair = source if device == "a" else replace(V4, destination_address=strange)
    assert one(chain, pair).errors == (ProbeError(where, "EADDRNOTAVAIL", 16),)


@lab_test
def test_more_loss_than_the_window_holds_does_not_stall(chain: Lab) -> None:
    chain.ip("r", "route replace blackhole 192.0.2.2/32 proto bgp metric 0")
    result = run(chain, V4, V6, settings=replace(QUICK, flows=1024, rounds=1))
    lost, answered = result.pairs
    assert (lost.answered, answered.answered) == (0, 1024)
    assert result.duration_ms < 2000


@lab_test
def test_a_prober_without_a_processor_does_not_call_waiting_answers_lost(
    chain: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(chain, V4)  # the neighbors are known from here on
    # A second passes whenever the prober looks at the clock, far more than a round's timeout.
    monkeypatch.setattr(_exchange, "time", SimpleNamespace(monotonic_ns=partial(next, count(0, 10**9))))
    assert one(chain, V4, replace(QUICK, rounds=1)).ok


@lab_test
def test_jumbo_packets_do_not_overflow_the_prober(chain: Lab) -> None:
    for device, interfaces in {"a": ("r1", "r2"), "r": ("a1", "a2", "b1"), "b": ("r1",)}.items():
        chain.ip(device, *(f"link set {interface} mtu 9000" for interface in interfaces))
    run(chain, V4, V6)  # the neighbors are known from here on: a packet that waits for one may be dropped by the kernel
    result = run(chain, V4, V6, settings=replace(QUICK, flows=512, packet_bytes=9000))
    assert [(pair.answered, pair.retried) for pair in result.pairs] == [(512, 0), (512, 0)]
    assert result.overflows == 0


@lab_test
def test_few_file_descriptors_mean_more_batches_not_failure(chain: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (90, 90))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    assert all(pair.ok for pair in run(chain, V4, V6, back(V4), back(V6)).pairs)


def pairs_of(sources: int, targets: int) -> list[ProbePair]:
    return [
        ProbePair(f"s{s}", ip_address(f"10.0.0.{s}"), f"t{t}", ip_address(f"10.0.1.{t}"))
        for s in range(sources)
        for t in range(targets)
    ]


@pytest.mark.parametrize(("budget", "expected"), [(10_000, 1), (4 * 16 + 5, 1), (2 * 16 + 5, 2), (16 + 5, 4)])
def test_batches_keep_sources_together_within_the_budget(budget: int, expected: int) -> None:
    pairs = pairs_of(4, 5)
    found = list(batches(pairs, 16, budget))
    assert len(found) == expected
    assert sorted(map(str, (pair for batch in found for pair in batch))) == sorted(map(str, pairs))


def test_batches_split_destinations_when_they_must() -> None:
    found = list(batches(pairs_of(1, 10), 16, budget=20))
    assert [len(batch) for batch in found] == [4, 4, 2]


def test_no_batch_is_possible() -> None:
    with pytest.raises(LabError, match=r"16 flows need 17 open files, found room for 16"):
        list(batches(pairs_of(1, 1), 16, budget=16))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ProbeSettings(flows=0), "flows: found 0; allowed: 1 to 1024"),
        (ProbeSettings(packet_bytes=20), "packet_bytes: found 20; allowed: 64 to 65535"),
        (ProbeSettings(rounds=0), "rounds: found 0"),
        (ProbeSettings(timeout_ms=0), "timeout_ms: found 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings: ProbeSettings, words: str) -> None:
    with pytest.raises(LabError, match=words):
        probe(ProbeRequest({}, (), settings))


def test_a_pair_of_two_families_is_refused() -> None:
    pair = replace(V4, destination_address=V6.destination_address)
    with pytest.raises(LabError, match=r"a -> b: found 192\.0\.2\.1 and 2001:db8::2 of two families"):
        probe(ProbeRequest({"a": Path("/a"), "b": Path("/b")}, (pair,)))


def test_a_device_without_a_namespace_is_named() -> None:
    with pytest.raises(LabError, match="no namespace for b"):
        probe(ProbeRequest({"a": Path("/a")}, (V4,)))
