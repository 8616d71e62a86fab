"""`fabric lab fail`, `heal`, `status` and `verify` under faults, on real FRR, as a user goes through them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.cli.command import TOPOLOGIES, fabric

pytestmark = pytest.mark.lab
Environment = dict[str, str]
Kernel = tuple[set[str], set[str]]
_RESET_S = 15


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A state directory of these tests' own, with the quickstart lab up in it."""
    found = {"FABRIC_STATE_DIR": str(tmp_path_factory.mktemp("faults") / "state")}
    done = fabric("lab", "up", TOPOLOGIES / "quickstart.yaml", env=found)
    assert done.returncode == 0, done.stderr
    yield found
    fabric("lab", "down", "--all", env=found)


@pytest.fixture(autouse=True)
def _healed(env: Environment) -> Iterator[None]:
    yield
    assert fabric("lab", "heal", "--all", env=env).returncode == 0


def _active(env: Environment) -> dict[str, list[str]]:
    [status] = json.loads(fabric("lab", "status", "--json", env=env).stdout)["labs"]
    return {fault["target"]: fault["ports_down"] for fault in status["faults"]}


def _kernel(env: Environment, device: str) -> Kernel:
    """The addresses and the routes of a device, as `ip` prints them."""
    said = [
        fabric("lab", "exec", device, "--", "ip", *what, env=env).stdout
        for what in (("-o", "addr"), ("route",), ("-6", "route"))
    ]
    return set(said[0].splitlines()), set((said[1] + said[2]).replace("\n\t", " ").splitlines())


@pytest.fixture(scope="module")
def at_first(env: Environment) -> Kernel:
    """Addresses and routes of a1-leaf-1 before anything was broken."""
    return _kernel(env, "a1-leaf-1")


def _await_kernel(env: Environment, device: str, wanted: Kernel) -> None:
    """A session that came back may be reset once more, after it was proven: FRR 8.4 does so where connections met."""
    end = time.monotonic() + _RESET_S
    while (found := _kernel(env, device)) != wanted and time.monotonic() < end:
        time.sleep(0.5)
    assert found == wanted


def test_a_dead_zone_is_proven_dead_and_healed_to_what_it_was(env: Environment, at_first: Kernel) -> None:
    assert fabric("lab", "verify", env=env).returncode == 0
    done = fabric("lab", "fail", "zone:zone-a", env=env)
    assert (done.returncode, "12 ports down within" in done.stdout) == (0, True)
    assert "already" in fabric("lab", "fail", "zone:zone-a", env=env).stdout
    assert "zone:zone-a" in fabric("lab", "status", env=env).stdout
    assert len(_active(env)["zone:zone-a"]) == 12
    proven = fabric("lab", "verify", env=env)
    assert proven.returncode == 0, proven.stdout
    assert "zone:zone-a" in proven.stderr
    assert "10 predicted cut" in proven.stdout
    assert "32/32" in proven.stdout  # zone-b still reaches itself
    assert "Healed zone:zone-a: 12 ports up" in fabric("lab", "heal", "zone:zone-a", env=env).stdout
    assert _active(env) == {}
    back = fabric("lab", "verify", env=env)
    assert back.returncode == 0, back.stdout
    assert "predicted cut" not in back.stdout
    _await_kernel(env, "a1-leaf-1", at_first)


def test_a_port_stays_down_while_any_fault_holds_it(env: Environment) -> None:
    assert "1 port down" in fabric("lab", "fail", "link:a1-leaf-1:eth1", env=env).stdout
    assert "3 ports down" in fabric("lab", "fail", "node:a1-leaf-1", env=env).stdout
    assert "3 ports up" in fabric("lab", "heal", "node:a1-leaf-1", env=env).stdout
    assert _active(env) == {"link:a1-leaf-1:eth1": ["a1-leaf-1:eth1"]}
    assert "state DOWN" in fabric("lab", "exec", "a1-leaf-1", "--", "ip", "link", "show", "eth1", env=env).stdout
    assert "NO-CARRIER" in fabric("lab", "exec", "spine-1", "--", "ip", "link", "show", "eth1", env=env).stdout
    proven = fabric("lab", "verify", env=env)
    assert proven.returncode == 0, proven.stdout


def test_what_fabric_did_not_break_is_found_beside_what_it_did(env: Environment) -> None:
    assert fabric("lab", "fail", "link:spine-2:eth3", env=env).returncode == 0
    fabric("lab", "exec", "a1-leaf-1", "--", "ip", "link", "set", "eth1", "down", env=env)
    broken = fabric("lab", "verify", "--settle", "2", "--json", env=env)
    fabric("lab", "exec", "a1-leaf-1", "--", "ip", "link", "set", "eth1", "up", env=env)
    assert broken.returncode == 1
    [sessions] = [c for c in json.loads(broken.stdout)["checks"] if c["check"] == "BGP sessions"]
    assert {f["where"].split()[0] for f in sessions["findings"]} == {"spine-1", "a1-leaf-1"}


