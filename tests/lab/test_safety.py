"""Labs under attack: from topologies and FRR lines of strangers, from programs inside, from other users outside."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from fabric.errors import InputError, LabError
from fabric.lab import EmbeddedEngine, find_frr
from fabric.lab._control import visit
from fabric.lab._places import WORK_DIRECTORY
from tests.cli.command import fabric
from tests.lab.fabrics import lonely_router
from tests.lab.ordinary_user import NOBODY, as_ordinary_user

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")

ESCAPES = (
    "mount -o remount,bind,rw /",
    "mount -o remount,rw /",
    "mount -t tmpfs none /home",
    "unshare --user --map-root-user --mount mount -o remount,bind,rw /",
    "unshare --mount mount -o remount,bind,rw /",
    "nsenter --target 1 --mount mount -o remount,bind,rw /",
    "umount /proc/sys/kernel",
    "umount /dev",
    "mknod /var/tmp/disk b 254 0",
    "dd if=/dev/zero of=/dev/sda count=1",
    "sh -c 'echo x > /proc/sys/kernel/core_pattern'",
    "sh -c 'echo h > /proc/sysrq-trigger'",
    "sh -c 'echo x > /proc/1/root/var/tmp/x'",
    "sh -c 'echo 1 > /sys/kernel/profiling'",
    "reboot --force",
)
"""Programs that would undo the sandbox, or reach what all the machine shares."""

ATTACK = """
import os, shlex, sys
from pathlib import Path
from fabric.lab import EmbeddedEngine
from tests.lab.fabrics import lonely_router
from tests.lab.test_safety import ESCAPES
precious = Path.home() / "precious"
precious.write_text("kept")
engine = EmbeddedEngine()
engine.up(lonely_router("prison"))
try:
    for command in (*ESCAPES, f"rm -f {precious}", f"sh -c 'echo > {precious}'"):
        done = engine.run("prison", "r1", shlex.split(command), 20)
        print(done.exit_code != 0, command, done.stderr.split())
    print(engine.run("prison", "r1", ("ip", "link", "set", "lo", "mtu", "1400")).exit_code == 0)
    print(engine.run("prison", "r1", ("sysctl", "-w", "net.ipv4.ip_forward=0")).exit_code == 0)
    print(engine.run("prison", "r1", ("ping", "-c1", "127.0.0.1")).exit_code == 0)
    print(precious.read_text() == "kept")
finally:
    engine.down("prison")
