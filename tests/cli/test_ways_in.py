"""`fabric init|import` as a user meets them."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import fabric

CLAB = """\
name: small
topology:
  nodes: {spine1: {}, leaf1: {}, leaf2: {}}
  links:
    - endpoints: [spine1:eth1, leaf1:eth1]
    - endpoints: [leaf1:eth2, leaf2:eth2]
"""

RESOURCES = """\
kind: BGPPeer
metadata: {name: one, namespace: metallb-system}
spec: {peerASN: 64998, peerAddress: 100.65.1.13, nodeSelectors: [{matchLabels: {kubernetes.io/hostname: worker-0}}]}
---
kind: IPAddressPool
metadata: {name: internalapi, namespace: metallb-system}
spec: {addresses: [172.17.0.80-172.17.0.90]}
---
kind: IPAddressPool
metadata: {name: dns, namespace: metallb-system}
spec: {addresses: [172.17.0.100-172.17.0.110]}
"""


def test_init_writes_a_file_that_plans_and_never_writes_over_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    done = fabric("init", file, "--profile", "rhoso", "--zones", "2", "--name", "mine")
    assert (done.returncode, done.stdout) == (0, f"{file} written. Next: fabric plan {file}\n")
    assert fabric("plan", file).returncode == 0
    again = fabric("init", file, "--profile", "rhoso")
    assert again.returncode == 2
    assert "found a file; allowed: a new name" in again.stderr
    assert "name: mine" in file.read_text()
    assert fabric("init", file, "--force").returncode == 0
    assert "name: my-fabric" in file.read_text()


def test_init_names_what_is_no_name(tmp_path: Path) -> None:
    done = fabric("init", tmp_path / "x.yaml", "--name", "Not A Name")
    assert done.returncode == 2
    assert "name: found 'Not A Name'" in done.stderr
    assert "name: Not A Name" in (tmp_path / "x.yaml").read_text()


def test_import_says_what_differs(tmp_path: Path) -> None:
    (tmp_path / "small.clab.yml").write_text(CLAB)
    done = fabric("import", tmp_path / "small.clab.yml", "-o", tmp_path / "small.yaml")
    assert done.returncode == 1
    assert "leaf1--leaf2" in done.stderr
    assert "leaf2--spine1" in done.stderr
    assert fabric("plan", tmp_path / "small.yaml").returncode == 0


def test_import_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n")
    done = fabric("import", tmp_path / "x.yaml")
    assert done.returncode == 2
    assert "Say with --from what it is: containerlab, netlab, rhoso." in done.stderr


def test_a_draft_that_does_not_fit_is_written_so_that_its_lines_can_be_looked_up(tmp_path: Path) -> None:
    """Nothing was written, and the problems named lines of a text that nobody had."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/peers.yaml").write_text(RESOURCES)
    done = fabric("import", tmp_path / "site", "-o", tmp_path / "site.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path / 'site.yaml'} written; it does not fit yet:" in done.stderr
    place = next(word for word in done.stderr.split() if word.startswith(f"{tmp_path / 'site.yaml'}:"))
    line = (tmp_path / "site.yaml").read_text().splitlines()[int(place.split(":")[1]) - 1]
    assert "172.17.0.0/24" in line
    printed = fabric("import", tmp_path / "site")
    assert (printed.returncode, printed.stdout) == (2, (tmp_path / "site.yaml").read_text())
