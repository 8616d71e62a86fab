"""Intents against the simulator, at rest and after the failures that they name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fabric import plan
from fabric.intents import IntentJudge, Kind, Verdict, demands, intent_judge, judge_failures
from fabric.kubernetes import configure
from fabric.resources import directory
from fabric.simulate import Sweep, SweepOptions, sweep, what_if
from fabric.topology import load
from tests.designs import Values
from tests.intents.fabrics import LEAVES, designed

SHIPPED = sorted(directory("topologies").glob("*.yaml"))


def judged(*intents: Values, fail: tuple[str, ...] = (), **changes: object) -> tuple[Verdict, ...]:
    """The verdicts on these intents of the small fabric."""
    topology, fabric = designed(*intents, **changes)
    what = what_if(fabric, fail)
    return judge_failures(demands(topology, fabric), what.fabric, what.failures)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_designs_say_what_they_are_for_and_keep_it_at_rest(file: Path) -> None:
    design = load(file)
    fabric = configure(plan.build(design))
    wanted = demands(design.topology, fabric)
    assert wanted
    assert intent_judge(wanted, fabric) == IntentJudge(wanted)


def test_the_smallest_failure_that_breaks_an_intent_is_named() -> None:
    (verdict,) = judged({"survives": {"failures": {"links": 2}}}, **LEAVES)
    assert verdict.states == 1 + 6 + 15
    assert {len(breach.failures) for breach in verdict.breaches} == {2}  # no single link does it
    assert verdict.breaches[0].failures == ("link:spine-1:eth1--a1-leaf-1:eth1", "link:spine-2:eth1--a1-leaf-1:eth2")


def test_what_a_part_breaks_is_not_reported_of_the_whole() -> None:
    (verdict,) = judged({"survives": {"failures": {"nodes": 2}}}, **LEAVES, spines=1)
    assert ("node:spine-1",) in [breach.failures for breach in verdict.breaches]
    assert not any("node:spine-1" in b.failures and len(b.failures) == 2 for b in verdict.breaches)


def test_what_is_broken_at_rest_is_reported_so() -> None:
    (verdict,) = judged({"reachable": {"failures": {"links": 1}}}, fail=("tier:spine",))
    (breach,) = verdict.breaches
    assert breach.failures == ()
    assert verdict.demand.kind is Kind.REACHABLE


def test_storage_that_routing_joins_is_not_confined_and_one_that_is_cut_off_is() -> None:
    joined = judged({"storage_confined": {}})
    assert [verdict.kept for verdict in joined] == [True, True, False]
    cut = judged({"storage_confined": {}}, fail=("tier:spine",))
    assert [verdict.kept for verdict in cut] == [True, True, True]


@pytest.mark.parametrize(("at_most_ms", "kept"), [(124, True), (123, False)])
def test_outages_are_held_against_the_budget(at_most_ms: int, kept: bool) -> None:
    (verdict,) = judged({"outage": {"at_most_ms": at_most_ms, "failures": {"links": 1}}}, **LEAVES)
    assert verdict.kept is kept
    assert all("124 ms (carrier), not at most 123 ms" in breach.found for breach in verdict.breaches)


def test_a_silent_failure_stretches_tcp_beyond_an_election() -> None:
    asked: Values = {"at_most_ms": 900, "over": "tcp", "failures": {"links": 1}}
    loud, silent = judged({"outage": asked}, {"outage": {**asked, "silent": True}}, **LEAVES)
    assert loud.kept
    assert "1640 ms (BFD)" in silent.breaches[0].found


def test_the_answer_does_not_depend_on_the_mapper() -> None:
    asked: list[Values] = [{"survives": {"failures": {"nodes": 1}}}, {"no_third_zone": {"failures": {"links": 1}}}]
    topology, fabric = designed(*asked, **LEAVES)
    wanted = demands(topology, fabric)
    heard: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as pool:
        found = judge_failures(
            wanted, fabric, mapper=pool.map, listener=lambda done, total: heard.append((done, total))
        )
    assert found == judge_failures(wanted, fabric)
    assert heard[-1] == (11, 11)


def test_a_sweep_names_the_intents_that_failures_break() -> None:
    role = {"role": "server"}
    topology, fabric = designed(
        {"name": "meet", "reachable": {"from": role, "to": role}},
        {"name": "wide", "ecmp_width": {"at_least": 2}},
        spines=1,
    )
    judge = intent_judge(demands(topology, fabric), fabric)
    report = sweep(fabric, [Sweep("nodes", 1)], options=SweepOptions(judges=(judge,)))
    (spine,) = (judged for judged in report.single_points_of_failure if judged.scenario.targets == ("node:spine-1",))
    (remark,) = spine.remarks
    assert (remark.judge, remark.text, remark.score) == ("intents", "meet (reachable)", 6)
