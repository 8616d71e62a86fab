"""What kernels and daemons do meanwhile: route and link changes by netlink, session changes from bgpd's log."""

from __future__ import annotations

import ctypes
import os
import re
import select
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from fabric.lab._agent import _netlink as netlink
from fabric.lab._netns import in_each
from fabric.lab._places import log_file
from fabric.lab._stream._model import Event

_RTM_NEWLINK, _RTM_DELROUTE = 16, 25
_GROUPS = 1 << 0 | 1 << 6 | 1 << 10  # RTNLGRP_LINK, _IPV4_ROUTE, _IPV6_ROUTE
_READ_BYTES = 1 << 16
_BUFFER_BYTES = 4 << 20
_IN_MODIFY, _IN_NONBLOCK = 0x2, os.O_NONBLOCK
_IFLA_IFNAME = 3
_ADJACENCY = re.compile(rb"%ADJCHANGE: neighbor (\S+) in vrf \S+ (Up|Down)(.*)")
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Sockets and logs of all devices behind one epoll; raw until `events` is asked for."""

    def __init__(self, namespaces: Mapping[str, Path], epoll: select.epoll, stack: ExitStack) -> None:
        links = in_each(namespaces, lambda _: stack.enter_context(_events_socket()))
        self._links = {link.fileno(): (link, device) for device, link in links.items()}
        self._raw: list[tuple[int, str, bytes]] = []
        self._said: list[Event] = []
        self._inotify = int(_libc.inotify_init1(_IN_NONBLOCK))
        stack.callback(os.close, self._inotify)
        self._logs = {device: stack.enter_context(log) for device in namespaces if (log := _log(device)) is not None}
        for device in self._logs:
            _libc.inotify_add_watch(self._inotify, os.fsencode(log_file(device, "bgpd")), _IN_MODIFY)
        for number in (*self._links, self._inotify):
            epoll.register(number, select.EPOLLIN)

    def take(self, number: int) -> bool:
        """True when the descriptor is one of these; what it has to say is noted."""
        if number == self._inotify:
            self._read_logs()
        elif number in self._links:
            self._read(*self._links[number])
        else:
            return False
        return True

    def _read(self, link: socket.socket, device: str) -> None:
        now = time.time_ns()
        while True:
            try:
                self._raw.append((now, device, link.recv(_READ_BYTES)))
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: some are lost; what is left is still told
                continue

    def _read_logs(self) -> None:
        now = time.time_ns()
        try:
            os.read(self._inotify, _READ_BYTES)
        except BlockingIOError:
            return
        for device, log in self._logs.items():
            for line in log.read().splitlines():
                if found := _ADJACENCY.search(line):
                    peer, way, why = (part.decode(errors="replace") for part in found.groups())
                    self._said.append(Event(now, device, f"session {way.lower()}", f"{peer}{why}"))

    def events(self) -> tuple[Event, ...]:
        """All that happened, in order."""
        told = [event for at, device, text in self._raw for event in _kernel_events(at, device, text)]
        return tuple(sorted([*told, *self._said], key=lambda event: event.at_ns))


def _kernel_events(at_ns: int, device: str, text: bytes) -> Iterator[Event]:
    for message in netlink.messages(text):
        if message.kind in (netlink.RTM_NEWROUTE, _RTM_DELROUTE):
            route = netlink.parse_route(message.body)
            if route is not None:
                gone = message.kind == _RTM_DELROUTE
                hops = "" if gone else f" by {len(route.hops)}"
                yield Event(at_ns, device, "route gone" if gone else "route", f"{route.prefix}{hops}")
        elif message.kind == _RTM_NEWLINK:
            name = netlink.attributes(message.body, 16).get(_IFLA_IFNAME, b"").rstrip(b"\0").decode()
            yield Event(at_ns, device, "link", name)


def _events_socket() -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    link = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    link.bind((0, _GROUPS))
    return link


def _log(device: str) -> BinaryIO | None:
    """The log of the device's bgpd, from its end on; `None` where it has none."""
    try:
        log = log_file(device, "bgpd").open("rb")
    except FileNotFoundError:
        return None
    log.seek(0, os.SEEK_END)
    return log
