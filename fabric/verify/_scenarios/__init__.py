"""Scenarios: what is done to a running lab step by step, as data, and what must hold meanwhile."""

from fabric.verify._scenarios._cases import Case, cases
from fabric.verify._scenarios._model import (
    Clear,
    Expectation,
    Fail,
    Flapping,
    Heal,
    Impair,
    Probe,
    Scenario,
    Step,
    Verify,
    Wait,
    scenario_schema,
)
from fabric.verify._scenarios._play import play
from fabric.verify._scenarios._read import load_scenario, parse_scenario, shipped_scenarios
from fabric.verify._scenarios._values import CaseResult, Machine, Outcome, PartResult, ScenarioReport, this_machine

__all__ = [
    "Case",
    "CaseResult",
    "Clear",
    "Expectation",
    "Fail",
    "Flapping",
    "Heal",
    "Impair",
    "Machine",
    "Outcome",
    "PartResult",
    "Probe",
    "Scenario",
    "ScenarioReport",
    "Step",
    "Verify",
    "Wait",
    "cases",
    "load_scenario",
    "parse_scenario",
    "play",
    "scenario_schema",
    "shipped_scenarios",
    "this_machine",
]
