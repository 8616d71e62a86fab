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
        mark = f"      # more of {zone}\n"
        self.edit(name, mark, f"      - {{name: {name}, nodes: {{servers: 2}}}}\n{mark}")

    def edit(self, name: str, old: str, new: str) -> None:
        """A branch off main that writes something else into the topology, and its plan."""
        self.git("checkout", "-q", "-b", name, "main")
        text = self.topology.read_text()
        assert old in text
        self.topology.write_text(text.replace(old, new))
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


_NETWORKS = """\
networks:
  storage: {ipv4: 172.18.0.0/16, ipv6: "fd00:18::/64", scope: fabric, roles: [server]}
  internal: {ipv4: 172.20.0.0/16, ipv6: "fd00:20::/48", scope: zone, roles: [server]}
"""
EDITS = {
    "nodes": ("name: a1, nodes: {servers: 2}", "name: a1, nodes: {servers: 5}"),
    "a leaf": ("{name: a1,", "{name: a1, leaves: 3,"),
    "a zone before": (
        "  - name: zone-a\n",
        "  - name: zone-0\n    racks:\n      - {name: z1, nodes: {servers: 2}}\n  - name: zone-a\n",
    ),
}
OTHERS = {
    "a rack": ("      # more of zone-b\n", "      - {name: b9, nodes: {servers: 3}}\n"),
    "nodes": ("name: b1, nodes: {servers: 2}", "name: b1, nodes: {servers: 4}"),
    "a zone behind": (
        "      # more of zone-b\n",
        "  - name: annex\n    racks:\n      - {name: x1, nodes: {servers: 2}}\n",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("one", EDITS)
def test_what_two_branches_add_in_different_places_merges(tmp_path: Path, one: str, other: str) -> None:
    text = THROUGH.replace("node_groups:\n", _NETWORKS + "node_groups:\n").replace(
        "spines: 2\n", "spines: 2\ngrowth: {leaves_per_rack: 4}\n"
    )
    (tmp_path / ".gitattributes").write_text("plan.lock.yaml merge=union\n")
    repository = Repository(tmp_path, text)
    repository.edit("one", *EDITS[one])
    repository.edit("other", *OTHERS[other])
    repository.merge("one", "other")
    checked = repository.plan("--check")
    assert checked.returncode == 0, checked.stderr + checked.stdout


def test_a_spine_and_a_rack_merge_and_the_links_between_them_are_planned(tmp_path: Path) -> None:
    """Neither branch knows of the cables from the one's spine to the other's rack: the next plan adds those alone."""
    repository = Repository(tmp_path, THROUGH)
    repository.edit("spine", "spines: 2\n", "spines: 3\n")
    repository.branch("b2", "zone-b")
    repository.merge("spine", "b2")
    assert repository.plan("--check").returncode == 1
    before = set(repository.ledger.read_text().splitlines())
    assert repository.plan().returncode == 0
    after = set(repository.ledger.read_text().splitlines())
    assert before <= after
    assert all(
        "spine-3>b2-leaf" in line or "b2-leaf-1>spine-3" in line or "b2-leaf-2>spine-3" in line
        for line in after - before
    )


def test_with_next_free_values_two_zones_are_told_apart_by_name(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("plan.lock.yaml merge=union\n")
    text = NEXT_FREE.replace("node_groups:\n", _NETWORKS + "node_groups:\n").replace(", racks_per_zone: 15", "")
    repository = Repository(tmp_path, text)
    repository.edit("one", *EDITS["a zone before"])
    repository.edit("other", *OTHERS["a zone behind"])
    repository.merge("one", "other")
    refused = repository.plan()
    assert refused.returncode == 2
    assert "CORE/subnet.internal.ipv4/zone-0" in refused.stderr
    assert (
        "--renumber annex or --renumber zone-0" in refused.stderr
        or "--renumber zone-0 or --renumber annex" in refused.stderr
    )
    assert repository.plan("--renumber", "annex", "--renumber", "x1").returncode == 0
    assert repository.plan("--check").returncode == 0


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
    assert "found nothing of 'a11'; it has a1" in done.stderr
    assert fabric("plan", repository.topology, "--renumber", "a1").returncode == 2
