"""A sweep as tables and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fabric.report._simulation import fates_text
from fabric.report._table import Table, table

if TYPE_CHECKING:
    from fabric.simulate import Cut, Judged, Remark, SweepReport, SweepResult

Document = dict[str, Any]
_SHOWN = 20
_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}


def sweep_tables(report: SweepReport) -> Iterator[Table]:
    """What was tried, the single points of failure, and what only two failures together do."""
    columns = ("fails", "at once", "scenarios", "harmful", "most ECMP lost by", "next hops lost", "such as")
    yield table("Failures tried", columns, map(_result_row, report.results))
    double = [judged for result in report.results if result.at_once > 1 for judged in result.harmful]
    for title, found in (
        ("Single points of failure", report.single_points_of_failure),
        ("Harm that needs two failures", double),
    ):
        if found:
            more = len(found) - _SHOWN
            shown = f"{title} ({more} more in --json)" if more > 0 else title
            yield table(shown, ("failure", "pairs cut", "such as"), map(_harm_row, found[:_SHOWN]))
    worst = [row for result in report.results for row in _worst_rows(result)]
    if worst:
        yield table("The worst that failures do", ("fails", "at once", "what", "failure", "worst"), worst)
    broken = list(_broken_intents(report))
    if broken:
        yield table("Intents that failures break", ("intent", "failures that do", "such as", "which shows in"), broken)


def _worst_rows(result: SweepResult) -> Iterator[tuple[object, ...]]:
    """What the further judges measured at worst; broken intents have a table of their own."""
    for name, judged in result.worst.items():
        if name != "intents":
            worst = _worst(judged, name)
            yield result.kind, result.at_once, name, " ".join(judged.scenario.targets), worst["text"]


def _broken_intents(report: SweepReport) -> Iterator[tuple[object, ...]]:
    """Each broken intent with how many scenarios break it, and the smallest of them."""
    harmful = [judged for result in report.results for judged in result.harmful]
    found: dict[str, list[tuple[Judged, Remark]]] = {}
    for judged in sorted(harmful, key=lambda item: len(item.scenario.targets)):
        for remark in (remark for remark in judged.remarks if remark.judge == "intents"):
            found.setdefault(remark.text, []).append((judged, remark))
    for intent, members in found.items():
        judged, remark = members[0]
        yield intent, len(members), " ".join(judged.scenario.targets), remark.details


def _result_row(result: SweepResult) -> tuple[object, ...]:
    tried = (result.kind, result.at_once, result.scenarios, len(result.harmful))
    if result.narrowest is None or result.narrowest.narrowed is None:
        return (*tried, "none", 0, None)
    lost = result.narrowest.narrowed
    example = f"{lost.device} to {lost.prefix}: {lost.before} to {lost.after}"
    return (*tried, " ".join(result.narrowest.scenario.targets), f"{lost.next_hops} in {lost.routes} routes", example)


def _harm_row(judged: Judged) -> tuple[object, ...]:
    failure = " ".join(judged.scenario.targets)
    if judged.unstable:
        return failure, None, judged.unstable
    if not judged.cuts:
        return failure, None, next(f"{r.judge}: {r.text}" for r in judged.remarks if r.harmful)
    cut = judged.cuts[0]
    return (
        failure,
        len(_pairs(judged)),
        f"{cut.one} and {cut.two} over {_FAMILIES[cut.family]}: {fates_text(cut.fates)}",
    )


def _pairs(judged: Judged) -> set[tuple[str, str]]:
    """The pairs cut in either family."""
    return {(cut.one, cut.two) for cut in judged.cuts}


def sweep_document(report: SweepReport) -> Document:
    """The sweep as plain values, every pair that a harmful scenario cuts included."""
    return {
        "version": 1,
        "sound": report.sound,
        "cut_without_failures": report.cut_before,
        "sweeps": [
            {
                "kind": result.kind,
                "at_once": result.at_once,
                "scenarios": result.scenarios,
                "most_ecmp_lost": None if result.narrowest is None else _narrowed(result.narrowest),
                "worst": {name: _worst(judged, name) for name, judged in result.worst.items()},
                "harmful": [_judged(judged) for judged in result.harmful],
            }
            for result in report.results
        ],
    }


def _judged(judged: Judged) -> Document:
    return {
        "failures": list(judged.scenario.targets),
        "pairs_cut": len(_pairs(judged)),
        "cuts": [_cut(cut) for cut in judged.cuts],
        "unstable": judged.unstable or None,
        "remarks": list(map(_remark, judged.remarks)),
    }


def _remark(remark: Remark) -> Document:
    return {
        "judge": remark.judge,
        "text": remark.text,
        "score": remark.score,
        "harmful": remark.harmful,
        "details": remark.details,
    }


def _worst(judged: Judged, judge: str) -> Document:
    worst = max((remark for remark in judged.remarks if remark.judge == judge), key=lambda remark: remark.score)
    return {"failures": list(judged.scenario.targets), **_remark(worst)}


def _cut(cut: Cut) -> Document:
    return {"pair": [cut.one, cut.two], "family": cut.family, "fates": sorted(fate.value for fate in cut.fates)}


def _narrowed(judged: Judged) -> Document:
    lost = judged.narrowed
    assert lost is not None
    return {
        "failures": list(judged.scenario.targets),
        "routes": lost.routes,
        "next_hops_lost": lost.next_hops,
        "example": {"device": lost.device, "prefix": str(lost.prefix), "before": lost.before, "after": lost.after},
    }
