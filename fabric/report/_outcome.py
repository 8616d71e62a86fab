"""What any command found, in one form that CI systems' formats are written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from fabric._values import dataclass
from fabric.errors import FabricError, ProblemsError
from fabric.report._kubernetes import problem_documents

if TYPE_CHECKING:  # a report on a plan need not load the simulator
    from fabric.check import CheckReport, RuleInfo
    from fabric.intents import Verdict as IntentVerdict
    from fabric.plan import ValueChange
    from fabric.simulate import Judged, Overview, SweepReport
    from fabric.verify import CaseResult, ScenarioReport, Verdict

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found."""

    level: Level
    subject: str
    text: str
    where: str = ""
    """`file:line`, or the file alone; empty where no file is to blame."""
    suppressed: str | None = None
    """The reason for which it is accepted."""

    @property
    def place(self) -> tuple[str, int]:
        """File and line; line 1 where none is named."""
        file, _, line = self.where.rpartition(":")
        return (file, max(1, int(line))) if file and line.isascii() and line.isdigit() else (self.where, 1)

    @property
    def counts(self) -> bool:
        """True where it makes the test fail."""
        return self.suppressed is None and self.level != "note"


@dataclass(frozen=True, slots=True)
class Test:
    """One thing that was looked at, and what was found there."""

    id: str
    title: str
    level: Level = "error"
    why: str = ""
    source: str = ""
    fix: str = ""
    remarks: tuple[Remark, ...] = ()
    seconds: float = 0.0
    """How long it took, where that was measured."""
    ended: Literal["", "skipped", "error"] = ""
    """Set where it came to no verdict: it does not apply here, or could not be carried out."""
    words: str = ""
    """Why it came to none."""

    @property
    def failed(self) -> bool:
        """True where something counts against it."""
        return any(remark.counts for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All tests of one run of a command."""

    command: str
    """Such as `fabric check`."""
    subject: str
    """What was tested: a file, a lab."""
    tests: tuple[Test, ...]

    def remarks(self) -> Iterator[tuple[Test, Remark]]:
        """Every remark with its test."""
        return ((test, remark) for test in self.tests for remark in test.remarks)


def input_outcome(error: FabricError, command: str, subject: str) -> Outcome:
    """What is wrong with the input, where nothing could be tested."""
    if isinstance(error, ProblemsError):
        remarks = tuple(
            Remark("error", p.path or "input", f"found {p.found}; allowed: {p.allowed}. {p.action}", p.where)
            for p in error.problems
        )
    else:
        remarks = (Remark("error", "input", str(error)),)
    return Outcome(command, subject, (Test("input", "The input can be used", remarks=remarks),))


def input_document(error: FabricError) -> dict[str, object]:
    """The same as plain values: the whole text, and each problem of a file."""
    problems = error.problems if isinstance(error, ProblemsError) else ()
    return {"version": 1, "error": str(error), "problems": problem_documents(problems)}


def check_outcome(report: CheckReport, subject: str) -> Outcome:
    """The rules that ran, with their findings."""
    found: dict[str, list[Remark]] = {}
    for finding in report.findings:
        remark = Remark(finding.rule.severity, finding.subject, finding.text, finding.where, finding.suppressed)
        found.setdefault(finding.rule.id, []).append(remark)
    return Outcome("fabric check", subject, tuple(_of_rule(r, found.get(r.id, ())) for r in report.ran))


def _of_rule(rule: RuleInfo, remarks: Iterable[Remark]) -> Test:
    return Test(rule.id, rule.title, rule.severity, rule.why, rule.source, rule.fix, tuple(remarks))


def verdict_outcome(verdict: Verdict) -> Outcome:
    """A lab's proofs, with what differed from the prediction."""
    tests = (
        Test(
            check.name.replace(" ", "-").lower(),
            check.name,
            remarks=tuple(
                Remark("error", f.where, f"expected {f.expected}, observed {f.observed}") for f in check.findings
            )
            or (() if check.passed else (Remark("error", check.name, check.note or "nothing was compared"),)),
        )
        for check in verdict.checks
    )
    return Outcome("fabric lab verify", verdict.lab, tuple(tests))


def scenario_outcome(report: ScenarioReport) -> Outcome:
    """The cases that were played on a lab, those that were skipped or could not be played included."""
    return Outcome("fabric lab run", report.lab, tuple(map(_of_case, report.cases)))


def _of_case(case: CaseResult) -> Test:
    remarks = tuple(Remark("error", f.where, f"expected {f.expected}, observed {f.observed}") for f in case.findings)
    ends: Mapping[str, Literal["", "skipped", "error"]] = {"skipped": "skipped", "error": "error"}
    ended = ends.get(str(case.outcome), "")
    return Test(case.name, case.title, remarks=remarks, seconds=case.seconds, ended=ended, words=case.words)


def overview_outcome(overview: Overview, intents: Iterable[IntentVerdict], file: str) -> Outcome:
    """Whether all sessions come up, all pairs reach each other and all intents are kept.

    Sessions that failures take away do not count.
    """
    failed = overview.simulation.failures
    level: Level = "note" if failed.cables or failed.devices or failed.sessions else "error"
    sessions = tuple(
        Remark(level, " - ".join(map(str, session.ends)), session.explanation, file)
        for session in overview.down
        if session.why is None or session.why.value != "shutdown"
    )
    reach = tuple(
        Test(
            f"reachability-{family}",
            f"Every node reaches every other over {family}",
            remarks=tuple(
                Remark(
                    "error",
                    f"{pair.source.device} - {pair.destination.device}",
                    f"packets do not all arrive ({', '.join(sorted(f.value for f in pair.forward | pair.back))})",
                    file,
                )
                for pair in lost
            ),
        )
        for family, lost in overview.lost.items()
    )
    first = Test("sessions", "Every session comes up", remarks=sessions)
    return Outcome("fabric simulate", file, (first, *reach, *_intents(intents, file)))


def intents_outcome(verdicts: Iterable[IntentVerdict], file: str) -> Outcome:
    """One test a demand, with what breaks it."""
    return Outcome("fabric simulate --intents", file, tuple(_intents(verdicts, file)))


def _intents(verdicts: Iterable[IntentVerdict], file: str) -> Iterator[Test]:
    for number, verdict in enumerate(verdicts, start=1):
        demand = verdict.demand
        remarks = tuple(
            Remark("error", demand.intent, f"{breach} (failed: {', '.join(breach.failures) or 'nothing'})", file)
            for breach in verdict.breaches
        )
        yield Test(f"intent-{number}", f"{demand.intent}: {demand.kind.value}", why=demand.why, remarks=remarks)


def sweep_outcome(report: SweepReport, file: str) -> Outcome:
    """One test a kind and number of failures, with the scenarios that cut or unsettle something."""
    tests = (
        Test(
            f"{result.kind}-{result.at_once}",
            f"No failure of {result.at_once} {result.kind} at once cuts anything off ({result.scenarios} tried)",
            remarks=tuple(_of_scenario(judged, file) for judged in result.harmful),
        )
        for result in report.results
    )
    return Outcome("fabric simulate --sweep", file, tuple(tests))


def _of_scenario(judged: Judged, file: str) -> Remark:
    name = " ".join(judged.scenario.targets)
    if judged.unstable:
        return Remark("error", name, judged.unstable, file)
    if not judged.cuts:
        said = "; ".join(f"{remark.judge}: {remark.text}" for remark in judged.remarks if remark.harmful)
        return Remark("error", name, said, file)
    cut = judged.cuts[0]
    text = f"cuts {len(judged.cuts)} pairs, such as {cut.one} and {cut.two} over {cut.family}"
    return Remark("error", name, text, file)


def drift_outcome(changes: Iterable[ValueChange], file: str, ledger: str) -> Outcome:
    """Whether a topology file and its ledger say the same."""
    remarks = tuple(Remark("error", change.key.owner, str(change), file) for change in changes)
    title = f"{file} and {ledger} say the same"
    return Outcome("fabric plan --check", file, (Test("ledger", title, remarks=remarks),))
