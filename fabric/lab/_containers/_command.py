"""Running the `containerlab` command, and what it left behind: the process of each container."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from fabric.errors import LabError, MachineError
from fabric.lab._netns import RUN_NETNS
from fabric.lab._state import ProcessId, process_id

_LAST_WORDS = 15
_SETUP = "docs/howto/containerlab.md tells how to set it up"


def find_containerlab(environ: Mapping[str, str]) -> Path:
    """Where `containerlab` is. Raises `MachineError` where it is missing, or where it could not be followed inside."""
    found = shutil.which("containerlab", path=environ.get("PATH"))
    if found is None:
        raise MachineError(f"containerlab is not installed; {_SETUP}. Without it, use the embedded engine.")
    if os.geteuid() != 0:
        raise MachineError(
            "The containerlab engine enters the network namespaces of containers, which needs root. "
            "Run it with sudo, or use the embedded engine."
        )
    return Path(found)


def deploy(program: Path, topology: Path, deadline_s: float, environ: Mapping[str, str]) -> None:
    """Nothing; the containers of a topology file run and are wired. Raises `LabError` with containerlab's words."""
    _run((str(program), "deploy", "--topo", str(topology), "--skip-labdir-acl"), topology, deadline_s, environ)


def rehearse(program: Path, topology: Path, deadline_s: float, environ: Mapping[str, str]) -> None:
    """Nothing, and nothing is done. Raises `LabError` where `deploy` could not change the running lab to the topology.

    containerlab 0.79 does so; older ones do not know the option.
    """
    argv = (str(program), "deploy", "--topo", str(topology), "--skip-labdir-acl", "--dry-run")
    try:
        _run(argv, topology, deadline_s, environ)
    except LabError as error:
        raise LabError(f"Nothing was changed, as containerlab, which must be 0.79 or newer, refuses. {error}") from None


def destroy(program: Path, topology: Path, deadline_s: float, environ: Mapping[str, str]) -> None:
    """Nothing; what `deploy` made is gone. Raises `LabError` with containerlab's words."""
    _run((str(program), "destroy", "--topo", str(topology), "--cleanup"), topology, deadline_s, environ)


def _run(argv: tuple[str, ...], topology: Path, deadline_s: float, environ: Mapping[str, str]) -> None:
    """In the topology's directory, where containerlab keeps its own files; in a session that an interrupt ends."""
    with subprocess.Popen(
        argv,
        cwd=topology.parent,
        env={"CLAB_VERSION_CHECK": "disable", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=deadline_s)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise LabError(
                    f"`containerlab {argv[1]}` was not done within {deadline_s:g} s and was ended."
                ) from None
            raise
    if process.returncode:
        words = "\n".join(f"  {line}" for line in _plain(said)[-_LAST_WORDS:])
        raise LabError(f"`containerlab {argv[1]}` ended with exit code {process.returncode}. Its last words:\n{words}")


def _plain(text: str) -> list[str]:
    """The lines of a text that was meant for a terminal, without colours, frames and empty lines."""
    lines = (re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def container_processes(lab: str, devices: Iterable[str]) -> dict[str, ProcessId]:
    """The first process of each device's container. containerlab links to the network namespace of each.

    Raises `LabError` for a container that has ended.
    """
    found = {}
    for device in devices:
        link = RUN_NETNS / f"clab-{lab}-{device}"
        target = re.fullmatch(r"/proc/(\d+)/ns/net", str(link.readlink())) if link.is_symlink() else None
        process = process_id(target[1]) if target else None
        if process is None:
            raise LabError(f"{device}: its container ended. See `docker logs clab-{lab}-{device}` for why.")
        found[device] = process
    return found
