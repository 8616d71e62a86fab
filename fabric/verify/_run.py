"""Prove a running lab: sessions, kernel FIBs, reachability and MTU, each against the prediction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from fabric._values import dataclass
from fabric.config import LOOPBACK, Family
from fabric.intents import Demand
from fabric.lab import (
    Hop,
    PairResult,
    ProbePair,
    ProbeResult,
    ProbeSettings,
    RouteDifference,
    RunningLab,
    differences,
    fabric_of,
)
from fabric.simulate import Walk, endpoints, simulate
from fabric.verify._intents import check_intents, pairs_to_probe
from fabric.verify._predict import FAMILIES, Prediction
from fabric.verify._reach import Expected, expected, matrices, pairs
from fabric.verify._sessions import await_sessions, read_changes
from fabric.verify._verdict import FIB_CHECK, Check, Finding, Matrix, Verdict

_SMALL_BYTES = 128


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How thoroughly to prove, and how long to wait for the fabric to settle first."""

    settle_s: float = 30.0
    flows: int = 16
    """UDP flows a pair; 16 and more walk every member of an ECMP group with near certainty."""
    demands: tuple[Demand, ...] = ()
    """The intents of the topology file."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether all kernels came to forward as predicted, after how long, and what was missing if not."""

    converged: bool
    seconds: float
    missing: tuple[Finding, ...]


def settle(lab: RunningLab, prediction: Prediction, timeout_s: float) -> Settled:
    """Waits until every kernel FIB equals the prediction, at most `timeout_s`."""
    result = lab.await_fibs(prediction.forwarding, timeout_s)
    missing = tuple(
        _finding(device, difference)
        for device, of_device in result.differences.items()
        for difference in of_device.first
    )
    return Settled(result.converged, result.waited_ms / 1000, missing)


def verify(
    lab: RunningLab,
    prediction: Prediction,
    options: VerifyOptions = VerifyOptions(),
    listener: Callable[[str], None] = lambda _stage: None,
) -> Verdict:
    """The verdict over a running lab; what differs is a finding, never an exception.

    A session that comes back may be reset once more, when routes have been as predicted for a moment already. So what
    is found while sessions changed counts only if the time to settle is over; before that all is proven again.
    """
    end = time.monotonic() + options.settle_s
    while True:
        before = read_changes(lab, prediction)
        verdict = _verdict(lab, prediction, options, end, listener)
        if verdict.passed or time.monotonic() >= end or read_changes(lab, prediction) == before:
            return verdict
        listener("sessions changed meanwhile")


def _verdict(
    lab: RunningLab, prediction: Prediction, options: VerifyOptions, end: float, listener: Callable[[str], None]
) -> Verdict:
    """The verdict of one round of proofs, which waits until `end` for sessions and FIBs."""
    listener("comparing BGP sessions")
    checks = [await_sessions(lab, prediction, max(0.0, end - time.monotonic()))]
    listener("comparing kernel FIBs")
    settle(lab, prediction, max(0.0, end - time.monotonic()))
    checks.append(check_fibs(lab, prediction))
    reach: list[Matrix] = []
    for family in _families(prediction):
        listener(f"probing every pair over {family}")
        check, found = check_reachability(lab, prediction, family, options.flows)
        checks.append(check)
        reach += found
        listener(f"probing the MTU over {family}")
        checks += check_mtu(lab, prediction, family)
    if options.demands:
        listener("walking the intents' pairs from kernel to kernel")
        checks += _check_intents(lab, prediction, options)
    return Verdict(lab.name, tuple(checks), tuple(reach))


def _check_intents(lab: RunningLab, prediction: Prediction, options: VerifyOptions) -> Iterator[Check]:
    """The demands on the kernels' FIBs, and probes of what they join or part beside the loopbacks."""
    status = lab.status()
    healthy = simulate(fabric_of(status)) if status.faults else prediction.simulation
    yield check_intents(options.demands, healthy, prediction.simulation, lab.fibs())
    extra = pairs_to_probe(options.demands, prediction.fabric)
    for family in FAMILIES:
        ends = [(one, two) for one, two in extra if f"ipv{one.address.version}" == family]
        if ends:
            walk = Walk(prediction.simulation, family)
            asked = (ProbePair(one.device, one.address, two.device, two.address) for one, two in ends)
            wanted = {pair: expected(walk, pair) for pair in asked if walk.alive(pair.source)}
            result = lab.probe(tuple(wanted), ProbeSettings(flows=options.flows, packet_bytes=_SMALL_BYTES))
            yield _probe_check(f"pairs of intents over {_title(family)}", result, wanted, f"{options.flows} flows each")


