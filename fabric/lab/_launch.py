"""Starting the supervisor of a lab, following it until the lab is up, and ending it."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fabric._values import dataclass
from fabric.errors import LabError
from fabric.lab import _channel as channel
from fabric.lab._blueprint import BLUEPRINT_FILE, Blueprint
from fabric.lab._channel import Failed, Progress, Ready
from fabric.lab._enter import inner_environment
from fabric.lab._job import Job
from fabric.lab._state import LOG_FILE, LabDirectory, ProcessId, write_file

_GRACE_S = 15.0  # how much longer than the supervisor's own deadline its caller waits, and for its end
_LOG_TAIL = 15

Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class UpOptions:
    """How `up` goes about it."""

    deadline_s: float = 120.0
    keep: bool = False
    """Leave a lab that did not come up as it is, for a look at it. ^C cleans up all the same."""


def launch(blueprint: Blueprint, directory: LabDirectory, lock: int, options: UpOptions, listener: Listener) -> Ready:
    """What the supervisor says once the lab is up; it then has the lock too, and lives on.

    Raises `LabError` or `MachineError` when the lab does not come up. Whatever is raised, no supervisor is left,
    unless `options.keep` asked for it.
    """
    settled = False
    try:
        with _supervisor(blueprint, directory, lock, options) as conversation:
            answer = _follow(conversation, directory, time.monotonic() + options.deadline_s + _GRACE_S, listener)
            if isinstance(answer, Ready) or options.keep:
                channel.release(conversation)
                settled = True
    finally:
        os.close(lock)
        if not settled:
            end(directory)
    if isinstance(answer, Failed):
        raise answer.to_exception()
    return answer


@contextmanager
def _supervisor(
    blueprint: Blueprint, directory: LabDirectory, lock: int, options: UpOptions
) -> Iterator[socket.socket]:
    """The caller's end of the conversation with a new supervisor, which ends with the block unless it is released."""
    conversation, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with conversation:
        with far_end, directory.opened() as descriptor, directory.new_log() as log:
            write_file(descriptor, BLUEPRINT_FILE, blueprint.to_json())
            job = Job(descriptor, far_end.fileno(), lock, options.deadline_s, options.keep)
            parent = subprocess.Popen(
                (sys.executable, "-P", "-m", "fabric.lab._supervisor", job.to_json()),
                pass_fds=(job.directory, job.channel, job.lock),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=inner_environment(os.environ),
                cwd="/",
            )
        try:
            yield conversation
        finally:
            parent.kill()  # it ends by itself once the supervisor is born, and is not needed where that never was
            parent.wait()


def _follow(conversation: socket.socket, directory: LabDirectory, give_up: float, listener: Listener) -> Ready | Failed:
    while True:
        conversation.settimeout(max(0.001, give_up - time.monotonic()))
        try:
            message = channel.receive(conversation)
        except TimeoutError:
            raise LabError(f"Lab {directory.path.name} was not ready in time and says nothing; it was ended.") from None
        if message is None:
            raise LabError(f"Lab {directory.path.name} ended while it came up.{_last_words(directory)}")
        if not isinstance(message, Progress):
            return message
        listener(message)


def _last_words(directory: LabDirectory) -> str:
    lines = directory.text(LOG_FILE).splitlines()[-_LOG_TAIL:]
    return " Its supervisor's last words:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def end(directory: LabDirectory) -> None:
    """Nothing; supervisor, daemons and directory are gone. Safe for what never ran, and for what a crash left.

    Raises `LabError` when another process holds on to the lab.
    """
    if status := directory.status():
        _end_process(status.supervisor)
    lock = directory.lock(_GRACE_S)
    if lock is None:
        name = directory.path.name
        raise LabError(f"Lab {name} is being started or ended by another process. Wait for it, or interrupt it.")
    try:
        directory.clear()
        directory.remove()
    finally:
        os.close(lock)


def _end_process(process: ProcessId) -> None:
    """PID 1 of a PID namespace takes all of it along, and is not gone before the others are (pid_namespaces(7))."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.lives():  # looked up after the handle was taken, so the handle is of this process
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            gone = select.poll()
            gone.register(handle, select.POLLIN)
            gone.poll(_GRACE_S * 1000)
    finally:
        os.close(handle)
