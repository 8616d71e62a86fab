"""Playing a scenario on a running lab: its steps under traffic, each part judged, and the lab healthy afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from fabric.config import FabricConfig
from fabric.errors import InputError, LabError, MachineError
from fabric.lab import (
    Event,
    Fault,
    FlowPhase,
    Impairment,
    LabStatus,
    Member,
    Phase,
    ProbePair,
    ProbeSettings,
    Quorum,
    RunningLab,
    Streaming,
    StreamSettings,
    Timers,
)
from fabric.lab import QuorumResult as EtcdResult
from fabric.simulate import NONE, endpoints
from fabric.verify._actions import Flap, flap, perform, restore
from fabric.verify._faults import broken
from fabric.verify._impair import impaired_of
from fabric.verify._measure import Expected, expectation
from fabric.verify._pairs import Trouble, measured_pairs, trouble_of
from fabric.verify._predict import FAMILIES, predict, predict_broken
from fabric.verify._run import settle
from fabric.verify._scenarios._cases import Case
from fabric.verify._scenarios._judge import Seen, judge
from fabric.verify._scenarios._live import chosen_now
from fabric.verify._scenarios._model import (
    Clear,
    Expectation,
    Fail,
    Flapping,
    Heal,
    Impair,
    Probe,
    Step,
    Verify,
    Wait,
)
from fabric.verify._scenarios._values import CaseResult, Outcome, PartResult, QuorumPart, QuorumResult
from fabric.verify._sessions import await_sessions
from fabric.verify._verdict import Finding

_WARM_UP_S, _QUIET_S, _AFTER_S = 0.3, 1.5, 0.5
_SETTLE_S = 60.0
TIMERS = {"standard": Timers(100, 1000), "slower": Timers(500, 2500)}
"""OpenShift's etcd profiles `Standard` and `Slower` (cluster-etcd-operator)."""
_BEFORE = "before"
Stage = Callable[[str], None]


@dataclass(slots=True)
class _Part:
    """One part while it is played."""

    words: str
    began_ns: int
    wanted: Expectation
    took_ms: float = 0.0
    spread_ms: float = 0.0
    faults: tuple[Fault, ...] = ()
    findings: list[Finding] = field(default_factory=list)


def play(lab: RunningLab, fabric: FabricConfig, case: Case, stage: Stage = lambda _: None) -> CaseResult:
    """What came of the case. The lab must be healthy, and is so afterwards, whatever happens in between.

    What goes wrong on the way ends the case with `Outcome.ERROR`, not with an exception, so that others can be played.
    """
    scenario = case.scenario
    blank = CaseResult(case.name, scenario.title, scenario.source, Outcome.SKIPPED, case.missing, 0.0, 0.0)
    if case.missing:
        return blank
    stage(case.name)
    began = time.monotonic()
    try:
        result = _Player(lab, fabric, case).play()
    except (InputError, MachineError) as error:
        result = replace(blank, outcome=Outcome.ERROR, words=str(error))
    return replace(result, seconds=round(time.monotonic() - began, 1))


