"""Two branches that each add a rack and plan it, merged by git: all is well, or one rack is to be numbered anew."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import fabric

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git merges the branches")

TOPOLOGY = """\
version: 1
name: merge
families: [ipv4, ipv6]
spines: 2
growth: {racks_per_zone: 15}
asn: {width: 4}
zones:
  - name: zone-a
    racks:
      - {name: a1, nodes: {servers: 2}}
      # more of zone-a
  - name: zone-b
    racks:
      - {name: b1, nodes: {servers: 2}}
      # more of zone-b
node_groups:
  servers: {role: server}
"""
NOBODY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
NOBODY |= {f"GIT_{who}_{what}": "x@y.z" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Repository:
    """A repository with a topology and its ledger, made by the command and by git alone."""

    def __init__(self, path: Path, text: str = TOPOLOGY) -> None:
        self.path = path
        self.topology, self.ledger = path / "fabric.yaml", path / "plan.lock.yaml"
        self.git("init", "-q", "-b", "main")
        self.topology.write_text(text)
        self.commit()

    def git(self, *arguments: str) -> int:
        done = subprocess.run(["git", *arguments], cwd=self.path, env={**os.environ, **NOBODY}, check=False)
        return done.returncode

    def plan(self, *options: str) -> subprocess.CompletedProcess[str]:
        return fabric("plan", self.topology, "--ledger", self.ledger, "--json", *options)

    def commit(self) -> None:
        assert self.plan().returncode == 0
        self.git("add", ".")
        assert self.git("commit", "-q", "-m", "plan") == 0

    def branch(self, name: str, zone: str) -> None:
        """A branch off main that adds a rack of its name to a zone."""
        self.git("checkout", "-q", "-b", name, "main")
        mark = f"      # more of {zone}\n"
        new = f"      - {{name: {name}, nodes: {{servers: 2}}}}\n"
        self.topology.write_text(self.topology.read_text().replace(mark, new + mark))
        self.commit()
        self.git("checkout", "-q", "main")

    def merge(self, *names: str) -> None:
        """Merges the branches into main one by one; they have to merge as text."""
        for name in names:
            assert self.git("merge", "-q", "--no-edit", name) == 0


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


NEXT_FREE = TOPOLOGY.replace("growth: {", "growth: {placement: next-free, ")
THROUGH = TOPOLOGY.replace("growth: {racks_per_zone: 15}\n", "")


@pytest.mark.parametrize("text", [TOPOLOGY, THROUGH], ids=["zones in blocks", "racks numbered through"])
@pytest.mark.parametrize("racks", [("new-a", "new-b"), ("a2", "b2"), ("hall-east", "hall-west")])
def test_racks_of_different_zones_merge(tmp_path: Path, text: str, racks: tuple[str, str]) -> None:
    repository = Repository(tmp_path, text)
    for name, zone in zip(racks, ("zone-a", "zone-b"), strict=True):
        repository.branch(name, zone)
    repository.merge(*racks)
    checked = repository.plan("--check")
    assert checked.returncode == 0, checked.stderr


def test_with_next_free_values_one_of_two_racks_is_renumbered(tmp_path: Path) -> None:
    """Each branch took the next free port of the same spine; addresses and ASNs follow from the zone's own stretch."""
    repository = Repository(tmp_path, NEXT_FREE)
    repository.branch("new-a", "zone-a")
    repository.branch("new-b", "zone-b")
    repository.merge("new-a", "new-b")
    merged = repository.ledger.read_text().splitlines()
    refused = repository.plan("--check")
    assert refused.returncode == 2
    assert "new-a/port/spine-1>new-a-leaf-1" in refused.stderr
    assert repository.plan("--renumber", "new-b").returncode == 0
    after = repository.ledger.read_text().splitlines()
    assert {line.partition(":")[0] for line in set(after) ^ set(merged)} == {
        f"new-b/port/spine-{spine}>new-b-leaf-{leaf}" for spine in (1, 2) for leaf in (1, 2)
    }
    assert repository.plan("--check").returncode == 0


def test_racks_that_took_one_place_are_told_apart_and_one_is_renumbered(tmp_path: Path) -> None:
    repository = Repository(tmp_path, NEXT_FREE)
    repository.branch("left", "zone-a")
    repository.topology.write_text(NEXT_FREE.replace("      # more of zone-a\n", ""))
    repository.git("checkout", "-q", "--", ".")
    repository.branch("right", "zone-a")
    assert repository.git("merge", "-q", "--no-edit", "left") == 0
    repository.git("merge", "-q", "--no-edit", "right")  # both wrote one line of the topology; their ledgers merge
    both = [line for line in repository.topology.read_text().splitlines(keepends=True) if line[0] not in "<=>"]
    repository.topology.write_text("".join(both))
    before = repository.ledger.read_text()
    assert "<<<<<<<" not in before
    refused = repository.plan()
    assert refused.returncode == 2
    assert "--renumber left" in refused.stderr
    assert "--renumber right" in refused.stderr
    assert repository.ledger.read_text() == before
    assert repository.plan("--renumber", "right").returncode == 0
    after = repository.ledger.read_text().splitlines()
    assert {line for line in before.splitlines() if line.startswith(("a1/", "left/"))} <= set(after)
    assert repository.plan("--check").returncode == 0


def test_a_rack_that_the_ledger_does_not_know_is_not_renumbered(repository: Repository) -> None:
    done = repository.plan("--renumber", "a11")
    assert done.returncode == 2
    assert "found nothing of rack 'a11'; it has a1" in done.stderr
    assert fabric("plan", repository.topology, "--renumber", "a1").returncode == 2
