"""Files and directories to texts and resources."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.errors import InputError
from fabric.kubernetes import ResourceError, read_texts, release, resources_of


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fabric.kubernetes._files.MAX_CHARACTERS", 5)
    (tmp_path / "big.yaml").write_text("a: 123456")
    with pytest.raises(InputError, match="found 9 bytes; allowed: at most 5"):
        read_texts([tmp_path])


def test_directories_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("{kind: Node, metadata: {name: b}}")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.json").write_text('{"kind": "Node", "metadata": {"name": "a"}}')
    (tmp_path / "notes.txt").write_text("not: [read")
    resources = resources_of(read_texts([tmp_path]), release("main"))
    assert [item.name for item in resources.items] == ["b", "a"]


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_texts([tmp_path / "absent.yaml"])


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\n")
    with pytest.raises(InputError, match=r"absent\.yaml cannot be read(.|\n)*latin\.yaml is no UTF-8 text"):
        read_texts([tmp_path / "absent.yaml", tmp_path / "latin.yaml"])


def test_standard_input_is_read_where_it_is_named() -> None:
    assert read_texts([Path("-")], lambda most: "kind: Node"[:most]) == {"-": "kind: Node"}


def test_a_kustomization_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: []")
    assert not read_texts([tmp_path])


def test_syntax_and_schema_are_reported_together() -> None:
    texts = {"a.yaml": "{kind: Node, metadata: {}}\n---\n[\n", "b.yaml": "kind: ]"}
    with pytest.raises(ResourceError) as error:
        resources_of(texts, release("4.20"))
    assert [problem.where for problem in error.value.problems] == ["a.yaml:4", "b.yaml:1", "a.yaml:1"]


def test_what_a_kustomization_merges_is_no_object(tmp_path: Path) -> None:
    for name in ("peer", "patch", "other"):
        (tmp_path / f"{name}.yaml").write_text(f"kind: {name}")
    (tmp_path / "kustomization.yaml").write_text("resources: [peer.yaml]\npatches: [{path: patch.yaml}, 3]\n")
    assert [Path(name).name for name in read_texts([tmp_path])] == ["other.yaml", "peer.yaml"]
    (tmp_path / "kustomization.yaml").write_text("patches: [\n")
    assert len(read_texts([tmp_path])) == 3
