"""The sockets on which FRR's daemons take commands from vtysh."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from fabric._values import dataclass

_MARK = bytes(3)  # before the command's result at the end of an answer (`vtysh_client_receive` in FRR's vtysh.c)
_READ_BYTES = 1 << 16

# Results of commands, as FRR's lib/command.h numbers them.
SUCCESS = 0
WARNING = 1
NO_MATCH = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a daemon says to a command, and the command's result."""

    words: str
    result: int


class Vty:
    """A connection to a daemon, as a context manager. Its methods raise `OSError`, or `EOFError` when a daemon ends."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._received = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *commands: str) -> None:
        """Nothing; the daemon will do the commands one after the other, whatever comes of each."""
        self._socket.sendall(b"".join(command.encode() + b"\0" for command in commands))

    def receive(self) -> Answer:
        """The answer to the first command that has got none yet."""
        searched = 0
        while (end := self._received.find(_MARK, searched)) < 0 or len(self._received) == end + len(_MARK):
            searched = max(0, len(self._received) - len(_MARK))
            piece = self._socket.recv(_READ_BYTES)
            if not piece:
                raise EOFError("the daemon ended the connection")
            self._received += piece
        result = end + len(_MARK)
        answer = Answer(self._received[:end].decode(errors="replace"), self._received[result])
        del self._received[: result + 1]
        return answer

    def ask(self, commands: Sequence[str]) -> list[Answer]:
        """The answers to commands that are sent together."""
        self.send(*commands)
        return [self.receive() for _ in commands]
