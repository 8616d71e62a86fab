"""What `oc apply -k` and `kustomize build` make of the files: by a strict model of our own, and by the real program."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fabric.kubernetes.emit import kubernetes_files
from fabric.render import write_tree
from tests.kubernetes.emit.cluster import RELEASES, RHOSO, Document, options, resources, shipped

_PROGRAM = shutil.which("kustomize") or shutil.which("kustomize", path=str(Path(sys.executable).parent))
needs_kustomize = pytest.mark.skipif(_PROGRAM is None, reason="kustomize is not installed: scripts/kustomize does it")
_KEYS = {"apiVersion", "kind", "sortOptions", "resources"}
_APPLIED_FIRST = {
    "Tuned": "NodeNetworkConfigurationPolicy",
    "Node": "NodeNetworkConfigurationPolicy",
    "MetalLB": "BGPPeer",
    "BFDProfile": "BGPPeer",
    "Community": "BGPAdvertisement",
    "BGPPeer": "BGPAdvertisement",
    "IPAddressPool": "BGPAdvertisement",
    "NodeNetworkConfigurationPolicy": "FRRConfiguration",
    "FRRConfiguration": "BGPConfiguration",
    "SelfNodeRemediationTemplate": "NodeHealthCheck",
    "NetConfig": "OpenStackDataPlaneNodeSet",
}
"""Kinds that must be there before another is."""


def _kustomizations(files: dict[str, str]) -> dict[str, Any]:
    return {path: yaml.safe_load(text) for path, text in files.items() if path.endswith("/kustomization.yaml")}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("topology", RHOSO)
def test_every_file_is_named_once_and_every_name_is_a_file(topology: str, release: str) -> None:
    files = dict(kubernetes_files(shipped(topology), options(release)))
    named = []
    for path, kustomization in _kustomizations(files).items():
        assert set(kustomization) == _KEYS
        assert kustomization["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
        directory = path.rpartition("/")[0]
        for name in kustomization["resources"]:
            whole = f"{directory}/{name}"
            named.append(whole if whole in files else f"{whole}/kustomization.yaml")
    assert sorted(named) == sorted(set(files) - {"kubernetes/kustomization.yaml", "kubernetes/CHECKLIST.md"})


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("topology", RHOSO)
def test_nothing_comes_before_what_it_needs(topology: str, release: str) -> None:
    kinds = [document["kind"] for document in resources(kubernetes_files(shipped(topology), options(release)))]
    last = {kind: place for place, kind in enumerate(kinds)}
    for first, then in _APPLIED_FIRST.items():
        if first in last and then in last:
            assert last[first] < kinds.index(then), f"{first} after {then}"


def _built(directory: Path) -> list[Document]:
    """The resources that the program gives; it refuses unknown keys, missing files and repeated names."""
    assert _PROGRAM is not None
    done = subprocess.run([_PROGRAM, "build", directory], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


@needs_kustomize
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("topology", RHOSO)
def test_kustomize_gives_every_resource_as_it_is_and_in_order(topology: str, release: str, tmp_path: Path) -> None:
    files = dict(kubernetes_files(shipped(topology), options(release)))
    write_tree(files, tmp_path)
    assert _built(tmp_path / "kubernetes") == resources(files)
    stages = yaml.safe_load(files["kubernetes/kustomization.yaml"])["resources"]
    assert [document for stage in stages for document in _built(tmp_path / "kubernetes" / stage)] == resources(files)
