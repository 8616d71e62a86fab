"""What a measurement expects of a fault, and the run of one in a real lab, with bounds that a busy machine keeps."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from fabric.config import FabricConfig
from fabric.errors import InputError, LabError
from fabric.lab import (
    EmbeddedEngine,
    FlowPhase,
    LabStatus,
    ProbePair,
    RunningLab,
    StreamResult,
    StreamSettings,
    UpOptions,
    spec_of,
)
from fabric.report import measurement_document, measurement_tables, timeline_table
from fabric.resources import directory
from fabric.topology import load
from fabric.verify import (
    FAULT,
    HEALED,
    Experiment,
    Measurement,
    MeasureOptions,
    Run,
    bring_up,
    fault_of,
    measure,
    measured_pairs,
    middle,
    predict,
    worst,
)
from fabric.verify import Expected as Budget
from fabric.verify._measure import expectation
from tests.lab.conftest import engine, environ

__all__ = ["engine", "environ"]

PAIR = ProbePair("a", ip_address("10.0.0.1"), "b", ip_address("10.0.0.2"))


@pytest.fixture(scope="module")
def fabric() -> FabricConfig:
    return spec_of(load(directory("topologies") / "quickstart.yaml")).fabric


@pytest.fixture
def status(fabric: FabricConfig) -> LabStatus:
    return LabStatus("quickstart", "running", "", "", tuple(fabric.by_name), (), (), {})


def test_probes_go_between_zones_or_where_one_says(fabric: FabricConfig) -> None:
    ends = [(pair.source, pair.destination) for pair in measured_pairs(fabric)]
    assert ends == [("a1-server-1", "b1-server-1"), ("b1-server-1", "a1-server-1")]
    [chosen] = measured_pairs(fabric, ["a1-server-2:a1-server-1"])
    assert (chosen.source, chosen.destination) == ("a1-server-2", "a1-server-1")
    for text in ("a1-server-1", "a1-server-1:a1-server-1", "a1-server-1:spine-1"):
        with pytest.raises(InputError, match=f"--pair {text}: found "):
            measured_pairs(fabric, [text])


@pytest.mark.parametrize(
    ("target", "detection", "outage_ms"),
    [
        ("node:spine-1", "kernel", 0),
        ("silent:spine-1:eth3", "BFD", 974),
        ("drain:spine-1", "announced", 0),
        ("link:spine-1:eth3", "kernel", 0),
    ],
)
def test_what_is_expected_of_a_fault(
    fabric: FabricConfig, status: LabStatus, target: str, detection: str, outage_ms: float
) -> None:
    expected, cut = expectation(fabric, [fault_of(fabric, status, target)], measured_pairs(fabric))
    assert expected is not None
    assert (expected.detection, expected.outage_ms, cut) == (detection, outage_ms, frozenset())


def test_a_lost_zone_cuts_its_pairs(fabric: FabricConfig, status: LabStatus) -> None:
    pairs = measured_pairs(fabric)
    expected, cut = expectation(fabric, [fault_of(fabric, status, "zone:zone-a")], pairs)
    assert cut == set(pairs)
    assert expected is not None
    assert expected.cut == 2


def measured(outage_ms: float, cut: frozenset[ProbePair] = frozenset(), budget_ms: float | None = 5.0) -> Measurement:
    flows = (FlowPhase(PAIR, FAULT, 100, 7, 0, outage_ms, False, 0.0, None, 100.0),)
    run = Run(StreamResult(flows, (), 0.0, 0), 0, 1.0, 2.0, 1, 0)
    expected = None if budget_ms is None else Budget(budget_ms, 0.0, len(cut), "kernel")
    return Measurement("l", "node:x", MeasureOptions(runs=1), (run,), expected, cut, (PAIR,), frozenset({PAIR}))


@pytest.mark.parametrize(
    ("found", "verdict", "why"),
    [
        (measured(17.0), "within budget", "allowed are 5.0 ms expected, 10 ms"),
        (measured(17.1), "exceeded", "run 1: 17.1 of 17.0 ms"),
        (measured(900.0, budget_ms=None), "not judged", "not predicted"),
        (measured(900.0, frozenset({PAIR})), "not judged", "all measured pairs are cut"),
        (replace(measured(0.0), met=frozenset()), "within budget", "no measured pair uses what was broken"),
    ],
)
def test_a_measurement_says_what_is_allowed_and_whether_it_was_kept(found: Measurement, verdict: str, why: str) -> None:
    tables = {value.title: value for value in measurement_tables(found)}
    [row] = tables["Verdict"].rows
    assert row[0] == verdict == measurement_document(found)["verdict"]
    assert why in row[1]
    assert found.within_budget is (verdict != "exceeded")


def test_a_measurement_names_its_pairs_and_leaves_out_those_that_are_cut() -> None:
    tables = {value.title: value for value in measurement_tables(measured(900.0, frozenset({PAIR})))}
    assert tables["Measured pairs"].rows == (("a", "b", "cuts it", "900.0", "7"),)
    assert tables["node:x in lab l"].rows[0][:5] == ("1", "-", "-", "-", "-")
    document = measurement_document(measured(3.0))
    assert document["pairs"] == [{"from": "a", "to": "b", "met": True, "cut": False}]
    assert [(run["outage_ms"], run["allowed_ms"], run["lost"]) for run in document["runs"]] == [(3.0, 17.0, 7)]


def test_median_and_worst_leave_out_what_is_not_there() -> None:
    assert (middle([3, None, 1, 2]), worst([3, None, 1])) == (2, 3)
    assert (middle([None]), worst([])) == (None, None)


@pytest.mark.lab
def test_a_silent_link_is_measured_and_healed(engine: EmbeddedEngine, fabric: FabricConfig) -> None:
    spec = spec_of(load(directory("topologies") / "quickstart.yaml"))
    bring_up(engine, spec, lambda: predict(fabric), UpOptions(), lambda _: None)
    lab = RunningLab(engine, "quickstart")
    options = MeasureOptions(runs=1, quiet_s=0.5, hold_s=2, after_s=0.5, stream=StreamSettings(interval_us=5000))
    found = measure(lab, fabric, Experiment("silent:spine-1:eth3", measured_pairs(fabric), options))
    [run] = found.runs
    noise = f"noise {run.noise_ms} ms, sender {run.result.stall_ms} ms late"
    assert 300 < found.outages_ms(FAULT)[0] < 3000, noise
    assert found.lost(HEALED) == (0,), noise
    assert run.result.overflows == 0
    assert {event.kind for event in run.events(FAULT)} >= {"route", "session down"}
    assert run.first_session_ms() is not None
    assert run.updates > 0
    document = measurement_document(found)
    assert document["runs"][0]["events"]
    assert found.met == {found.pairs[1]}, "it is deaf to what comes from zone b"
    assert len(list(measurement_tables(found))) == 4
    assert timeline_table(run).rows
    assert lab.status().faults == ()
    lab.engine.fail(lab.name, fault_of(fabric, lab.status(), "node:spine-1"))
    with pytest.raises(LabError, match="broken already"):
        measure(lab, fabric, Experiment("node:spine-2", ()))
