"""The way into one container: all its namespaces, its own files and environment, and no more power than it has."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from fabric.errors import MachineError
from fabric.lab._enter import Completed, run_captured

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OF_THE_TERMINAL = ("TERM", "COLORTERM")
_SHELLS = ("/bin/bash", "/bin/sh")


def inside_argv(pid: int, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs `argv` in all namespaces of a container, on its own files."""
    spaces = ("--mount", "--uts", "--ipc", "--net", "--pid")
    return (_program("nsenter"), f"--target={pid}", *spaces, "--", *argv)


def inside(pid: int, argv: tuple[str, ...], stdin: str = "") -> Completed:
    """How `argv` ended in a container."""
    return run_captured(inside_argv(pid, argv), stdin, None)


def user_argv(pid: int, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs a user's program there, with the capabilities of the container and none of the host's.

    nsenter itself makes do with them: it may enter what has as much power as it has (ptrace(2), "access mode
    checking"), and the nodes of our topologies have CAP_SYS_ADMIN and CAP_SYS_CHROOT, which setns(2) asks for.
    """
    kept = ",".join(("-all", *(f"+cap_{number}" for number in _capabilities(pid))))
    return (_program("setpriv"), f"--bounding-set={kept}", "--inh-caps=-all", "--", *inside_argv(pid, argv))


def _capabilities(pid: int) -> list[int]:
    """The numbers of those that a process can get at all (proc_pid_status(5))."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)$", text, re.MULTILINE)
    bits = int(found[1], 16) if found else 0
    return [number for number in range(bits.bit_length()) if bits >> number & 1]


def environment(pid: int, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a container's first process, and of the caller's what its terminal needs."""
    lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    own = dict(os.fsdecode(line).split("=", 1) for line in lines if b"=" in line)
    terminal = {name: environ[name] for name in _OF_THE_TERMINAL if name in environ}
    return {"PATH": _SYSTEM_PATH, "HOME": "/root", **terminal, **own}


def shell(pid: int, environ: Mapping[str, str]) -> str:
    """The shell to open in a container: the caller's where the image has it, else Bash, else `/bin/sh`."""
    root = Path(f"/proc/{pid}/root")
    wanted = (environ.get("SHELL", "/bin/sh"), *_SHELLS)
    # A link may lead to what only the container can find.
    return next((path for path in wanted if os.path.lexists(root / path.lstrip("/"))), _SHELLS[-1])


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MachineError(f"{name} is missing; install it with `apt-get install util-linux`.")
    return found
