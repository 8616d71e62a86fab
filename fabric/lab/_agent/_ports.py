"""The sockets of one exchange, each in its device's namespace, all behind one epoll."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from fabric.config import Address
from fabric.lab._agent._probe_model import Where
from fabric.lab._agent._probe_sockets import bound_socket, dropped
from fabric.lab._netns import in_each

ECHO_PORT = 7007
FIRST_SOURCE_PORT = 20000


class Endpoint(NamedTuple):
    """What a socket is bound to."""

    device: str
    address: Address
    port: int


class Port(NamedTuple):
    """An open socket, and whether it echoes (a destination) or collects answers (a source)."""

    socket: socket.socket
    echoes: bool

    @property
    def here(self) -> Where:
        """What a refusal by this device's own kernel means."""
        return Where.DESTINATION if self.echoes else Where.SOURCE

    @property
    def beyond(self) -> Where:
        """What an ICMP error that comes back to this socket means."""
        return Where.RETURN if self.echoes else Where.FORWARD


class Ports:
    """The sockets of all endpoints of some flows; a context manager."""

    def __init__(self, namespaces: Mapping[str, Path], endpoints: Iterable[Endpoint]) -> None:
        by_device: dict[str, list[Endpoint]] = {}
        for endpoint in dict.fromkeys(endpoints):
            by_device.setdefault(endpoint.device, []).append(endpoint)
        self.open: dict[Endpoint, Port] = {}
        self.refused: dict[Endpoint, int] = {}
        """The errno of each endpoint that could not be bound, such as EADDRNOTAVAIL."""
        self._by_number: dict[int, Port] = {}
        self._stack = ExitStack()
        with ExitStack() as opened:
            self._epoll = opened.enter_context(select.epoll())
            in_each({d: namespaces[d] for d in by_device}, lambda device: self._bind(by_device[device], opened))
            self._stack = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def poll(self, timeout_s: float) -> list[tuple[Port, int]]:
        """The sockets with something to say and what: `EPOLLIN`, `EPOLLERR` or both."""
        return [(self._by_number[number], mask) for number, mask in self._epoll.poll(timeout_s)]

    def dropped(self) -> int:
        """How many packets our own socket buffers dropped."""
        return sum(dropped(port.socket) for port in self.open.values())

    def _bind(self, endpoints: list[Endpoint], stack: ExitStack) -> None:
        for endpoint in endpoints:
            try:
                opened = stack.enter_context(bound_socket(endpoint.address, endpoint.port))
            except OSError as error:
                self.refused[endpoint] = error.errno or 0
                continue
            port = Port(opened, endpoint.port == ECHO_PORT)
            self.open[endpoint] = self._by_number[opened.fileno()] = port
            self._epoll.register(opened.fileno(), select.EPOLLIN)
