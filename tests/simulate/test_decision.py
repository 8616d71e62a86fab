"""The decision process, step by step."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from fabric.simulate import Attributes, BgpNextHop, Origin, Reason, SessionEnd
from fabric.simulate._decision import best_of, decide, rejection
from fabric.simulate._path import Path, Settings, Source

_SETTINGS = Settings(multipath_relax=True, deterministic_med=False, maximum_paths=64)


def path(number: int, metric: int = 0, external: bool = True, **attributes: Any) -> Path:
    """A path from peer `number`, whose AS, router id and address follow from the number."""
    source = Source(
        SessionEnd("me", f"10.0.0.{number}"), external, False, 65000 + number, number, (4, number, ""), "eth0", external
    )
    made = Attributes(**({"as_path": (65000 + number,) if external else ()} | attributes))
    return Path(made, BgpNextHop(ip_address(f"10.0.0.{number}")), source, metric)


def own(**attributes: Any) -> Path:
    return Path(Attributes(weight=32768, **attributes), BgpNextHop(), None)


@pytest.mark.parametrize(
    ("winner", "loser", "reason"),
    [
        (path(2, weight=5), path(1, local_preference=500), Reason.WEIGHT),
        (path(2, local_preference=101), path(1, as_path=(1,)), Reason.LOCAL_PREFERENCE),
        (own(as_path=(1, 2, 3)), path(1, weight=32768), Reason.LOCAL_ORIGIN),
        (path(2, as_path=(2,), origin=Origin.INCOMPLETE), path(1, as_path=(1, 1)), Reason.AS_PATH_LENGTH),
        (path(2, as_path=(5, 6)), path(1, as_path=(5, frozenset({6, 7}), 8)), Reason.AS_PATH_LENGTH),
        (path(2, as_path=(7,), med=9), path(1, as_path=(7,), origin=Origin.EGP), Reason.ORIGIN),
        (path(2, as_path=(7,)), path(1, as_path=(7,), med=1), Reason.MED),
        (path(2, metric=9, as_path=(7,)), path(1, external=False, as_path=(7,)), Reason.PEER_TYPE),
        (path(2, metric=1, external=False), path(1, metric=2, external=False), Reason.IGP_METRIC),
        (path(1), path(2), Reason.OLDER),
        (path(1, external=False), path(2, external=False), Reason.ROUTER_ID),
        (path(2, external=False, originator_id=0), path(1, external=False), Reason.ROUTER_ID),
        (
            path(2, external=False, originator_id=1, cluster_list=(8,)),
            path(1, external=False, cluster_list=(8, 9)),
            Reason.CLUSTER_LENGTH,
        ),
        (
            path(1, external=False, originator_id=7),
            path(2, external=False, originator_id=7),
            Reason.PEER_ADDRESS,
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_first_difference_decides(winner: Path, loser: Path, reason: Reason) -> None:
    assert best_of([loser, winner], _SETTINGS) is winner
    assert best_of([winner, loser], _SETTINGS) is winner
    assert rejection(winner, loser) is reason


def test_meds_of_different_neighbors_do_not_count() -> None:
    high, low = path(1, med=100), path(2, med=0)
    decision = decide([low, high], _SETTINGS)
    assert decision.best is high
    assert decision.installed == (high, low)


def test_multipath_needs_equal_length_only_when_relaxed() -> None:
    paths = [path(1), path(2), path(3, as_path=(1, 2))]
    assert len(decide(paths, _SETTINGS).installed) == 2
    strict = Settings(multipath_relax=False, deterministic_med=False, maximum_paths=64)
    assert len(decide(paths, strict).installed) == 1
    same = [
        path(1, external=False, as_path=(9,)),
        path(2, external=False, as_path=(9,)),
        path(3, external=False, as_path=(8,)),
    ]
    assert len(decide(same, strict).installed) == 2


def test_multipath_stops_at_maximum_paths_and_takes_each_next_hop_once() -> None:
    three = Settings(multipath_relax=True, deterministic_med=False, maximum_paths=3)
    assert len(decide([path(n) for n in range(1, 6)], three).installed) == 3
    twin = path(2)._replace(next_hop=path(1).next_hop)
    assert len(decide([path(1), twin], _SETTINGS).installed) == 1


def test_oldest_wins_is_marked_only_where_the_neighbors_would_see_it() -> None:
    assert decide([path(1), path(2)], _SETTINGS).order_dependent
    alike = [path(1, as_path=(9,)), path(2, as_path=(9,))]
    assert not decide(alike, _SETTINGS).order_dependent
    assert decide(alike, replace(_SETTINGS, passes_next_hops=True)).order_dependent
    assert not decide([path(1, external=False), path(2, external=False, med=0)], _SETTINGS).order_dependent


def test_med_cycle_is_marked() -> None:
    """a beats b on MED, b beats c and c beats a on the IGP metric: the order of arrival decides."""
    a = path(1, metric=30, external=False, as_path=(7,), med=0)
    b = path(2, metric=10, external=False, as_path=(7,), med=5)
    c = path(3, metric=20, external=False, as_path=(8,), med=9)
    assert decide([a, b, c], _SETTINGS).order_dependent
    assert best_of([a, b, c], Settings(True, True, 64)) is c
