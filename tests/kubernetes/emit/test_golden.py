"""Every file of two designs against its golden copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.kubernetes.emit import kubernetes_files
from fabric.render import write_tree
from tests.kubernetes.emit.cluster import RHOSO, options, shipped

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("name", RHOSO)
def test_files_are_as_recorded(name: str, update_golden: bool) -> None:
    files = kubernetes_files(shipped(name), options())
    if update_golden:
        for stale in (GOLDEN / name).rglob("*.*"):
            stale.unlink()
        write_tree(files, GOLDEN / name)
    found = {str(p.relative_to(GOLDEN / name)): p.read_text() for p in (GOLDEN / name).rglob("*") if p.is_file()}
    assert dict(files) == found
