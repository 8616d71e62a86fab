"""Files land where they should, whole, and nowhere else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fabric.errors import InputError, MachineError
from fabric.render import Confidential, write_tree


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _content(directory: Path) -> dict[str, str]:
    return {str(p.relative_to(directory)): p.read_text() for p in directory.rglob("*") if p.is_file()}


def test_files_are_written_in_order_below_a_new_directory(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    written = write_tree({"frr/b/frr.conf": "two\n", "frr/a/frr.conf": "one ü\n"}, out)
    assert written == [out / "frr/a/frr.conf", out / "frr/b/frr.conf"]
    assert _content(out) == {"frr/a/frr.conf": "one ü\n", "frr/b/frr.conf": "two\n"}


def test_a_new_directory_appears_with_all_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, seen = tmp_path / "out", []
    rename = Path.rename

    def look(self: Path, target: Path) -> Path:
        seen.append((target.exists(), _content(self)))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", look)
    write_tree({"a/b": "1", "c": "2"}, out)
    assert seen == [(False, {"a/b": "1", "c": "2"})]
    assert list(tmp_path.iterdir()) == [out]


def test_two_that_make_the_same_directory_both_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    rename = Path.rename

    def too_late(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        write_tree({"theirs": "1"}, target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", too_late)
    write_tree({"ours": "2"}, out)
    assert _content(tmp_path) == {"out/theirs": "1", "out/ours": "2"}


def test_failed_write_leaves_no_new_directory(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"out/b/b+: cannot be written: File name too long"):
        write_tree({"a": "1", f"b/{'b' * 300}": "2"}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_write_makes_nothing(tmp_path: Path) -> None:
    assert write_tree({}, tmp_path / "out") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_modes_follow_the_umask(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "out").mkdir()
    before = os.umask(0o027)
    try:
        write_tree({"a/secret": Confidential("password x"), "a/open": "hostname x"}, tmp_path / "out")
    finally:
        os.umask(before)
    out = tmp_path / "out" / "a"
    assert [_mode(path) for path in (out, out / "secret", out / "open")] == [0o750, 0o600, 0o640]


def test_what_was_there_is_replaced_or_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    write_tree({"a": "old"}, tmp_path)
    write_tree({"a": "new"}, tmp_path)
    assert _content(tmp_path) == {"mine.txt": "mine", "a": "new"}


def test_only_the_owner_reads_a_password(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        (tmp_path / "secret").write_text("world-readable before")
        write_tree({"secret": Confidential("password x"), "open": "hostname x"}, tmp_path)
    finally:
        os.umask(before)
    assert _mode(tmp_path / "secret") == 0o600
    assert _mode(tmp_path / "open") == 0o644


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/passwd", "", ".", "a/..", "a\0b"])
def test_names_that_leave_the_directory_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not below the directory"):
        write_tree({"a-good-one": "x", name: "x"}, tmp_path / "out")
    assert _content(tmp_path) == {}


def test_link_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    (out / "frr").symlink_to(outside)
    with pytest.raises(InputError, match=r"'frr/leaf-1/daemons': found .*out/frr, a symbolic link out of"):
        write_tree({"frr/leaf-1/daemons": "x"}, out)
    assert list(outside.iterdir()) == []


def test_link_inside_the_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "frr").symlink_to("real")
    write_tree({"frr/daemons": "x"}, tmp_path)
    assert (tmp_path / "real" / "daemons").read_text() == "x"


def test_link_at_the_file_itself_is_replaced_not_followed(tmp_path: Path) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_text("untouched")
    out.mkdir()
    (out / "daemons").symlink_to(victim)
    write_tree({"daemons": "x"}, out)
    assert victim.read_text() == "untouched"
    assert not (out / "daemons").is_symlink()


@pytest.mark.parametrize("files", [{"a": "", "a/b": ""}, {"a/b": "", "a/./b": ""}])
def test_names_that_clash_are_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(InputError, match="found"):
        write_tree(files, tmp_path / "out")
    assert _content(tmp_path) == {}


def test_directory_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="found a directory"):
        write_tree({"a": "x"}, tmp_path)


def test_file_in_the_place_of_a_directory_is_the_machines_refusal(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(MachineError, match="cannot be written"):
        write_tree({"a/b": "x"}, tmp_path)
    assert _content(tmp_path) == {"a": "a file"}


def test_failed_write_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("old")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(MachineError, match="No space left on device"):
        write_tree({"a": "new"}, tmp_path)
    assert _content(tmp_path) == {"a": "old"}
