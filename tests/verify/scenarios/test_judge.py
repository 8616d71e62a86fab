"""What is judged of a part, and how a report says it."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from xml.etree import ElementTree

import pytest

from fabric.lab import FlowPhase, ProbePair
from fabric.report import scenario_document, scenario_markdown, scenario_outcome, scenario_tables, to_junit, to_text
from fabric.verify import CaseResult, Expected, Finding, Machine, Outcome, PartResult, ScenarioReport
from fabric.verify._scenarios._judge import Seen, judge
from fabric.verify._scenarios._model import Expectation
from fabric.verify._scenarios._values import QuorumPart, QuorumResult

PAIR = ProbePair("a", ip_address("10.0.0.1"), "b", ip_address("10.0.0.2"))
OTHER = ProbePair("b", ip_address("10.0.0.2"), "a", ip_address("10.0.0.1"))
FLOW = FlowPhase(PAIR, "1", 1000, 0, 0, 0.0, False, 0.2, (0.1, 0.2, 0.3), 100.0)
BUDGET = Expected(124.0, 200.0, 0, "carrier")


def observed(wanted: dict[str, Any], seen: Seen) -> list[str]:
    return [finding.observed for finding in judge(Expectation.model_validate(wanted), seen, "x")]


def seen(**changes: Any) -> Seen:
    return Seen((replace(FLOW, **changes),), frozenset(), BUDGET, 0, 5.0)


@pytest.mark.parametrize(
    ("wanted", "changes", "found"),
    [
        ({"lost": 0}, {}, []),
        ({"lost": 0}, {"lost": 3}, ["3 of 1000"]),
        ({"outage_ms": "budget"}, {"outage_ms": 138.9}, []),
        ({"outage_ms": "budget"}, {"outage_ms": 139.1}, ["139.1 ms"]),
        ({"outage_ms": 50}, {"outage_ms": 56}, ["56.0 ms"]),
        ({"heartbeat_ms": "budget"}, {"heartbeat_ms": 216.0}, ["216.0 ms"]),
        ({"delay_ms": 0.2}, {}, ["0.10 ms"]),
        ({"cut": "none"}, {}, []),
        ({"cut": "all"}, {}, ["0 of 1 predicted so"]),
    ],
)
def test_expectations(wanted: dict[str, Any], changes: dict[str, Any], found: list[str]) -> None:
    assert observed(wanted, seen(**changes)) == found


def test_a_pair_that_is_cut_counts_only_for_being_cut() -> None:
    dead = replace(FLOW, pair=OTHER, lost=1000, outage_ms=2000.0)
    both = Seen((FLOW, dead), frozenset({OTHER}), BUDGET, 0, 5.0)
    assert observed({"lost": 0, "outage_ms": "budget", "cut": "some"}, both) == []
    alive = replace(both, flows=(FLOW, replace(dead, lost=0)))
    assert observed({"cut": "some"}, alive) == ["1000 of 1000 packets arrived"]


def test_sessions_and_etcd() -> None:
    down = replace(seen(), sessions_down=2, quorum=QuorumPart(0, 4, 2, 900.0, None))
    assert observed({"sessions": "stay", "leaders": 1, "writable": True}, down) == [
        "2",
        "none acknowledged, 4 failed",
        "2 went down",
    ]
    assert observed({"writable": False}, replace(down, quorum=QuorumPart(3, 0, 0, 1.0, 1.0))) == ["3 acknowledged"]


@pytest.mark.parametrize(("silent_ms", "leaders", "found"), [(760.0, 0, []), (760.0, 1, ["1"]), (1640.0, 2, [])])
def test_leaders_are_held_to_the_budget_where_it_promises_to_keep_them(
    silent_ms: float, leaders: int, found: list[str]
) -> None:
    """900 ms: an election timeout of 1000 ms less the heartbeat that came before the silence."""
    quorum = QuorumPart(9, 0, leaders, 700.0, 5.0)
    part = replace(seen(), expected=Expected(424.0, silent_ms, 0, "BFD"), quorum=quorum, bears_ms=900.0)
    assert observed({"leaders": "budget"}, part) == found
    assert observed({"leaders": "budget"}, replace(part, expected=None)) == []


def report() -> ScenarioReport:
    part = PartResult(
        "fail node:a", 5.0, 2.0, (FLOW,), 130.0, 1, BUDGET, (Finding("w", "e", "o"),), QuorumPart(9, 1, 1, 80.0, 5.0)
    )
    before = replace(part, step="before", findings=(), expected=None)
    etcd = QuorumResult("standard", ("a", "b", "c"), 18, 0, QuorumPart(9, 0, 0, 20.0, 4.0))
    failed = CaseResult("one", "One <title>", "RFC 1", Outcome.FAILED, "", 9.0, 0.4, (before, part), etcd)
    skipped = CaseResult("two", "Two", "RFC 2", Outcome.SKIPPED, "the fabric has no storage.first", 0.0, 0.0)
    passed = replace(failed, name="three", outcome=Outcome.PASSED, parts=(before,), quorum=None)
    return ScenarioReport("lab", Machine("6.1", 2, 0.5, "8.4.4", "0.1"), (failed, skipped, passed))


def test_a_report_says_the_same_in_every_form() -> None:
    found = report()
    assert not found.passed
    document = json.loads(json.dumps(scenario_document(found)))
    assert document["counts"] == {"passed": 1, "failed": 1, "error": 0, "skipped": 1}
    assert document["cases"][0]["parts"][1]["findings"] == [{"where": "w", "expected": "e", "observed": "o"}]
    (suite,) = ElementTree.fromstring(to_junit(scenario_outcome(found)))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["3", "1", "0", "1"]
    assert [child.tag for case in suite for child in case] == ["failure", "skipped"]
    text = "\n".join(map(to_text, scenario_tables(found)))
    for words in ("fail node:a", "the fabric has no storage.first", "one (standard)", "124.0"):
        assert words in text
        assert words in scenario_markdown(found)


def test_columns_leave_out_the_pairs_that_are_cut_and_count_them() -> None:
    dead = replace(FLOW, pair=OTHER, lost=1000, outage_ms=2986.0, heartbeat_ms=3000.0)
    part = PartResult("fail zone:z", 5.0, 2.0, (FLOW, dead), None, 0, BUDGET, (), cut=frozenset({OTHER}))
    assert (part.outage_ms, part.lost, part.heartbeat_ms) == (0.0, 0, 100.0)
    gone = replace(part, cut=frozenset({PAIR, OTHER}))
    assert (gone.outage_ms, gone.lost, gone.heartbeat_ms) == (None, None, None)
    case = CaseResult("x", "X", "me", Outcome.PASSED, "", 9.0, 0.4, (part, part, gone))
    told = ScenarioReport("lab", report().machine, (case,))
    first = next(iter(scenario_tables(told)))
    assert [row[2:6] for row in first.rows] == [("0.0", "0", "100.0", "1 of 2"), ("", "", "", "2 of 2")]
    document = scenario_document(told)["cases"][0]["parts"][1]
    assert (document["cut"], [flow["cut"] for flow in document["flows"]]) == (1, [False, True])


def test_nothing_played_is_not_passed() -> None:
    assert not replace(report(), cases=report().cases[1:2]).passed
    assert replace(report(), cases=report().cases[1:]).passed
