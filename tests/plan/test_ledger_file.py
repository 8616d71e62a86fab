"""The ledger's file: what it looks like, how it merges, and how it survives a crash."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from fabric import plan
from fabric.errors import InputError, PlanError
from fabric.plan import EMPTY, Ledger, ledger_text, parse_ledger, read_ledger, write_ledger
from fabric.resources import directory
from fabric.topology import load, parse

HEAD = "ledger: 1\n"
END = "# end\n"
TOPOLOGY = """\
version: 1
name: merge
families: [ipv4, ipv6]
spines: 2
zones:
  - name: zone-a
    racks:
      - {name: a1, nodes: {servers: 2}}
node_groups:
  servers: {role: server}
"""


def planned(racks: list[str], ledger: Ledger = EMPTY, placement: str = "by-name") -> Ledger:
    """The ledger of a fabric with these racks."""
    lines = "".join(f"      - {{name: {rack}, nodes: {{servers: 2}}}}\n" for rack in racks)
    text = TOPOLOGY.replace("      - {name: a1, nodes: {servers: 2}}\n", lines)
    return plan.build(parse(f"{text}growth: {{placement: {placement}}}\n", "merge.yaml"), ledger).ledger


def message(text: str) -> str:
    with pytest.raises(PlanError) as caught:
        parse_ledger(text, "plan.lock.yaml")
    return str(caught.value)


@pytest.mark.parametrize("name", ["quickstart", "clos5", "rhoso-dz"])
def test_it_reads_what_it_wrote(name: str, tmp_path: Path) -> None:
    ledger = plan.build(load(directory("topologies") / f"{name}.yaml")).ledger
    path = tmp_path / "plan.lock.yaml"
    write_ledger(path, ledger)
    assert read_ledger(path) == ledger
    assert ledger_text(read_ledger(path)) == path.read_text() == ledger_text(ledger)


def test_it_is_yaml_of_one_value_a_line() -> None:
    ledger = planned(["a1"])
    values = yaml.safe_load(ledger_text(ledger))
    assert values.pop("ledger") == 1
    assert len(values) == len(ledger)
    assert values["a1/loopback.ipv4/a1-leaf-1"] == "10.240.0.1"
    assert values["a1/fabric-link.ipv6/spine-2>a1-leaf-1"] == "fd00:fab:0:1::2/127"
    assert values["a1/port/spine-1>a1-leaf-2"] == 2


def test_no_file_is_an_empty_ledger(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "none.yaml") == EMPTY


def test_what_left_the_design_is_marked() -> None:
    text = ledger_text(planned(["a1"], planned(["a1", "b1"])))
    assert "b1/loopback.ipv4/b1-leaf-1: 10.240.0.129 released\n" in text
    assert "a1/loopback.ipv4/a1-leaf-1: 10.240.0.1\n" in text


def test_only_the_lines_of_a_new_rack_are_new() -> None:
    before = planned(["a1", "b1"])
    old = ledger_text(before).splitlines()
    new = ledger_text(planned(["c1", "b1", "a1"], before)).splitlines()
    added = [line for line in new if line not in old]
    assert [line for line in new if line in old] == old
    assert added
    assert all(line.startswith("c1/") for line in added)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a1/slot.rack/a1: x", "found 'x'; allowed: a value for slot.rack."),
        ("a1/slot.rack/a1: -1", "found '-1'"),
        ("a1/loopback.ipv4/l1: 10.0.0.300", "found '10.0.0.300'; allowed: a value for loopback.ipv4."),
        ("a1/loopback.ipv6/l1: 10.0.0.3", "found '10.0.0.3'; allowed: a value for loopback.ipv6."),
        ("a1/node-link.ipv4/l1>n1: 10.0.0.1/31", "found '10.0.0.1/31'; allowed: a value for node-link.ipv4."),
        ("a1/node-link.ipv4/l1>n1: 10.0.0.0/33", "found '10.0.0.0/33'"),
        ("a1/colour/l1: 3", "found '3'; allowed: a value for colour."),
        ("a1/loopback/l1: 10.0.0.1", "found '10.0.0.1'; allowed: a value for loopback."),
        ("nonsense", "found 'nonsense'; allowed: PLACE/KIND/OWNER: VALUE. Correct the line, or remove it."),
        ("<<<<<<< HEAD", "found the mark of a merge ('<<<<<<<'); allowed: values and comments. Keep the lines of both"),
        ("=======", "found the mark of a merge"),
    ],
)
def test_a_bad_line_is_named(line: str, told: str) -> None:
    text = message(f"{HEAD}{line}\n{END}")
    assert text.startswith("plan.lock.yaml:2: ")
    assert told in text


def test_all_bad_lines_are_named_at_once() -> None:
    assert message(f"{HEAD}nonsense\na1/slot.rack/a1: 0\nmore\n{END}").count("plan.lock.yaml:") == 2


def test_a_cut_off_file_is_refused() -> None:
    text = ledger_text(planned(["a1"]))
    assert "no last line; allowed: a file that ends with '# end'" in message(text[: len(text) // 2])


def test_a_key_with_two_values_is_refused() -> None:
    lines = "a1/slot.leaf/l1: 0\na1/slot.leaf/l1: 1\n"
    told = "plan.lock.yaml:3: found a1/slot.leaf/l1 a second time with another value (first on line 2)"
    assert told in message(f"{HEAD}{lines}{END}")


def test_a_line_that_a_merge_doubled_does_no_harm() -> None:
    lines = "a1/slot.leaf/l1: 0\na1/slot.leaf/l1: 0\n"
    assert len(parse_ledger(f"{HEAD}{lines}{END}")) == 1


def test_a_value_that_one_branch_released_and_another_uses_is_in_service() -> None:
    ledger = parse_ledger(f"{HEAD}a1/slot.leaf/l1: 0 released\na1/slot.leaf/l1: 0\n{END}")
    assert (len(ledger.given), ledger.released.get(("a1", "slot.leaf"), {})) == (1, {})


def merged(tmp_path: Path, ours: str, theirs: str, base: str) -> tuple[int, str]:
    """What `git merge-file` makes of two branches: the number of conflicts, and the text."""
    for name, text in {"ours": ours, "base": base, "theirs": theirs}.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git merges the branches")
def test_branches_that_add_different_racks_merge(tmp_path: Path) -> None:
    base = planned(["a1", "a2"])
    conflicts = 0
    for first in range(1, 9):
        for second in range(1, 9):
            ours, theirs = (planned(["a1", "a2", rack], base) for rack in (f"b{first}", f"c{second}"))
            conflicts += merged(tmp_path, ledger_text(ours), ledger_text(theirs), ledger_text(base))[0] > 0
    assert conflicts <= 3


@pytest.mark.skipif(shutil.which("git") is None, reason="git merges the branches")
def test_what_both_branches_took_is_named_with_the_way_out(tmp_path: Path) -> None:
    base = planned(["a1"])
    ours, theirs = (planned(["a1", rack], base, "next-free") for rack in ("b1", "c1"))
    code, text = merged(tmp_path, ledger_text(ours), ledger_text(theirs), ledger_text(base))
    assert code == 0
    both = parse_ledger(text, "plan.lock.yaml")
    with pytest.raises(PlanError) as caught:
        planned(["a1", "b1", "c1"], both, "next-free")
    (problem,) = caught.value.problems
    assert problem.where.startswith("plan.lock.yaml:")
    assert "has on line" in problem.found
    assert "more values of theirs" in problem.found
    assert "they start with 'b1/' or 'c1/'" in problem.action or "they start with 'c1/' or 'b1/'" in problem.action
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("c1/"))
    after = planned(["a1", "b1", "c1"], parse_ledger(kept), "next-free")
    assert ours.given.items() <= after.given.items()


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.lock.yaml"
    write_ledger(path, planned(["a1"]))
    before = path.read_text()

    def crash(descriptor: int) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        write_ledger(path, planned(["a1", "b1"]))
    assert path.read_text() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.lock.yaml"]


WRITER = """
import sys
from fabric.plan import read_ledger, write_ledger
path, ledgers = sys.argv[1], [read_ledger(name) for name in sys.argv[2:]]
while True:
    for ledger in ledgers:
        write_ledger(path, ledger)
        print("written", flush=True)
