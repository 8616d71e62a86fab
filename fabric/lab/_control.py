"""The door of a running lab: a socket inside the sandbox through which its supervisor is asked for changes."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fabric.errors import LabError, MachineError
from fabric.lab._places import WORK_DIRECTORY

_DOOR = WORK_DIRECTORY / "door"
_PATIENCE_S = 60.0
_VISIT_S = 5.0
LARGEST = 1 << 17
"""Bytes of a request: a fault of some thousand ports."""


def closed_door() -> socket.socket:
    """The socket that `open_door` makes a supervisor's door of."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def open_door(door: socket.socket) -> None:
    """Nothing; visitors can come, the lab's owner alone. To be called inside the furnished sandbox."""
    door.bind(str(_DOOR))
    _DOOR.chmod(0o600)
    door.listen()


def visit(door: socket.socket, answer: Callable[[Any], Any]) -> None:
    """Nothing; lets one visitor in and gives it what `answer` makes of its request, or the words of its `LabError`.

    A visitor who leaves early, or says what cannot be read, does no harm.
    """
    with suppress(OSError), door.accept()[0] as visitor:
        if _user_of(visitor) != os.geteuid():  # the modes of the door and its directory keep everybody else out already
            return
        visitor.settimeout(_VISIT_S)
        if request := visitor.recv(LARGEST):
            visitor.sendall(json.dumps(_outcome(request, answer)).encode())


def _user_of(visitor: socket.socket) -> int:
    """The user on the other side, as the kernel knows it (`SO_PEERCRED`, unix(7))."""
    _, user, _ = struct.unpack("3i", visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user)


def _outcome(request: bytes, answer: Callable[[Any], Any]) -> dict[str, Any]:
    try:
        return {"reply": answer(json.loads(request))}
    except MachineError as error:
        return {"error": str(error)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return {"error": f"The lab does not understand what it is asked ({error}). Use the release that started it."}
    except OSError as error:
        return {"error": f"The lab could not do it: {error}. See its status and its supervisor's log."}


def ask(supervisor_pid: int, request: Mapping[str, Any], patience_s: float = _PATIENCE_S) -> Any:
    """What the supervisor replies. Raises `LabError` with the supervisor's words.

    The way through `/proc/PID/root` leads into the sandbox, for the lab's owner alone.
    """
    path = Path(f"/proc/{supervisor_pid}/root", *_DOOR.parts[1:])
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
        visitor.settimeout(patience_s)
        try:
            visitor.connect(str(path))
            visitor.sendall(json.dumps(request).encode())
            answer = json.loads(visitor.recv(LARGEST))
        except (OSError, ValueError) as error:
            raise LabError(f"The lab does not answer ({error}). See `fabric lab status`.") from error
    if "error" in answer:
        raise LabError(answer["error"])
    return answer["reply"]
