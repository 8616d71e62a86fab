"""What commands say of input that they cannot use, and of options that contradict each other."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fabric.kubernetes import RELEASE_NAMES, RELEASES
from fabric.kubernetes._release import _BY_NAME
from tests.cli.command import TOPOLOGIES, fabric

QUICKSTART = TOPOLOGIES / "quickstart.yaml"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fib", "spine-1", "--load", "uniform=1"), "Found --load and --fib"),
        (("--intents", "--load", "uniform=1"), "Found --load and --intents"),
        (("--link-gbps", "10"), "Found --link-gbps without --load"),
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


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("simulate", QUICKSTART, "--json", "--format", "junit"), 2, "Found --json and --format junit"),
        (("trace", QUICKSTART, "nobody", "spine-1", "--json"), 2, "nobody"),
        (("lab", "up", "none.yaml", "--json"), 2, "none.yaml: cannot be read"),
        (("lab", "verify", "--lab", "none", "--json"), 3, "none"),
    ],
)
def test_under_json_an_error_is_the_answer(arguments: tuple[str | Path, ...], code: int, said: str) -> None:
    done = fabric(*arguments)
    assert done.returncode == code
    answer = json.loads(done.stdout)
    assert said in answer["error"]
    assert f"{answer['error']}\n" == done.stderr
    assert answer["version"] == 1


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("simulate", QUICKSTART, "--load", "none.csv"),
            "none.csv: cannot be read (No such file or directory). Name a CSV",
        ),
        (("import", "none"), "none: cannot be read (No such file or directory). Name a containerlab or netlab file"),
        (("import", "EMPTY"), "found no .yaml, .yml or .json file there"),
        (("import", QUICKSTART), "found a topology file of fabric already"),
        (("import", QUICKSTART, "--from", "netlab"), "found a topology file of fabric already"),
        (("lab", "run", "zone-los"), "Did you mean zone-loss"),
        (("lab", "run", QUICKSTART), "found a topology; allowed: a scenario"),
        (("lab", "run", "BINARY"), "found bytes that are not UTF-8"),
        (("plan", QUICKSTART, "--ledger", "BINARY"), "found no ledger; allowed: one that `fabric plan` wrote"),
        (("plan", QUICKSTART, "--ledger", QUICKSTART), "found no ledger; allowed: one that `fabric plan` wrote"),
        (("frr-k8s", "lint", "EMPTY"), "The files hold no Kubernetes object"),
        (("check", "--resources", "NOTHING"), "found no Kubernetes object and no line of FRR"),
        (
            ("frr-k8s", "lint", "NOTHING", "--release", "4.17"),
            "allowed: 4.16, 4.18, 4.19, 4.20, 4.21, 4.22, v0.0.25, main.",
        ),
        (("plan", "-"), "-:1: found nothing; allowed: a mapping"),
    ],
)
def test_what_is_wrong_is_called_by_its_name_in_one_line(
    arguments: tuple[str | Path, ...], said: str, tmp_path: Path
) -> None:
    places = {"EMPTY": tmp_path / "empty", "BINARY": tmp_path / "binary", "NOTHING": tmp_path / "nothing.yaml"}
    places["EMPTY"].mkdir()
    places["BINARY"].write_bytes(b"\xcc\xf2")
    places["NOTHING"].write_text("# nothing\n")
    done = fabric(*(places.get(str(word), word) for word in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Errno" not in done.stderr
    assert "codec" not in done.stderr


def test_a_choice_that_there_is_not_is_told_without_the_word_of_the_validator() -> None:
    done = fabric("init", "--profile", "foo", "x.yaml")
    assert done.returncode == 2
    assert "Value error" not in done.stderr
    assert "'foo' is not one of" in done.stderr


def test_a_topology_is_read_from_standard_input() -> None:
    piped = fabric("plan", "-", "--json", stdin=QUICKSTART.read_text())
    assert piped.returncode == 0, piped.stderr
    assert piped.stdout == fabric("plan", QUICKSTART, "--json").stdout
    assert fabric("check", "-", stdin=QUICKSTART.read_text()).returncode == 0


def test_help_and_refusal_name_the_same_releases() -> None:
    assert set(RELEASE_NAMES) <= set(_BY_NAME)
    assert {entry.name for entry in RELEASES} <= set(RELEASE_NAMES)
    helped = " ".join(fabric("frr-k8s", "lint", "--help", env={"COLUMNS": "200"}).stdout.split())
    assert "OpenShift 4.16, 4.18 to 4.22, v0.0.25 or main" in helped


def test_objects_that_were_read_are_counted(tmp_path: Path) -> None:
    node = tmp_path / "node.yaml"
    node.write_text("apiVersion: v1\nkind: Node\nmetadata: {name: w}\n")
    assert fabric("check", "--resources", node).stderr == "1 object read\n"
    assert fabric("frr-k8s", "lint", node).stderr == "Nothing found in 1 object.\n"
    made = fabric("metallb", "render", node)
    assert (made.returncode, made.stdout) == (0, "")
    assert made.stderr == "1 object read: MetalLB finds no BGPPeer, and so writes no FRRConfiguration.\n"


def test_a_password_is_asked_for_in_the_form_in_which_it_stands(tmp_path: Path) -> None:
    topology, secret = tmp_path / "t.yaml", tmp_path / "s.yaml"
    topology.write_text((TOPOLOGIES / "rhoso-dz.yaml").read_text() + "passwords: {cluster: bgp}\n")
    secret.write_text('kind: Secret\nmetadata: {name: bgp}\nstringData: {password: "a b"}\n')
    plain = fabric("render", topology, "-o", tmp_path / "out", "--secrets", secret).stderr
    secret.write_text("kind: Secret\nmetadata: {name: bgp}\ndata: {password: YSBi}\n")
    coded = fabric("render", topology, "-o", tmp_path / "out", "--secrets", secret).stderr
    assert ["as base64" in text for text in (plain, coded)] == [False, True]


def test_the_mistakes_of_every_topology_are_told_together(typo: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("version: 1\n")
    done = fabric("check", typo, QUICKSTART, tmp_path / "other.yaml", "--json")
    assert done.returncode == 2
    files = {problem["where"].rpartition(":")[0] for problem in json.loads(done.stdout)["problems"]}
    assert files == {str(typo), str(tmp_path / "other.yaml")}
