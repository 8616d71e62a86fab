"""`fabric check` as a user and as CI runs it: exit codes, formats, and what the rules tell about themselves."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.check.examples import HERE
from tests.cli.command import TOPOLOGIES, fabric

_BAD = HERE / "FAB-101" / "bad.yaml"
_QUICKSTART = TOPOLOGIES / "quickstart.yaml"


def test_a_sound_topology_ends_in_0() -> None:
    answer = fabric("check", _QUICKSTART)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("0 errors, 0 warnings, 0 notes; 1 accepted; ")


def test_a_finding_ends_in_1_with_file_line_and_a_way_out() -> None:
    answer = fabric("check", _BAD, "--rule", "FAB-1")
    assert answer.returncode == 1
    assert "FAB-101 error: " in answer.stdout
    assert f"{_BAD}:11: zone-a--zone-b: " in answer.stdout
    assert "  fix: " in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "nothing to check"),
        ((TOPOLOGIES / "absent.yaml",), "cannot be read"),
        ((_QUICKSTART, "--rule", "FAB-77"), "found no rule 'FAB-77'"),
        (("--explain", "FAB-1O1"), "found no rule 'FAB-1O1'"),
        (("--resources", HERE / "absent"), "absent"),
        (("--list", "--format", "sarif"), "text or json"),
    ],
)
def test_bad_input_ends_in_2_with_a_sentence(arguments: tuple[str | Path, ...], complaint: str) -> None:
    answer = fabric("check", *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert complaint in answer.stderr


def test_a_directory_of_resources_and_frr_files(tmp_path: Path) -> None:
    (tmp_path / "leaf-0").mkdir()
    (tmp_path / "leaf-0" / "frr.conf").write_text((HERE / "FAB-911" / "bad.conf").read_text())
    (tmp_path / "peers.yaml").write_text((HERE / "FAB-532" / "bad.yaml").read_text())
    (tmp_path / "kustomization.yaml").write_text("resources: [peers.yaml]\n")
    found = json.loads(fabric("check", "--resources", tmp_path, "--json").stdout)
    places = {entry["rule"]: entry["where"] for entry in found["findings"]}
    assert places["FAB-911"] == f"{tmp_path}/leaf-0/frr.conf:16"
    assert places["FAB-532"].startswith(f"{tmp_path}/peers.yaml:")
    assert not found["sound"]


def test_standard_input_takes_what_kustomize_builds() -> None:
    text = (HERE / "FAB-526" / "bad.yaml").read_text()
    answer = fabric("check", "--resources", "-", stdin=text)
    assert answer.returncode == 1
    assert "-:5: BGPPeer metallb-system/m: the password stands in clear text" in answer.stdout
    assert "example" not in answer.stdout


def test_the_release_decides_what_the_api_server_takes() -> None:
    path = HERE / "FAB-528" / "bad.yaml"
    rules = {
        release: {
            f["rule"]
            for f in json.loads(fabric("check", "--resources", path, "--release", release, "--json").stdout)["findings"]
        }
        for release in ("main", "4.18")
    }
    assert "FAB-528" in rules["main"]
    assert "FAB-503" in rules["4.18"]


def test_formats_of_ci() -> None:
    sarif = json.loads(fabric("check", _BAD, "--format", "sarif").stdout)
    assert sarif["version"] == "2.1.0"
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"FAB-101"}
    junit = ElementTree.fromstring(fabric("check", _BAD, "--format", "junit").stdout.encode())
    assert int(junit.attrib["failures"]) >= 1
    github = fabric("check", _BAD, "--format", "github")
    assert f"::error file={_BAD},line=11,title=FAB-101 " in github.stdout
    assert github.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("simulate", _QUICKSTART, "--fail", "rack:a1"), 0),
        (("simulate", _QUICKSTART, "--sweep", "links=1"), 0),
        (("simulate", HERE / "FAB-402" / "bad.yaml", "--sweep", "nodes=1"), 1),
    ],
)
def test_predictions_answer_ci_too(arguments: tuple[str | Path, ...], code: int) -> None:
    answer = fabric(*arguments, "--format", "junit")
    assert answer.returncode == code, answer.stderr
    assert (ElementTree.fromstring(answer.stdout.encode()).attrib["failures"] == "0") is (code == 0)


def test_a_plan_that_left_its_ledger_fails_in_ci(tmp_path: Path) -> None:
    ledger = tmp_path / "plan.lock.yaml"
    fabric("plan", _QUICKSTART, "--ledger", ledger)
    assert fabric("plan", _QUICKSTART, "--ledger", ledger, "--check", "--format", "github").stdout == ""
    grown = tmp_path / "grown.yaml"
    grown.write_text(_QUICKSTART.read_text().replace("servers: 2", "servers: 3", 1))
    answer = fabric("plan", grown, "--ledger", ledger, "--check", "--format", "sarif")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["runs"][0]["results"]


def test_tables_have_no_ci_format() -> None:
    answer = fabric("simulate", _QUICKSTART, "--fib", "spine-1", "--format", "junit")
    assert answer.returncode == 2
    assert "--fib, which passes or fails no test" in answer.stderr


def test_rules_tell_about_themselves() -> None:
    text = fabric("check", "--explain", "FAB-404").stdout
    assert text.startswith("FAB-404 warning: ")
    assert "RFC 7938" in text
    listed = json.loads(fabric("check", "--list", "--json").stdout)
    assert len(listed) > 100
    assert set(listed[0]) == {"id", "title", "severity", "why", "fix", "source", "over"}
    assert "FAB-404" in fabric("check", "--list").stdout
