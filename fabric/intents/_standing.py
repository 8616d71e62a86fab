"""Demands after failures, told from those before them: only pairs whose packets are diverted are asked again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from fabric.config import Address
from fabric.intents._demand import Demand, Kind
from fabric.intents._ground import Predicted
from fabric.intents._judge import Breach, Judge, breach_of
from fabric.intents._select import Pair
from fabric.simulate import Situation

_BOTH_WAYS = frozenset({Kind.REACHABLE, Kind.ISOLATED, Kind.SYMMETRIC, Kind.OUTAGE})
"""What asks about the answers too."""

Answers = Mapping[int, str]
"""How pairs, by their position in the demand, break it."""


class Standing:
    """What becomes of demands before failures, and what that tells of their end after them."""

    def __init__(self, demands: Sequence[Demand], before: Situation) -> None:
        self.demands = demands
        self._answers = _answers(demands, before)
        self._asking: dict[Address, dict[str, list[tuple[int, int]]]] = {}
        for place, source, address in _asked(demands):
            self._asking.setdefault(address, {}).setdefault(source, []).append(place)

    def breaches(self, situation: Situation, wanted: Iterable[int]) -> Iterator[tuple[int, Breach]]:
        """The breaches of some of the demands, by their position, after failures. Outages are for `Convergence`."""
        return self.breaches_of(situation, wanted, self.again(situation))

    def breaches_of(
        self, situation: Situation, wanted: Iterable[int], again: Mapping[int, set[int]]
    ) -> Iterator[tuple[int, Breach]]:
        """The same, for whom has found out already which pairs are to be asked again."""
        judge = Judge(Predicted(situation))
        for number in wanted:
            demand = self.demands[number]
            breach = judge.zones_gone(demand) or breach_of(self._broken(judge, number, again.get(number, set())))
            if breach is not None:
                yield number, breach

    def _broken(self, judge: Judge, number: int, again: set[int]) -> list[tuple[Pair, str]]:
        demand = self.demands[number]
        if demand.kind is Kind.OUTAGE:
            return []
        found = {place: answer for place, answer in self._answers[number].items() if place not in again}
        for place in again:
            answer = judge.answer(demand, demand.pairs[place]) if judge.lives(demand.pairs[place]) else None
            if answer is not None:
                found[place] = answer
        return [(demand.pairs[place], found[place]) for place in sorted(found) if judge.lives(demand.pairs[place])]

    def again(self, situation: Situation) -> dict[int, set[int]]:
        """By demand, the pairs whose packets, or the answers to them, are not what they were."""
        found: dict[int, set[int]] = {}
        for address, asking in self._asking.items():
            for source in situation.concerned(address):
                for number, place in asking.get(source, ()):
                    found.setdefault(number, set()).add(place)
        return found


def _answers(demands: Sequence[Demand], before: Situation) -> tuple[Answers, ...]:
    """By demand, the pairs that break it before any failure; kept with that state."""
    judge = Judge(Predicted(before))
    return tuple(before.kept(demand, partial(_answers_of, judge, demand)) for demand in demands)


def _answers_of(judge: Judge, demand: Demand) -> Answers:
    found = ((place, judge.answer(demand, pair)) for place, pair in enumerate(demand.pairs) if judge.lives(pair))
    return {place: answer for place, answer in found if answer is not None}


def _asked(demands: Sequence[Demand]) -> Iterator[tuple[tuple[int, int], str, Address]]:
    """The demands and pairs that ask for each flow."""
    for number, demand in enumerate(demands):
        for place, (one, two) in enumerate(demand.pairs):
            yield (number, place), one.device, two.address
            if demand.kind in _BOTH_WAYS:
                yield (number, place), two.device, one.address
