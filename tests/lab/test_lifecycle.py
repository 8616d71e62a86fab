"""What is left of a lab after interrupts, kills and crashes: nothing. And that no privilege is needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from fabric.lab import DaemonName, EmbeddedEngine, Fault, find_frr
from tests.lab.conftest import WaitUntil
from tests.lab.fabrics import lonely_router
from tests.lab.ordinary_user import CHECKOUT, NOBODY, as_ordinary_user

pytestmark = pytest.mark.lab

UP_AND_TELL = """
import sys
from fabric.lab import EmbeddedEngine
from tests.lab.fabrics import lonely_routers
spec = lonely_routers("halfway", 20)  # the first is there long before the last
EmbeddedEngine().up(spec, listener=lambda progress: print(progress.stage, progress.done, flush=True))
print("up", flush=True)
"""


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    return tmp_path / "state" / "labs"


@pytest.fixture
def caller(environ: Mapping[str, str], engine: EmbeddedEngine) -> Iterator[subprocess.Popen[str]]:
    """Another process that starts a lab called `halfway` and prints how far it is."""
    program = (sys.executable, "-c", UP_AND_TELL)
    python_path = {"PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        program, env={**environ, **python_path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def supervisor_pid(labs: Path, name: str) -> int:
    pid = json.loads((labs / name / "status.json").read_text())["supervisor"][0]
    assert isinstance(pid, int)
    return pid


@contextmanager
def pid_namespace(pid: int) -> Iterator[int]:
    """The number of a process's PID namespace, which no other one can get while the block lasts."""
    with Path(f"/proc/{pid}/ns/pid").open() as held:
        yield os.fstat(held.fileno()).st_ino


def processes_in(namespace: int) -> list[str]:
    """The commands of all processes in a PID namespace."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if (directory / "ns" / "pid").stat().st_ino == namespace:
                found.append((directory / "comm").read_text().strip())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


@pytest.mark.parametrize("stage", ["sandbox 1", "wiring 1", "devices 1"])
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_ending_the_caller_halfway_leaves_nothing(
    caller: subprocess.Popen[str], labs: Path, stage: str, kind: signal.Signals, wait_until: WaitUntil
) -> None:
    """SIGKILL gives the caller no chance to clean up: the directory stays, for `down` or the next `up` to remove."""
    mounts = Path("/proc/self/mountinfo").read_text()
    assert caller.stdout is not None
    assert any(line.strip() == stage for line in caller.stdout)
    with pid_namespace(supervisor_pid(labs, "halfway")) as namespace:
        assert processes_in(namespace)
        caller.send_signal(kind)
        caller.communicate()
        assert caller.returncode == -kind
        wait_until(lambda: processes_in(namespace) == [], "the end of all processes of the lab")
    assert [entry.name for entry in labs.iterdir()] == ([] if kind == signal.SIGINT else ["halfway"])
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_an_interrupt_before_the_supervisor_speaks_leaves_nothing(engine: EmbeddedEngine, labs: Path) -> None:
    def interrupt(_progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.up(lonely_router("early"), listener=interrupt)
    assert list(labs.iterdir()) == []
    engine.up(lonely_router("early"))


def test_killing_the_supervisor_ends_everything_and_up_works_again(
    engine: EmbeddedEngine, labs: Path, wait_until: WaitUntil
) -> None:
    engine.up(lonely_router("killed"))
    pid = supervisor_pid(labs, "killed")
    with pid_namespace(pid) as namespace:
        assert "zebra" in processes_in(namespace)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: processes_in(namespace) == [], "the end of all processes of the lab")
    assert engine.status("killed") is None
    assert engine.names() == ()
    assert not engine.up(lonely_router("killed")).already_up


@pytest.mark.parametrize("left", [{}, {"status.json": "{"}, {".status.json.new": "{", "blueprint.json": ""}])
def test_what_a_crash_left_is_cleaned_up(engine: EmbeddedEngine, labs: Path, left: Mapping[str, str]) -> None:
    directory = labs / "crashed"
    for use in (lambda: engine.down("crashed"), lambda: engine.up(lonely_router("crashed"))):
        directory.mkdir(parents=True)
        for name, text in left.items():
            (directory / name).write_text(text)
        assert engine.status("crashed") is None
        use()
    assert engine.down("crashed")
    assert not directory.exists()


def test_a_crash_at_any_write_leaves_what_down_and_up_cope_with(engine: EmbeddedEngine, labs: Path) -> None:
    """The machine stops: each file is missing, or cut short at any of several places, or still a draft."""
    engine.up(lonely_router("cut"))
    engine.fail("cut", Fault("daemon:r1:zebra", killed=(DaemonName("r1", "zebra"),)))
    written = {entry.name: entry.read_bytes() for entry in (labs / "cut").iterdir()}
    engine.down("cut")
    assert {"blueprint.json", "faults.json", "status.json"} <= written.keys()
    for name, content in written.items():
        for left in (None, b"", content[:1], content[: len(content) // 2], content[:-1]):
            (labs / "cut").mkdir()
            for other, text in {**written, f".{name}.new": content[:1]}.items():
                (labs / "cut" / other).write_bytes(text)
            (labs / "cut" / name).unlink()
            if left is not None:
                (labs / "cut" / name).write_bytes(left)
            assert (engine.status("cut"), engine.names(), engine.leftovers()) == (None, (), ("cut",))
            assert not engine.down("cut")
            assert list(labs.iterdir()) == []


def test_a_pid_that_belongs_to_another_process_now_is_left_alone(engine: EmbeddedEngine, labs: Path) -> None:
    engine.up(lonely_router("stale"))
    kept = (labs / "stale" / "status.json").read_text()
    engine.down("stale")
    (labs / "stale").mkdir()
    status = json.loads(kept)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        status["supervisor"] = [bystander.pid, 1]
        (labs / "stale" / "status.json").write_text(json.dumps(status))
        assert not engine.down("stale")
        assert bystander.poll() is None
        bystander.kill()


def test_state_is_for_the_owner_alone(engine: EmbeddedEngine, labs: Path) -> None:
    engine.up(lonely_router("private"))
    assert (labs / "private").stat().st_mode & 0o777 == 0o700
    assert {entry.stat().st_mode & 0o077 for entry in (labs / "private").iterdir()} == {0}


ROOTLESS = """
import os, time
from fabric.lab import EmbeddedEngine
from tests.lab.fabrics import LOOPBACKS, lab_spec
engine = EmbeddedEngine()
engine.up(lab_spec())
try:
    print(os.getuid(), engine.run("tiny", "leaf-1", ("id", "-u")).stdout.strip())
    ping = ("ping", "-c1", "-W1", "-I", LOOPBACKS["leaf-1"][0], LOOPBACKS["leaf-2"][0])
    end = time.monotonic() + 60
    while engine.run("tiny", "leaf-1", ping).exit_code and time.monotonic() < end:
        time.sleep(0.1)
    print(engine.run("tiny", "leaf-1", ping).exit_code)
    engine.restart("tiny", "leaf-1", "bgpd")
finally:
    print(engine.down("tiny"), engine.names())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="without root, every test here runs as an ordinary user already")
def test_an_ordinary_user_runs_the_same_lab() -> None:
    find_frr(os.environ)
    done = as_ordinary_user(ROOTLESS)
    assert done.stdout.splitlines() == [f"{NOBODY} 0", "0", "True ()"], done.stderr
