"""Running a program inside a lab that is up, by joining the namespaces of its supervisor with nsenter(1)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from fabric._values import dataclass
from fabric.errors import LabError, MachineError
from fabric.lab._places import netns_path, uts_path
from fabric.lab._state import SupervisorStatus, process_group

_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
_SECRET = "FABRIC_PASSWORD_"  # noqa: S105 - a name, not a password
"""What the names of variables with passwords begin with."""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended, and what it wrote. An exit code above 128 is 128 plus the signal that ended it."""

    exit_code: int
    stdout: str
    stderr: str


_CAPABILITIES = (
    "chown",
    "dac_override",
    "fowner",
    "fsetid",
    "kill",
    "net_admin",
    "net_bind_service",
    "net_broadcast",
    "net_raw",
    "setgid",
    "setpcap",
    "setuid",
    "sys_nice",
)
"""What a program of the user's keeps of root's power: all over networks, none over mounts, devices and the kernel."""


def tamed(argv: Sequence[str]) -> tuple[str, ...]:
    """The command that runs `argv` without the power to undo the sandbox (capabilities(7)), by setpriv(1).

    With CAP_SYS_ADMIN a program could make the host's files writable again; here only a new user namespace would
    give it that, in which the kernel keeps read-only mounts locked (mount_namespaces(7)).
    """
    setpriv = _program("setpriv")
    kept = ",".join(("-all", *(f"+{name}" for name in _CAPABILITIES)))
    return (setpriv, f"--bounding-set={kept}", "--inh-caps=-all", "--no-new-privs", "--", *argv)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")
    if found is None:
        raise MachineError(f"{name} is missing; install it with `apt-get install util-linux`.")
    return found


def enter_argv(status: SupervisorStatus, device: str | None, argv: Sequence[str]) -> tuple[str, ...]:
    """The command that runs `argv` as the lab's root: on a device, or (`None`) on none, where all can be seen."""
    nsenter = _program("nsenter")
    pid = status.supervisor.pid
    user = ("--user", "--preserve-credentials") if status.user_namespace else ()
    root = f"/proc/{pid}/root"
    own = (f"--net={root}{netns_path(device)}", f"--uts={root}{uts_path(device)}") if device else ("--net", "--uts")
    return (nsenter, f"--target={pid}", *user, "--mount", "--pid", "--ipc", *own, "--", *argv)


def inner_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without passwords, with system programs, this package and a directory to write to."""
    package_root = str(Path(__file__).resolve().parents[2])
    python_path = filter(None, (package_root, environ.get("PYTHONPATH")))
    path = filter(None, (environ.get("PATH"), _SYSTEM_PATH))
    # /tmp is the host's, read-only; the sandbox has a /var/tmp of its own.
    kept = {name: value for name, value in environ.items() if not name.startswith(_SECRET)}
    return {**kept, "PATH": ":".join(path), "PYTHONPATH": ":".join(python_path), "TMPDIR": "/var/tmp"}  # noqa: S108


def run_captured(
    argv: Sequence[str], stdin: str, timeout_s: float | None, environ: Mapping[str, str] | None = None
) -> Completed:
    """How `argv` ended, with its output. Raises `LabError` when it takes longer than `timeout_s`.

    Its environment is `environ`, or the one that programs in a sandbox have. It has a session of its own: whatever
    stops the wait ends all of it, not nsenter alone.
    """
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=inner_environment(os.environ) if environ is None else environ,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout_s)
        except BaseException as error:
            _end_group(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise LabError(f"`{' '.join(argv)}` took longer than {timeout_s:g} s and was ended.") from error
            raise
    return Completed(exit_code(process.returncode), stdout, stderr)


def _end_group(process: subprocess.Popen[str]) -> None:
    """Nothing; the program is gone, and nsenter, which buries it, after it.

    Were both killed at once, the program would be left to the host's PID 1, and not every container's PID 1 buries:
    the end of the lab would then wait for it.
    """
    members = [found.pid for found in process_group(process.pid) if found.pid != process.pid]
    for pid in members or [process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def conversation(argv: Sequence[str]) -> subprocess.Popen[str]:
    """`argv`, running, with pipes for its input and output, in a session of its own."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=inner_environment(os.environ),
        start_new_session=True,
    )


def run_attached(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """The exit code of `argv`, run on the caller's terminal as a shell would run it; see `run_captured`."""
    inner = inner_environment(os.environ) if environ is None else environ
    with _interrupts_go_to_the_child(), subprocess.Popen(argv, env=inner) as process:
        sys.stdout.flush()
        return exit_code(process.wait())


def exit_code(returncode: int) -> int:
    """The code that a shell gives: 128 plus the signal's number for a program that a signal ended."""
    return returncode if returncode >= 0 else 128 - returncode


@contextmanager
def _interrupts_go_to_the_child() -> Iterator[None]:
    """Within the block, ^C and ^\\ are left to the program on the terminal; its dispositions stay the default ones."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(kind, _leave_it) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _leave_it(_signal: int, _frame: FrameType | None) -> None:
    """Nothing. A handler, unlike `SIG_IGN`, is not inherited by the child."""
