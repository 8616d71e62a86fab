"""`fabric schema|plan|render|graph` as a user meets them: what they print, write and exit with."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

from tests.cli.command import TOPOLOGIES, fabric

QUICKSTART = TOPOLOGIES / "quickstart.yaml"


def test_help_names_every_command() -> None:
    done = fabric("--help")
    assert done.returncode == 0
    for command in ("schema", "plan", "render", "graph", "lab"):
        assert command in done.stdout


def test_version() -> None:
    assert fabric("--version").stdout.startswith("fabric ")


def test_schema_is_a_json_schema() -> None:
    schema = json.loads(fabric("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "zones" in schema["properties"]


def test_plan_prints_aligned_tables_into_a_pipe() -> None:
    done = fabric("plan", QUICKSTART)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "a1-leaf-1" in done.stdout
    assert "64520" in done.stdout


def test_plan_answers_in_json() -> None:
    plan = json.loads(fabric("plan", QUICKSTART, "--json").stdout)
    assert plan["devices"]["spine-1"]["asn"] == 64520
    assert len(plan["links"]) == 16


def test_plan_writes_the_same_plan_in_every_format(tmp_path: Path) -> None:
    assert fabric("plan", QUICKSTART, "-o", tmp_path).returncode == 0
    document = json.loads((tmp_path / "plan.json").read_text())
    assert yaml.safe_load((tmp_path / "plan.yaml").read_text()) == document
    with (tmp_path / "devices.csv").open() as file:
        rows = {row["device"]: row for row in csv.DictReader(file)}
    assert {name: row["router id"] for name, row in rows.items()} == {
        name: device["router_id"] for name, device in document["devices"].items()
    }
    assert all(name in (tmp_path / "plan.md").read_text() for name in document["devices"])


def test_render_writes_two_files_for_every_device(tmp_path: Path) -> None:
    done = fabric("render", QUICKSTART, "-o", tmp_path, "--json")
    assert done.returncode == 0
    devices = json.loads(fabric("plan", QUICKSTART, "--json").stdout)["devices"]
    for name in devices:
        assert (tmp_path / "frr" / name / "frr.conf").read_text().count(f"hostname {name}\n") == 1
        assert "bgpd=yes" in (tmp_path / "frr" / name / "daemons").read_text()
    files = {str(Path(name).relative_to(tmp_path)) for name in json.loads(done.stdout)["files"]}
    configured = {f"frr/{name}/{file}" for name in devices for file in ("frr.conf", "daemons")}
    assert {name for name in files if not name.startswith("plan/")} == configured | {"quickstart.clab.yml"}


def test_render_writes_the_plan_that_it_follows_from(tmp_path: Path) -> None:
    assert fabric("render", QUICKSTART, "-o", tmp_path / "all").returncode == 0
    assert fabric("plan", QUICKSTART, "-o", tmp_path / "plan").returncode == 0
    beside, alone = (
        {file.name: file.read_text() for file in (tmp_path / where).iterdir()} for where in ("all/plan", "plan")
    )
    assert beside == alone


@pytest.mark.parametrize(("ending", "start"), [(".svg", "<svg"), (".dot", "graph"), (".mmd", "flowchart")])
def test_graph_draws_by_the_ending(tmp_path: Path, ending: str, start: str) -> None:
    file = tmp_path / f"drawing{ending}"
    assert fabric("graph", QUICKSTART, "-o", file).returncode == 0
    assert start in file.read_text()
    assert "a1-leaf-1" in file.read_text()


def test_graph_refuses_an_unknown_ending(tmp_path: Path) -> None:
    done = fabric("graph", QUICKSTART, "-o", tmp_path / "x.jpeg")
    assert (done.returncode, ".svg" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", [("plan",), ("render", "-o", "out"), ("graph", "-o", "x.svg"), ("lab", "up")])
def test_a_missing_file_is_bad_input(command: tuple[str, ...]) -> None:
    head, options = command[: 2 if command[0] == "lab" else 1], command[1:] if command[0] != "lab" else ()
    done = fabric(*head, "no-such.yaml", *options)
    assert done.returncode == 2
    assert "no-such.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_mistake_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("version: 1\nname: x\nspinez: 2\nspines: 1\nzones: [{name: a, racks: [{name: r, leaves: -1}]}]\n")
    done = fabric("plan", file)
    assert done.returncode == 2
    assert f"{file}:3: spinez" in done.stderr
    assert f"{file}:5: zones[0].racks[0].leaves" in done.stderr


def test_render_writes_every_export_that_is_asked_for(tmp_path: Path) -> None:
    assert fabric("render", QUICKSTART, "-o", tmp_path, "--export", "all").returncode == 0
    for path in ("quickstart.clab.yml", "hosts", "cabling.csv", "ansible/inventory.yml", "netbox/01-regions.csv"):
        assert (tmp_path / path).stat().st_size > 0
    done = fabric("render", QUICKSTART, "-o", tmp_path, "--export", "floppy")
    assert (done.returncode, "ansible" in done.stderr) == (2, True)


def test_pins_of_a_csv_file_reach_plan_and_configuration(tmp_path: Path) -> None:
    topology = tmp_path / "t.yaml"
    networks = "networks: {storage: {ipv4: 172.18.0.0/24, ipv6: 'fd00:18::/64', roles: [server]}}\n"
    topology.write_text(QUICKSTART.read_text() + networks)
    pins = tmp_path / "pins.csv"
    pins.write_text("device,network,address\na1-server-2,storage,172.18.0.200\n")
    document = json.loads(fabric("plan", topology, "--pins", pins, "--json").stdout)
    assert {"network": "storage", "address": "172.18.0.200"} in document["devices"]["a1-server-2"]["addresses"]
    assert fabric("render", topology, "--pins", pins, "-o", tmp_path / "out").returncode == 0
    assert "172.18.0.200/32" in (tmp_path / "out" / "frr" / "a1-server-2" / "frr.conf").read_text()


def test_wrong_pins_are_bad_input(tmp_path: Path) -> None:
    pins = tmp_path / "pins.csv"
    pins.write_text("device,network,address\na1-server-2,storage,172.18.0.200\n")
    done = fabric("plan", QUICKSTART, "--pins", pins)
    assert done.returncode == 2
    assert f"{pins}:2: network: found 'storage'; allowed: none is defined." in done.stderr


def test_the_same_file_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Were anything in the order of a set, another seed of Python's hashes would show it."""
    trees = []
    for seed in ("1", "2"):
        out, env = tmp_path / seed, {"PYTHONHASHSEED": seed}
        ledger = out / "plan.lock.yaml"
        fabric("plan", TOPOLOGIES / "rhoso-dz.yaml", "-o", out, env=env)
        fabric("render", TOPOLOGIES / "rhoso-dz.yaml", "-o", out, "--export", "all", env=env)
        fabric("plan", TOPOLOGIES / "rhoso-dz.yaml", "--ledger", ledger, "--json", env=env)
        trees.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert len(trees[0]) > 100
    assert trees[0] == trees[1]


