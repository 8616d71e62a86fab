"""The containerlab engine on the real `containerlab`: the same commands and the same proofs as on the embedded one."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.command import TOPOLOGIES
from tests.lab.conftest import WaitUntil
from tests.lab.containerlab.conftest import FABRIC, World

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]  # the first one builds containerlab and the image
QUICKSTART = TOPOLOGIES / "quickstart.yaml"
UP = ("lab", "up", "--engine", "containerlab")


def _verified(world: World) -> None:
    done = world.fabric("lab", "verify")
    assert (done.returncode, "FAILED" in done.stdout) == (0, False), done.stdout + done.stderr


def test_from_up_over_faults_to_down(world: World) -> None:
    up = world.fabric(*UP, QUICKSTART)
    assert up.returncode == 0, up.stderr
    assert "10 devices" in up.stdout
    assert len(world.containers()) == 10
    _verified(world)

    failed = world.fabric("lab", "fail", "link:a1-leaf-1--spine-1")
    assert "1 port down" in failed.stdout, failed.stderr
    _verified(world)  # against the prediction for the broken fabric
    assert world.fabric("lab", "heal", "--all").returncode == 0
    drained = world.fabric("lab", "fail", "drain:spine-2")
    assert drained.returncode == 0, drained.stderr
    _verified(world)
    assert world.fabric("lab", "heal", "--all").returncode == 0
    assert world.fabric("lab", "fail", "zone:zone-b").returncode == 0
    assert world.fabric("lab", "fail", "silent:a1-leaf-1:eth1").returncode == 0
    assert world.fabric("lab", "fail", "daemon:a1-leaf-2:bgpd").returncode == 0
    [status] = json.loads(world.fabric("lab", "status", "--json").stdout)["labs"]
    assert [fault["target"] for fault in status["faults"]] == [
        "zone:zone-b",
        "silent:a1-leaf-1:eth1",
        "daemon:a1-leaf-2:bgpd",
    ]
    ended = [(d["device"], d["daemon"]) for d in status["daemons"] if not d["running"]]
    assert ended == [("a1-leaf-2", "bgpd")]
    assert world.fabric("lab", "heal", "--all").returncode == 0
    _verified(world)

    restarted = world.fabric("lab", "fail", "restart:a1-leaf-2:bgpd")
    assert restarted.returncode == 0, restarted.stderr
    _verified(world)
    assert "Terminating on signal" in world.fabric("lab", "logs", "a1-leaf-2", "--lines", "100").stdout

    assert world.fabric("lab", "down").stdout == "Lab quickstart is down.\n"
    assert world.containers() == []
    assert list((world.state / "containerlab").iterdir()) == []
    assert world.fabric("lab", "status").stdout == "No lab is up.\n"


def test_looking_into_devices_pausing_and_a_second_up(world: World, tmp_path: Path) -> None:
    up = world.fabric(*UP, QUICKSTART, "--impaired")
    assert "Impaired zones:zone-a--zone-b" in up.stdout, up.stderr
    assert "already up" in world.fabric(*UP, QUICKSTART).stdout
    assert "another engine" in world.fabric("lab", "up", QUICKSTART).stderr
    other = tmp_path / "other.yaml"
    other.write_text(QUICKSTART.read_text().replace("nodes: {servers: 2}", "nodes: {servers: 1}"))
    refused = world.fabric(*UP, other)
    assert (refused.returncode, "already up, with other devices" in refused.stderr) == (3, True)

    _a_container_is_entered_as_docker_does(world)
    assert "spine-1" in world.fabric("lab", "vtysh", "spine-1", "-c", "show version").stdout
    assert "found the device 'nobody'; allowed: " in world.fabric("lab", "exec", "nobody", "--", "true").stderr
    assert "'spine-1:ospfd'" in world.fabric("lab", "fail", "daemon:spine-1:ospfd").stderr

    assert world.fabric("lab", "fail", "reload:spine-2").returncode == 0
    assert "Heal and clear them" in world.fabric("lab", "apply", other).stderr  # links between zones are impaired
    _a_link_is_impaired_beside_faults(world)
    assert world.fabric("lab", "fail", "pause:spine-1:bgpd").returncode == 0
    assert "T (stopped)" in world.run(*_BGPD_STATE).stdout
    assert world.fabric("lab", "heal", "pause:spine-1:bgpd").returncode == 0
    assert "T (stopped)" not in world.run(*_BGPD_STATE).stdout


def _a_container_is_entered_as_docker_does(world: World) -> None:
    told = world.fabric("lab", "exec", "spine-1", "--", "sh", "-c", f"{_WHERE}; touch /mark; exit 7")
    assert told.returncode == 7, told.stderr
    by_docker = world.run("docker", "exec", "clab-quickstart-spine-1", "sh", "-c", f"{_WHERE}; ls /mark").stdout
    assert told.stdout.splitlines() == by_docker.splitlines()[:-1]  # nothing of `fabric` or its environment is seen
    assert by_docker.splitlines()[-1] == "/mark"
    assert "router" in told.stdout
    strange = world.fabric("lab", "exec", "spine-1", "--", sys.executable, "-c", "1")
    assert (strange.returncode, "No such file" in strange.stderr) == (127, True), strange.stderr
    shell = world.run("sh", "-c", f"echo 'cat /proc/1/comm' | {sys.executable} -m fabric lab shell spine-1")
    assert shell.stdout == "router\n", shell.stderr


def _a_link_is_impaired_beside_faults(world: World) -> None:
    """A filter holds for both: what begins or ends one must not touch the other."""
    link = "link:a1-leaf-1--spine-1"
    slow = world.fabric("lab", "impair", link, "--delay", "30ms")
    assert f"Impaired {link}." in slow.stdout, slow.stderr
    assert 60 <= _round_trip_ms(world) < 200
    assert world.fabric("lab", "fail", "silent:a1-leaf-1:eth1").returncode == 0
    assert _round_trip_ms(world) == math.inf
    assert world.fabric("lab", "heal", "--all").returncode == 0
    assert 60 <= _round_trip_ms(world) < 200
    [status] = json.loads(world.fabric("lab", "status", "--json").stdout)["labs"]
    assert [entry["target"] for entry in status["impairments"]] == ["zones:zone-a--zone-b", link]
    assert world.fabric("lab", "impair", link, "--loss", "100%", "--mtu", "1400").returncode == 0
    assert _round_trip_ms(world) == math.inf
    assert f"Cleared {link}" in world.fabric("lab", "impair", link, "--clear").stdout
    assert _round_trip_ms(world) < 60
    assert len(_relays(world)) == 1  # between zones it does it on every kernel
    assert world.fabric("lab", "impair", "--clear").returncode == 0
    assert _relays(world) == []
    links = json.loads(world.fabric("lab", "exec", "spine-1", "--", "ip", "-j", "link").stdout)
    assert {link["mtu"] for link in links if link["ifname"] != "lo"} == {9216}


def _round_trip_ms(world: World) -> float:
    """Of the faster of two pings over the cable from a1-leaf-1 to spine-1; infinite where none comes back."""
    show = world.fabric("lab", "exec", "spine-1", "--", "ip", "-j", "-4", "address", "show", "eth1").stdout
    [port] = json.loads(show)
    address = port["addr_info"][0]["local"]
    said = world.fabric("lab", "exec", "a1-leaf-1", "--", "ping", "-c2", "-i0.2", "-W1", address).stdout
    return min(map(float, re.findall(r"time=([\d.]+)", said)), default=math.inf)


def _relays(world: World) -> list[str]:
    """The pids of all relays."""
    return world.run("pgrep", "--full", "fabric.lab._relay").stdout.split()


_WHERE = (
    "hostname; pwd; cat /proc/1/comm /etc/frr/daemons; ls /sys/class/net; env | grep -Ev '_=|TERM=' | sort; "
    "readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/ipc; grep CapEff /proc/self/status"
)

_BGPD_STATE = (
    *("docker", "exec", "clab-quickstart-spine-1"),
    *("sh", "-c", "grep State /proc/$(cat /run/frr/bgpd.pid)/status"),
)


_SMALL = """
version: 1
name: growing
profile: rfc7938
spines: 1
zones: [{name: z, racks: [{name: a, leaves: 1}, {name: b, leaves: 1}]}]
timers: {connect_s: 1}
"""
_LARGER = (
    _SMALL.replace("{name: b, leaves: 1}", "{name: b, leaves: 1}, {name: c, leaves: 1}").replace(
        "{connect_s: 1}", "{connect_s: 1, keepalive_s: 2, hold_s: 6}"
    )
    + "mtu: {fabric: 9000}\n"
)


def test_a_running_lab_becomes_another_and_what_stays_runs_on(world: World, tmp_path: Path) -> None:
    small, larger = tmp_path / "small.yaml", tmp_path / "larger.yaml"
    small.write_text(_SMALL)
    larger.write_text(_LARGER)
    assert world.fabric(*UP, small).returncode == 0
    before = _sessions(world)
    dry = world.fabric("lab", "apply", larger, "--dry-run").stdout.splitlines()
    assert dry[:2] == ["add c-leaf-1", "lay cable spine-1:eth3 to c-leaf-1:eth1"]
    assert "a-leaf-1: MTU of eth1 becomes 9000" in dry
    assert world.fabric("lab", "apply", small).stdout == "Nothing to change.\n"

    failed = _fabric_with_a_containerlab_that_fails(world, tmp_path, "lab", "apply", larger)
    assert "It failed at changing containers and cables" in failed.stderr
    assert "the lab runs its old design" in failed.stderr
    assert world.fabric(*UP, small).stdout.startswith("Lab growing is already up: 3 devices")
    assert world.fabric("lab", "apply", larger, "--dry-run").stdout.splitlines() == dry

    grown = world.fabric("lab", "apply", larger)
    assert grown.returncode == 0, grown.stderr
    assert grown.stdout.splitlines()[:-1] == dry
    assert sorted(world.containers()) == [
        f"clab-growing-{name}" for name in ("a-leaf-1", "b-leaf-1", "c-leaf-1", "spine-1")
    ]
    _verified(world)
    after = _sessions(world)
    assert {name: after[name] for name in before} == before, "a session that nothing changes about was reset"
    assert "timers 2 6" in world.fabric("lab", "vtysh", "c-leaf-1", "-c", "show running-config").stdout
    assert world.fabric(*UP, larger).stdout.startswith("Lab growing is already up: 4 devices")

    _pretend_other_sysctls(world.state / "containerlab/growing/growing.clab.yml", "b-leaf-1")
    back = world.fabric("lab", "apply", small)
    assert back.returncode == 0, back.stderr
    assert {"remove c-leaf-1", "build b-leaf-1 anew"} < set(back.stdout.splitlines())
    assert "clab-growing-c-leaf-1" not in world.containers()
    assert _sessions(world)["a-leaf-1"] == before["a-leaf-1"]

    refused = world.run(sys.executable, "-m", "tests.lab.containerlab.refused", small)
    assert "FRR refused 1 line(s)" in refused.stdout, refused.stderr
    assert "the lab runs its old design" in refused.stdout
    _verified(world)


def _fabric_with_a_containerlab_that_fails(
    world: World, place: Path, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """How `fabric` ended where containerlab does its first deployment, and then fails."""
    program, done = place / "containerlab", place / "done"
    real = world.run("sh", "-c", "command -v containerlab").stdout.strip()
    program.write_text(
        f'#!/bin/sh\n{real} "$@" || exit\n'
        f"case $* in *--dry-run) exit;; esac\n[ -e {done} ] || {{ touch {done}; exit 1; }}\n"
    )
    program.chmod(0o755)
    return world.run(
        "env", f"PATH={place}:{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin", *FABRIC, *arguments
    )


def _sessions(world: World) -> dict[str, tuple[int, int]]:
    """How often each of the spine's sessions came up and went down."""
    peers = json.loads(world.fabric("lab", "vtysh", "spine-1", "-c", "show bgp neighbors json").stdout).values()
    return {p["nbrDesc"]: (p["connectionsEstablished"], p["connectionsDropped"]) for p in peers}


