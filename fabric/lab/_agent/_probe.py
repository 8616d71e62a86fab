"""Reachability of many pairs, measured with real packets: opens the sockets, runs the exchange, sums up each pair."""

from __future__ import annotations

import errno
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from fabric.errors import LabError
from fabric.lab._agent._exchange import LONGEST_PACKET, SHORTEST_PACKET, Exchange, Failure, Flow, flows_of
from fabric.lab._agent._ports import Ports
from fabric.lab._agent._probe_model import (
    PairResult,
    ProbeError,
    ProbePair,
    ProbeRequest,
    ProbeResult,
    ProbeSettings,
    RoundTrip,
)

_MOST_FLOWS = 1024
_OTHER_FILES = 64
"""Files that are not ours to count: standard streams, namespaces on the way, what the interpreter holds."""


def probe(request: ProbeRequest) -> ProbeResult:
    """What came of every pair, in the order of the request. Raises `LabError` for a request that makes no sense."""
    _check(request)
    started = time.monotonic()
    results: dict[ProbePair, PairResult] = {}
    overflows = 0
    for pairs in batches(request.pairs, request.settings.flows, _file_budget()):
        flows = [flow for pair in pairs for flow in flows_of(pair, request.settings)]
        with Ports(request.namespaces, (end for flow in flows for end in (flow.source, flow.target))) as ports:
            Exchange(ports, flows, request.settings).run()
            overflows += ports.dropped()
        results.update(_summaries(pairs, flows, request.settings))
    duration_ms = round((time.monotonic() - started) * 1000, 3)
    return ProbeResult(tuple(results[pair] for pair in request.pairs), overflows, duration_ms)


def batches(pairs: Sequence[ProbePair], flows: int, budget: int) -> Iterator[list[ProbePair]]:
    """The pairs in groups that need at most `budget` sockets each.

    A group has one socket for each source address and flow and one for each destination address.
    Raises `LabError` where not even one pair fits.
    """
    if pairs and flows + 1 > budget:
        raise LabError(
            f"probe: {flows} flows need {flows + 1} open files, found room for {budget} (`ulimit -n`). "
            "Ask for fewer flows or raise the limit."
        )
    batch: list[ProbePair] = []
    sources: set[tuple[str, object]] = set()
    targets: set[tuple[str, object]] = set()
    for pair in sorted(pairs, key=lambda pair: (pair.source, str(pair.source_address))):
        source, target = (pair.source, pair.source_address), (pair.destination, pair.destination_address)
        if len(sources | {source}) * flows + len(targets | {target}) > budget:
            yield batch
            batch, sources, targets = [], set(), set()
        batch.append(pair)
        sources.add(source)
        targets.add(target)
    if batch:
        yield batch


def _file_budget() -> int:
    """How many sockets this process may open, after raising its soft limit to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - _OTHER_FILES


def _check(request: ProbeRequest) -> None:
    settings = request.settings
    for name, value, least, most in (
        ("flows", settings.flows, 1, _MOST_FLOWS),
        ("packet_bytes", settings.packet_bytes, SHORTEST_PACKET, LONGEST_PACKET),
        ("rounds", settings.rounds, 1, 100),
        ("timeout_ms", settings.timeout_ms, 1, 600_000),
    ):
        if not least <= value <= most:
            raise LabError(
                f"probe settings: {name}: found {value}; allowed: {least} to {most}. Choose a value in that range."
            )
    for pair in request.pairs:
        _check_pair(pair, request)


def _check_pair(pair: ProbePair, request: ProbeRequest) -> None:
    if pair.source_address.version != pair.destination_address.version:
        raise LabError(
            f"probe {pair.source} -> {pair.destination}: found {pair.source_address} and {pair.destination_address} "
            "of two families; allowed is one family a pair. Make two pairs of it."
        )
    for device in (pair.source, pair.destination):
        if device not in request.namespaces:
            raise LabError(
                f"probe {pair.source} -> {pair.destination}: the request names no namespace for {device}. "
                "Add it to `devices`."
            )


def _summaries(
    pairs: list[ProbePair], flows: list[Flow], settings: ProbeSettings
) -> Iterator[tuple[ProbePair, PairResult]]:
    for index, pair in enumerate(pairs):
        yield pair, _summary(pair, flows[index * settings.flows : (index + 1) * settings.flows])


def _summary(pair: ProbePair, flows: Sequence[Flow]) -> PairResult:
    answered = [flow for flow in flows if flow.answered]
    return PairResult(
        pair=pair,
        flows=len(flows),
        answered=len(answered),
        arrived=sum(flow.arrived for flow in flows),
        retried=sum(flow.rounds > 1 for flow in answered),
        round_trip=_round_trip(sorted(flow.round_trip_ns for flow in answered)),
        errors=_errors(Counter(flow.failure for flow in flows if flow.failure)),
    )


def _round_trip(sorted_ns: list[int]) -> RoundTrip | None:
    if not sorted_ns:
        return None
    low, middle, high = sorted_ns[0], sorted_ns[len(sorted_ns) // 2], sorted_ns[-1]
    return RoundTrip(low / 1000, middle / 1000, high / 1000)


def _errors(failures: Counter[Failure]) -> tuple[ProbeError, ...]:
    """The distinct failures, the most frequent first."""
    return tuple(
        ProbeError(f.where, errno.errorcode.get(f.number, str(f.number)), count, f.mtu, f.reporter)
        for f, count in failures.most_common()
    )
