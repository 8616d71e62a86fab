"""All exports of a fabric: by name, as recorded, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from fabric import config
from fabric.errors import InputError
from fabric.render import write_tree
from fabric.render.exports import EXPORTERS, Export, export_tree
from tests.render.exports.designs import exports, shipped

GOLDEN = Path(__file__).with_name("golden")
# FRR's files and custom resources have golden copies of their own; what most hosts are told differs in numbers alone.
HOSTS_RECORDED = {"a1-leaf-1", "a1-server-1", "spine-0", "rack-0-leaf-0", "rack-0-worker-0", "rack-0-array-0"}


def _recorded(path: str) -> bool:
    if path.startswith("ansible/host_vars/"):
        return Path(path).stem in HOSTS_RECORDED
    return not path.startswith(("frr/", "kubernetes/")) and path != "clabernetes/configmaps.yaml"


@pytest.mark.parametrize("name", ["quickstart", "rhoso-dz"])
def test_files_are_as_recorded(name: str, update_golden: bool) -> None:
    files = {path: text for path, text in export_tree(shipped(name)).items() if _recorded(path)}
    directory = GOLDEN / name
    if update_golden:
        for old in directory.rglob("*"):
            if old.is_file():
                old.unlink()
        write_tree(files, directory)
    recorded = {str(p.relative_to(directory)): p.read_text() for p in directory.rglob("*") if p.is_file()}
    assert sorted(files) == sorted(recorded)
    assert files == recorded


@settings(deadline=None, max_examples=10)
@given(exports())
def test_the_same_plan_gives_the_same_bytes(export: Export) -> None:
    again = Export(export.plan, config.build(export.plan))
    assert list(export_tree(export).items()) == list(export_tree(again).items())


def test_exports_by_name() -> None:
    export = shipped("quickstart")
    assert set(export_tree(export, ["hosts"])) == {"hosts"}
    assert set(export_tree(export, ["cabling", "hosts"])) == {"cabling.csv", "cabling.md", "topology.dot", "hosts"}
    by_name = {path for name in EXPORTERS for path in export_tree(export, [name])}
    assert by_name == set(export_tree(export))


def test_containerlab_works_alone() -> None:
    export = shipped("quickstart")
    assert set(export_tree(export, ["containerlab"])) == {"quickstart.clab.yml", *export.frr}


def test_exports_share_no_file_with_other_content() -> None:
    export = shipped("quickstart")
    seen: dict[str, str] = {}
    for name in EXPORTERS:
        for path, text in export_tree(export, [name]).items():
            assert seen.setdefault(path, text) == text


def test_unknown_export_is_refused() -> None:
    with pytest.raises(InputError, match="found 'puppet'; allowed: frr, kubernetes, cabling, hosts"):
        export_tree(shipped("quickstart"), ["hosts", "puppet"])


def test_choices_reach_the_files() -> None:
    planned = shipped("quickstart")
    export = Export(planned.plan, planned.fabric, domain="fab.example.org", image="frr:mine")
    files = export_tree(export)
    assert "dns/fab.example.org.zone" in files
    assert " spine-1.fab.example.org " in files["hosts"]
    assert ",spine-1.fab.example.org," in files["netbox/14-primary-addresses.csv"]
    assert "image: frr:mine\n" in files["quickstart.clab.yml"]
    assert "image: frr:mine\n" in files["clabernetes/topology.yaml"]


def test_every_file_lands_below_its_directory(tmp_path: Path) -> None:
    files = export_tree(shipped("rhoso-dz"))
    written = write_tree(files, tmp_path / "out")
    assert {str(path.relative_to(tmp_path / "out")) for path in written} == set(files)
