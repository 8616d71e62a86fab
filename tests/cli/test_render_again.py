"""`fabric render` into a directory that holds an earlier rendering, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import TOPOLOGIES, fabric

_TOPOLOGY = """
version: 1
name: small
profile: rhoso
spines: 1
zones: [{name: z, racks: [{name: r, leaves: 2, nodes: {workers: 1}}]}]
node_groups: {workers: {role: worker}}
"""


def test_devices_that_are_gone_leave_no_files_and_render_says_so(tmp_path: Path) -> None:
    topology, out = tmp_path / "small.yaml", tmp_path / "out"
    topology.write_text(_TOPOLOGY)
    assert fabric("render", topology, "-o", out).stdout.count("\n") == 1
    assert (out / "frr/r-leaf-1/frr.conf").exists()
    topology.write_text(_TOPOLOGY.replace("leaves: 2", "leaves: 1"))
    (out / "frr/r-leaf-1/daemons").write_text("# mine\n")
    done = fabric("render", topology, "-o", out)
    assert done.returncode == 0
    assert "\n1 file removed that the fabric no longer has\n" in done.stdout
    changed = f"{out}/frr/r-leaf-1/daemons"
    assert done.stderr == (
        f"{changed}: no longer rendered, but changed since it was written: kept. Remove it if nobody needs it.\n"
    )
    assert not (out / "frr/r-leaf-1/frr.conf").exists()
    (out / "frr/r-leaf-1/daemons").unlink()
    document = json.loads(fabric("render", topology, "-o", out, "--json").stdout)
    assert (document["removed"], document["kept"]) == ([], [])


def test_resources_of_another_way_of_peering_go(tmp_path: Path) -> None:
    topology, out = tmp_path / "small.yaml", tmp_path / "out"
    text = (TOPOLOGIES / "rhoso-dz.yaml").read_text()
    topology.write_text(text)
    assert fabric("render", topology, "-o", out, "--export", "kubernetes").returncode == 0
    before = {path.name for path in out.glob("kubernetes/bgp/*")}
    topology.write_text(text + "passwords: {cluster: bgp-cluster}\n")
    assert fabric("render", topology, "-o", out, "--export", "kubernetes").returncode == 0
    after = {path.name for path in out.glob("kubernetes/bgp/*")}
    assert "bgppeer.yaml" in before - after
    fresh = tmp_path / "fresh"
    assert fabric("render", topology, "-o", fresh, "--export", "kubernetes").returncode == 0
    assert after == {path.name for path in fresh.glob("kubernetes/bgp/*")}