def _pretend_other_sysctls(topology: Path, node: str) -> None:
    """Nothing; the file says that the node's container was started with settings that the design does not have."""
    document = yaml.safe_load(topology.read_text())
    document["topology"]["nodes"][node]["sysctls"] = {"net.ipv4.ip_forward": 0}
    topology.write_text(yaml.safe_dump(document))


def test_unnumbered_links_and_containers_that_were_killed(world: World, wait_until: WaitUntil) -> None:
    up = world.fabric(*UP, TOPOLOGIES / "clos3-rfc7938.yaml")
    assert up.returncode == 0, up.stderr
    _verified(world)
    slow = world.fabric("lab", "impair", "tier:spine", "--delay", "5ms", "--jitter", "1ms")
    assert slow.returncode == 0, slow.stderr
    world.run("docker", "rm", "--force", *world.containers())
    wait_until(lambda: _relays(world) == [], "the end of a relay that nobody needs")
    assert world.fabric("lab", "status").stdout == "No lab is up.\n"
    assert "left behind" in world.fabric("lab", "down").stderr
    assert list((world.state / "containerlab").iterdir()) == []


@pytest.mark.parametrize("signal", ["INT", "KILL"])
def test_an_up_that_is_interrupted_leaves_nothing(world: World, signal: str) -> None:
    """SIGKILL gives no chance to clean up: containers stay until `down`."""
    program = f"{sys.executable} -m fabric lab up --engine containerlab {QUICKSTART}"
    begun = "until docker ps --all --quiet | grep -q .; do sleep 0.05; done"
    world.run("bash", "-c", f"set -m; {program} & {begun}; kill -{signal} %1; wait")
    if signal == "KILL":
        world.fabric("lab", "down", "--all")
    assert world.containers() == []
    assert list((world.state / "containerlab").iterdir()) == []