class _Player:
    def __init__(self, lab: RunningLab, fabric: FabricConfig, case: Case) -> None:
        self._lab = lab
        self._fabric = fabric
        self._case = case
        self._healthy = predict(fabric)
        self._pairs = measured_pairs(fabric, troubles=_troubles(fabric, lab.status(), case))
        self._parts: list[_Part] = []
        self._members = control_plane_members(fabric) if case.scenario.etcd else ()
        self._dead: set[str] = set()

    def play(self) -> CaseResult:
        self._await_health()
        with ExitStack() as stack:
            stream, quorum = self._started(stack)
            began = time.time_ns()
            time.sleep(_WARM_UP_S)
            self._parts.append(_Part(_BEFORE, time.time_ns(), Expectation()))
            time.sleep(_QUIET_S)
            try:
                for step in self._case.scenario.steps:
                    self._do(step, quorum)
            finally:
                self._restore_all(quorum)
            self._await_health()
            time.sleep(_AFTER_S)
            names = [str(n) for n in range(len(self._parts))]
            phases = [Phase(name, part.began_ns) for name, part in zip(names, self._parts, strict=True)]
            etcd = quorum.finish(phases) if quorum else None
            streamed = stream.finish([Phase("warm-up", began), *phases])
        ended = time.time_ns()
        parts = tuple(self._judged(n, streamed.pairs, streamed.events, ended, etcd) for n in range(len(self._parts)))
        noise = max((max(e.noise_ms, e.outage_ms) for e in streamed.pairs if e.phase == "0"), default=0.0)
        failed = any(part.findings for part in parts) or bool(etcd and etcd.missing)
        return CaseResult(
            self._case.name,
            self._case.scenario.title,
            self._case.scenario.source,
            Outcome.FAILED if failed else Outcome.PASSED,
            f"{etcd.missing} acknowledged writes lost" if etcd and etcd.missing else "",
            0.0,
            noise,
            parts,
            self._quorum_result(etcd),
        )

    def _started(self, stack: ExitStack) -> tuple[Streaming, Quorum | None]:
        profile = self._case.scenario.etcd
        quorum = stack.enter_context(self._lab.quorum(self._members, TIMERS[profile])) if profile else None
        return stack.enter_context(self._lab.stream(self._pairs, StreamSettings())), quorum

    def _do(self, step: Step, quorum: Quorum | None) -> None:
        if isinstance(step, Wait):
            time.sleep(step.wait_s)
        elif isinstance(step, Verify):
            self._parts[-1].findings += self._unlike_prediction()
        elif isinstance(step, Probe):
            self._parts[-1].findings += self._probed(step)
        else:
            self._change(step, quorum)

    def _change(self, step: Fail | Flapping | Heal | Impair | Clear, quorum: Quorum | None) -> None:
        self._ask_etcd(step, quorum)
        words = self._words(step)
        part = _Part(words, time.time_ns(), step.expect)
        self._parts.append(part)
        filled = self._case.filled
        if isinstance(step, Fail):
            part.spread_ms = perform(self._lab, self._fabric, filled(step.fail)).milliseconds
        elif isinstance(step, Flapping):
            for _ in flap(self._lab, self._fabric, filled(step.flap), Flap(step.count, step.period_s)):
                pass
        elif isinstance(step, Heal):
            restore(self._lab, self._fabric, None if step.heal == "all" else [filled(step.heal)])
        elif isinstance(step, Impair):
            entry = impaired_of(self._fabric, filled(step.impair), _impairment(step))
            self._lab.engine.impair(self._lab.name, entry)
        else:
            self._lab.engine.clear(self._lab.name, None if step.clear == "all" else [filled(step.clear)])
        now = time.time_ns()
        part.took_ms = round((now - part.began_ns) / 1e6, 1)
        if isinstance(step, Impair | Clear):
            part.began_ns = now  # what packets meet before it is in place is not what was asked for
        part.faults = self._lab.status().faults
        self._follow_power(part.faults, quorum)
        if isinstance(step, Heal):
            part.findings += self._unlike_prediction()

    def _ask_etcd(self, step: Fail | Flapping | Heal | Impair | Clear, quorum: Quorum | None) -> None:
        """Nothing; variables of what breaks stand for what etcd does now, and keep standing for it."""
        text = next((getattr(step, kind) for kind in ("fail", "flap", "impair") if hasattr(step, kind)), "")
        wanted = self._case.live(text)
        if wanted and quorum is not None:
            leadership = quorum.leadership(self._lab.status().devices)
            found = {v: chosen_now(self._lab, self._fabric, leadership, choice) for v, choice in wanted.items()}
            self._case = replace(self._case, chosen={**self._case.chosen, **found})

    def _words(self, step: Fail | Flapping | Heal | Impair | Clear) -> str:
        filled = self._case.filled
        if isinstance(step, Impair):
            said = step.model_dump(exclude_defaults=True, exclude={"impair", "expect"})
            return f"impair {filled(step.impair)} " + ", ".join(f"{key} {value:g}" for key, value in said.items())
        if isinstance(step, Flapping):
            return f"flap {filled(step.flap)} {step.count} times, every {step.period_s:g} s"
        kind, target = next(iter(step.model_dump(include={"fail", "heal", "clear"}).items()))
        return f"{kind} {filled(target)}"

    def _follow_power(self, faults: Sequence[Fault], quorum: Quorum | None) -> None:
        """etcd dies where the power goes, and comes back with it."""
        if quorum is None:
            return
        dead = broken(self._fabric, faults).failures.devices & {member.device for member in self._members}
        if dead - self._dead:
            quorum.kill(sorted(dead - self._dead))
        if self._dead - dead:
            quorum.start(sorted(self._dead - dead))
        self._dead = set(dead)

    def _unlike_prediction(self) -> list[Finding]:
        prediction = predict_broken(broken(self._fabric, self._lab.status().faults))
        sessions = await_sessions(self._lab, prediction, _SETTLE_S)
        return [*sessions.findings, *settle(self._lab, prediction, _SETTLE_S).missing]

    def _probed(self, step: Probe) -> Iterator[Finding]:
        size = _node_mtu(self._fabric) if step.probe_bytes == "mtu" else step.probe_bytes
        result = self._lab.probe(self._pairs, ProbeSettings(packet_bytes=size, rounds=1, timeout_ms=1000))
        sent, answered = sum(p.flows for p in result.pairs), sum(p.answered for p in result.pairs)
        found = "all" if answered == sent else "some" if answered else "none"
        if found != step.answered:
            yield Finding(f"probes of {size} bytes", f"{step.answered} answered", f"{answered} of {sent}")

    def _restore_all(self, quorum: Quorum | None) -> None:
        status = self._lab.status()
        if status.impairments:
            self._lab.engine.clear(self._lab.name, None)
        if status.faults:
            restore(self._lab, self._fabric, None)
        self._follow_power((), quorum)

    def _await_health(self) -> None:
        status = self._lab.status()
        if status.faults or status.impairments:
            raise LabError(f"Lab {self._lab.name} is broken or impaired; heal and clear it, then run scenarios.")
        settled = settle(self._lab, self._healthy, _SETTLE_S)
        if not settled.converged:
            raise LabError(f"Lab {self._lab.name} does not forward as predicted: {settled.missing[0]}.")

    def _judged(
        self, n: int, pairs: Sequence[FlowPhase], events: Sequence[Event], ended_ns: int, etcd: EtcdResult | None
    ) -> PartResult:
        part = self._parts[n]
        ends = self._parts[n + 1].began_ns if n + 1 < len(self._parts) else ended_ns
        here = [event for event in events if part.began_ns <= event.at_ns < ends]
        flows = tuple(entry for entry in pairs if entry.phase == str(n))
        noise = max((max(e.noise_ms, e.outage_ms) for e in pairs if e.phase == "0"), default=0.0)
        expected, cut = self._expected(n)
        quorum = _quorum_part(etcd, n)
        down = sum(event.kind == "session down" for event in here)
        timers = TIMERS.get(self._case.scenario.etcd or "")
        bears_ms = float(timers.election_ms - timers.heartbeat_ms) if timers else 0.0
        seen = Seen(flows, cut, expected, down, noise + part.spread_ms, quorum, bears_ms)
        routes = [(event.at_ns - part.began_ns) / 1e6 for event in here if event.kind.startswith("route")]
        return PartResult(
            part.words,
            part.took_ms,
            round((ends - part.began_ns) / 1e9, 2),
            flows,
            round(max(routes), 1) if routes else None,
            down,
            expected,
            (*judge(part.wanted, seen, f"{self._case.name}: {part.words}"), *part.findings),
            quorum,
            cut,
        )

    def _expected(self, n: int) -> tuple[Expected | None, frozenset[ProbePair]]:
        faults = self._parts[n].faults
        if not faults:
            return None, frozenset()
        earlier = self._parts[n - 1].faults
        return expectation(
            self._fabric, faults, self._pairs, broken(self._fabric, earlier).failures if earlier else NONE
        )

    def _quorum_result(self, etcd: EtcdResult | None) -> QuorumResult | None:
        before = _quorum_part(etcd, 0)
        if etcd is None or before is None:
            return None
        profile = self._case.scenario.etcd or ""
        names = tuple(member.device for member in self._members)
        return QuorumResult(profile, names, etcd.acknowledged, etcd.missing, before)


