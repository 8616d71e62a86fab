"""Where prediction and observation meet: a running lab against what the simulator says of its configuration."""

from fabric.verify._actions import MOMENTARY, Flap, flap, is_active, perform, restore
from fabric.verify._bring_up import BroughtUp, bring_up
from fabric.verify._faults import KINDS, broken, failures_of, fault_of, unpredicted
from fabric.verify._impair import RoundTripCheck, asked_rtt_ms, impaired_of, inter_zone, round_trips
from fabric.verify._measure import (
    FAULT,
    HEALED,
    QUIET,
    Expected,
    Experiment,
    Measurement,
    MeasureOptions,
    Run,
    measure,
    measured_pairs,
    middle,
    worst,
)
from fabric.verify._predict import Prediction, predict, predict_broken
from fabric.verify._run import Settled, VerifyOptions, settle, verify
from fabric.verify._sessions import await_sessions
from fabric.verify._verdict import Cell, Check, Finding, Matrix, Verdict

__all__ = [
    "FAULT",
    "HEALED",
    "KINDS",
    "MOMENTARY",
    "QUIET",
    "BroughtUp",
    "Cell",
    "Check",
    "Expected",
    "Experiment",
    "Finding",
    "Flap",
    "Matrix",
    "MeasureOptions",
    "Measurement",
    "Prediction",
    "RoundTripCheck",
    "Run",
    "Settled",
    "Verdict",
    "VerifyOptions",
    "asked_rtt_ms",
    "await_sessions",
    "bring_up",
    "broken",
    "failures_of",
    "fault_of",
    "flap",
    "impaired_of",
    "inter_zone",
    "is_active",
    "measure",
    "measured_pairs",
    "middle",
    "perform",
    "predict",
    "predict_broken",
    "restore",
    "round_trips",
    "settle",
    "unpredicted",
    "verify",
    "worst",
]
