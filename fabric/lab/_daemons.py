"""The daemons of a lab as child processes of its supervisor, and how a device is brought up."""

from __future__ import annotations

import os
import select
import shutil
import signal
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fabric.errors import LabError
from fabric.lab._blueprint import Blueprint, Daemon, DevicePlan
from fabric.lab._fault import DaemonName
from fabric.lab._frr import Refusal, refusals, remarks
from fabric.lab._loading import Loading
from fabric.lab._namespaces import inside
from fabric.lab._places import (
    CONFIG_DIRECTORY,
    LOG_DIRECTORY,
    RUN_DIRECTORY,
    WORK_DIRECTORY,
    log_file,
    vty_socket,
)
from fabric.lab._reshape import Altered
from fabric.lab._state import DaemonStatus

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_LOG_TAIL = 10
_ORDER_S = 5.0  # for a daemon to end in order


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading a device's configuration."""

    device: str
    refused: tuple[Refusal, ...]
    remarks: tuple[str, ...]


@dataclass(slots=True)
class Processes:
    """All children of the supervisor: daemons by pid, and the vtysh runs whose end somebody waits for."""

    environment: Mapping[str, str]
    daemons: dict[int, DaemonStatus] = field(default_factory=dict)
    _ended: dict[int, int] = field(default_factory=dict)
    _awaited: set[int] = field(default_factory=set)

    def start(self, device: DevicePlan, daemon: Daemon) -> None:
        """Nothing; the daemon runs in the device's namespace, its output going to its log file."""
        vty_socket(device.name, daemon.name).unlink(missing_ok=True)
        log = log_file(device.name, daemon.name)
        pid = self._spawn(device, daemon.argv, log, log)
        self.daemons[pid] = DaemonStatus(device.name, daemon.name, pid)

    def run(self, device: DevicePlan, argv: tuple[str, ...], stdout: Path, stderr: Path) -> int:
        """The pid of a program on the device, whose end `exit_code` will tell."""
        pid = self._spawn(device, argv, stdout, stderr)
        self._awaited.add(pid)
        return pid

    def exit_code(self, pid: int) -> int | None:
        """How a program of `run` ended; `None` while it runs. To be asked until it is told."""
        code = self._ended.pop(pid, None)
        if code is not None:
            self._awaited.discard(pid)
        return code

    def abandon(self) -> None:
        """Nothing; the programs of `run` that somebody still waits for are dead, and nobody does."""
        for pid in self._awaited - self._ended.keys():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._awaited.clear()
        self._ended.clear()

    def names(self) -> frozenset[DaemonName]:
        """The daemons that run."""
        return frozenset(DaemonName(known.device, known.daemon) for known in self.daemons.values() if known.running)

    def _spawn(self, device: DevicePlan, argv: tuple[str, ...], stdout: Path, stderr: Path) -> int:
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(stdout), _APPEND, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, str(stderr), _APPEND, 0o600),
        ]
        with inside(device.name):
            return os.posix_spawn(argv[0], argv, self.environment, file_actions=files, setsigdef=[signal.SIGPIPE])

    def end(self, device: str, daemon: str) -> None:
        """Nothing; the daemon is gone, and forgotten if it was gone already."""
        for pid, known in list(self.daemons.items()):
            if (known.device, known.daemon) == (device, daemon):
                del self.daemons[pid]
                if known.running:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    def stop(self, device: str, daemon: str) -> None:
        """Nothing; the daemon is gone as `end` has it, and has put its house in order before, if it was quick.

        A zebra that is killed leaves its routes to the next one, which lets those of IPv6 stand beside its own.
        """
        for known in list(self.daemons.values()):
            if (known.device, known.daemon) == (device, daemon) and known.running:
                _ask_to_end(known.pid)
        self.end(device, daemon)

    def running(self, name: DaemonName) -> bool:
        """True while the daemon runs, stopped or not."""
        return any((known.device, known.daemon) == name and known.running for known in self.daemons.values())

    def kill(self, name: DaemonName) -> None:
        """Nothing; the daemon, if it ran, is dead, and known to be."""
        for pid, known in list(self.daemons.items()):
            if (known.device, known.daemon) == name and known.running:
                os.kill(pid, signal.SIGKILL)
                _, status = os.waitpid(pid, 0)
                self.daemons[pid] = replace(known, ended=_ending(status))

    def signal(self, name: DaemonName, number: signal.Signals) -> None:
        """Nothing; the daemon, if it runs, has got the signal."""
        for pid, known in self.daemons.items():
            if (known.device, known.daemon) == name and known.running:
                os.kill(pid, number)

    def reap(self) -> tuple[DaemonStatus, ...]:
        """The daemons that ended since the last call. Orphans of the sandbox are buried too: this is its PID 1."""
        found = []
        while (ended := _next_ended()) is not None:
            pid, status = ended
            if pid in self._awaited:
                self._ended[pid] = os.waitstatus_to_exitcode(status)
            elif pid in self.daemons:
                known = self.daemons[pid]
                self.daemons[pid] = DaemonStatus(known.device, known.daemon, pid, _ending(status))
                found.append(self.daemons[pid])
        return tuple(found)