def test_a_line_that_frr_refuses_is_named(world: World, tmp_path: Path) -> None:
    resources = tmp_path / "raw.yaml"
    resources.write_text(_RAW)
    done = world.fabric(*UP, TOPOLOGIES / "rhoso-bgp-dt01.yaml", "--resources", resources)
    assert done.returncode == 3, done.stdout
    assert "FRR refused" in done.stderr, done.stderr
    assert "no such line" in done.stderr
    assert world.containers() == []


_RAW = """\
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {name: raw, namespace: openshift-frr-k8s}
spec:
  raw: {rawConfig: "no such line"}
"""


def test_the_rendered_topology_works_alone(world: World, tmp_path: Path, wait_until: WaitUntil) -> None:
    """`containerlab deploy` on what `fabric render` wrote, with nothing of ours running."""
    out = tmp_path / "out"
    rendered = world.fabric("render", QUICKSTART, "-o", out, "--export", "containerlab", "--image", "fabric-frr:latest")
    assert rendered.returncode == 0, rendered.stderr
    topology = out / "quickstart.clab.yml"
    deployed = world.run("containerlab", "deploy", "--topo", topology, "--skip-labdir-acl", cwd=out)
    try:
        assert deployed.returncode == 0, deployed.stderr
        ping = "until ping -c1 -W1 -I 10.240.0.3 10.240.0.131; do sleep 0.2; done"
        leaf = ("docker", "exec", "clab-quickstart-a1-server-1", "timeout", "60", "sh", "-c", ping)
        assert world.run(*leaf).returncode == 0
        wait_until(lambda: _established(world, "clab-quickstart-spine-1") == 8, "the sessions of both families")
    finally:
        world.run("containerlab", "destroy", "--topo", topology, "--cleanup", cwd=out)


def _established(world: World, container: str) -> int:
    """How many sessions of a router are established."""
    summary = ("docker", "exec", container, "vtysh", "-c", "show bgp summary json")
    families = json.loads(world.run(*summary).stdout)
    return sum(peer["state"] == "Established" for family in families.values() for peer in family["peers"].values())
