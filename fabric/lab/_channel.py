"""What the caller of `up` and the supervisor say to each other while a lab comes up."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import asdict, field

from fabric._values import dataclass
from fabric.errors import LabError, MachineError

_LARGEST = 1 << 20
_RELEASE = b"release"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage of `up` is. Stages, in this order: `sandbox`, `wiring`, `devices`."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The lab is up: seconds since the supervisor began at the end of each stage, and remarks FRR made on the way."""

    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failed:
    """The lab did not come up; `lab_error` False when the machine is to blame."""

    text: str
    lab_error: bool

    def to_exception(self) -> MachineError:
        """The error to raise at the caller's side."""
        return LabError(self.text) if self.lab_error else MachineError(self.text)


Message = Progress | Ready | Failed
_KINDS: dict[str, type[Progress] | type[Ready] | type[Failed]] = {
    kind.__name__: kind for kind in (Progress, Ready, Failed)
}


def send(channel: socket.socket, message: Message) -> None:
    """Nothing; raises `BrokenPipeError` or `ConnectionError` when nobody listens any more."""
    channel.sendall(json.dumps([type(message).__name__, asdict(message)]).encode())


def receive(channel: socket.socket) -> Message | None:
    """The next message; `None` when the other side is gone. Raises `TimeoutError` as the socket's timeout says."""
    try:
        text = channel.recv(_LARGEST)
    except ConnectionError:
        return None
    if not text:
        return None
    kind, values = json.loads(text)
    return _KINDS[kind](**values)


def release(channel: socket.socket) -> None:
    """Nothing; tells the supervisor that the lab may outlive its caller."""
    with suppress(ConnectionError):
        channel.sendall(_RELEASE)


def released(channel: socket.socket) -> bool:
    """True once the caller released the lab, False when it is gone without; ends the conversation."""
    with channel:
        return channel.recv(len(_RELEASE)) == _RELEASE
