"""Traffic matrices and what they put on links, against sums that a person can do."""

from __future__ import annotations

from functools import cache

import pytest

from fabric import config, plan
from fabric.config import FabricConfig
from fabric.errors import InputError
from fabric.simulate import (
    Failures,
    LinkLoad,
    Load,
    Sweep,
    SweepOptions,
    TrafficError,
    by_role,
    load,
    load_judge,
    parse_traffic,
    read_traffic,
    simulate,
    sweep,
    uniform,
    what_if,
)
from tests.designs import Values, design_of

HARDWARE: Values = {
    "hardware": {
        "tor": {
            "ports": [
                {"name": "up{}", "count": 2, "speed_gbps": 100, "use": "uplink"},
                {"name": "swp{}", "count": 8, "speed_gbps": 25, "use": "downlink"},
            ]
        }
    },
    "models": {"leaf": "tor"},
}


@cache
def fabric(hardware: bool = True) -> FabricConfig:
    """Two spines, two racks of one leaf and two servers."""
    rack = {"leaves": 1, "nodes": {"servers": 1, "arrays": 1}}
    values: Values = {
        "version": 1,
        "name": "loaded",
        "spines": 2,
        "zones": [{"name": z, "racks": [{"name": f"{z}1", **rack}]} for z in "ab"],
        "node_groups": {"servers": {"role": "server"}, "arrays": {"role": "storage"}},
        **(HARDWARE if hardware else {}),
    }
    return config.build(plan.build(design_of(values)))


def loaded(matrix: str, *fail: str, link_gbps: float | None = None) -> Load:
    """The load of a matrix under failures."""
    what = what_if(fabric(), fail)
    simulation = simulate(what.fabric, what.failures)
    return load(simulation, parse_traffic(what.fabric, matrix), link_gbps)


def link(found: Load, one: str, two: str) -> LinkLoad:
    """The load from one device to another."""
    return next(item for item in found.links if (item.out.device, item.to.device) == (one, two))


def test_traffic_divides_over_equal_paths() -> None:
    found = loaded("uniform=6")  # 2 Gbit/s to each of three others, two of which are in the other rack
    assert found.offered_gbps == pytest.approx(24)
    assert link(found, "a1-server-1", "a1-leaf-1").gbps == pytest.approx(6)
    assert link(found, "a1-leaf-1", "a1-server-1").gbps == pytest.approx(6)
    for spine in ("spine-1", "spine-2"):
        assert link(found, "a1-leaf-1", spine).gbps == pytest.approx(4)  # 2 servers x 2 others x 2 Gbit/s / 2 spines
    assert (found.lost_gbps, found.sound) == (0, True)


def test_speeds_come_from_the_models_and_the_most_used_link_first() -> None:
    found = loaded("uniform=6")
    assert link(found, "a1-leaf-1", "spine-1").speed_gbps == 100
    assert link(found, "a1-leaf-1", "spine-1").utilisation == pytest.approx(0.04)
    assert found.worst is not None
    assert found.worst.utilisation == pytest.approx(6 / 25)
    used = [item.utilisation or 0 for item in found.links]
    assert used == sorted(used, reverse=True)


def test_tiers_know_their_oversubscription() -> None:
    leaf = next(tier for tier in loaded("uniform=6").tiers if tier.tier == "leaf")
    assert (leaf.down_gbps, leaf.up_gbps, leaf.oversubscription) == (100, 400, 0.25)
    assert leaf.sent_up_gbps == pytest.approx(16)
    assert leaf.sent_down_gbps == pytest.approx(24)


def test_what_survives_a_failure_carries_all() -> None:
    found = loaded("uniform=6", "node:spine-1")
    assert link(found, "a1-leaf-1", "spine-2").gbps == pytest.approx(8)
    assert not any("spine-1" in str(item.out) for item in found.links)


def test_dead_endpoints_send_nothing_and_cut_ones_lose_all() -> None:
    assert loaded("uniform=6", "node:a1-server-1").offered_gbps == pytest.approx(3 * 4)
    found = loaded("uniform=6", "tier:spine")
    assert found.lost_gbps == pytest.approx(4 * 4)
    assert not found.sound


def test_an_overloaded_link_is_a_finding() -> None:
    assert not loaded("uniform=26").sound
    assert loaded("uniform=24").sound


def test_links_without_a_model_take_the_speed_that_is_given() -> None:
    bare = fabric(hardware=False)
    simulation = simulate(bare)
    assert load(simulation, uniform(bare, 1)).links[0].utilisation is None
    assert load(simulation, uniform(bare, 1), 10).links[0].speed_gbps == 10


