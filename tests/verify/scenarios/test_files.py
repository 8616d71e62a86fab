"""Scenario files: those that ship, the schema, and mistakes in others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from fabric.config import FabricConfig
from fabric.errors import InputError
from fabric.lab import spec_of
from fabric.resources import directory
from fabric.topology import load
from fabric.verify import Scenario, cases, load_scenario, parse_scenario, scenario_schema, shipped_scenarios
from fabric.verify._scenarios._cases import candidates

HEAD = "version: 1\nname: x\ntitle: X\nsource: me\n"


def fabric_named(name: str) -> FabricConfig:
    return spec_of(load(directory("topologies") / f"{name}.yaml")).fabric


@pytest.fixture(scope="module")
def quickstart() -> FabricConfig:
    return fabric_named("quickstart")


@pytest.mark.parametrize("path", shipped_scenarios(), ids=lambda path: path.stem)
def test_shipped_scenarios_are_as_the_schema_says(path: Path) -> None:
    scenario = load_scenario(path.stem)
    assert scenario.name == path.stem
    assert scenario.about
    schema = scenario_schema()
    jsonschema.validators.validator_for(schema).check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(yaml.safe_load(path.read_text()))), schema)


def test_every_variable_of_a_shipped_scenario_is_chosen() -> None:
    fabrics = [fabric_named(name) for name in ("quickstart", "rhoso-dz", "dcn-edge")]
    for scenario in map(load_scenario, (path.stem for path in shipped_scenarios())):
        found = [case for fabric in fabrics for case in cases(scenario, fabric) if not case.missing]
        assert found, f"{scenario.name} can be played on no shipped topology"
        for case in found:
            for step in scenario.steps:
                for value in step.model_dump().values():
                    if isinstance(value, str):
                        replace(case, chosen={**case.chosen, **case.live(value)}).filled(value)


def test_cases_are_every_combination_and_say_what_is_missing(quickstart: FabricConfig) -> None:
    names = [case.name for case in cases(load_scenario("zone-loss"), quickstart)]
    assert names == ["zone-loss[zone-a]", "zone-loss[zone-b]"]
    [missing] = cases(load_scenario("storage-isolation"), quickstart)
    assert missing.missing == "the fabric has no storage.first"
    [no_quorum] = cases(
        Scenario.model_validate({**yaml.safe_load(HEAD), "etcd": "slower", "steps": [{"heal": "all"}]}), quickstart
    )
    assert no_quorum.missing == "the fabric has no control-plane nodes in three zones"


def test_what_only_etcd_can_tell_is_left_until_it_runs() -> None:
    text = f"{HEAD}etcd: standard\nchoose: {{l: etcd.links, s: spine.first}}\nsteps:\n  - heal: all\n"
    [case] = cases(parse_scenario(text, "x.yaml"), fabric_named("rhoso-dz"))
    assert case.chosen == {"s": "spine-0"}
    assert case.live("silent:{l}--{s}") == {"l": "etcd.links"}
    assert case.live("node:{s}") == {}


def test_candidates(quickstart: FabricConfig) -> None:
    assert candidates(quickstart, "zone") == ("zone-a", "zone-b")
    assert candidates(quickstart, "spine") == ("spine-1", "spine-2")
    assert candidates(quickstart, "uplink")[0] == "a1-leaf-1:eth1"
    assert candidates(quickstart, "downlink")[0] == "spine-1:eth1"
    assert candidates(quickstart, "access")[0] == "a1-leaf-1:eth3"
    assert candidates(quickstart, "worker") == ()


def test_a_node_stands_in_a_zone() -> None:
    """A tester outside all zones says nothing about the fabric's own nodes."""
    nodes = candidates(fabric_named("rhoso-dz"), "node")
    assert "tester-0" not in nodes
    assert candidates(fabric_named("rhoso-dz"), "tester") == ("tester-0",)
    [case] = cases(load_scenario("node-down"), fabric_named("rhoso-dz"))
    assert case.chosen["node"] == nodes[-1]


def test_a_variable_that_is_not_chosen_is_named(quickstart: FabricConfig) -> None:
    scenario = parse_scenario(f"{HEAD}steps:\n  - fail: 'node:{{spine}}'\n", "x.yaml")
    [case] = cases(scenario, quickstart)
    with pytest.raises(InputError, match=r"x: found \{spine\} in 'node:\{spine\}'; allowed: no variable"):
        case.filled("node:{spine}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEAD}steps: []\n", r"x.yaml:5: steps: found \[\]"),
        (
            f"{HEAD}steps:\n  - fial: node:a\n",
            r"x.yaml:6: steps\[0\]: found a step without what it does; allowed: one of fail",
        ),
        (
            f"{HEAD}steps:\n  - fail: node:a\n    expect: {{lots: 0}}\n",
            r"x.yaml:7: steps\[0\].expect.lots: found the unknown key .lots.; allowed: cut, ",
        ),
        (f"{HEAD}steps:\n  - wait_s: -1\n", r"x.yaml:6: steps\[0\].wait_s: found -1"),
        (f"{HEAD}choose: {{leaf: leaf}}\nsteps:\n  - heal: all\n", r"x.yaml:5: choose.leaf: found 'leaf'"),
        (f"{HEAD}choose: {{l: etcd.links}}\nsteps:\n  - heal: all\n", r"l: etcd.links only where `etcd` says standard"),
        ("version: 2\n", r"version: found 2"),
        ("a: [", r"x.yaml:1: found no YAML"),
    ],
)
def test_a_mistake_is_said_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_scenario(text, "x.yaml")


def test_a_scenario_that_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(InputError, match=r"nothing: found the scenario 'nothing'; allowed: border-down, .* more"):
        load_scenario("nothing")
