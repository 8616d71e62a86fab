"""The door of a running lab: a socket inside the sandbox through which its supervisor is asked to restart a daemon."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from fabric.errors import LabError
from fabric.lab._places import WORK_DIRECTORY

_DOOR = WORK_DIRECTORY / "door"
_PATIENCE_S = 60.0


def closed_door() -> socket.socket:
    """The socket that `open_door` makes a supervisor's door of."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def open_door(door: socket.socket) -> None:
    """Nothing; visitors can come. To be called inside the furnished sandbox."""
    door.bind(str(_DOOR))
    door.listen()


def ask_for_restart(supervisor_pid: int, device: str, daemon: str) -> None:
    """Nothing; the daemon runs anew with its configuration loaded. Raises `LabError` with the supervisor's words.

    The way through `/proc/PID/root` leads into the sandbox, for the lab's owner alone.
    """
    path = Path(f"/proc/{supervisor_pid}/root", *_DOOR.parts[1:])
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
        visitor.settimeout(_PATIENCE_S)
        try:
            visitor.connect(str(path))
            visitor.sendall(json.dumps([device, daemon]).encode())
            answer = visitor.recv(1 << 16)
        except OSError as error:
            raise LabError(f"{device}: {daemon} was not restarted: the lab does not answer ({error}).") from error
    if answer:
        raise LabError(answer.decode())
