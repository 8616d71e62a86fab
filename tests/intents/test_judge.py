"""Every kind of demand, once met and once broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fabric.intents import Demand, Judge, Kind, judge_at_rest
from tests.intents.fabrics import PAIR, Wires

SPREAD: dict[str, tuple[str | None, ...]] = {"source": ("a", "b"), "a": ("target",), "b": ("target",)}
BACK: dict[str, tuple[str | None, ...]] = {"target": ("a", "b"), "a": ("source",), "b": ("source",)}
HOME = {"source": "z1", "a": "z1", "b": "z1", "target": "z1"}
BOTH = Wires(SPREAD, BACK, HOME)
A = frozenset({"a"})
AB = frozenset({"a", "b"})


def demand(kind: Kind, **extra: object) -> Demand:
    """A demand of the kind on the one pair."""
    return replace(Demand("it", kind, (PAIR,)), **extra)  # type: ignore[arg-type]  # spelt in the test


@pytest.mark.parametrize(
    ("asked", "met", "broken", "found"),
    [
        (demand(Kind.REACHABLE), BOTH, Wires(SPREAD, {"target": ("a",)}), "source to target: answers end in no-route"),
        (demand(Kind.REACHABLE), BOTH, Wires({"source": ("a",)}, BACK), "source to target: packets end in no-route"),
        (
            demand(Kind.ISOLATED),
            Wires(SPREAD),
            BOTH,
            "source to target: packets and answers arrive over a, b",
        ),
        (demand(Kind.VIA, through=AB), BOTH, Wires({"source": ("target",)}), "some path passes none of a, b"),
        (demand(Kind.VIA, through=A), Wires({"source": ("a",), "a": ("target",)}), BOTH, "some path passes none of a"),
        (demand(Kind.AVOID, through=A), Wires({"source": ("b",), "b": ("target",)}), BOTH, "paths pass a"),
        (
            demand(Kind.STAYS_IN_ZONE),
            BOTH,
            Wires(SPREAD, zones={**HOME, "b": "z2"}),
            "paths leave z1 through b",
        ),
        (
            demand(Kind.STAYS_IN_ZONE, shared=False),
            BOTH,
            Wires(SPREAD, zones={"source": "z1", "target": "z1", "a": "z1"}),
            "paths leave z1 through b",
        ),
        (
            demand(Kind.NO_THIRD_ZONE),
            Wires(SPREAD, zones={"source": "z1", "a": "z1", "target": "z2"}),
            Wires(SPREAD, zones={"source": "z1", "a": "z3", "target": "z2"}),
            "paths pass a of a third zone",
        ),
        (demand(Kind.ECMP_WIDTH, at_least=2), BOTH, Wires({"source": ("target",)}), "1 next hops, not 2"),
        (
            demand(Kind.SYMMETRIC),
            BOTH,
            Wires(SPREAD, {"target": ("a",), "a": ("source",)}),
            "the way between b and target is taken by packets only",
        ),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Demand) else None,
)
def test_met_and_broken(asked: Demand, met: Wires, broken: Wires, found: str) -> None:
    assert Judge(met).breach(asked) is None
    breach = Judge(broken).breach(asked)
    assert breach is not None
    assert found in str(breach)
    assert breach.pairs == 1


def test_the_ends_of_a_pair_are_not_on_its_way() -> None:
    assert Judge(BOTH).breach(demand(Kind.AVOID, through=frozenset({"source", "target"}))) is None
    direct = Wires({"source": ("target",)})
    assert Judge(direct).breach(demand(Kind.VIA, through=frozenset({"target"}))) is not None


def test_dead_ends_ask_for_nothing() -> None:
    wires = Wires({}, {}, dead=frozenset({"target"}))
    assert Judge(wires).breach(demand(Kind.REACHABLE)) is None


def test_destinations_must_live_in_enough_zones() -> None:
    wires = Wires(SPREAD, BACK, HOME)
    assert Judge(wires).breach(demand(Kind.REACHABLE, zones_left=1)) is None
    breach = Judge(wires).breach(demand(Kind.REACHABLE, zones_left=2))
    assert str(breach) == "destinations live in 1 zones, not in 2"


def test_an_outage_is_nothing_that_one_state_shows() -> None:
    (verdict,) = judge_at_rest([demand(Kind.OUTAGE)], BOTH)
    assert verdict.kept
