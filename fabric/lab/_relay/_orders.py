"""Where the relay's orders come from: its input, or visitors at a door while somebody it works for lives."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Protocol

_VISIT_S = 5.0


class Orders(Protocol):
    """Lines of JSON, each answered with one."""

    @property
    def numbers(self) -> Collection[int]:
        """The file descriptors that can be read when there is something to take."""
        ...

    def take(self, number: int, answer: Callable[[str], str]) -> bool:
        """True while there may be more to come; what came has been answered."""
        ...


class Pipe:
    """Orders on standard input, answered on standard output, until the input ends."""

    @property
    def numbers(self) -> Collection[int]:
        """See `Orders.numbers`."""
        return (sys.stdin.fileno(),)

    def take(self, number: int, answer: Callable[[str], str]) -> bool:  # noqa: ARG002
        """See `Orders.take`."""
        if not (line := sys.stdin.readline()):
            return False
        sys.stdout.write(answer(line) + "\n")
        sys.stdout.flush()
        return True


class Door:
    """Orders of visitors, one each, at a listening socket, until the last of some processes has ended."""

    def __init__(self, door: socket.socket, employers: Iterable[int]) -> None:
        self._door = door
        self._employers = set[int]()
        for pid in employers:
            with suppress(ProcessLookupError):
                self._employers.add(os.pidfd_open(pid))

    @property
    def numbers(self) -> Collection[int]:
        """See `Orders.numbers`."""
        return (self._door.fileno(), *self._employers)

    def take(self, number: int, answer: Callable[[str], str]) -> bool:
        """See `Orders.take`. A visitor who leaves early, or says nothing for long, does no harm."""
        if number in self._employers:
            self._employers.remove(number)
            os.close(number)
        else:
            with suppress(OSError), self._door.accept()[0] as visitor:
                visitor.settimeout(_VISIT_S)
                if line := visitor.makefile().readline():
                    visitor.sendall((answer(line) + "\n").encode())
        return bool(self._employers)