def test_roles_send_to_roles() -> None:
    streams = by_role(fabric(), {("server", "storage"): 3, ("storage", "storage"): 1})
    assert {(s.source.device, s.destination.device, s.gbps) for s in streams} == {
        ("a1-server-1", "a1-array-1", 1.5),
        ("a1-server-1", "b1-array-1", 1.5),
        ("b1-server-1", "a1-array-1", 1.5),
        ("b1-server-1", "b1-array-1", 1.5),
        ("a1-array-1", "b1-array-1", 1),
        ("b1-array-1", "a1-array-1", 1),
    }
    assert parse_traffic(fabric(), "server>storage=3, storage>storage=1") == streams


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uniform", "found the rate '' in 'uniform'; allowed: Gbit/s above 0"),
        ("uniform=-1", "found the rate '-1'"),
        ("uniform=nan", "found the rate 'nan'"),
        ("server=5", "found 'server'; allowed: uniform=GBPS, or ROLE>ROLE=GBPS"),
        ("serve>storage=5", "found the role 'serve'; allowed: spine, leaf, server, storage. Did you mean server?"),
    ],
)
def test_a_wrong_matrix_is_told(text: str, message: str) -> None:
    with pytest.raises(InputError, match=r"--load") as caught:
        parse_traffic(fabric(), text)
    assert message in str(caught.value)


def test_a_matrix_from_csv() -> None:
    text = "source,destination,gbps\na1-server-1,b1-array-1,7.5\n"
    (stream,) = read_traffic(fabric(), text, "m.csv")
    assert (stream.source.device, stream.destination.device, stream.gbps) == ("a1-server-1", "b1-array-1", 7.5)


def test_every_mistake_of_a_csv_is_told_with_its_line() -> None:
    rows = ["a1-server,b1-array-1,1", "a1-server-1,b1-array-1,lots", "a1-server-1,a1-server-1,1", "a1-server-1"]
    with pytest.raises(TrafficError) as caught:
        read_traffic(fabric(), "\n".join(["source,destination,gbps", *rows]), "m.csv")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("m.csv:2: found the device 'a1-server'; allowed: spine-1")
    assert "Did you mean a1-server-1" in lines[0]
    assert lines[1] == "m.csv:3: gbps: found 'lots'; allowed: Gbit/s above 0. Correct the rate."
    assert lines[2].startswith("m.csv:4: found a1-server-1 and a1-server-1; allowed: two devices")
    assert [line.partition(": ")[0] for line in lines[3:]] == ["m.csv:5", "m.csv:5"]
    with pytest.raises(TrafficError, match=r"m.csv:1: found the header from,to; allowed: source,destination,gbps"):
        read_traffic(fabric(), "from,to\n", "m.csv")


def test_a_sweep_finds_the_failure_that_loads_a_link_most() -> None:
    simulation = simulate(fabric())
    judge = load_judge(simulation, uniform(fabric(), 24))
    report = sweep(fabric(), [Sweep("nodes", 1)], Failures(), SweepOptions(judges=(judge,)))
    (result,) = report.results
    worst = result.worst["link load"]
    remark = next(remark for remark in worst.remarks if remark.judge == "link load")
    assert remark.score == pytest.approx(24 / 25)  # the servers' own links stay the fullest
    assert not any(judged.remarks for judged in result.harmful if judged.scenario.targets == ("node:spine-1",))


def test_a_sweep_calls_a_link_that_only_a_failure_overloads_harmful() -> None:
    what = fabric(hardware=False)
    streams = parse_traffic(what, "server>storage=8")
    judge = load_judge(simulate(what), streams, 10)  # every link 10 Gbit/s; 8 Gbit/s at most while both spines live
    assert judge.before == pytest.approx(0.8)
    report = sweep(what, [Sweep("nodes", 1)], Failures(), SweepOptions(judges=(judge,)))
    assert not report.results[0].worst["link load"].remarks[0].harmful
    heavier = load_judge(simulate(what), parse_traffic(what, "server>server=6,storage>storage=6"), 10)
    report = sweep(what, [Sweep("nodes", 1)], Failures(), SweepOptions(judges=(heavier,)))
    overloaded = {j.scenario.targets for j in report.results[0].harmful if any(r.harmful for r in j.remarks)}
    assert overloaded == {("node:spine-1",), ("node:spine-2",)}  # 12 Gbit/s over the one uplink that is left
