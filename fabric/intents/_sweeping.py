"""Intents as a further question of a sweep: which failure breaks which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric._values import dataclass
from fabric.config import FabricConfig
from fabric.intents._demand import Demand
from fabric.intents._ground import Predicted
from fabric.intents._judge import Breach, Judge
from fabric.intents._standing import Standing
from fabric.simulate import NONE, Failures, Remark, Situation, at_rest

JUDGE = "intents"


@dataclass(frozen=True, slots=True)
class IntentJudge:
    """Names the demands that a scenario breaks, each with the first pair that shows it."""

    demands: tuple[Demand, ...]

    def __call__(self, situation: Situation) -> Sequence[Remark]:
        wanted = [n for n, demand in enumerate(self.demands) if demand.holds_under(situation.failures)]
        before = situation.before
        if before is None:
            found = _at_once(self.demands, wanted, situation)
        else:
            found = self.standing(before).breaches(situation, wanted)
        return [Remark(JUDGE, str(self.demands[n]), b.pairs, harmful=True, details=str(b)) for n, b in found]

    def standing(self, before: Situation) -> Standing:
        """What becomes of the demands before anything fails."""
        return before.kept(self, lambda: Standing(self.demands, before))


def _at_once(demands: Sequence[Demand], wanted: Sequence[int], situation: Situation) -> Iterator[tuple[int, Breach]]:
    judge = Judge(Predicted(situation))
    found = ((number, judge.breach(demands[number])) for number in wanted)
    return ((number, breach) for number, breach in found if breach is not None)


def intent_judge(demands: Sequence[Demand], fabric: FabricConfig, failures: Failures = NONE) -> IntentJudge:
    """The judge of the demands that hold before the sweep, and that failures are to leave alone."""
    before = at_rest(fabric, failures)
    broken = {number for number, _ in Standing(demands, before).breaches(before, range(len(demands)))}
    return IntentJudge(tuple(demand for number, demand in enumerate(demands) if number not in broken))
