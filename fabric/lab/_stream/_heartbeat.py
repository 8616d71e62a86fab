"""TCP streams with a message every 100 ms, as etcd's members send to each other."""

from __future__ import annotations

import select
import socket
import time
from array import array
from contextlib import ExitStack, suppress
from pathlib import Path

from fabric.lab._agent import ProbePair
from fabric.lab._netns import inside

PERIOD_NS = 100_000_000
_MESSAGE = bytes(64)
_PATIENCE_S = 5.0
_READ_BYTES = 4096


class Heartbeats:
    """The streams of one pair, and when something of each arrived."""

    def __init__(
        self, pair: ProbePair, places: tuple[Path, Path], count: int, epoll: select.epoll, stack: ExitStack
    ) -> None:
        family = socket.AF_INET if pair.source_address.version == 4 else socket.AF_INET6
        with inside(places[1]):
            listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with listener:
            listener.bind((str(pair.destination_address), 0))
            listener.listen(count)
            self._senders, receivers = [], []
            for _ in range(count):
                with inside(places[0]):
                    sender = stack.enter_context(socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC))
                sender.settimeout(_PATIENCE_S)
                sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sender.bind((str(pair.source_address), 0))
                sender.connect(listener.getsockname()[:2])
                sender.setblocking(False)
                listener.settimeout(_PATIENCE_S)
                receiver = stack.enter_context(listener.accept()[0])
                receiver.setblocking(False)
                self._senders.append(sender)
                receivers.append(receiver)
        self.arrived = [array("q") for _ in receivers]
        self._receivers = {r.fileno(): (r, row) for r, row in zip(receivers, self.arrived, strict=True)}
        for number in self._receivers:
            epoll.register(number, select.EPOLLIN)

    def send(self) -> None:
        """Nothing; a message on every stream, where the kernel takes one."""
        for sender in self._senders:
            with suppress(OSError):
                sender.send(_MESSAGE)

    def take(self, number: int) -> bool:
        """True when the descriptor is one of these; its arrival is noted."""
        if number not in self._receivers:
            return False
        receiver, row = self._receivers[number]
        with suppress(OSError):
            if receiver.recv(_READ_BYTES):
                row.append(time.time_ns())
        return True
