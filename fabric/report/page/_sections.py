"""The chapters of a report, each from the answers that it needs; of what nobody asked it says how to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fabric.report._budget import budget_tables
from fabric.report._intents import intent_tables
from fabric.report._load import load_tables
from fabric.report._plan import plan_tables
from fabric.report._simulation import overview_tables
from fabric.report._sweep import sweep_tables
from fabric.report._table import Table, table
from fabric.report.page._blocks import Block, Fact, Heat, Page, Prose, Section, State, count
from fabric.report.page._drawing import picture
from fabric.report.page._observed import observed

if TYPE_CHECKING:
    from fabric.check import CheckReport
    from fabric.intents import Verdict as IntentVerdict
    from fabric.report.page._asked import Answers, Made, Subject
    from fabric.simulate import Overview, ReachMatrix, SweepReport

_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}


def build_page(subject: Subject, answers: Answers, made: Made) -> Page:
    """The report of a design, with everything that was found out about it."""
    chapters = (
        Section("summary", "Summary", (tuple(_facts(subject, answers)),)),
        _drawn(subject, answers),
        _predicted(subject, answers),
        *_checked(subject, answers.check),
        *_told(subject, "intents", "Intents", intent_tables(answers.intents)),
        *_told(subject, "failures", "Failures", sweep_tables(answers.sweep) if answers.sweep else ()),
        *_told(subject, "budget", "Convergence budget", budget_tables(answers.budgets) if answers.budgets else ()),
        *_told(subject, "load", "Load", load_tables(answers.load) if answers.load else ()),
        *(section for _, section in observed(answers.observed, subject.questions["file"])),
        _planned(subject),
        _reproduced(made),
    )
    fabric, topology = subject.plan.design.fabric, subject.plan.design.topology
    counts = f"{len(fabric.devices)} devices, {len(fabric.links)} links, {len(fabric.zones)} zones"
    described = f"{topology.description}. " if topology.description else ""
    return Page(f"Fabric {subject.fabric.name}", f"{described}{counts}. Made on {made.when}.", chapters)


def _facts(subject: Subject, answers: Answers) -> Iterator[Fact]:
    yield _prediction_fact(answers.prediction)
    yield _intents_fact(answers.intents)
    yield _failures_fact(subject, answers.sweep)
    yield _check_fact(subject, answers.check)
    if answers.budgets:
        late = [item.name for item in answers.budgets if item.exceeded and not item.manner.silent]
        text = (
            f"too slow for a limit: {', '.join(late)}" if late else "every failure that is seen heals within its limits"
        )
        yield Fact("Convergence", State.bad if late else State.good, text, "budget")
    if answers.load is not None:
        text = f"{answers.load.offered_gbps:.2f} Gbit/s offered, {answers.load.lost_gbps:.2f} Gbit/s lost"
        yield Fact("Load", State.good if answers.load.sound else State.bad, text, "load")
    yield from (fact for fact, _ in observed(answers.observed, subject.questions["file"]))
    if not answers.observed:
        file = subject.questions["file"]
        yield Fact("Lab", State.missing, f"run fabric lab up {file}, then fabric lab verify --json")


def _check_fact(subject: Subject, report: CheckReport | None) -> Fact:
    if report is None:
        return Fact("Rules", State.missing, f"run fabric check {subject.questions['file']}")
    broken = [finding for finding in report.findings if finding.counts]
    accepted = sum(finding.suppressed is not None for finding in report.findings)
    text = f"{count(len(broken), 'finding')}, {accepted} accepted with a reason, {count(len(report.ran), 'rule')}"
    return Fact("Rules", State.bad if broken else State.good, text, "rules" if report.findings else "")


def _checked(subject: Subject, report: CheckReport | None) -> Iterator[Section]:
    """Findings to mend, and those that somebody accepted."""
    if report is None or not report.findings:
        return
    columns = ("severity", "rule", "where", "what", "found", "fix")
    rows = [
        (f.rule.severity, f.rule.id, f.where, f.subject, f.text, f.rule.fix)
        for f in report.findings
        if f.suppressed is None
    ]
    accepted = [(f.rule.id, f.where, f.text, f.suppressed) for f in report.findings if f.suppressed is not None]
    tables = (
        table("Findings", columns, rows),
        table("Accepted", ("rule", "where", "found", "because"), accepted),
    )
    yield from _told(subject, "rules", "Rules", tables)


def _prediction_fact(prediction: Overview) -> Fact:
    if prediction.sound:
        return Fact("Prediction", State.good, "every session comes up and everybody reaches everybody", "prediction")
    lost = sum(map(len, prediction.lost.values()))
    down = f"{count(len(prediction.down), 'session')} {'is' if len(prediction.down) == 1 else 'are'} down"
    text = f"{down}, {count(lost, 'pair')} {'does' if lost == 1 else 'do'} not reach each other"
    return Fact("Prediction", State.bad, text, "prediction")


def _intents_fact(verdicts: Sequence[IntentVerdict]) -> Fact:
    broken = [verdict for verdict in verdicts if not verdict.kept]
    if not verdicts:
        return Fact("Intents", State.missing, "the topology file has none; write some under intents:")
    text = f"{len(broken)} of {len(verdicts)} broken" if broken else f"all {len(verdicts)} kept"
    return Fact("Intents", State.bad if broken else State.good, text, "intents")


def _failures_fact(subject: Subject, sweep: SweepReport | None) -> Fact:
    if sweep is None:
        return Fact("Failures", State.missing, f"run fabric report {subject.questions['file']} --sweep links=1,nodes=1")
    tried, single = sum(result.scenarios for result in sweep.results), sweep.single_points_of_failure
    if sweep.sound:
        return Fact("Failures", State.good, f"none of {tried} failures tried harms anybody who survives it", "failures")
    text = f"{count(len(single), 'single point')} of failure among {count(tried, 'failure')} tried"
    return Fact("Failures", State.bad if single else State.warning, text, "failures")


def _drawn(subject: Subject, answers: Answers) -> Section:
    how = (f"fabric graph {subject.questions['file']} -o fabric.svg",)
    return Section("drawing", "Drawing", (picture(subject, answers),), how)


def _predicted(subject: Subject, answers: Answers) -> Section:
    overview = answers.prediction
    tables = [value for value in overview_tables(overview) if not value.title.startswith("Predicted reachability")]
    blocks: tuple[Block, ...] = (*map(_heat, overview.matrices), *tables)
    return Section("prediction", "Prediction", blocks, (subject.questions["prediction"],))


def _told(subject: Subject, anchor: str, title: str, tables: Iterable[Table]) -> Iterator[Section]:
    """A section of tables, where there are any."""
    filled = tuple(value for value in tables if value.rows)
    if filled:
        yield Section(anchor, title, filled, (subject.questions[anchor],))


def _heat(matrix: ReachMatrix) -> Heat:
    cells = {
        pair: (cell.reached / cell.pairs if cell.pairs else 1.0, f"{cell.reached}/{cell.pairs}")
        for pair, cell in matrix.cells.items()
    }
    title = f"Predicted reachability by {matrix.axis} over {_FAMILIES[matrix.family]}: pairs reached of pairs"
    return Heat(title, matrix.axis, matrix.labels, cells)


def _planned(subject: Subject) -> Section:
    tables = tuple(value for value in plan_tables(subject.plan).values() if value.rows)
    return Section("plan", "Plan", tables, (f"fabric plan {subject.questions['file']}",))


def _reproduced(made: Made) -> Section:
    versions = table("Versions", ("what", "version"), made.versions.items())
    intro = "Every chapter names the command that gives its figures again; these versions gave them here."
    return Section("versions", "Versions", (Prose(intro), versions))
