"""A directory loses what its fabric lost, and nothing of anybody else."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from fabric.errors import MachineError
from fabric.render import Confidential, write_exports

MANIFEST = ".fabric-files"


def _content(directory: Path) -> dict[str, str]:
    files = (path for path in directory.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {str(path.relative_to(directory)): path.read_text() for path in files}


def test_what_is_no_longer_rendered_is_removed_with_its_directory(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = write_exports({"frr": {"frr/a/frr.conf": "1", "frr/b/frr.conf": "2"}}, out)
    assert (first.files, first.removed, first.kept) == ((out / "frr/a/frr.conf", out / "frr/b/frr.conf"), (), ())
    second = write_exports({"frr": {"frr/a/frr.conf": "3"}}, out)
    assert (second.removed, second.kept) == ((out / "frr/b/frr.conf",), ())
    assert _content(out) == {"frr/a/frr.conf": "3"}
    assert not (out / "frr/b").exists()


def test_files_of_users_and_changed_files_stay(tmp_path: Path) -> None:
    write_exports({"frr": {"frr/a": "1", "frr/b/x": "2", "frr/b/y": "2"}}, tmp_path)
    (tmp_path / "frr/b/mine").write_text("mine")
    (tmp_path / "frr/b/y").write_text("changed")
    for _ in range(2):
        found = write_exports({"frr": {"frr/a": "1"}}, tmp_path)
        assert found.kept == (tmp_path / "frr/b/y",)
        assert _content(tmp_path) == {"frr/a": "1", "frr/b/mine": "mine", "frr/b/y": "changed"}


def test_other_exports_keep_their_files(tmp_path: Path) -> None:
    write_exports({"frr": {"frr/a": "1"}, "containerlab": {"frr/a": "1", "x.clab.yml": "2"}}, tmp_path)
    assert not write_exports({"hosts": {"hosts": "3"}}, tmp_path).removed
    assert set(_content(tmp_path)) == {"frr/a", "x.clab.yml", "hosts"}
    assert write_exports({"containerlab": {}}, tmp_path).removed == (tmp_path / "x.clab.yml",)


def test_a_file_that_the_user_removed_is_forgotten(tmp_path: Path) -> None:
    write_exports({"frr": {"a": "1", "b": "2"}}, tmp_path)
    (tmp_path / "b").unlink()
    found = write_exports({"frr": {"a": "1"}}, tmp_path)
    assert (found.removed, found.kept) == ((), ())
    (tmp_path / "b").write_text("2")
    assert not write_exports({"frr": {"a": "1"}}, tmp_path).removed


@pytest.mark.parametrize("name", ["../victim", "/victim", "link/victim", "..", ""])
def test_a_forged_manifest_removes_nothing_outside(tmp_path: Path, name: str) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    write_exports({"frr": {"a": "1"}}, out)
    victim.write_text("1")
    (out / "link").symlink_to(tmp_path)
    manifest = json.loads((out / MANIFEST).read_text())
    target = str(victim) if name == "/victim" else name
    manifest["files"] = {target: manifest["files"]["a"], **manifest["files"]}
    (out / MANIFEST).write_text(json.dumps(manifest))
    assert not write_exports({"frr": {"a": "1"}}, out).removed
    assert victim.read_text() == "1"


def test_a_link_in_the_place_of_a_stale_file_stays(tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    write_exports({"frr": {"a": "1", "b": "2"}}, out)
    victim.write_text("2")
    (out / "b").unlink()
    (out / "b").symlink_to(victim)
    assert not write_exports({"frr": {"a": "1"}}, out).removed
    assert (out / "b").is_symlink()


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", '{"version": 2, "files": {}}', '{"version": 1, "files": [1]}'])
def test_a_manifest_that_is_not_ours_removes_nothing(tmp_path: Path, text: str) -> None:
    write_exports({"frr": {"a": "1", "b": "2"}}, tmp_path)
    (tmp_path / MANIFEST).write_text(text, encoding="latin-1")
    assert not write_exports({"frr": {"a": "1"}}, tmp_path).removed
    assert set(_content(tmp_path)) == {"a", "b"}


@pytest.mark.parametrize("writes", range(5))
def test_a_run_that_ends_at_any_write_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    write_exports({"frr": {"a": "1", "b": "1", "old": "1"}}, tmp_path)
    replace = Path.replace
    done: list[Path] = []

    def ends(self: Path, target: Path) -> Path:
        if len(done) == writes:
            raise OSError(28, "No space left on device")
        done.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", ends)
    with pytest.raises(MachineError, match="No space left on device"):
        write_exports({"frr": {"a": "2", "b": "2", "new": "2"}}, tmp_path)
    monkeypatch.setattr(Path, "replace", replace)
    found = write_exports({"frr": {"c": "3"}}, tmp_path)
    assert not found.kept
    assert _content(tmp_path) == {"c": "3"}


def test_hashes_of_confidential_texts_are_for_the_owner(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_exports({"frr": {"open": "x"}}, tmp_path / "open")
        write_exports({"frr": {"secret": Confidential("password x")}}, tmp_path / "secret")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name / MANIFEST).stat().st_mode) for name in ("open", "secret")]
    assert modes == [0o644, 0o600]
    write_exports({"hosts": {"hosts": "x"}}, tmp_path / "secret")
    assert stat.S_IMODE((tmp_path / "secret" / MANIFEST).stat().st_mode) == 0o600
