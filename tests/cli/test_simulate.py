"""`fabric simulate|trace|explain` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import TOPOLOGIES, fabric

QUICKSTART = TOPOLOGIES / "quickstart.yaml"
DZ = TOPOLOGIES / "rhoso-dz.yaml"


@pytest.fixture
def thin(tmp_path: Path) -> Path:
    """Two zones, of which the second has one leaf only."""
    file = tmp_path / "thin.yaml"
    file.write_text(QUICKSTART.read_text().replace("{name: b1, nodes", "{name: b1, leaves: 1, nodes"))
    return file


def test_help_names_the_commands() -> None:
    done = fabric("--help")
    assert all(f" {command} " in done.stdout for command in ("simulate", "trace", "explain"))


def test_a_sound_fabric_is_predicted_in_tables() -> None:
    done = fabric("simulate", DZ)
    assert done.returncode == 0, done.stderr
    assert "Predicted reachability by zone over IPv6" in done.stdout
    assert "compute         30/30" in done.stdout
    assert "down" not in done.stdout


def test_zones_that_failures_cut_apart_are_a_finding() -> None:
    done = fabric("simulate", QUICKSTART, "--json", "--fail", "tier:spine")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["version"], document["sound"]) == (1, False)
    assert document["failures"]["devices"] == ["spine-1", "spine-2"]
    cut = {frozenset((pair["from"][0], pair["to"][0])) for pair in document["unreachable"]}
    assert cut == {frozenset("ab")}
    assert {session["why"] for session in document["sessions"] if not session["up"]} == {"device-down"}
    assert {cell["reached"] for m in document["reachability"] if m["axis"] == "zone" for cell in m["cells"]} == {0, 2}


def test_a_failure_that_redundancy_covers_is_none() -> None:
    done = fabric("simulate", QUICKSTART, "--fail", "node:spine-1", "--fail", "link:a1-leaf-1--spine-2")
    assert done.returncode == 0
    assert "1 of 2" in done.stdout
    assert "spine-1 is down" in done.stdout


def test_the_tables_of_a_device() -> None:
    rib = fabric("simulate", QUICKSTART, "--rib", "a1-leaf-1").stdout
    assert "64520 64642 65128" in rib
    fib = json.loads(fabric("simulate", QUICKSTART, "--fib", "a1-leaf-1", "--json").stdout)
    assert fib["fib"]["ipv4"]["10.240.0.131/32"]["next_hops"] == ["10.244.0.0 dev eth1", "10.244.0.2 dev eth2"]
    paths = json.loads(fabric("simulate", QUICKSTART, "--rib", "a1-leaf-1", "--json").stdout)["rib"]["ipv4"]
    assert [path["best"] for path in paths["10.240.0.131/32"]["paths"]] == [True, False]
    assert "10.244.0.0 dev eth1" in fabric("simulate", QUICKSTART, "--fib", "a1-leaf-1").stdout


def test_a_sweep_finds_the_single_point_of_failure(thin: Path) -> None:
    done = fabric("simulate", thin, "--sweep", "links=1,nodes=1", "--jobs", "2")
    assert done.returncode == 1
    assert "node:b1-leaf-1" in done.stdout
    assert "scenarios: " in done.stderr
    alone = fabric("simulate", thin, "--sweep", "links=1,nodes=1", "--json")
    document = json.loads(alone.stdout)
    harmful = {tuple(j["failures"]): j["pairs_cut"] for sweep in document["sweeps"] for j in sweep["harmful"]}
    assert harmful["node:b1-leaf-1",] == 5
    assert [(sweep["kind"], sweep["at_once"]) for sweep in document["sweeps"]] == [("links", 1), ("nodes", 1)]


def test_a_sweep_that_finds_nothing_is_sound() -> None:
    done = fabric("simulate", QUICKSTART, "--sweep", "zones=1,racks=1")
    assert done.returncode == 0
    assert "Single points of failure" not in done.stdout


def test_a_trace_is_a_tree_of_every_ecmp_member() -> None:
    done = fabric("trace", QUICKSTART, "a1-server-1", "10.240.0.132")
    assert done.returncode == 0
    forward, back = done.stdout.split("\n\n")
    assert forward.count(": delivered") == back.count(": delivered") == 8
    assert forward.splitlines()[:2] == ["10.240.0.3 to 10.240.0.132", "a1-server-1"]
    assert "|  |- 10.244.0.0 dev eth1 -> spine-1" in forward
    assert "a1-server-1: delivered" in back


def test_a_trace_under_failure_says_how_packets_end() -> None:
    done = fabric("trace", QUICKSTART, "a1-server-1", "b1-server-1", "--fail", "tier:spine", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert len(document["traces"]) == 2
    assert {path["fate"] for trace in document["traces"] for path in trace["forward"]} == {"no-route"}


def test_explain_tells_each_path_from_the_others() -> None:
    done = fabric("explain", DZ, "rack-0-compute-0", "172.17.0.80")
    assert done.returncode == 0
    assert "the FIB filter lets no path through" in done.stdout
    assert "best, kept out of the kernel by the FIB filter only-default-ipv4" in done.stdout
    document = json.loads(fabric("explain", QUICKSTART, "spine-1", "10.243.208.2/32", "--json").stdout)
    assert document["outcome"] == "no-usable-path"
    assert {path["rejected"] for path in document["paths"]} == {"as-loop"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("simulate", QUICKSTART, "--fail", "node:spine-11"), "Did you mean spine-1"),
        (("simulate", QUICKSTART, "--fib", "nobody"), "nobody"),
        (("simulate", QUICKSTART, "--sweep", "links=9"), "links=1 or links=2"),
        (("simulate", QUICKSTART, "--rib", "spine-1", "--fib", "spine-1"), "one of --rib, --fib, --sweep"),
        (("simulate", "no-such.yaml"), "no-such.yaml"),
        (("trace", QUICKSTART, "10.240.0.1", "fd00:fab::3"), "no common address family"),
        (("trace", QUICKSTART, "nobody", "spine-1"), "nobody"),
        (("explain", QUICKSTART, "spine-1", "10.0.0.1/8"), "host bits"),
        (("explain", QUICKSTART, "nobody", "10.0.0.0/8"), "nobody"),
    ],
)
def test_bad_input_is_named(arguments: tuple[str | Path, ...], expected: str) -> None:
    done = fabric(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_intents_are_judged_after_the_failures_that_they_name(tmp_path: Path) -> None:
    done = fabric("simulate", QUICKSTART, "--intents")
    assert done.returncode == 0, done.stderr
    assert "no-single-point-of-failure  reachable   24     29      kept" in done.stdout
    file = tmp_path / "thin.yaml"
    file.write_text(QUICKSTART.read_text().replace("{name: b1, nodes", "{name: b1, leaves: 1, nodes"))
    done = fabric("simulate", file, "--intents", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    broken = {item["intent"]: item for item in document["intents"] if not item["kept"]}
    assert set(broken) == {"no-single-point-of-failure", "both-uplinks-carry"}
    breaches = broken["no-single-point-of-failure"]["breaches"]
    assert ["node:b1-leaf-1"] in [breach["failures"] for breach in breaches]


def test_load_and_budget_are_tables_and_documents(tmp_path: Path) -> None:
    done = fabric("simulate", QUICKSTART, "--load", "uniform=10", "--link-gbps", "25")
    assert done.returncode == 0, done.stderr
    assert "a1-leaf-1:eth1    spine-1:eth1      3.33    25     13%" in done.stdout
    matrix = tmp_path / "matrix.csv"
    matrix.write_text("source,destination,gbps\na1-server-1,b1-server-1,60\n")
    done = fabric("simulate", QUICKSTART, "--load", matrix, "--link-gbps", "25", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["links"][0]["utilisation"] == 1.2
    done = fabric("simulate", QUICKSTART, "--load", "uniform=10", "--link-gbps", "25", "--sweep", "zones=1")
    assert "zones  1        link load" in done.stdout
    budget = json.loads(fabric("simulate", QUICKSTART, "--budget", "--json").stdout)
    silent = next(c for c in budget["classes"] if c["silent"] and c["class"] == "spine")
    assert (silent["outage_ms"], silent["example"]["terms"]["detection"]) == (974, "BFD")


def test_one_question_at_a_time() -> None:
    done = fabric("simulate", QUICKSTART, "--budget", "--intents")
    assert done.returncode == 2
    assert "Found --intents and --budget; allowed: one of --rib" in done.stderr