def _troubles(fabric: FabricConfig, status: LabStatus, case: Case) -> Iterator[Trouble]:
    """Where packets meet what the case breaks, as far as that is known before it is played."""
    for step in case.scenario.steps:
        words = step.fail if isinstance(step, Fail) else step.flap if isinstance(step, Flapping) else ""
        if words and not case.live(words):
            yield trouble_of(fabric, status, case.filled(words))


def _quorum_part(etcd: EtcdResult | None, n: int) -> QuorumPart | None:
    if etcd is None:
        return None
    phase = etcd.phases[n]
    return QuorumPart(phase.acknowledged, phase.failed, phase.leaders, phase.outage_ms, phase.p99_ms)


def _impairment(step: Impair) -> Impairment:
    return Impairment(step.delay_ms, step.jitter_ms, step.loss_percent, step.corrupt_percent, step.rate_mbit, step.mtu)


def _node_mtu(fabric: FabricConfig) -> int:
    ends = {end.device for family in FAMILIES for end in endpoints(fabric, family)}
    return min(i.mtu for name in ends for i in fabric.by_name[name].interfaces if i.name != "lo")


def control_plane_members(fabric: FabricConfig) -> tuple[Member, ...]:
    """The first control-plane node of each zone, by its loopback address."""
    found: dict[str, Member] = {}
    for family in FAMILIES:
        for end in endpoints(fabric, family):
            place = fabric.by_name[end.device].place
            if place.role == "control-plane" and place.zone is not None:
                found.setdefault(place.zone, Member(end.device, end.address))
    return tuple(found.values())
