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