def check_fibs(lab: RunningLab, prediction: Prediction) -> Check:
    """Every kernel FIB holds exactly the predicted prefixes with exactly the predicted next hops."""
    fibs = lab.fibs()
    compared, findings = 0, list[Finding]()
    for device, wanted in prediction.forwarding.items():
        found = fibs[device].forwarding()
        compared += len(wanted.keys() | found.keys())
        findings += [_finding(device, difference) for difference in differences(wanted, found)]
    return Check(
        FIB_CHECK, compared, compared - len(findings), tuple(findings), f"fidelity {_percent(len(findings), compared)}"
    )


def _percent(different: int, compared: int) -> str:
    """The equal part; a single difference is never rounded away."""
    if not different:
        return "100 %"
    return f"{min(99.99, 100 * (1 - different / compared)):.2f} %"


def check_reachability(
    lab: RunningLab, prediction: Prediction, family: Family, flows: int
) -> tuple[Check, tuple[Matrix, ...]]:
    """Small packets between every pair of endpoints, there and back, `flows` flows a pair.

    Every flow of a pair that the prediction joins is answered, and none of a pair that it cuts.
    """
    wanted = _expectations(prediction, family)
    result = lab.probe(tuple(wanted), ProbeSettings(flows=flows, packet_bytes=_SMALL_BYTES))
    devices = prediction.fabric.by_name
    outcomes = ((devices[p.pair.source], devices[p.pair.destination], p.flows, p.answered) for p in result.pairs)
    notes = [f"{flows} flows each"]
    for kind, words in ((Expected.NONE, "cut"), (Expected.SOME, "losing some flows")):
        if count := sum(found is kind for found in wanted.values()):
            notes.append(f"{count} predicted {words}")
    check = _probe_check(f"reachable pairs over {_title(family)}", result, wanted, ", ".join(notes))
    return check, matrices(outcomes, family)


def check_mtu(lab: RunningLab, prediction: Prediction, family: Family) -> Iterator[Check]:
    """Packets as long as the endpoints' MTU, never fragmented, between the pairs that should reach each other."""
    devices = [prediction.fabric.by_name[end.device] for end in endpoints(prediction.fabric, family)]
    size = min(i.mtu for device in devices for i in device.interfaces if i.name != LOOPBACK)
    wanted = {pair: kind for pair, kind in _expectations(prediction, family).items() if kind is Expected.ALL}
    if wanted:
        result = lab.probe(tuple(wanted), ProbeSettings(flows=4, packet_bytes=size))
        yield _probe_check(f"MTU end to end over {_title(family)}", result, wanted, f"{size} bytes, unfragmented")


def _families(prediction: Prediction) -> Iterator[Family]:
    for family in FAMILIES:
        if next(pairs(prediction.fabric, family), None) is not None:
            yield family


def _title(family: Family) -> str:
    return {"ipv4": "IPv4", "ipv6": "IPv6"}[family]


def _expectations(prediction: Prediction, family: Family) -> dict[ProbePair, Expected]:
    walk = Walk(prediction.simulation, family)
    found = (ProbePair(s.name, source, d.name, target) for s, source, d, target in pairs(prediction.fabric, family))
    return {pair: expected(walk, pair) for pair in found}


def _probe_check(name: str, result: ProbeResult, wanted: Mapping[ProbePair, Expected], note: str) -> Check:
    findings = tuple(
        Finding(
            f"{entry.pair.source} to {entry.pair.destination}",
            f"{entry.flows} flows answered" if wanted[entry.pair] is Expected.ALL else "no flow answered",
            ", ".join([f"{entry.answered}", *(f"{e.flows} x {e.error} at {e.where}" for e in entry.errors)]),
        )
        for entry in result.pairs
        if not _as_expected(entry, wanted[entry.pair])
    )
    return Check(name, len(result.pairs), len(result.pairs) - len(findings), findings, note)


def _as_expected(entry: PairResult, wanted: Expected) -> bool:
    return {Expected.ALL: entry.ok, Expected.SOME: True, Expected.NONE: entry.answered == 0}[wanted]


def _finding(device: str, difference: RouteDifference) -> Finding:
    return Finding(f"{device} {difference.prefix}", _via(difference.expected), _via(difference.found))


def _via(hops: frozenset[Hop] | None) -> str:
    if hops is None:
        return "no route"
    if not hops:
        return "a blackhole"
    return "via " + ", ".join(
        sorted(f"{interface}" if gateway is None else f"{gateway} {interface}" for gateway, interface in hops)
    )
