"""The workflows in `docs/ci/` and the hooks: they are YAML, and their command lines run as they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command import ROOT, TOPOLOGIES, fabric

_CI = ROOT / "docs" / "ci"
_MACHINE = ("pip install", "apt-get", "sudo ")


def _github() -> Iterator[tuple[str, str]]:
    document = yaml.safe_load((_CI / "github-actions.yaml").read_text())
    for job, body in document["jobs"].items():
        yield job, "\n".join(step["run"] for step in body["steps"] if not _is_machine(step.get("run", "pip install")))


def _gitlab() -> Iterator[tuple[str, str]]:
    document = yaml.safe_load((_CI / "gitlab-ci.yaml").read_text())
    for job, body in document.items():
        if isinstance(body, dict) and "script" in body:
            lines = [*body["script"], *body.get("after_script", ())]
            yield job, "\n".join(line for line in lines if not _is_machine(line))


def _is_machine(line: str) -> bool:
    return any(word in line for word in _MACHINE)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A user's repository with a design, its ledger and resources, and the branch that a change is merged to."""
    shutil.copy(TOPOLOGIES / "quickstart.yaml", tmp_path / "fabric.yaml")
    fabric("plan", tmp_path / "fabric.yaml", "--ledger", tmp_path / "plan.lock.yaml")
    (tmp_path / "resources").mkdir()
    shutil.copy(ROOT / "tests" / "check" / "FAB-526" / "good.yaml", tmp_path / "resources" / "peers.yaml")
    for command in (["init", "-q"], ["add", "."], [*_AUTHOR, "commit", "-qm", "Start"], _UPDATE_REF):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


_AUTHOR = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
_UPDATE_REF = ["update-ref", "refs/remotes/origin/main", "HEAD"]


def _run(script: str, repository: Path) -> subprocess.CompletedProcess[str]:
    """The script as CI runs it, with the `fabric` of these tests first in the path."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DESIGN": "fabric.yaml",
        "LEDGER": "plan.lock.yaml",
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(repository / "summary.md"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD",
        "FABRIC_STATE_DIR": str(repository / "state"),
    }
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


_SCRIPTS = {
    f"{source}-{job}": script for source, jobs in (("github", _github()), ("gitlab", _gitlab())) for job, script in jobs
}


def test_both_run_the_same_kinds_of_commands() -> None:
    wanted = (
        "fabric check",
        "--resources",
        "fabric plan",
        "fabric diff",
        "fabric simulate",
        "--sweep",
        "fabric lab up",
    )
    for source in ("github", "gitlab"):
        text = "\n".join(script for name, script in _SCRIPTS.items() if name.startswith(source))
        assert [words for words in wanted if words not in text] == []


@pytest.mark.parametrize("name", [name for name in _SCRIPTS if "lab" not in name.partition("-")[2]])
def test_the_commands_of_a_job_succeed(name: str, repository: Path) -> None:
    answer = _run(_SCRIPTS[name], repository)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for file in repository.glob("*.xml"):
        assert file.read_text().startswith("<?xml")


@pytest.mark.parametrize("name", ["github-design", "gitlab-check"])
def test_a_job_fails_with_a_broken_design(name: str, repository: Path) -> None:
    design = repository / "fabric.yaml"
    design.write_text(design.read_text().partition("suppress:")[0])
    assert _run(_SCRIPTS[name], repository).returncode == 1


@pytest.mark.lab
def test_the_lab_of_a_job_is_proven(repository: Path) -> None:
    answer = _run(_SCRIPTS["github-lab"], repository)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert 'failures="0"' in (repository / "verify.xml").read_text()


def test_a_hook_runs_a_command_that_there_is(repository: Path) -> None:
    hooks: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in hooks} == {"fabric-check", "fabric-check-resources", "fabric-plan-check"}
    for hook in hooks:
        files = ["fabric.yaml"] if hook.get("pass_filenames", True) else []
        arguments = ["resources" if argument == "." else argument for argument in hook.get("args", [])]
        answer = _run(" ".join([hook["entry"], *arguments, *files]), repository)
        assert answer.returncode == 0, answer.stdout + answer.stderr
