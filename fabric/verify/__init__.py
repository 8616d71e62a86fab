"""Where prediction and observation meet: a running lab against what the simulator says of its configuration."""

from fabric.verify._bring_up import BroughtUp, bring_up
from fabric.verify._faults import failures_of, fault_of, unpredicted
from fabric.verify._predict import Prediction, predict
from fabric.verify._run import Settled, VerifyOptions, settle, verify
from fabric.verify._sessions import await_sessions
from fabric.verify._verdict import Cell, Check, Finding, Matrix, Verdict

__all__ = [
    "BroughtUp",
    "Cell",
    "Check",
    "Finding",
    "Matrix",
    "Prediction",
    "Settled",
    "Verdict",
    "VerifyOptions",
    "await_sessions",
    "bring_up",
    "failures_of",
    "fault_of",
    "predict",
    "settle",
    "unpredicted",
    "verify",
]
