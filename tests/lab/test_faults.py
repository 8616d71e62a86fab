"""Faults in a running lab: what they hold, how they overlap, and that healing leaves the kernel as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fabric.config import Port
from fabric.errors import LabError
from fabric.lab import DaemonName, EmbeddedEngine, Fault, RunningLab

from .conftest import WaitUntil
from .fabrics import lab_spec
from .test_engine import established

pytestmark = pytest.mark.lab
NODE = Fault("node:leaf-1", ports=(Port("leaf-1", "up1"), Port("leaf-1", "up2")))
_IN_ORDER = "Terminating on signal"
LINK = Fault("link:leaf-1:up1", ports=(Port("leaf-1", "up1"),))


def _flags(engine: EmbeddedEngine, device: str, port: str) -> set[str]:
    [link] = json.loads(engine.run("tiny", device, ("ip", "-j", "link", "show", port)).stdout)
    return set(link["flags"])


def _addresses(engine: EmbeddedEngine, device: str) -> object:
    links = json.loads(engine.run("tiny", device, ("ip", "-j", "addr")).stdout)
    return [(link["ifname"], link["flags"], link["operstate"], sorted(map(str, link["addr_info"]))) for link in links]


def _targets(engine: EmbeddedEngine) -> list[str]:
    return [fault.target for fault in RunningLab(engine, "tiny").status().faults]


def test_overlapping_faults_heal_right_and_leave_the_kernel_as_it_was(
    engine: EmbeddedEngine, wait_until: WaitUntil
) -> None:
    engine.up(lab_spec())
    before = _addresses(engine, "leaf-1")
    assert engine.fail("tiny", NODE).ports == 2
    assert "UP" not in _flags(engine, "leaf-1", "up1")
    assert engine.fail("tiny", LINK).ports == 0
    assert engine.fail("tiny", LINK).targets == ()
    assert _targets(engine) == ["node:leaf-1", "link:leaf-1:up1"]
    assert engine.heal("tiny", ["node:leaf-1"]).ports == 1
    assert "UP" not in _flags(engine, "leaf-1", "up1")
    assert "UP" in _flags(engine, "leaf-1", "up2")
    assert engine.heal("tiny", None).targets == ("link:leaf-1:up1",)
    assert _targets(engine) == []
    wait_until(lambda: _addresses(engine, "leaf-1") == before, "all addresses and flags as before")


def test_a_far_end_loses_its_carrier(engine: EmbeddedEngine, wait_until: WaitUntil) -> None:
    spec = lab_spec()
    far = spec.fabric.peer_of[LINK.ports[0]]
    engine.up(spec)
    engine.fail("tiny", LINK)
    wait_until(lambda: "NO-CARRIER" in _flags(engine, far.device, far.interface), "the loss of the carrier")
    assert "UP" in _flags(engine, far.device, far.interface)


def test_a_restart_ends_the_faults_of_the_daemon(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    bgpd = DaemonName("leaf-1", "bgpd")
    engine.fail("tiny", Fault("daemon:leaf-1:bgpd", killed=(bgpd,)))
    engine.fail("tiny", Fault("pause:leaf-1:bgpd", paused=(bgpd,)))
    assert [d.ended for d in RunningLab(engine, "tiny").status().ended_daemons] == ["signal SIGKILL"]
    engine.restart("tiny", "leaf-1", "bgpd")
    status = RunningLab(engine, "tiny").status()
    assert (status.faults, status.ended_daemons) == ((), ())
    assert RunningLab(engine, "tiny").ask_bgpd(["leaf-1"], "show bgp summary json")["leaf-1"]


@pytest.mark.parametrize("paused", [False, True])
def test_a_restarted_daemon_ends_in_order(engine: EmbeddedEngine, wait_until: WaitUntil, paused: bool) -> None:
    engine.up(lab_spec())
    bgpd = DaemonName("leaf-1", "bgpd")
    if paused:
        engine.fail("tiny", Fault("pause:leaf-1:bgpd", paused=(bgpd,)))
    engine.restart("tiny", *bgpd)
    wait_until(lambda: established(engine, "tiny", "leaf-1") == 2, "sessions of the new bgpd")
    logs = map(str, engine.log_files("tiny", "leaf-1"))
    assert _IN_ORDER in engine.run("tiny", None, ("cat", *logs)).stdout


def test_a_daemon_that_is_killed_and_paused_comes_back_stopped(engine: EmbeddedEngine) -> None:
    engine.up(lab_spec())
    bgpd = DaemonName("leaf-1", "bgpd")
    engine.fail("tiny", Fault("pause:leaf-1:bgpd", paused=(bgpd,)))
    assert _state(engine, bgpd) == "T"
    engine.fail("tiny", Fault("daemon:leaf-1:bgpd", killed=(bgpd,)))
    engine.heal("tiny", ["daemon:leaf-1:bgpd"])
    assert _state(engine, bgpd) == "T"
    engine.heal("tiny", None)
    assert _state(engine, bgpd) in "SR"


def _state(engine: EmbeddedEngine, name: DaemonName) -> str:
    """The letter of proc_pid_stat(5), field 3."""
    daemons = RunningLab(engine, "tiny").status().daemons
    pid = next(daemon.pid for daemon in daemons if (daemon.device, daemon.daemon) == name and daemon.running)
    text = engine.run("tiny", None, ("cat", f"/proc/{pid}/stat")).stdout
    return text.rpartition(") ")[2][0]


def test_what_the_lab_has_not_is_refused_and_a_broken_file_is_mended(engine: EmbeddedEngine, tmp_path: Path) -> None:
    engine.up(lab_spec())
    for fault in (Fault("x", ports=(Port("leaf-1", "eth9"),)), Fault("x", killed=(DaemonName("leaf-1", "ospfd"),))):
        with pytest.raises(LabError, match=r"x: lab tiny has no (leaf-1:eth9|ospfd of leaf-1)\."):
            engine.fail("tiny", fault)
    engine.fail("tiny", LINK)
    (tmp_path / "state" / "labs" / "tiny" / "faults.json").write_text("half a fi")
    with pytest.raises(LabError, match=r"faults\.json"):
        engine.status("tiny")
    assert engine.heal("tiny", None).targets == ("link:leaf-1:up1",)
    assert _targets(engine) == []
