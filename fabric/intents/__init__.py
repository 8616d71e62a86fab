"""What the fabric is meant to do: the intents of a topology file, asked of the simulator and of a lab alike."""

from fabric.intents._demand import Demand, Kind, demands
from fabric.intents._evaluate import Verdict, judge_at_rest, judge_failures
from fabric.intents._ground import Flow, Ground, Predicted, flow
from fabric.intents._judge import Breach, Judge
from fabric.intents._select import Pair
from fabric.intents._sweeping import IntentJudge, intent_judge

__all__ = [
    "Breach",
    "Demand",
    "Flow",
    "Ground",
    "IntentJudge",
    "Judge",
    "Kind",
    "Pair",
    "Predicted",
    "Verdict",
    "demands",
    "flow",
    "intent_judge",
    "judge_at_rest",
    "judge_failures",
]