def _ask_to_end(pid: int) -> None:
    """Nothing; a child that got SIGTERM, stopped before or not, has ended, or had time to. It is not reaped."""
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    handle = os.pidfd_open(pid)
    try:
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        gone.poll(_ORDER_S * 1000)
    finally:
        os.close(handle)


def _next_ended() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _write_files(device: DevicePlan) -> None:
    """Nothing; the directories and configuration files that FRR looks for under the device's pathspace are there."""
    for parent in (CONFIG_DIRECTORY, LOG_DIRECTORY, RUN_DIRECTORY):
        (parent / device.pathspace).mkdir(exist_ok=True)
    directory = CONFIG_DIRECTORY / device.pathspace
    (directory / "frr.conf").write_text(device.frr_conf)
    (directory / "daemons").write_text(device.daemons_file)
    (directory / "vtysh.conf").write_text("service integrated-vtysh-config\n")


def boot(device: DevicePlan, vtysh: str, processes: Processes, loaded: list[Loaded]) -> Iterator[str]:
    """Brings the device up; each item says what it waits for, and asking for the next one looks again."""
    _write_files(device)
    for wave in device.waves:
        yield from _start_together(device, wave, processes)
    loading = _given_to_daemons(device)
    if loading.is_complete():
        loaded.append(Loaded(device.name, (), remarks("".join(loading.said))))
    else:
        yield from _load(device, (vtysh, "-N", device.pathspace, "-b"), processes, loaded)


def _given_to_daemons(device: DevicePlan) -> Loading:
    """What came of giving the device's `frr.conf` to its daemons; not tried where mgmtd configures some of them."""
    loading = Loading(device.frr_conf)
    names = [daemon.name for daemon in device.daemons]
    for name in names if "mgmtd" not in names else ():
        loading.tell(vty_socket(device.name, name))
    return loading


def restart(
    blueprint: Blueprint, name: str, daemons: Collection[str], processes: Processes, loaded: list[Loaded]
) -> Iterator[str]:
    """Ends daemons of a device in order, if they run, and brings them up with their configuration; items as of `boot`.

    Raises `LabError` for a daemon that the lab does not have.
    """
    device = _device(blueprint, name)
    for missing in sorted(set(daemons) - {daemon.name for daemon in device.daemons}):
        raise LabError(f"Lab {blueprint.name} runs no {missing} on {name}. See its status for what it runs.")
    for daemon in daemons:
        processes.stop(device.name, daemon)
    for wave in device.waves:
        yield from _start_together(device, tuple(d for d in wave if d.name in daemons), processes)
    only = ("-d", *daemons) if len(daemons) == 1 else ()
    yield from _load(device, (blueprint.vtysh, "-N", device.pathspace, *only, "-b"), processes, loaded)


def reload(blueprint: Blueprint, name: str, processes: Processes, loaded: list[Loaded]) -> Iterator[str]:
    """Has running daemons read their configuration file again; items as those of `boot`."""
    device = _device(blueprint, name)
    yield from _load(device, (blueprint.vtysh, "-N", device.pathspace, "-b"), processes, loaded)


def retract(change: Altered, vtysh: str, processes: Processes) -> Iterator[str]:
    """Has a device's daemons forget what they have no more; items as those of `boot`. They do not miss what is gone.

    It comes before the ports go: bgpd up to 8.4 keeps a pointer to an unnumbered neighbor that is removed when its
    port is down, and crashes by it later (FRRouting pull request 12457).
    """
    if not change.frr.restart:
        yield from _tell(change.device, vtysh, change.frr.undo, processes, [])


