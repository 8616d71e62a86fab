"""A report of scenarios as a table, Markdown and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fabric.report._table import Table, table, to_markdown

if TYPE_CHECKING:
    from fabric.verify import CaseResult, PartResult, ScenarioReport

Document = dict[str, Any]
_SHOWN = 80


def scenario_tables(report: ScenarioReport) -> Iterator[Table]:
    """Every case with its parts, what was not as expected, and how many ended how."""
    measured = ("outage ms", "lost", "TCP gap ms", "cut", "last route ms", "budget ms", "noise ms")
    columns = ("case", "part", *measured, "outcome")
    rows = [row for case in report.cases for row in _rows(case)]
    yield table(f"Scenarios on lab {report.lab}", columns, rows)
    quorum = [row for case in report.cases for row in _quorum_rows(case)]
    if quorum:
        heads = ("case", "part", "writes", "failed", "leader changes", "write outage ms", "p99 ms", "writes lost")
        yield table("etcd", heads, quorum)
    findings = [(f.where, f.expected, f.observed) for case in report.cases for f in case.findings]
    findings += [(case.name, "a case that ends", case.words) for case in report.cases if case.outcome == "error"]
    if findings:
        yield table("Findings", ("where", "expected", "observed"), findings)
    counts = ((str(outcome), count) for outcome, count in report.counts.items())
    yield table("Cases", ("outcome", "count"), counts)


def _rows(case: CaseResult) -> Iterator[tuple[object, ...]]:
    if not case.parts:
        yield case.name, case.words.partition("\n")[0][:_SHOWN], *[None] * 7, case.outcome
    for position, part in enumerate(case.parts[1:]):
        yield (
            "" if position else case.name,
            part.step,
            _ms(part.outage_ms),
            part.lost,
            _ms(part.heartbeat_ms),
            f"{len(part.cut)} of {len(part.flows)}" if part.cut else None,
            _ms(part.last_route_ms),
            _ms(part.expected.outage_ms if part.expected else None),
            f"{case.noise_ms:.1f}",
            "FAILED" if part.findings else "" if position else case.outcome,
        )


def _quorum_rows(case: CaseResult) -> Iterator[tuple[object, ...]]:
    if case.quorum is None:
        return
    for position, part in enumerate(case.parts):
        if part.quorum is not None:
            seen = part.quorum
            name, lost = ("", "") if position else (f"{case.name} ({case.quorum.profile})", case.quorum.missing)
            yield name, part.step, seen.acknowledged, seen.failed, seen.leaders, seen.outage_ms, _ms(seen.p99_ms), lost


def _ms(value: float | None) -> str | None:
    if value is None:
        return None
    return "for good" if math.isinf(value) else f"{value:.1f}"


def scenario_markdown(report: ScenarioReport) -> str:
    """The report as a page to keep: the machine, every case with where its demand comes from, and the tables."""
    machine = report.machine
    head = [
        f"# Scenarios on lab {report.lab}",
        "",
        f"fabric {machine.fabric}, FRR {machine.frr}, Linux {machine.kernel}, {machine.processors} processors, "
        f"load {machine.load} when it began. An outage counts on top of the noise: the longest time without a packet "
        "before anything was broken.",
        "",
    ]
    known = {case.title: case.source for case in report.cases}
    sources = table("What was asked, and by whom", ("scenario", "source"), known.items())
    return "\n".join(head) + "\n".join(to_markdown(value) for value in (*scenario_tables(report), sources))


def scenario_document(report: ScenarioReport) -> Document:
    """The report as plain values."""
    return {
        "version": 1,
        "lab": report.lab,
        "passed": report.passed,
        "machine": asdict(report.machine),
        "counts": {str(outcome): count for outcome, count in report.counts.items()},
        "cases": [
            {
                "name": case.name,
                "title": case.title,
                "source": case.source,
                "outcome": str(case.outcome),
                "words": case.words,
                "seconds": case.seconds,
                "noise_ms": case.noise_ms,
                "etcd": None if case.quorum is None else asdict(case.quorum),
                "parts": list(map(_part_document, case.parts)),
            }
            for case in report.cases
        ],
    }


def _part_document(part: PartResult) -> Document:
    expected = part.expected
    return {
        "step": part.step,
        "took_ms": part.took_ms,
        "lasted_s": part.lasted_s,
        "outage_ms": part.outage_ms,
        "lost": part.lost,
        "cut": len(part.cut),
        "last_route_ms": part.last_route_ms,
        "sessions_down": part.sessions_down,
        "expected": None
        if expected is None
        else {key: None if value == math.inf else value for key, value in asdict(expected).items()},
        "etcd": None if part.quorum is None else asdict(part.quorum),
        "flows": [
            {**asdict(e), "pair": [e.pair.source, e.pair.destination], "cut": e.pair in part.cut} for e in part.flows
        ],
        "findings": [asdict(finding) for finding in part.findings],
    }