"""


def assert_all_true(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) >= len(ESCAPES) + 6
    assert [line for line in lines if not line.startswith("True")] == []


@pytest.mark.lab
def test_no_program_inside_hurts_anything_outside(tmp_path: Path) -> None:
    find_frr(os.environ)
    environ = {**os.environ, "HOME": str(tmp_path), "FABRIC_STATE_DIR": str(tmp_path / "state")}
    assert_all_true(
        subprocess.run((sys.executable, "-c", ATTACK), env=environ, capture_output=True, text=True, check=False)
    )


@root_only
@pytest.mark.lab
def test_nor_does_it_where_an_ordinary_user_is_root_inside() -> None:
    find_frr(os.environ)
    assert_all_true(as_ordinary_user(ATTACK))


@pytest.mark.lab
@pytest.mark.parametrize("directive", ["log file {} debugging", "!\nlog file {}\n!"])
def test_a_raw_line_of_frr_writes_no_file_of_the_hosts(directive: str, engine: EmbeddedEngine, tmp_path: Path) -> None:
    target = tmp_path / "written-by-frr"
    precious = tmp_path / "precious"
    precious.write_text("kept")
    lines = "".join(f"{directive.format(path)}\n" for path in (target, precious))
    try:
        engine.up(lonely_router("scribe", f"hostname r1\n{lines}"))
        engine.vtysh("scribe", "r1", ["show version"])
    except LabError as error:
        assert "refused" in str(error) or "log" in str(error)  # noqa: PT017 - either outcome is safe
    engine.down("scribe")
    assert not target.exists()
    assert precious.read_text() == "kept"


@pytest.mark.lab
def test_the_door_is_its_owners_alone(engine: EmbeddedEngine) -> None:
    engine.up(lonely_router("private"))
    modes = engine.run("private", None, ("stat", "-c", "%a", str(WORK_DIRECTORY), str(WORK_DIRECTORY / "door")))
    assert modes.stdout.split() == ["700", "600"]


@root_only
@pytest.mark.parametrize(("user", "answered"), [(0, True), (NOBODY, False)])
def test_a_visitor_of_another_user_gets_no_answer(user: int, answered: bool, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    asked: list[object] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind("\0fabric-test-door")  # without a file, so that no mode of one keeps anybody out
        door.listen()
        program = "import socket; s = socket.socket(1, 5); s.connect('\\0fabric-test-door'); s.send(b'{}'); s.recv(9)"
        visitor = ("setpriv", f"--reuid={user}", "--clear-groups", "/usr/bin/env", "python3", "-c", program)
        with subprocess.Popen(visitor, stderr=subprocess.DEVNULL):
            visit(door, asked.append)
    assert asked == ([{}] if answered else [])


def test_a_request_at_which_the_system_fails_is_answered() -> None:
    def no_space(_request: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kind = socket.AF_UNIX, socket.SOCK_SEQPACKET
    with socket.socket(*kind) as door, socket.socket(*kind) as visitor:
        door.bind("\0fabric-test-door")
        door.listen()
        visitor.connect("\0fabric-test-door")
        visitor.send(b"{}")
        visit(door, no_space)
        assert "No space left on device" in json.loads(visitor.recv(1000))["error"]


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc", "..", ".", "", "-rf", "a\0b", "a\nb", "x" * 64])
def test_a_name_is_no_way_out_of_the_state_directory(name: str, tmp_path: Path) -> None:
    engine = EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)})
    for use in (engine.status, engine.down, lambda n: engine.up(lonely_router(n))):
        with pytest.raises(InputError, match="not usable"):
            use(name)
    assert list(tmp_path.iterdir()) == []


def status(engine: EmbeddedEngine) -> object:
    return engine.status("mine")


def down(engine: EmbeddedEngine) -> object:
    return engine.down("mine")


def up(engine: EmbeddedEngine) -> object:
    return engine.up(lonely_router("mine"))


@root_only
@pytest.mark.parametrize("inner", ["labs", "labs/mine"])
def test_a_state_directory_of_somebody_else_is_refused(inner: str, tmp_path: Path) -> None:
    (tmp_path / "labs/mine").mkdir(parents=True)
    os.chown(tmp_path / inner, NOBODY, NOBODY)
    for use in (status, down, up):
        with pytest.raises(LabError, match=r"found a directory of nobody; allowed: one of your own"):
            use(EmbeddedEngine({**os.environ, "FABRIC_STATE_DIR": str(tmp_path)}))


@pytest.mark.parametrize(("place", "mode"), [(".", 0o777), ("labs", 0o707), ("labs/mine", 0o702)])
def test_a_state_directory_that_others_write_to_is_refused(place: str, mode: int, tmp_path: Path) -> None:
    (tmp_path / "labs/mine").mkdir(parents=True)
    (tmp_path / place).chmod(mode)
    with pytest.raises(LabError, match=f"found mode {mode:04o}, so others can"):
        EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)}).status("mine")


def test_a_link_in_place_of_a_lab_is_refused_and_nothing_behind_it_removed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/mine").symlink_to(precious)
    with pytest.raises(LabError, match="found a link"):
        EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)}).down("mine")
    assert (precious / "file").exists()


def test_what_others_could_look_into_is_closed(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir(mode=0o755)
    assert EmbeddedEngine({"FABRIC_STATE_DIR": str(tmp_path)}).status("mine") is None
    assert (tmp_path / "labs").stat().st_mode & 0o777 == 0o700


TOPOLOGY = """
version: 1
name: secretive
profile: rfc7938
spines: 1
zones: [{name: z, racks: [{name: r, leaves: 1}]}]
passwords: {fabric: bgp-fabric}
"""
PASSWORD = "never-to-be-seen"
ENVIRONMENT_PASSWORD = {"FABRIC_PASSWORD_BGP_FABRIC": PASSWORD}


class Watcher(threading.Thread):
    """Looks at the arguments of all processes until it is told to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.002):
            self.seen |= {text for text in map(_arguments, Path("/proc").glob("[0-9]*")) if PASSWORD in text}


def _arguments(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.lab
def test_a_password_is_in_no_process_list_log_or_report(environ: Mapping[str, str], tmp_path: Path) -> None:
    find_frr(environ)
    topology = tmp_path / "t.yaml"
    topology.write_text(TOPOLOGY)
    plain = {"FABRIC_STATE_DIR": environ["FABRIC_STATE_DIR"]}
    watcher = Watcher()
    watcher.start()
    try:
        begun = fabric("lab", "up", topology, env={**plain, **ENVIRONMENT_PASSWORD})
        assert begun.returncode == 0, begun.stderr
        signed = fabric("lab", "vtysh", "spine-1", "-c", "show running-config", env=plain).stdout
        assert PASSWORD in signed, "the sessions have no password: the test proves nothing"
        other = {"FABRIC_PASSWORD_BGP_FABRIC": f"{PASSWORD}-again"}
        changed = fabric("lab", "apply", topology, env={**plain, **other})
        assert changed.returncode == 0, changed.stderr
        assert f"{PASSWORD}-again" in fabric("lab", "vtysh", "spine-1", "-c", "show running-config", env=plain).stdout
        said = [
            fabric("lab", *arguments, env=plain)
            for arguments in (
                ("status", "--json"),
                ("verify", "--json"),
                ("exec", "spine-1", "--", "sh", "-c", "cat /var/log/frr/*/*.log"),
                ("exec", "spine-1", "--", "sh", "-c", "cat /proc/[0-9]*/environ"),
            )
        ]
        log = (Path(environ["FABRIC_STATE_DIR"]) / "labs/secretive/supervisor.log").read_text()
    finally:
        fabric("lab", "down", "--all", env=plain)
        watcher.stopped.set()
        watcher.join()
    assert len(said[2].stdout) > 100, said[2]
    for text in (
        begun.stdout,
        begun.stderr,
        changed.stdout,
        changed.stderr,
        log,
        *(done.stdout + done.stderr for done in said),
    ):
        assert PASSWORD not in text
    assert watcher.seen == set()
