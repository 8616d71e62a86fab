"""What is proved and measured on one small lab of two zones, with an address that two workers share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import fabric
from tests.frr import require_frr

pytestmark = pytest.mark.lab

_TOPOLOGY = """
version: 1
name: proved
profile: rhoso
spines: 2
borders: {routers: 1, nodes: {testers: 1}}
zones:
  - {name: zone-a, racks: [{name: rack-0, nodes: {workers: 1, masters: 1}}]}
  - {name: zone-b, racks: [{name: rack-1, nodes: {workers: 1, masters: 1}}]}
node_groups: {workers: {role: worker}, masters: {role: control-plane}, testers: {role: tester}}
networks:
  internalapi: {ipv4: 172.17.0.0/24, roles: [worker], vips: 1, vip_offset: 80}
intents:
  - {name: all-meet, reachable: {}}
  - {name: three-ways, ecmp_width: {at_least: 3}}
"""
_VIP = "172.17.0.80"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    require_frr()
    place = tmp_path_factory.mktemp("prove")
    env = {"FABRIC_STATE_DIR": str(place / "state")}
    (place / "t.yaml").write_text(_TOPOLOGY)
    done = fabric("lab", "up", place / "t.yaml", env=env)
    assert done.returncode == 0, done.stderr
    yield env
    fabric("lab", "down", "--all", env=env)


def test_a_trace_to_a_shared_address_arrives_at_each_of_its_owners(env: Mapping[str, str]) -> None:
    done = fabric("lab", "trace", "tester-0", _VIP, "--json", env=env)
    assert done.returncode == 0, done.stdout
    [found] = json.loads(done.stdout)["traces"]
    workers = ["rack-0-worker-0", "rack-1-worker-0"]
    assert found["owners"] == workers
    assert {way["devices"][-1] for way in found["ways"] if way["flows"]} == set(workers)
    assert {way["end"] for way in found["ways"]} == {"delivered"}
    at_home = fabric("lab", "trace", workers[1], _VIP, env=env)
    assert at_home.returncode == 0, at_home.stdout
    assert f"to {', '.join(workers)} ({_VIP})" in at_home.stdout


def test_the_longest_packet_to_a_shared_address_is_as_predicted(env: Mapping[str, str]) -> None:
    done = fabric("lab", "mtu", "tester-0", _VIP, env=env)
    assert (done.returncode, "1500 bytes" in done.stdout) == (0, True), done.stdout


def test_the_node_that_a_scenario_takes_away_is_probed(env: Mapping[str, str]) -> None:
    done = fabric("lab", "run", "node-down", "--json", env=env)
    assert done.returncode == 0, done.stderr
    [case] = json.loads(done.stdout)["cases"]
    part = next(part for part in case["parts"] if part["step"].startswith("fail node:rack-1-"))
    node = part["step"].removeprefix("fail node:")
    cut = {tuple(flow["pair"]) for flow in part["flows"] if flow["cut"]}
    assert cut == {tuple(flow["pair"]) for flow in part["flows"] if node in flow["pair"]}
    assert (part["cut"], part["lost"]) == (len(cut), 0)
    assert part["cut"] > 0


def test_an_intent_that_the_design_breaks_fails_at_rest_and_under_faults_alike(env: Mapping[str, str]) -> None:
    at_rest = _intents(env)
    assert fabric("lab", "fail", "node:rack-0-worker-0", env=env).returncode == 0
    failed = _intents(env)
    assert fabric("lab", "heal", "--all", env=env).returncode == 0
    assert at_rest["findings"] == failed["findings"]
    [finding] = at_rest["findings"]
    assert finding["where"].startswith("three-ways")
    assert finding["observed"].startswith("broken by design: ")
    assert (at_rest["passed"], failed["passed"]) == (False, False)
    assert "1 broken by design" in at_rest["note"]
    assert "as predicted" not in at_rest["note"]
    assert "1 broken by design, 1 broken by what failed, as predicted" in failed["note"]


def _intents(env: Mapping[str, str]) -> Any:
    done = fabric("lab", "verify", "--json", env=env)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert [check["check"] for check in document["checks"] if not check["passed"]] == ["intents"]
    return next(check for check in document["checks"] if check["check"] == "intents")


def test_a_report_takes_results_of_its_own_design_alone(env: Mapping[str, str], tmp_path: Path) -> None:
    results = tmp_path / "verdict.json"
    results.write_text(fabric("lab", "verify", "--json", env=env).stdout)
    for name, old, new, code in (
        ("own", "name: proved", "name: proved\ndescription: The same in other words", 0),
        ("other", "spines: 2", "spines: 3", 2),
    ):
        assert old in _TOPOLOGY
        file = tmp_path / f"{name}.yaml"
        file.write_text(_TOPOLOGY.replace(old, new))
        done = fabric("report", file, "-o", tmp_path / f"{name}.md", "--results", results, env=env)
        assert done.returncode == code, done.stderr
    assert "verdict.json: found a result of another design (" in done.stderr
    assert not (tmp_path / "other.md").exists()


def test_who_speaks_over_an_unnumbered_link_is_named(env: Mapping[str, str]) -> None:
    link = "spine-0--rack-0-leaf-0"
    done = fabric("lab", "capture", link, "--seconds", "4", "--json", env=env)
    assert done.returncode == 0, done.stderr
    spoken = {tuple(message[1:3] + message[5:7]) for message in json.loads(done.stdout)["messages"]}
    assert {tuple(entry[2:]) for entry in spoken} == {("spine-0", "rack-0-leaf-0"), ("rack-0-leaf-0", "spine-0")}
    assert all(address.startswith("fe80::") for entry in spoken for address in entry[:2])
    assert len(spoken) == 2, "each address is always the same device's"
