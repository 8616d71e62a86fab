"""Compiled templates are kept, but never used where they are out of date or somebody else could have written them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from fabric import resources
from fabric.render._templates import environment


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache and empty templates; no environment of another test is left over, and none is left behind."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(resources, "directory", lambda name: tmp_path / name)
    (tmp_path / "frr_templates").mkdir()
    environment.cache_clear()
    yield tmp_path / "cache" / "fabric"
    environment.cache_clear()


def render(tmp_path: Path, text: str) -> str:
    """What a new process makes of a template."""
    (tmp_path / "frr_templates" / "x.j2").write_text(text)
    environment.cache_clear()
    return environment().get_template("x.j2").render()


def kept(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_a_template_is_compiled_once(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert render(tmp_path, "{{ 1 }}") == "1"
    assert len(kept(cache)) == 1
    monkeypatch.setattr(jinja2.Environment, "compile", lambda *_, **__: pytest.fail("compiled a second time"))
    assert render(tmp_path, "{{ 1 }}") == "1"


def test_a_changed_template_is_compiled_anew(cache: Path, tmp_path: Path) -> None:
    assert [render(tmp_path, text) for text in ("{{ 1 }}", "{{ 2 }}", "{{ 2 }}")] == ["1", "2", "2"]


def test_a_damaged_entry_is_compiled_anew(cache: Path, tmp_path: Path) -> None:
    render(tmp_path, "{{ 1 }}")
    for path in kept(cache):
        path.write_bytes(path.read_bytes()[:-9])
    assert render(tmp_path, "{{ 1 }}") == "1"


@pytest.mark.parametrize("where", ["", "inner"])
def test_a_directory_that_others_may_write_to_is_not_used(cache: Path, tmp_path: Path, where: str) -> None:
    assert resources.cache_directory("inner") == cache / "inner"
    (cache / where).chmod(0o777)
    assert resources.cache_directory("inner") is None


def test_somebody_elses_directory_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert resources.cache_directory("inner") is None


def test_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    cache.mkdir(parents=True)
    (cache / "inner").symlink_to(tmp_path / "elsewhere")
    assert resources.cache_directory("inner") is None


def test_without_a_place_for_a_cache_templates_still_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert render(tmp_path, "{{ 1 }}") == "1"
