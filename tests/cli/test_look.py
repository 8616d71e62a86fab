"""`fabric lab trace|mtu|logs|shell` on one small lab."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from scapy.utils import PcapNgReader

from tests.cli.command import fabric
from tests.frr import require_frr

pytestmark = pytest.mark.lab

_TOPOLOGY = """
version: 1
name: looked-into
profile: rfc7938
spines: 2
zones: [{name: z, racks: [{name: a, leaves: 1}, {name: b, leaves: 1}]}]
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    require_frr()
    place = tmp_path_factory.mktemp("look")
    env = {"FABRIC_STATE_DIR": str(place / "state"), "SHELL": "/bin/sh"}
    (place / "t.yaml").write_text(_TOPOLOGY)
    done = fabric("lab", "up", place / "t.yaml", env=env)
    assert done.returncode == 0, done.stderr
    yield env
    fabric("lab", "down", "--all", env=env)


@pytest.fixture
def leaves(env: Mapping[str, str]) -> tuple[str, str]:
    devices = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"][0]["devices"]
    names = [entry if isinstance(entry, str) else entry["name"] for entry in devices]
    one, two = (name for name in names if "leaf" in name)
    return one, two


def test_a_trace_finds_every_path_and_differs_where_a_kernel_was_changed(
    env: Mapping[str, str], leaves: tuple[str, str]
) -> None:
    done = fabric("lab", "trace", *leaves, "--json", env=env)
    assert done.returncode == 0, done.stdout
    ways = [way for trace in json.loads(done.stdout)["traces"] for way in trace["ways"]]
    assert {tuple(way["devices"][1:-1]) for way in ways if way["flows"]} == {("spine-1",), ("spine-2",)}
    target = json.loads(done.stdout)["traces"][0]["to"]["address"]
    saved = fabric("lab", "exec", leaves[0], "--", "ip", "-o", "route", "show", f"{target}/32", env=env).stdout
    assert "spine" in saved or "nexthop" in saved
    fabric("lab", "exec", leaves[0], "--", "ip", "route", "add", "unreachable", target, env=env)
    broken = fabric("lab", "trace", leaves[0], target, env=env)
    fabric("lab", "exec", leaves[0], "--", "ip", "route", "del", "unreachable", target, env=env)
    assert broken.returncode == 1
    assert "unreachable" in broken.stdout
    assert "PREDICTED, NOT INSTALLED" in broken.stdout


def test_the_longest_packet_is_found_where_a_link_is_too_small(env: Mapping[str, str], leaves: tuple[str, str]) -> None:
    assert fabric("lab", "mtu", *leaves, env=env).returncode == 0
    links = json.loads(fabric("lab", "exec", "spine-1", "--", "ip", "-j", "link", env=env).stdout)
    ports = [(link["ifname"], str(link["mtu"])) for link in links if link["ifname"] != "lo"]
    for port, _ in ports:
        fabric("lab", "exec", "spine-1", "--", "ip", "link", "set", port, "mtu", "1444", env=env)
    done = fabric("lab", "mtu", *leaves, "--json", env=env)
    for port, mtu in ports:
        fabric("lab", "exec", "spine-1", "--", "ip", "link", "set", port, "mtu", mtu, env=env)
    assert done.returncode == 1
    found = json.loads(done.stdout)["paths"][0]
    assert (found["bytes"], found["limited_at"], found["agrees"]) == (1444, "spine-1", False)


def test_logs_and_a_shell(env: Mapping[str, str]) -> None:
    logged = fabric("lab", "logs", "spine-1", "-n", "3", env=env)
    assert "/var/log/frr/spine-1/bgpd.log" in logged.stdout
    shell = fabric("lab", "shell", "spine-1", env=env, stdin="hostname; exit 3\n")
    assert (shell.returncode, shell.stdout) == (3, "spine-1\n")
    assert "found the device 'nobody'; allowed: " in fabric("lab", "logs", "nobody", env=env).stderr


def test_a_link_is_listened_to(env: Mapping[str, str], tmp_path: Path) -> None:
    file = tmp_path / "x.pcapng"
    link = ("spine-1:eth1", "--seconds", "4")
    done = fabric("lab", "capture", *link, "--write", file, "--json", env=env)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {"BGP KEEPALIVE", "BFD Up"} <= said["kinds"].keys()
    far = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"][0]["devices"]
    ends = {frozenset(message[5:7]) for message in said["messages"]}
    assert [sorted(end) for end in ends] == [sorted(("spine-1", next(name for name in far if "leaf" in name)))]
    with PcapNgReader(str(file)) as reader:
        assert len(list(reader)) == said["frames"] > 0
    assert done.stderr.count("\n") == 1
    refused = fabric("lab", "capture", "spine-1:nothing", env=env)
    assert (refused.returncode, "spine-1:eth1" in refused.stderr) == (2, True)


def test_listening_goes_on_when_the_port_has_been_down(env: Mapping[str, str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        listening = pool.submit(fabric, "lab", "capture", "spine-1:eth1", "--seconds", "10", "--json", env=env)
        for _ in range(2):
            fabric("lab", "fail", "link:spine-1:eth1", env=env)
            fabric("lab", "heal", "--all", env=env)
    done = listening.result()
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "BGP OPEN" in json.loads(done.stdout)["kinds"]


def test_a_glance_tells_what_is_wrong(env: Mapping[str, str], leaves: tuple[str, str]) -> None:
    well = fabric("lab", "watch", "--once", "--json", env=env)
    assert well.returncode == 0, well.stdout
    assert json.loads(well.stdout)["probed"] == 2
    fabric("lab", "fail", "daemon:spine-1:bgpd", env=env)
    fabric("lab", "fail", f"node:{leaves[1]}", env=env)
    done = fabric("lab", "watch", "--once", "--json", env=env)
    shown = fabric("lab", "watch", "--once", env=env).stdout
    fabric("lab", "heal", "--all", env=env)
    assert done.returncode == 1, done.stdout
    seen = json.loads(done.stdout)
    assert sorted(seen["faults"]) == ["daemon:spine-1:bgpd", f"node:{leaves[1]}"]
    assert [device["ended"] for device in seen["devices"] if device["name"] == "spine-1"] == [["bgpd"]]
    assert {(outage["source"], outage["destination"]) for outage in seen["outages"]} == {leaves, leaves[::-1]}
    assert "Cut off: 2 of 2 pairs probed" in shown


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_is_watched_through_a_pipe_is_there_at_once(env: Mapping[str, str], form: tuple[str, ...]) -> None:
    argv = [sys.executable, "-m", "fabric", "lab", "watch", "--interval", "60", *form]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, **env}) as watching:
        assert watching.stdout is not None
        ready, _, _ = select.select([watching.stdout], [], [], 30)
        shown = os.read(watching.stdout.fileno(), 1 << 16).decode() if ready else ""
        watching.send_signal(signal.SIGINT)
    assert "looked-into" in shown
    assert "\x1b" not in shown


def test_what_cannot_be_traced_is_said(env: Mapping[str, str]) -> None:
    done = fabric("lab", "trace", "spine-1", "nobody", env=env)
    assert done.returncode == 2
    assert "nobody" in done.stderr


def test_a_drain_says_what_it_did(env: Mapping[str, str]) -> None:
    done = fabric("lab", "fail", "drain:spine-2", env=env)
    fabric("lab", "heal", "--all", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("spine-2 is drained and taken away: 2 ports down within ")
