"""Chapters on what a lab showed, from the documents that `fabric lab … --json` wrote: proofs, scenarios, times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from fabric.report._table import Table, table
from fabric.report.page._asked import Document
from fabric.report.page._blocks import Bar, Block, Fact, Heat, Section, State, Timeline, count

_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}
_MOST_BARS = 60
_STATES: Mapping[str, State] = {"passed": State.good, "failed": State.bad, "error": State.bad}
_OPEN_END = 1.15
"""How far beyond the longest outage a bar is drawn that has no end."""


def kind_of(document: Document) -> str | None:
    """Which command wrote the document: verify, run, rtt or measure; `None` for any other."""
    keys = document.keys()
    wanted: Mapping[str, frozenset[str]] = {
        "verify": frozenset({"lab", "checks", "reachability"}),
        "run": frozenset({"lab", "cases", "counts", "machine"}),
        "rtt": frozenset({"lab", "round_trips"}),
        "measure": frozenset({"lab", "target", "runs", "verdict"}),
    }
    return next((kind for kind, needed in wanted.items() if needed <= keys), None)


def observed(documents: Sequence[Document], file: str) -> Iterator[tuple[Fact, Section]]:
    """A line of the summary and a chapter for each document."""
    chapters: Mapping[str, Callable[[Document, str, str], tuple[Fact, Section]]] = {
        "verify": _proofs,
        "run": _scenarios,
        "rtt": _round_trips,
        "measure": _measured,
    }
    for number, document in enumerate(documents):
        yield chapters[str(kind_of(document))](document, f"observed-{number}", file)


def _proofs(proof: Document, anchor: str, file: str) -> tuple[Fact, Section]:
    failed, all_ = sum(not check["passed"] for check in proof["checks"]), len(proof["checks"])
    text = f"{failed} of {all_} proofs failed" if failed else f"all {all_} proofs hold"
    fact = Fact(f"Lab {proof['lab']}", State.bad if failed else State.good, text, anchor)
    checks = [
        (c["check"], c["compared"], c["as_expected"], c["note"], "proven" if c["passed"] else "FAILED")
        for c in proof["checks"]
    ]
    findings = [(c["check"], f["where"], f["expected"], f["observed"]) for c in proof["checks"] for f in c["findings"]]
    blocks: list[Block] = [table("Proofs", ("proof", "compared", "as expected", "detail", "verdict"), checks)]
    blocks += [_reachability(matrix) for matrix in proof["reachability"]]
    if findings:
        blocks.append(table("Findings", ("proof", "where", "expected", "observed"), findings))
    how = (f"fabric lab up {file}", "fabric lab verify --json")
    return fact, Section(anchor, f"Proofs in lab {proof['lab']}", tuple(blocks), how)


def _reachability(matrix: Document) -> Heat:
    cells = {
        (cell["from"], cell["to"]): (
            cell["flows_answered"] / cell["flows_sent"] if cell["flows_sent"] else 1.0,
            f"{cell['flows_answered']}/{cell['flows_sent']}",
        )
        for cell in matrix["cells"]
    }
    labels = tuple(dict.fromkeys(label for pair in cells for label in pair))
    family = _FAMILIES[matrix["family"]]
    title = f"Measured reachability by {matrix['axis']} over {family}: flows answered of flows sent"
    return Heat(title, matrix["axis"], labels, cells)


def _scenarios(report: Document, anchor: str, file: str) -> tuple[Fact, Section]:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report["counts"].items() if count)
    fact = Fact(f"Scenarios on {report['lab']}", State.good if report["passed"] else State.bad, counts, anchor)
    cases = [(c["name"], c["title"], c["outcome"], c["words"].partition("\n")[0], c["source"]) for c in report["cases"]]
    blocks: list[Block] = []
    bars = tuple(_outages(report["cases"]))
    if bars:
        noise = max(case["noise_ms"] for case in report["cases"])
        title = (
            f"Outages in ms: the longest time without a packet of a flow, beside what was allowed (noise {noise:.0f})"
        )
        blocks.append(Timeline(title, bars[:_MOST_BARS], max(bar.end_ms for bar in bars)))
    blocks.append(table("Scenarios", ("case", "what", "outcome", "words", "source"), cases))
    quorum = list(_quorum(report["cases"]))
    if quorum:
        heads = ("case", "part", "writes", "failed", "leader changes", "write outage ms", "p99 ms")
        blocks.append(table("etcd", heads, quorum))
    findings = [
        (case["name"], f["where"], f["expected"], f["observed"])
        for case in report["cases"]
        for part in case["parts"]
        for f in part["findings"]
    ]
    if findings:
        blocks.append(table("What was not as expected", ("case", "where", "expected", "observed"), findings))
    how = (f"fabric lab up {file}", "fabric lab run --all -o results")
    return fact, Section(anchor, f"Scenarios on lab {report['lab']}", tuple(blocks), how)


def _outages(cases: Sequence[Document]) -> Iterator[Bar]:
    """Two bars a part that breaks something: what was measured, and what was allowed."""
    parts = [(case, part) for case in cases for part in case["parts"] if part["expected"] is not None]
    ends = [part["outage_ms"] for _, part in parts if part["outage_ms"] is not None]
    beyond = max([*ends, 1.0]) * _OPEN_END
    for case, part in parts:
        label = f"{case['name']}: {part['step']}"
        state = State.bad if part["findings"] else State.good
        measured, allowed = part["outage_ms"], part["expected"].get("outage_ms")
        said = "all pairs cut" if measured is None else _ms(measured)
        yield Bar(label, 0.0, beyond if measured is None else measured, said, state)
        yield Bar("allowed", 0.0, beyond if allowed is None else min(allowed, beyond), _ms(allowed), State.missing)


def _ms(value: float | None) -> str:
    return "for good" if value is None else f"{value:.0f} ms"


def _quorum(cases: Sequence[Document]) -> Iterator[tuple[object, ...]]:
    for case in cases:
        for part in case["parts"]:
            seen = part["etcd"]
            if seen is not None:
                figures = (seen["acknowledged"], seen["failed"], seen["leaders"], seen["outage_ms"], seen["p99_ms"])
                yield case["name"], part["step"], *figures


def _round_trips(report: Document, anchor: str, file: str) -> tuple[Fact, Section]:
    late = [trip for trip in report["round_trips"] if not trip["kept"]]
    text = f"{len(late)} of {len(report['round_trips'])} zone pairs not as asked" if late else "all as asked"
    fact = Fact(f"Round trips of {report['lab']}", State.bad if late else State.good, text, anchor)
    how = (f"fabric lab up {file}", "fabric lab rtt --json")
    return fact, Section(
        anchor, f"Round-trip times in lab {report['lab']}", (_plain_table("In ms", report["round_trips"]),), how
    )


def _measured(report: Document, anchor: str, file: str) -> tuple[Fact, Section]:
    worsts = [run["outage_ms"] for run in report["runs"]]
    allowed = (report["expected"] or {}).get("outage_ms")
    worst = max(worsts, default=0.0)
    state = State.bad if report["verdict"] == "exceeded" else State.good
    beside = "" if allowed is None else f" where {allowed:.0f} ms are allowed"
    text = f"{worst:.0f} ms at worst in {count(len(report['runs']), 'run')}{beside}, noise {report['noise_ms']:.0f} ms"
    bars = [Bar(f"run {number}", 0.0, outage, _ms(outage), state) for number, outage in enumerate(worsts, start=1)]
    if allowed is not None:
        bars.append(Bar("allowed", 0.0, allowed, _ms(allowed), State.missing))
    end = max([bar.end_ms for bar in bars], default=1.0)
    how = (f"fabric lab up {file}", f"fabric lab measure {report['target']} --json")
    blocks = (Timeline(f"Outage of {report['target']} in ms", tuple(bars), end),)
    return Fact(f"Outage of {report['target']}", state, text, anchor), Section(
        anchor, f"Outage of {report['target']}", blocks, how
    )


def _plain_table(title: str, rows: Sequence[Document]) -> Table:
    """Documents of the same keys as a table; lists are joined."""
    columns = tuple(rows[0]) if rows else ()
    return table(title, columns, ([_cell(row.get(column)) for column in columns] for row in rows))


def _cell(value: object) -> object:
    return " - ".join(map(str, value)) if isinstance(value, list | tuple) else value