def test_a_daemon_is_killed_stopped_and_healed(env: Environment) -> None:
    for target in ("daemon:a1-leaf-2:bgpd", "pause:spine-1:bgpd"):
        assert fabric("lab", "fail", target, env=env).stdout == f"{target} failed.\n"
    status = fabric("lab", "status", env=env).stdout
    assert "bgpd of a1-leaf-2 killed" in status
    assert "bgpd of spine-1 stopped" in status
    done = fabric("lab", "verify", env=env)
    assert (done.returncode, "is not predicted" in done.stderr) == (3, True)
    assert fabric("lab", "heal", "--all", env=env).returncode == 0
    proven = fabric("lab", "verify", "--settle", "60", env=env)
    assert proven.returncode == 0, proven.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fail", "zone:zone-q"), "Did you mean zone-"),
        (("fail", "session:spine-1->a1-leaf-1"), "allowed: link, node, rack"),
        (("heal", "node:spine-1"), "node:spine-1 is no active fault of lab quickstart; active: none."),
        (("heal",), "--all"),
        (("heal", "node:spine-1", "--all"), "--all"),
    ],
)
def test_what_cannot_be_failed_or_healed_is_said(env: Environment, arguments: tuple[str, ...], words: str) -> None:
    done = fabric("lab", *arguments, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_change_as_json(env: Environment) -> None:
    change = json.loads(fabric("lab", "fail", "node:spine-1", "--json", env=env).stdout)
    assert (change["lab"], change["changed"], change["ports"]) == ("quickstart", ["node:spine-1"], 4)
    assert 0 < change["milliseconds"] < 1000
    assert json.loads(fabric("lab", "heal", "--all", "--json", env=env).stdout)["changed"] == ["node:spine-1"]


@pytest.mark.parametrize(
    ("target", "proof"),
    [
        ("silent:spine-1:eth1", "16 flows each"),
        ("drain:spine-1", "16 flows each"),
        ("power:zone-a", "10 predicted cut"),
    ],
)
def test_silence_drain_and_power_are_proven_and_heal_to_what_was(
    env: Environment, at_first: Kernel, target: str, proof: str
) -> None:
    sound = fabric("lab", "verify", env=env)  # what another test healed may still be on its way back
    assert sound.returncode == 0, sound.stdout
    failed = fabric("lab", "fail", target, env=env)
    assert failed.returncode == 0, failed.stderr
    assert list(_active(env)) == [target]
    proven = fabric("lab", "verify", env=env)
    assert (proven.returncode, proof in proven.stdout) == (0, True), proven.stdout
    assert fabric("lab", "heal", target, env=env).returncode == 0
    back = fabric("lab", "verify", env=env)
    assert back.returncode == 0, back.stdout
    _await_kernel(env, "a1-leaf-1", at_first)


def test_what_is_over_at_once_leaves_nothing_to_heal(env: Environment) -> None:
    for words in (
        ["reload:spine-1"],
        ["restart:spine-1:bgpd"],
        ["link:a1-leaf-1:eth1", "--flap", "2", "--period", "0.2"],
    ):
        done = fabric("lab", "fail", *words, env=env)
        assert done.returncode == 0, done.stderr
        assert _active(env) == {}
    flapped = fabric("lab", "fail", "link:a1-leaf-1:eth1", "--flap", "1", "--period", "0.2", "--json", env=env)
    assert [change["ports"] for change in json.loads(flapped.stdout)["changes"]] == [1, 1]
    back = fabric("lab", "verify", env=env)
    assert back.returncode == 0, back.stdout


def test_all_is_healed_at_once_whatever_is_broken_together(env: Environment) -> None:
    """A drain that was brought back before a killed bgpd waited for sessions that could not come."""
    assert fabric("lab", "verify", env=env).returncode == 0
    for target in ("drain:spine-1", "daemon:b1-leaf-1:bgpd", "link:a1-leaf-1:eth2"):
        assert fabric("lab", "fail", target, env=env).returncode == 0
    done = fabric("lab", "heal", "--all", env=env)
    assert done.returncode == 0, done.stderr
    assert all(target in done.stdout for target in ("drain:spine-1", "daemon:b1-leaf-1:bgpd", "link:a1-leaf-1:eth2"))
    assert _active(env) == {}
    back = fabric("lab", "verify", env=env)
    assert back.returncode == 0, back.stdout
