"""The directory of a lab, its lock, and processes told apart for certain."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fabric.lab import DaemonStatus
from fabric.lab._state import (
    LabDirectory,
    ProcessId,
    SupervisorStatus,
    process_group,
    process_id,
    read_file,
    state_root,
    status_from_json,
    write_file,
)


@pytest.fixture
def directory(tmp_path: Path) -> LabDirectory:
    return LabDirectory(tmp_path / "labs" / "a")


def test_the_state_directory_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/u")
    assert state_root({}) == Path("/home/u/.local/state/fabric/labs")
    assert state_root({"XDG_STATE_HOME": "/x"}) == Path("/x/fabric/labs")
    assert state_root({"XDG_STATE_HOME": "/x", "FABRIC_STATE_DIR": "/f"}) == Path("/f/labs")


def test_only_one_holds_the_lock_and_it_ends_with_its_holder(directory: LabDirectory) -> None:
    assert not directory.is_locked()
    lock = directory.lock(0)
    assert lock is not None
    assert directory.is_locked()
    assert directory.lock(0.05) is None
    os.close(lock)
    assert not directory.is_locked()


def test_a_lock_on_a_removed_directory_is_no_lock(directory: LabDirectory) -> None:
    first = directory.lock(0)
    assert first is not None
    directory.clear()
    directory.remove()
    assert not directory.path.exists()
    second = directory.lock(0)
    assert second is not None, "the old lock is of a file that is gone"
    os.close(first)
    assert directory.is_locked()
    os.close(second)


def test_clear_leaves_the_lock_alone(directory: LabDirectory) -> None:
    lock = directory.lock(0)
    assert lock is not None
    (directory.path / "status.json").write_text("{}")
    directory.clear()
    assert [entry.name for entry in directory.path.iterdir()] == ["lock"]
    os.close(lock)


def test_a_file_is_replaced_at_once_even_over_a_draft_of_a_crash(directory: LabDirectory) -> None:
    directory.path.mkdir(parents=True)
    (directory.path / ".status.json.new").write_text("half")
    with directory.opened() as descriptor:
        write_file(descriptor, "status.json", "whole")
        assert read_file(descriptor, "status.json") == "whole"
        assert read_file(descriptor, "absent") == ""
    assert [entry.name for entry in directory.path.iterdir()] == ["status.json"]
    assert (directory.path / "status.json").stat().st_mode & 0o777 == 0o600


def test_a_status_is_read_as_it_was_written() -> None:
    daemons = (DaemonStatus("r1", "zebra", 7), DaemonStatus("r1", "bgpd", 8, "signal SIGSEGV"))
    status = SupervisorStatus("running", ProcessId(4, 5), True, "0.1.0", daemons, ("r1: hint",))
    assert status_from_json(status.to_json()) == status
    assert [daemon.running for daemon in daemons] == [True, False]


@pytest.mark.parametrize("text", ["", "{", "[1"])
def test_a_status_cut_short_is_none(text: str) -> None:
    assert status_from_json(text) is None


def test_a_process_is_known_by_pid_and_start() -> None:
    me = process_id("self")
    assert me is not None
    assert (me.pid, me.lives()) == (os.getpid(), True)
    assert not ProcessId(me.pid, me.start_ticks + 1).lives()


def test_a_zombie_does_not_live() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        identity = process_id(child.pid)
        assert identity is not None
        assert process_group(child.pid) == (identity,)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not identity.lives()
        assert process_group(child.pid) == ()
