"""The parts of the containerlab engine that need no container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fabric.errors import InputError, LabError, MachineError
from fabric.lab import ContainerlabEngine, engine_named, find_frr
from fabric.lab._blueprint import draw
from fabric.lab._containers._command import deploy, find_containerlab
from fabric.lab._containers._inside import environment, shell, user_argv
from fabric.lab._containers._processes import ContainerProcesses
from fabric.lab._containers._record import Record, record_from
from fabric.lab._containers._router import installation
from fabric.lab._containers._start import digest_of, with_indexes
from fabric.lab._design import containerlab_files
from fabric.lab._fault import DaemonName
from fabric.lab._state import ProcessId, process_id
from fabric.lab._steps import StrandedError
from tests.frr import needs_frr
from tests.lab.fabrics import lab_spec
from tests.lab.test_reshape import grown


def test_a_record_survives_its_text_and_a_broken_one_is_none() -> None:
    own = process_id("self")
    assert own is not None
    record = Record({"spine-1": own, "leaf-1": ProcessId(own.pid, 1)}, "digest", ("leaf-1: a remark",))
    assert record_from(record.to_json()) == record
    assert record.pids() == {"spine-1": own.pid}  # the other one is not what has this pid now
    assert record_from("") is None
    assert record_from(record.to_json()[:20]) is None


@needs_frr
def test_ports_get_the_numbers_that_the_kernel_gave_them() -> None:
    spec = lab_spec()
    drawn = draw(spec, find_frr(os.environ))
    numbers = {d.name: {port.name: n for n, port in enumerate(d.ports, start=7)} for d in drawn.devices}
    blueprint = with_indexes(drawn, numbers)
    assert len(blueprint.wires) == len(spec.fabric.cables)
    for end in (end for wire in blueprint.wires for end in (wire.a, wire.b)):
        assert end.index == numbers[end.device][end.name]
    for device in blueprint.devices:
        assert [port.index for port in device.ports] == list(range(7, 7 + len(device.ports)))


def test_a_digest_follows_content_not_order() -> None:
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"})
    assert digest_of({"a": "1"}) != digest_of({"a": "2"})


def test_a_machine_without_containerlab_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="containerlab is not installed"):
        find_containerlab({"PATH": str(tmp_path)})
    engine = ContainerlabEngine({"PATH": str(tmp_path), "FABRIC_STATE_DIR": str(tmp_path / "state")})
    with pytest.raises(MachineError, match="containerlab is not installed"):
        engine.up(lab_spec())
    assert engine.names() == engine.leftovers() == ()
    assert not engine.down("tiny")
    with pytest.raises(LabError, match="Lab tiny is not up"):
        engine.heal("tiny", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="the engine needs root")
def test_a_crash_before_or_after_the_start_leaves_what_down_copes_with(tmp_path: Path) -> None:
    """Without a topology file nothing was started; with one, containerlab is asked to end what runs."""
    asked = tmp_path / "asked"
    program = tmp_path / "containerlab"
    program.write_text(f"#!/bin/sh\necho $1 >> {asked}\n")
    program.chmod(0o755)
    engine = ContainerlabEngine({"PATH": f"{tmp_path}:/usr/bin:/bin", "FABRIC_STATE_DIR": str(tmp_path / "state")})
    directory = tmp_path / "state" / "containerlab" / "tiny"
    for left in ({}, {"containers.json": "{", "frr/r1/frr.conf": "x"}, {"tiny.clab.yml": "name: tiny"}):
        for name, text in left.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)
        directory.mkdir(parents=True, exist_ok=True)
        assert (engine.status("tiny"), engine.names(), engine.leftovers()) == (None, (), ("tiny",))
        assert not engine.down("tiny")
        assert not directory.exists()
    assert asked.read_text() == "destroy\n"


@pytest.fixture
def pretended(tmp_path: Path) -> Path:
    """The directory of a lab that seems to be up: this process stands for all containers of it."""
    own, spec = process_id("self"), lab_spec()
    assert own is not None
    files = containerlab_files(spec, "an-image")
    drawn = draw(spec, installation(os.getpid()))
    numbers = {d.name: {port.name: n for n, port in enumerate(d.ports, start=1)} for d in drawn.devices}
    record = Record(dict.fromkeys(numbers, own), digest_of(files))
    left = {"blueprint.json": with_indexes(drawn, numbers).to_json(), "containers.json": record.to_json(), **files}
    directory = tmp_path / "state" / "containerlab" / "tiny"
    for name, text in left.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


def _phase(engine: ContainerlabEngine) -> str:
    status = engine.status("tiny")
    assert status is not None
    return status.phase


@needs_frr
@pytest.mark.skipif(os.geteuid() != 0, reason="the engine needs root")
def test_a_change_that_containerlab_refuses_or_breaks_off(tmp_path: Path, pretended: Path) -> None:
    """A refusal changes nothing; where there is no way back either, the lab is ended by all topologies it had."""
    asked, program = tmp_path / "asked", tmp_path / "containerlab"
    program.touch(0o755)
    engine = ContainerlabEngine({"PATH": f"{tmp_path}:/usr/bin:/bin", "FABRIC_STATE_DIR": str(tmp_path / "state")})
    (pretended / "lock").touch()
    before = set(pretended.rglob("*"))
    assert engine.changes(lab_spec()) == ()
    assert engine.changes(grown())[0] == "add leaf-0"

    program.write_text("#!/bin/sh\necho 'unknown flag: --dry-run'\nexit 1\n")
    with pytest.raises(LabError, match=r"(?s)Nothing was changed, as containerlab, which must be 0\.79.*unknown flag"):
        engine.apply(grown())
    assert set(pretended.rglob("*")) == before
    assert _phase(engine) == "running"

    program.write_text(f"#!/bin/sh\necho $1 $(basename $3) $5 >> {asked}\n[ $1$5 != deploy ]\n")
    with pytest.raises(StrandedError, match="failed at changing containers and cables") as stranded:
        engine.apply(grown())
    assert str(stranded.value).count("`containerlab deploy` ended with exit code 1") == 2
    assert _phase(engine) == "failed"
    with pytest.raises(LabError, match="Lab tiny is failed, and cannot be changed"):
        engine.changes(lab_spec())
    with pytest.raises(LabError, match="did not survive a change"):
        engine.up(lab_spec())
    assert engine.down("tiny")
    called = [line.split() for line in asked.read_text().splitlines()]
    assert called[:2] == [["deploy", "next.clab.yml", "--dry-run"], ["deploy", "next.clab.yml"]]
    assert called[2:] == [
        ["deploy", "back.clab.yml"],
        *(["destroy", f"{name}.clab.yml"] for name in ("tiny", "next", "back")),
    ]


def test_the_last_words_of_containerlab_are_passed_on(tmp_path: Path) -> None:
    program = tmp_path / "containerlab"
    program.write_text("#!/bin/sh\nprintf '\\033[31mERROR\\033[0m\\n\\n  no such image\\n'\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(LabError, match=r"exit code 1. Its last words:\n  ERROR\n  no such image"):
        deploy(program, tmp_path / "x.clab.yml", 10, dict(os.environ))
    program.write_text("#!/bin/sh\nsleep 60\n")
    with pytest.raises(LabError, match=r"not done within 0\.2 s"):
        deploy(program, tmp_path / "x.clab.yml", 0.2, dict(os.environ))


def test_daemons_are_found_by_the_namespace_of_their_container() -> None:
    """This process is its own container's first one; what is asked for is found by the name of its program."""
    own = Path("/proc/self/comm").read_text().strip()
    processes = ContainerProcesses({"here": os.getpid()})
    assert DaemonName("here", own) in processes.pids()
    assert processes.running(DaemonName("here", own))
    assert not processes.running(DaemonName("here", "no-such-daemon"))
    processes.kill(DaemonName("here", "no-such-daemon"))


def test_a_program_in_a_container_has_its_environment_and_power_alone() -> None:
    """This process stands for a container's first one."""
    inner = environment(os.getpid(), {"TERM": "vt100", "FABRIC_PASSWORD_X": "secret", "PYTHONPATH": "/host"})
    own = dict(line.split("=", 1) for line in Path("/proc/self/environ").read_text().split("\0") if "=" in line)
    assert inner == {"PATH": inner["PATH"], "HOME": "/root", "TERM": "vt100", **own}
    argv = user_argv(os.getpid(), ("true",))
    assert argv[-2:] == ("--", "true")
    [power] = (word for word in argv if word.startswith("--bounding-set="))
    bits = sum(1 << int(name.removeprefix("+cap_")) for name in power.split(",")[1:])
    assert f"CapBnd:\t{bits:016x}\n" in Path("/proc/self/status").read_text()


def test_a_shell_is_one_that_the_container_has() -> None:
    assert shell(os.getpid(), {"SHELL": "/bin/sh"}) == "/bin/sh"
    assert shell(os.getpid(), {"SHELL": "/no/such/shell"}) == "/bin/bash"


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InputError, match="allowed: embedded, containerlab"):
        engine_named("docker")