def lead_over(change: Altered, vtysh: str, processes: Processes, loaded: list[Loaded]) -> Iterator[str]:
    """Leads a device's daemons to a new configuration after `retract`; items as those of `boot`.

    Daemons that stay are told what is new. Where FRR takes it at its start only, or not at all, all of the device's
    daemons are restarted.
    """
    device, name = change.device, change.device.name
    _write_files(device)
    for daemon in change.ended:
        processes.stop(name, daemon)
    told: list[Loaded] = []
    if not change.frr.restart:
        yield from _tell(device, vtysh, change.frr.do, processes, told)
    anew = change.frr.restart or any(entry.refused for entry in told)
    for known in reversed(device.daemons) if anew else ():
        processes.stop(name, known.name)
    begun = {known.name for known in device.daemons} if anew else set(change.started)
    for wave in device.waves:
        yield from _start_together(device, tuple(known for known in wave if known.name in begun), processes)
    if begun:
        yield from _load(device, (vtysh, "-N", device.pathspace, "-b"), processes, loaded)


def _tell(device: DevicePlan, vtysh: str, text: str, processes: Processes, loaded: list[Loaded]) -> Iterator[str]:
    """Gives FRR lines from a file, which keeps passwords out of the list of processes."""
    if not text:
        return
    file = WORK_DIRECTORY / f"{device.pathspace}.conf"
    file.touch(mode=0o600)
    file.write_text(text)
    argv = (vtysh, "-N", device.pathspace, "-f", str(file))
    yield from _load(replace(device, frr_conf=text), argv, processes, loaded, must_load=False)
    file.unlink()


def forget(device: DevicePlan, processes: Processes) -> None:
    """Nothing; the device's daemons have ended and its files are gone."""
    for daemon in device.daemons:
        processes.end(device.name, daemon.name)
    for parent in (CONFIG_DIRECTORY, LOG_DIRECTORY, RUN_DIRECTORY):
        shutil.rmtree(parent / device.pathspace, ignore_errors=True)


def configure(
    device: DevicePlan, vtysh: str, lines: Iterable[str], processes: Processes, loaded: list[Loaded]
) -> Iterator[str]:
    """Gives FRR lines on top of its running configuration; items as those of `boot`.

    A device none of whose daemons runs has nobody to listen, and is left alone.
    """
    if any(processes.running(DaemonName(device.name, daemon.name)) for daemon in device.daemons):
        commands = (part for line in ("configure terminal", *lines) for part in ("-c", line))
        yield from _load(device, (vtysh, "-N", device.pathspace, *commands), processes, loaded)


def _device(blueprint: Blueprint, name: str) -> DevicePlan:
    device = blueprint.device(name)
    if device is None:
        raise LabError(f"Lab {blueprint.name} has no device {name}. See its status for what it has.")
    return device


def _start_together(device: DevicePlan, wave: tuple[Daemon, ...], processes: Processes) -> Iterator[str]:
    """Starts daemons together; each item says which of them is awaited."""
    for daemon in wave:
        processes.start(device, daemon)
    for daemon in wave:
        while not vty_socket(device.name, daemon.name).exists():
            yield f"{device.name} ({daemon.name} to take commands)"


def _load(
    device: DevicePlan, argv: tuple[str, ...], processes: Processes, loaded: list[Loaded], *, must_load: bool = True
) -> Iterator[str]:
    """Loads the device's `frr.conf` by vtysh and appends what came of it; each item says that it is awaited."""
    stdout, stderr = (WORK_DIRECTORY / f"{device.pathspace}.{kind}" for kind in ("out", "err"))
    for old in (stdout, stderr):
        old.unlink(missing_ok=True)
    pid = processes.run(device, argv, stdout, stderr)
    while (code := processes.exit_code(pid)) is None:
        yield f"{device.name} (frr.conf to be loaded)"
    said, complained = stdout.read_text(), stderr.read_text()
    refused = refusals(device.frr_conf, said, complained)
    if code and not refused and must_load:
        words = " ".join((said + complained).split())
        raise LabError(f"{device.name}: vtysh could not load frr.conf (exit status {code}): {words}")
    loaded.append(Loaded(device.name, refused, () if refused else remarks(said)))


def daemon_died(ended: DaemonStatus) -> LabError:
    """The error for a daemon that ended while the lab came up, with the end of its log."""
    log = log_file(ended.device, ended.daemon)
    lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL:] if log.exists() else []
    tail = "\n".join(f"  {line}" for line in lines) or "  (it logged nothing)"
    return LabError(f"{ended.device}: {ended.daemon} ended with {ended.ended} while starting. Its log ends:\n{tail}")


def config_refused(loaded: list[Loaded]) -> LabError | None:
    """The error that lists every refused configuration line of all devices; `None` when FRR took all."""
    lines = [f"- {entry.device}: {refusal}" for entry in loaded for refusal in entry.refused]
    if not lines:
        return None
    way_out = "Correct what these lines are rendered from; `fabric render` shows the whole files."
    return LabError(f"FRR refused {len(lines)} line(s) of frr.conf:\n" + "\n".join(lines) + f"\n{way_out}")
