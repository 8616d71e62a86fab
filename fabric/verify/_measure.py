"""Breaking a lab under traffic, run after run: how long flows were silent, what kernels did, and the budget for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import field
from statistics import median

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.errors import LabError
from fabric.lab import (
    Event,
    Fault,
    FlowPhase,
    LabStatus,
    Phase,
    ProbePair,
    RunningLab,
    StreamResult,
    StreamSettings,
)
from fabric.simulate import CARRIER, NONE, SILENT, Convergence, Endpoint, Failures, Walk, simulate, tcp_gap_ms
from fabric.verify._actions import perform, restore
from fabric.verify._faults import broken, unpredicted
from fabric.verify._pairs import trouble_of
from fabric.verify._predict import FAMILIES, Prediction, predict
from fabric.verify._run import settle

WARM_UP, QUIET, FAULT, HEALED = "warm-up", "quiet", "fault", "healed"
"""The phases of a run. In the first one neighbors are resolved, and kernels begin to stamp what arrives."""
_WARM_UP_S = 0.3
_SETTLE_S = 60.0
BUDGET_MARGIN_MS = 10.0
"""By how much measured outages exceeded the simulator's budget when it was made."""
Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """How to measure."""

    runs: int = 3
    quiet_s: float = 2.0
    """How long the noise floor is taken before anything is broken."""
    hold_s: float = 3.0
    """How long the fault lasts."""
    after_s: float = 2.0
    """How long traffic goes on once all kernels forward as before."""
    stream: StreamSettings = field(default_factory=StreamSettings)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is broken, between whom probes are sent meanwhile, and how it is measured."""

    target: str
    """In the words of `fault_of` or `perform`."""
    pairs: tuple[ProbePair, ...]
    options: MeasureOptions = field(default_factory=MeasureOptions)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was measured, and when things were done (ns of CLOCK_REALTIME)."""

    result: StreamResult
    failed_ns: int
    """Right before the fault was asked for."""
    fault_ms: float
    """How long the asking took, a drain's waiting included."""
    spread_ms: float
    """From its first port to its last: by so much a fault of several ports is not one instant."""
    healed_ns: int
    updates: int
    """BGP UPDATE messages sent in the fabric, from before the fault until all was as before."""

    def phase(self, name: str) -> tuple[FlowPhase, ...]:
        """Each pair's flows in the phase."""
        return tuple(entry for entry in self.result.pairs if entry.phase == name)

    def outage_ms(self, name: str) -> float:
        """The longest outage of any flow in the phase."""
        return max((entry.outage_ms for entry in self.phase(name)), default=0.0)

    def lost(self, name: str) -> int:
        """Packets lost in the phase."""
        return sum(entry.lost for entry in self.phase(name))

    @property
    def noise_ms(self) -> float:
        """The longest time without a packet while nothing was broken, less the spacing."""
        return max((max(e.noise_ms, e.outage_ms) for e in self.phase(QUIET)), default=0.0)

    def heartbeat_ms(self, name: str) -> float | None:
        """The longest time between two messages of a TCP stream in the phase."""
        return max((e.heartbeat_ms for e in self.phase(name) if e.heartbeat_ms is not None), default=None)

    def events(self, name: str) -> tuple[Event, ...]:
        """What kernels and daemons did in the phase."""
        if name == FAULT:
            return tuple(e for e in self.result.events if self.failed_ns <= e.at_ns < self.healed_ns)
        return tuple(e for e in self.result.events if e.at_ns >= self.healed_ns)

    def last_route_ms(self, name: str) -> float | None:
        """From the fault (or its healing) to the last change of any kernel's route; `None` without one."""
        began = self.failed_ns if name == FAULT else self.healed_ns
        return max(((e.at_ns - began) / 1e6 for e in self.events(name) if e.kind.startswith("route")), default=None)

    def first_session_ms(self) -> float | None:
        """From the fault to the first session that a bgpd gave up; `None` without one."""
        return min(
            ((e.at_ns - self.failed_ns) / 1e6 for e in self.events(FAULT) if e.kind == "session down"), default=None
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What the simulator allows for."""

    outage_ms: float
    """Of the worst measured pair that is not cut."""
    heartbeat_ms: float
    cut: int
    """Measured pairs that stay cut while the fault lasts."""
    detection: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """All runs of one fault."""

    lab: str
    target: str
    options: MeasureOptions
    runs: tuple[Run, ...]
    expected: Expected | None
    """`None` for what no prediction is known of."""
    cut: frozenset[ProbePair] = frozenset()
    """Pairs that are predicted to be cut: their silence is no outage to be judged."""
    pairs: tuple[ProbePair, ...] = ()
    """Between whom probes were sent."""
    met: frozenset[ProbePair] = frozenset()
    """Pairs whose packets meet the fault, as the healthy fabric forwards them."""

    def outages_ms(self, name: str) -> tuple[float, ...]:
        """The longest outage of each run in the phase, of the pairs that are not cut."""
        return tuple(
            max((e.outage_ms for e in run.phase(name) if e.pair not in self.cut), default=0.0) for run in self.runs
        )

    def lost(self, name: str) -> tuple[int, ...]:
        """Packets lost by each run in the phase, of the pairs that are not cut."""
        return tuple(sum(e.lost for e in run.phase(name) if e.pair not in self.cut) for run in self.runs)

    def heartbeats_ms(self, name: str) -> tuple[float, ...]:
        """The longest silence of a TCP stream in each run's phase, of the pairs that are not cut."""
        found = (
            max(
                (e.heartbeat_ms for e in run.phase(name) if e.heartbeat_ms is not None and e.pair not in self.cut),
                default=None,
            )
            for run in self.runs
        )
        return tuple(value for value in found if value is not None)

    @property
    def noise_ms(self) -> float:
        """The worst noise floor of the runs."""
        return max(run.noise_ms for run in self.runs)

    @property
    def judged(self) -> bool:
        """True when something is expected of a pair: a prediction is known, and leaves a pair that is not cut."""
        return self.expected is not None and not self.cut.issuperset(self.pairs)

    @property
    def allowed_ms(self) -> tuple[float | None, ...]:
        """The longest outage that each run may have: as expected, with the run's noise and its fault's spread."""
        if self.expected is None:
            return tuple(None for _ in self.runs)
        budget = self.expected.outage_ms + BUDGET_MARGIN_MS
        return tuple(budget + run.noise_ms + run.spread_ms for run in self.runs)

    @property
    def within_budget(self) -> bool:
        """True when no outage was longer than allowed."""
        allowed = zip(self.outages_ms(FAULT), self.allowed_ms, strict=True)
        return all(limit is None or ms <= limit for ms, limit in allowed)


def middle(values: Iterable[float | None]) -> float | None:
    """The median of those that are there."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def worst(values: Iterable[float | None]) -> float | None:
    """The highest of those that are there."""
    return max((value for value in values if value is not None), default=None)


def measure(
    lab: RunningLab, fabric: FabricConfig, experiment: Experiment, stage: Stage = lambda _: None
) -> Measurement:
    """What each of some runs measured: the fault begins under traffic, lasts, and is healed, before the next begins.

    The lab must be healthy, and is so afterwards. Raises `LabError` where it does not become so.
    """
    if lab.status().faults:
        raise LabError(f"Lab {lab.name} is broken already; heal it with `fabric lab heal --all`, then measure.")
    runs, faults = list[Run](), tuple[Fault, ...]()
    for number in range(experiment.options.runs):
        stage(f"{experiment.target}: run {number + 1} of {experiment.options.runs}")
        run, faults = _run(lab, fabric, experiment)
        runs.append(run)
    expected, cut = expectation(fabric, faults, experiment.pairs)
    met = _that_meet(fabric, lab.status(), experiment)
    return Measurement(
        lab.name, experiment.target, experiment.options, tuple(runs), expected, cut, experiment.pairs, met
    )


def _that_meet(fabric: FabricConfig, status: LabStatus, experiment: Experiment) -> frozenset[ProbePair]:
    trouble, simulation = trouble_of(fabric, status, experiment.target), simulate(fabric)
    walks = {version: Walk(simulation, family) for version, family in ((4, FAMILIES[0]), (6, FAMILIES[1]))}
    return frozenset(pair for pair in experiment.pairs if trouble.met_by(walks[pair.destination_address.version], pair))


def _run(lab: RunningLab, fabric: FabricConfig, experiment: Experiment) -> tuple[Run, tuple[Fault, ...]]:
    options, healthy = experiment.options, predict(fabric)
    _await(lab, healthy)
    before = updates_sent(lab, healthy.speakers)
    with lab.stream(experiment.pairs, options.stream) as stream:
        began = time.time_ns()
        time.sleep(_WARM_UP_S)
        quiet = time.time_ns()
        time.sleep(options.quiet_s)
        failed = time.time_ns()
        try:
            spread_ms = perform(lab, fabric, experiment.target).milliseconds
            fault_ms = (time.time_ns() - failed) / 1e6
            faults = lab.status().faults
            time.sleep(options.hold_s)
            healed = time.time_ns()
        finally:
            restore(lab, fabric, None)
        _await(lab, healthy)
        time.sleep(options.after_s)
        result = stream.finish(_phases(began, quiet, failed, healed))
    after = updates_sent(lab, healthy.speakers)
    return Run(result, failed, fault_ms, spread_ms, healed, after - before), faults


def _phases(*began_ns: int) -> tuple[Phase, ...]:
    return tuple(Phase(name, at) for name, at in zip((WARM_UP, QUIET, FAULT, HEALED), began_ns, strict=True))


def _await(lab: RunningLab, healthy: Prediction) -> None:
    settled = settle(lab, healthy, _SETTLE_S)
    if not settled.converged:
        raise LabError(f"Lab {lab.name} does not forward as predicted: {settled.missing[0]}. See `fabric lab verify`.")


def updates_sent(lab: RunningLab, speakers: Sequence[str]) -> int:
    """How many UPDATE messages all bgpds have sent to the peers that they have now."""
    total = 0
    for peers in lab.ask_bgpd(speakers, "show bgp neighbors json").values():
        for peer in peers.values():
            with suppress(TypeError, KeyError):
                total += int(peer["messageStats"]["updatesSent"])
    return total


def expectation(
    fabric: FabricConfig, faults: Sequence[Fault], pairs: Sequence[ProbePair], already: Failures = NONE
) -> tuple[Expected | None, frozenset[ProbePair]]:
    """The simulator's budget for the worst pair, and the pairs that it says are cut; `already` was broken before."""
    if unpredicted(fabric, faults):
        return None, frozenset()
    what = broken(fabric, faults)
    lost = {p for p in pairs if {p.source, p.destination} & what.failures.devices}
    if what.fabric is not fabric and what.failures.devices == already.devices:
        return Expected(0.0, tcp_gap_ms(0.0), len(lost), "announced"), frozenset(lost)
    deaf = {port for fault in faults for port in fault.deaf}
    silent = frozenset(cable for cable in fabric.cables if cable.a in deaf or cable.b in deaf)
    failures = Failures(what.failures.cables | silent, what.failures.devices)
    convergence = Convergence(simulate(fabric, already), simulate(fabric, failures), SILENT if silent else CARRIER)
    budgets = {
        pair: convergence.of(
            Endpoint(pair.source, pair.source_address), Endpoint(pair.destination, pair.destination_address)
        )
        for pair in pairs
        if pair not in lost
    }
    cut = lost | {pair for pair, found in budgets.items() if found.outage_ms == float("inf")}
    living = [found for pair, found in budgets.items() if pair not in cut]
    if not living:
        return Expected(0.0, 0.0, len(cut), "nothing left to measure"), frozenset(cut)
    slowest = max(living, key=lambda found: found.terms.rank)
    return (
        Expected(slowest.outage_ms, slowest.tcp_gap_ms, len(cut), slowest.terms.detection.value),
        frozenset(cut),
    )
