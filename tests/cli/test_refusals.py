"""What commands say of input that they cannot use, and of options that contradict each other."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.command import TOPOLOGIES, fabric

QUICKSTART = TOPOLOGIES / "quickstart.yaml"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fib", "spine-1", "--load", "uniform=1"), "Found --load and --fib"),
        (("--intents", "--load", "uniform=1"), "Found --load and --intents"),
        (("--link-gbps", "10"), "Found --link-gbps without --load"),
        (("--json", "--format", "junit"), "Found --json and --format junit"),
        (("--sweep", ""), "--sweep : found ''"),
    ],
)
def test_options_that_an_answer_would_not_heed_are_refused(arguments: tuple[str, ...], said: str) -> None:
    done = fabric("simulate", QUICKSTART, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_comparison_of_a_plan_takes_no_option_that_writes(tmp_path: Path) -> None:
    done = fabric("plan", QUICKSTART, "--ledger", tmp_path / "l.yaml", "--check", "--reclaim", "-o", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Found --check and -o and --reclaim" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def typo(tmp_path: Path) -> Path:
    file = tmp_path / "typo.yaml"
    file.write_text(QUICKSTART.read_text().replace("spines:", "spinez:"))
    return file


@pytest.mark.parametrize("command", [("check",), ("simulate",), ("plan", "--check", "--ledger", "none.yaml")])
def test_a_wrong_topology_is_a_result_in_every_format(command: tuple[str, ...], typo: Path) -> None:
    line = typo.read_text().splitlines().index(next(x for x in typo.read_text().splitlines() if "spinez" in x)) + 1
    found = {form: fabric(*command, typo, "--format", form) for form in ("json", "github", "sarif", "junit")}
    assert {done.returncode for done in found.values()} == {2}
    assert all("the unknown key 'spinez'" in done.stdout for done in found.values())
    assert all(f"{typo}:{line}: spinez: found" in done.stderr for done in found.values())
    problems = json.loads(found["json"].stdout)["problems"]
    assert [(p["where"], p["path"]) for p in problems if p["path"] == "spinez"] == [(f"{typo}:{line}", "spinez")]
    assert f"::error file={typo},line={line}," in found["github"].stdout
    result = json.loads(found["sarif"].stdout)["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"file://{typo}"
    assert ElementTree.fromstring(found["junit"].stdout).get("failures") == "1"


def test_an_unreadable_file_is_a_result_too(tmp_path: Path) -> None:
    done = fabric("check", tmp_path / "none.yaml", "--json")
    assert done.returncode == 2
    assert "none.yaml: cannot be read" in json.loads(done.stdout)["error"]


def test_text_says_it_once() -> None:
    done = fabric("check", "none.yaml")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "asker"),
    [
        (("simulate", "--rib", "ruoter-0"), "--rib"),
        (("simulate", "--fib", "ruoter-0"), "--fib"),
        (("trace", "ruoter-0", "spine-0"), "trace"),
        (("trace", "spine-0", "ruoter-0"), "trace"),
        (("explain", "ruoter-0", "10.0.0.1"), "explain"),
        (("graph", "-o", "x.svg", "--path", "ruoter-0", "spine-0"), "--path"),
    ],
)
def test_an_unknown_device_is_told_by_who_asked_with_few_names_and_the_nearest(
    arguments: tuple[str, ...], asker: str
) -> None:
    command, *others = arguments
    done = fabric(command, TOPOLOGIES / "rhoso-dz.yaml", *others)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{asker}: found the device 'ruoter-0'; allowed: router-0, spine-0, ")
    assert " and 22 more. Did you mean router-0" in done.stderr


def test_an_address_of_nobody_is_traced_one_way() -> None:
    done = fabric("trace", TOPOLOGIES / "rhoso-dz.yaml", "rack-0-compute-0", "8.8.8.8")
    assert (done.returncode, done.stderr) == (1, "")
    assert "router-0: no-route" in done.stdout
    assert done.stdout.endswith("8.8.8.8 back to 99.99.0.3\nno living device has the address\n")
    document = json.loads(fabric("trace", QUICKSTART, "a1-server-1", "10.240.0.200", "--json").stdout)
    assert "no-route" in json.dumps(document)
    v6 = fabric("trace", TOPOLOGIES / "rhoso-dz.yaml", "10.0.0.99", "8.8.8.8")
    assert (v6.returncode, "which no living device has" in v6.stderr) == (2, True)


def test_a_rule_is_suggested_only_where_its_id_is_mistyped() -> None:
    assert "Did you mean FAB-101?" in fabric("check", "--explain", "FAB-1O1").stderr
    assert fabric("check", "--explain", "FAB-999").stderr.endswith("`fabric check --list` shows all.\n")


def test_healing_all_is_an_option() -> None:
    done = fabric("lab", "heal", "all")
    assert (done.returncode, "Heal all with --all" in done.stderr) == (2, True)


def test_a_name_that_no_lab_can_have_is_bad_input() -> None:
    done = fabric("lab", "up", QUICKSTART, "--name", "Bad Name")
    assert (done.returncode, "'Bad Name' is not usable" in done.stderr) == (2, True)
