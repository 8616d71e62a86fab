"""The relay of a lab in containers: the one process of ours that such a lab may have."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from fabric.lab._places import WORK_DIRECTORY
from fabric.lab._relaying import ANSWER_S, RELAY
from fabric.lab._state import ProcessId, process_id

RELAY_FILE = "relay.json"
_DOOR = WORK_DIRECTORY / "relay"


class ContainerRelay:
    """A relay that outlives who started it in the view, which it keeps, and ends with the last container.

    Later hands reach its door through `/proc/PID/root`.
    """

    def __init__(self, process: ProcessId | None, containers: Iterable[int]) -> None:
        self.process = process
        self._containers = tuple(containers)

    @property
    def started(self) -> bool:
        """See `Relaying.started`."""
        return self.process is not None

    @property
    def running(self) -> bool:
        """See `Relaying.running`."""
        return self.process is not None and self.process.lives()

    def start(self) -> None:
        """See `Relaying.start`. The door is open before the relay runs, so that nobody waits for it."""
        _DOOR.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(_DOOR))
            _DOOR.chmod(0o600)
            door.listen()
            started = subprocess.Popen(
                (*RELAY, *map(str, self._containers)),
                stdin=door.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        self.process = process_id(started.pid)

    def exchange(self, line: str) -> str:
        """See `Relaying.exchange`."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
            visitor.settimeout(ANSWER_S)
            visitor.connect(str(self._door()))
            visitor.sendall(f"{line}\n".encode())
            return visitor.makefile().readline()

    def _door(self) -> Path:
        if self.process is None or not self.process.lives():
            raise ConnectionRefusedError("it has ended")
        return Path(f"/proc/{self.process.pid}/root", *_DOOR.parts[1:])

    def end(self) -> None:
        """See `Relaying.end`."""
        end_relay(self.process)
        self.process = None


def end_relay(process: ProcessId | None) -> None:
    """Nothing; the relay has been told to end, where it runs."""
    if process is not None and process.lives():
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)


def relay_text(process: ProcessId | None) -> str:
    """What is written down of a relay, for `relay_from`."""
    return json.dumps(process and asdict(process))


def relay_from(text: str) -> ProcessId | None:
    """The relay that was written down."""
    value = json.loads(text or "null")
    return ProcessId(**value) if value else None
