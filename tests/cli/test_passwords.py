"""`--secrets`, `passwords.file` and the environment, as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import fabric

_TOPOLOGY = """
version: 1
name: small
profile: rhoso
spines: 1
zones: [{name: z, racks: [{name: r, leaves: 1, nodes: {workers: 1}}]}]
node_groups: {workers: {role: worker}}
passwords: {cluster: bgp-cluster, fabric: bgp-fabric}
"""
_SECRETS = """
kind: Secret
metadata: {name: bgp-cluster}
stringData: {password: first-word}
---
kind: Secret
metadata: {name: bgp-fabric}
stringData: {password: second-word}
"""


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(_TOPOLOGY)
    (tmp_path / "secrets.yaml").write_text(_SECRETS)
    return tmp_path / "small.yaml"


def test_without_secrets_placeholders_are_written_and_said_to_be(topology: Path, tmp_path: Path) -> None:
    done = fabric("render", topology, "-o", tmp_path / "out")
    assert done.returncode == 0
    assert "Secret bgp-cluster has no value, REPLACE-ME:bgp-cluster stands in" in done.stderr
    assert "$FABRIC_PASSWORD_BGP_FABRIC" in done.stderr
    assert "password REPLACE-ME:bgp-fabric" in (tmp_path / "out/frr/spine-0/frr.conf").read_text()


@pytest.mark.parametrize("how", ["option", "key", "environment"])
def test_passwords_reach_the_switches_files_alone_which_only_the_owner_reads(
    how: str, topology: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments: list[str | Path] = []
    env: dict[str, str] = {}
    if how == "option":
        arguments = ["--secrets", tmp_path / "secrets.yaml"]
    elif how == "key":
        topology.write_text(_TOPOLOGY.replace("bgp-fabric}", "bgp-fabric, file: secrets.yaml}"))
    else:
        env = {"FABRIC_PASSWORD_BGP_CLUSTER": "first-word", "FABRIC_PASSWORD_BGP_FABRIC": "second-word"}
    done = fabric("render", topology, "-o", out, "--export", "all", *arguments, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    holders = {path for path in out.rglob("*") if path.is_file() and "-word" in path.read_text()}
    assert {path.name for path in holders} <= {"frr.conf", "configmaps.yaml"}
    assert {path.parent.name for path in holders} >= {"spine-0", "r-leaf-0", "r-worker-0"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in holders)
    assert "-word" not in fabric("plan", topology, "--json").stdout


def test_a_file_that_lacks_a_secret_or_is_missing_is_refused(topology: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text(_SECRETS.split("---", maxsplit=1)[0])
    done = fabric("render", topology, "-o", tmp_path / "out", "--secrets", tmp_path / "secrets.yaml")
    assert done.returncode == 2
    assert "found no value for Secret bgp-fabric" in done.stderr
    topology.write_text(_TOPOLOGY.replace("bgp-fabric}", "bgp-fabric, file: none.yaml}"))
    done = fabric("render", topology, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "none.yaml cannot be read" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["bgp-cluster", "y"])
def test_a_check_knows_the_secrets_that_a_design_names(name: str, topology: Path) -> None:
    """FAB-515 called every node of a design with passwords frozen, as the Secrets are in no kustomization."""
    topology.write_text(_TOPOLOGY.replace("cluster: bgp-cluster", f'cluster: "{name}"'))
    done = fabric("check", topology, "--rule", "FAB-5")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "0 errors" in done.stdout


@pytest.mark.parametrize(
    ("value", "sound"), [("first-word", True), ("another", False), ("REPLACE-ME:bgp-cluster", True)]
)
def test_a_check_of_resources_compares_their_passwords_with_those_given(
    value: str, sound: bool, topology: Path, tmp_path: Path
) -> None:
    fabric("render", topology, "-o", tmp_path / "out", "--export", "kubernetes")
    template = tmp_path / "out/kubernetes/secrets-template.yaml"
    template.write_text(template.read_text().replace("REPLACE-ME:bgp-cluster", value))
    asked = ("check", topology, "--resources", tmp_path / "out/kubernetes", "--rule", "FAB-301")
    assert fabric(*asked).returncode == 0
    done = fabric(*asked, "--secrets", tmp_path / "secrets.yaml")
    assert done.returncode == (0 if sound else 1), done.stderr
    assert ("passwords of" in done.stdout) is not sound


def test_secrets_of_a_check_are_for_one_topology_and_have_all_of_it(topology: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text(_SECRETS.partition("---")[0])
    done = fabric("check", topology, "--secrets", tmp_path / "secrets.yaml")
    assert (done.returncode, "no value for Secret bgp-fabric" in done.stderr) == (2, True)
    alone = fabric("check", "--resources", topology, "--secrets", tmp_path / "secrets.yaml")
    assert (alone.returncode, "Name the topology FILE" in alone.stderr) == (2, True)
