"""The relay as who impairs links sees it: a process that is started, asked and ended."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from fabric.errors import LabError

RELAY = (sys.executable, "-P", "-m", "fabric.lab._relay")
ANSWER_S = 20.0


class Relaying(Protocol):
    """A relay of a lab."""

    @property
    def started(self) -> bool:
        """True when somebody started it and nobody has ended it, whether it still runs or not."""
        ...

    @property
    def running(self) -> bool:
        """True while it runs."""
        ...

    def start(self) -> None:
        """Nothing; it runs, and relays nothing yet."""
        ...

    def exchange(self, line: str) -> str:
        """The line that it answers a line with. Raises `OSError` where it does not."""
        ...

    def end(self) -> None:
        """Nothing; it is gone."""
        ...


def ask_relay(relay: Relaying, line: str) -> dict[str, Any]:
    """The relay's answer. Raises `LabError` where there is none, or it tells of an error."""
    try:
        answer: dict[str, Any] = json.loads(relay.exchange(line))
    except (OSError, ValueError) as error:
        raise LabError(f"The relay that delays packets does not answer ({error}). See the lab's log.") from error
    if "error" in answer:
        raise LabError(f"The relay that delays packets could not be set up: {answer['error']}.")
    return answer


class ChildRelay:
    """A relay that is a child of the process that asks it, and ends with that one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    @property
    def started(self) -> bool:
        """See `Relaying.started`."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """See `Relaying.running`."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """See `Relaying.start`."""
        self._process = subprocess.Popen(
            RELAY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(self._environment)
        )

    def exchange(self, line: str) -> str:
        """See `Relaying.exchange`."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], ANSWER_S)
        return process.stdout.readline() if ready else ""

    def end(self) -> None:
        """See `Relaying.end`."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(ANSWER_S)
        self._process = None
