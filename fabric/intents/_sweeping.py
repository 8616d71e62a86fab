"""Intents as a further question of a sweep: which failure breaks which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fabric.config import FabricConfig
from fabric.intents._demand import Demand
from fabric.intents._evaluate import judge_at_rest
from fabric.intents._ground import Predicted
from fabric.intents._judge import Judge
from fabric.simulate import NONE, Failures, Remark, Situation, simulate

JUDGE = "intents"


@dataclass(frozen=True, slots=True)
class IntentJudge:
    """Names the demands that a scenario breaks, each with the first pair that shows it."""

    demands: tuple[Demand, ...]

    def __call__(self, situation: Situation) -> Sequence[Remark]:
        judge = Judge(Predicted(situation.simulation))
        asked = (demand for demand in self.demands if demand.holds_under(situation.failures))
        found = ((demand, judge.breach(demand)) for demand in asked)
        return [Remark(JUDGE, str(d), b.pairs, harmful=True, details=str(b)) for d, b in found if b is not None]


def intent_judge(demands: Sequence[Demand], fabric: FabricConfig, failures: Failures = NONE) -> IntentJudge:
    """The judge of the demands that hold before the sweep, and that failures are to leave alone."""
    verdicts = judge_at_rest(demands, Predicted(simulate(fabric, failures)))
    return IntentJudge(tuple(verdict.demand for verdict in verdicts if verdict.kept))