"""


@pytest.mark.parametrize("writings", range(1, 9))
def test_a_killed_writer_leaves_one_of_the_two_files(tmp_path: Path, writings: int) -> None:
    known = {}
    for name, racks in (("small", ["a1"]), ("large", [f"r{n}" for n in range(20)])):
        write_ledger(tmp_path / name, planned(racks))
        known[(tmp_path / name).read_text()] = name
    path = tmp_path / "plan.lock.yaml"
    command = [sys.executable, "-c", WRITER, str(path), str(tmp_path / "small"), str(tmp_path / "large")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(writings):
            assert writer.stdout.readline() == "written\n"
        writer.kill()
    assert path.read_text() in known


def test_the_file_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    rename = Path.replace

    def renamed(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", lambda _: done.append("sync"))
    monkeypatch.setattr(Path, "replace", renamed)
    write_ledger(tmp_path / "plan.lock.yaml", EMPTY)
    assert done == ["sync", "rename", "sync"]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    write_ledger(real, EMPTY)
    real.chmod(0o600)
    link.symlink_to(real)
    write_ledger(link, planned(["a1"]))
    assert link.is_symlink()
    assert len(read_ledger(real)) > 0
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"plan\.lock\.yaml: cannot be written \(No such file or directory\)"):
        write_ledger(tmp_path / "none" / "plan.lock.yaml", EMPTY)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.lock.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="found no ledger"):
        read_ledger(tmp_path / "plan.lock.yaml")
