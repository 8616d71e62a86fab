"""`fabric lab apply`: a leaf more, other timers, a password, and back; what nothing changes about runs on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.command import fabric
from tests.frr import require_frr

pytestmark = pytest.mark.lab

_SMALL = """
version: 1
name: growing
profile: rfc7938
spines: 1
zones: [{name: z, racks: [{name: a, leaves: 1}, {name: b, leaves: 1}]}]
timers: {connect_s: 1}
"""
_LARGER = _SMALL.replace("{name: b, leaves: 1}", "{name: b, leaves: 1}, {name: c, leaves: 1}")
_OTHER = (
    _LARGER.replace("{connect_s: 1}", "{connect_s: 1, keepalive_s: 2, hold_s: 6}") + "passwords: {fabric: bgp-fabric}\n"
)
_SECRET = {"FABRIC_PASSWORD_BGP_FABRIC": "quite-secret"}


@pytest.fixture
def env(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    require_frr()
    env = {"FABRIC_STATE_DIR": str(tmp_path / "state")}
    yield env
    fabric("lab", "down", "--all", env=env)


def established(env: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """When each of the spine's sessions came up, in seconds, and how often it went down."""
    said = fabric("lab", "vtysh", "spine-1", "-c", "show bgp neighbors json", env=env).stdout
    peers = json.loads(said).values()
    return {p["nbrDesc"]: (int(p["bgpTimerUpEstablishedEpoch"]), int(p["connectionsDropped"])) for p in peers}


def running(env: Mapping[str, str]) -> dict[str, str]:
    names = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"][0]["devices"]
    return {name: fabric("lab", "vtysh", name, "-c", "show running-config", env=env).stdout for name in names}


def test_a_running_lab_becomes_another_and_what_stays_runs_on(env: Mapping[str, str], tmp_path: Path) -> None:
    for name, text in (("small", _SMALL), ("larger", _LARGER), ("other", _OTHER)):
        (tmp_path / f"{name}.yaml").write_text(text)
    assert fabric("lab", "up", tmp_path / "small.yaml", env=env).returncode == 0
    before = established(env)

    dry = fabric("lab", "apply", tmp_path / "larger.yaml", "--dry-run", env=env).stdout.splitlines()
    assert dry[:2] == ["add c-leaf-1", "lay cable spine-1:eth3 to c-leaf-1:eth1"]
    assert fabric("lab", "apply", tmp_path / "small.yaml", env=env).stdout == "Nothing to change.\n"

    grown = fabric("lab", "apply", tmp_path / "larger.yaml", env=env)
    assert grown.returncode == 0, grown.stderr
    assert fabric("lab", "verify", env=env).returncode == 0
    after = established(env)
    for name, (since_s, drops) in before.items():
        assert abs(after[name][0] - since_s) <= 1, "a session that nothing changes about was reset"  # FRR rounds
        assert after[name][1] == drops
    assert fabric("lab", "up", tmp_path / "larger.yaml", env=env).stdout.startswith("Lab growing is already up")

    other = fabric("lab", "apply", tmp_path / "other.yaml", env={**env, **_SECRET})
    assert other.returncode == 0, other.stderr
    assert "quite-secret" not in other.stdout + other.stderr
    assert fabric("lab", "verify", env=env).returncode == 0
    led = running(env)
    assert "password quite-secret" in led["spine-1"]
    fabric("lab", "down", env=env)
    assert fabric("lab", "up", tmp_path / "other.yaml", env={**env, **_SECRET}).returncode == 0
    assert running(env) == led, "it is not what a start from nothing gives"

    back = fabric("lab", "apply", tmp_path / "small.yaml", env=env)
    assert back.returncode == 0, back.stderr
    assert "remove c-leaf-1" in back.stdout
    assert fabric("lab", "verify", env=env).returncode == 0


def test_a_lab_under_faults_is_not_changed(env: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(_SMALL)
    (tmp_path / "larger.yaml").write_text(_LARGER)
    assert "not up" in fabric("lab", "apply", tmp_path / "small.yaml", env=env).stderr
    assert fabric("lab", "up", tmp_path / "small.yaml", env=env).returncode == 0
    fabric("lab", "fail", "link:spine-1--a-leaf-1", env=env)
    refused = fabric("lab", "apply", tmp_path / "larger.yaml", env=env)
    assert refused.returncode == 3
    assert "Heal and clear them" in refused.stderr
    dry = fabric("lab", "apply", tmp_path / "larger.yaml", "--dry-run", env=env)
    assert (dry.returncode, dry.stdout, dry.stderr) == (3, "", refused.stderr)
    assert fabric("lab", "apply", tmp_path / "small.yaml", "--dry-run", env=env).stdout == "Nothing to change.\n"
    fabric("lab", "heal", "--all", env=env)
    assert fabric("lab", "apply", tmp_path / "larger.yaml", env=env).returncode == 0


_ZONE_A = "{name: zone-a, racks: [{name: a1, nodes: {servers: 2}}]}"
_ZONE_B = "{name: zone-b, racks: [{name: b1, nodes: {servers: 1}}, {name: b2, nodes: {servers: 1}}]}"
_ONE_ZONE = f"""
version: 1
name: zones
spines: 2
zones: [{_ZONE_A}]
node_groups: {{servers: {{role: server}}}}
timers: {{connect_s: 1}}
"""
_TWO_ZONES = _ONE_ZONE.replace(_ZONE_A, f"{_ZONE_A}, {_ZONE_B}")
_SEGMENT = "networks: {machine: {kind: segment, scope: rack, ipv4: 192.168.0.0/16, vlan: 30, roles: [server]}}\n"


def test_a_whole_zone_and_bridges_come_and_go(env: Mapping[str, str], tmp_path: Path) -> None:
    for name, text in (("one", _ONE_ZONE), ("two", _TWO_ZONES), ("bridged", _TWO_ZONES + _SEGMENT)):
        (tmp_path / f"{name}.yaml").write_text(text)
    assert fabric("lab", "up", tmp_path / "one.yaml", env=env).returncode == 0
    since = established(env)
    for name, step in (("two", "add b2-leaf-1"), ("bridged", "build a1-leaf-1 anew"), ("one", "remove b2-leaf-1")):
        changed = fabric("lab", "apply", tmp_path / f"{name}.yaml", env=env)
        assert changed.returncode == 0, changed.stderr
        assert step in changed.stdout.splitlines()
        proven = fabric("lab", "verify", env=env)
        assert proven.returncode == 0, proven.stdout + proven.stderr
        if name == "two":
            now = established(env)
            assert {peer: now[peer][1] for peer in since} == {peer: drops for peer, (_, drops) in since.items()}