@pytest.mark.parametrize("view", ["physical", "bgp", "rack", "zone"])
def test_graph_draws_views_with_failures_and_paths(tmp_path: Path, view: str) -> None:
    picture = tmp_path / "x.svg"
    failed = ("--fail", "link:a1-leaf-1--spine-1", "--path", "a1-server-1", "b1-server-1")
    done = fabric("graph", QUICKSTART, "-o", picture, "--view", view, *failed)
    assert (done.returncode, done.stderr) == (0, "")
    text = picture.read_text()
    assert (" path" in text) == (view != "bgp")
    assert (" down" in text) == (view in ("physical", "bgp"))


def test_sessions_are_counted_in_words_and_cables_of_a_failed_device_are_marked(tmp_path: Path) -> None:
    drawing, dot = tmp_path / "b.svg", tmp_path / "x.dot"
    assert fabric("graph", QUICKSTART, "-o", drawing, "--view", "bgp").returncode == 0
    assert "BGP adjacencies" in drawing.read_text()
    assert fabric("graph", QUICKSTART, "-o", dot, "--fail", "node:spine-1").returncode == 0
    lines = [line for line in dot.read_text().splitlines() if " -- " in line]
    assert all(('"spine-1"' in line) == ("color=red" in line) for line in lines)


def test_a_plan_tells_of_small_pools_with_the_mistakes_of_the_file(tmp_path: Path) -> None:
    text = (TOPOLOGIES / "quickstart.yaml").read_text()
    file = tmp_path / "wrong.yaml"
    file.write_text(f"{text}\nexclude: [nonsense]\npools: {{loopbacks: {{ipv4: 10.9.0.0/30, ipv6: 'fd00:9::/64'}}}}\n")
    done = fabric("plan", file)
    assert done.returncode == 2
    assert "exclude[0]: found 'nonsense'" in done.stderr
    assert "pools.loopbacks.ipv4: found 10.9.0.0/30, which is exhausted" in done.stderr
