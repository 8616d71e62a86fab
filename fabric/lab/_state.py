"""The directory of a lab under the user's state directory, and the lock that says whether the lab lives."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from fabric._values import dataclass
from fabric.errors import LabError

_LOCK = "lock"
STATUS_FILE = "status.json"
LOG_FILE = "supervisor.log"
_RETRY_S = 0.01
_ELSEWHERE = "Correct that, or set FABRIC_STATE_DIR to another directory."


def state_root(environ: Mapping[str, str]) -> Path:
    """The directory of all labs: `labs` in `$FABRIC_STATE_DIR`, `$XDG_STATE_HOME/fabric` or `~/.local/state/fabric`."""
    if chosen := environ.get("FABRIC_STATE_DIR"):
        return Path(chosen).absolute() / "labs"
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state").absolute() / "fabric" / "labs"


@dataclass(frozen=True, slots=True)
class LabDirectory:
    """`labs/NAME`, mode 0700, all files 0600: the blueprint holds passwords."""

    path: Path

    def make(self) -> None:
        """Nothing; the directory is there, and its owner's alone. Raises `LabError` as `refuse_strangers` does."""
        for directory in (self.path.parent, self.path):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_strangers(self.path.parent, self.path)

    def lock(self, patience_s: float) -> int | None:
        """The open, locked lock file; `None` when another process still holds it after `patience_s`.

        Whoever holds it owns the lab. The directory is made where it is missing.
        """
        end = time.monotonic() + patience_s
        while True:
            self.make()
            with suppress(FileNotFoundError):
                descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                if _locked(descriptor, fcntl.LOCK_EX) and self._is_current(descriptor):
                    return descriptor
                os.close(descriptor)
            if time.monotonic() > end:
                return None
            time.sleep(_RETRY_S)

    def _is_current(self, descriptor: int) -> bool:
        """False when the lock file was removed, and perhaps made anew, since it was opened."""
        try:
            return os.path.samestat(os.fstat(descriptor), (self.path / _LOCK).stat())
        except FileNotFoundError:
            return False

    def is_locked(self) -> bool:
        """True while some process holds the lock."""
        try:
            descriptor = os.open(self.path / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _locked(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def text(self, name: str) -> str:
        """The text of a file of the lab; empty where it is missing."""
        try:
            return (self.path / name).read_text()
        except FileNotFoundError:
            return ""

    def status(self) -> SupervisorStatus | None:
        """What the lab's supervisor wrote last; it may have died since."""
        return status_from_json(self.text(STATUS_FILE))

    def clear(self) -> None:
        """Nothing; what an ended lab left is gone. To be called with the lock held."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()

    def remove(self) -> None:
        """Nothing; the cleared directory is gone, and with it the lock, which must be held."""
        (self.path / _LOCK).unlink()
        with suppress(OSError):  # the next `up` may have made it anew already
            self.path.rmdir()

    def new_log(self) -> BinaryIO:
        """The empty file that the supervisor's output goes to."""
        descriptor = os.open(self.path / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "wb")

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of the directory, through which files can be written from inside the sandbox too."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def refuse_strangers(*directories: Path) -> None:
    """Nothing; raises `LabError` where a directory is somebody else's, or others can exchange what is in it.

    Directories of ours that others can only look into are closed to them.
    """
    with suppress(FileNotFoundError):
        above = directories[0].parent
        found = above.stat()
        if _others_write(found) and not found.st_mode & stat.S_ISVTX:
            raise LabError(f"{above}: found mode {_mode(found)}, so others can exchange what is in it. {_ELSEWHERE}")
        for directory in directories:
            _refuse_foreign(directory)


def _refuse_foreign(directory: Path) -> None:
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise LabError(f"{directory}: found a link or a file; allowed: a directory of yours. {_ELSEWHERE}")
    if found.st_uid != os.geteuid():
        owner = f"a directory of {_user_name(found.st_uid)}; allowed: one of your own"
        raise LabError(f"{directory}: found {owner}, as it says which processes to end. {_ELSEWHERE}")
    if _others_write(found):
        raise LabError(f"{directory}: found mode {_mode(found)}, so others can write there. {_ELSEWHERE}")
    if found.st_mode & 0o077:
        directory.chmod(0o700)


def _others_write(found: os.stat_result) -> bool:
    """True where others than the owner can write; the group that a user has alone, or shares knowingly, is not other.

    Where the umask is 0002, every directory is its group's to write to.
    """
    return bool(found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid()))


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_file(directory: int, name: str) -> str:
    """The text of a file in the directory; empty where it is missing."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return ""
    with os.fdopen(descriptor) as file:
        return file.read()


def write_file(directory: int, name: str, text: str) -> None:
    """Nothing; the file in the directory has the text: all of it, or, if the process dies, the text it had before."""
    draft = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=directory)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process for certain: a pid is given out again, a pid together with its start time is not."""

    pid: int
    start_ticks: int

    def lives(self) -> bool:
        """True while the process runs."""
        return process_id(self.pid) == self


def process_id(pid: int | str) -> ProcessId | None:
    """The identity of a live process (proc_pid_stat(5), fields 1, 3 and 22); `None` for a dead one or a zombie."""
    try:
        number, _, rest = Path(f"/proc/{pid}/stat").read_text().partition(" (")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = rest.rpartition(") ")[2].split()
    return None if fields[0] in "ZX" else ProcessId(int(number), int(fields[19]))


def process_group(leader: int) -> tuple[ProcessId, ...]:
    """The live processes of a process group."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getpgid(int(directory.name)) == leader and (process := process_id(directory.name)):
                found.append(process)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """One daemon: its pid inside the sandbox, and how it ended if it did."""

    device: str
    daemon: str
    pid: int
    ended: str | None = None

    @property
    def running(self) -> bool:
        """True while the daemon has not ended."""
        return self.ended is None


@dataclass(frozen=True)
class SupervisorStatus:
    """What the supervisor writes down for other processes."""

    phase: str
    """`starting`, `running`, `changing`, or `failed`: it did not come up and was kept, or is stuck between designs."""
    supervisor: ProcessId
    user_namespace: bool
    fabric_version: str
    daemons: tuple[DaemonStatus, ...] = ()
    remarks: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The status as JSON, from which `status_from_json` makes an equal one."""
        from_daemons = [[d.device, d.daemon, d.pid, d.ended] for d in self.daemons]
        supervisor = [self.supervisor.pid, self.supervisor.start_ticks]
        return json.dumps(
            {
                "phase": self.phase,
                "supervisor": supervisor,
                "user_namespace": self.user_namespace,
                "fabric_version": self.fabric_version,
                "daemons": from_daemons,
                "remarks": self.remarks,
            }
        )


def status_from_json(text: str) -> SupervisorStatus | None:
    """The status that a supervisor wrote; `None` for no text, or one that a crash of the machine cut short."""
    try:
        raw: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return None
    return SupervisorStatus(
        phase=raw["phase"],
        supervisor=ProcessId(*raw["supervisor"]),
        user_namespace=raw["user_namespace"],
        fabric_version=raw["fabric_version"],
        daemons=tuple(DaemonStatus(*entry) for entry in raw["daemons"]),
        remarks=tuple(raw["remarks"]),
    )
