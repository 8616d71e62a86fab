"""The kernel FIBs of many devices, read over one netlink socket each, from one process."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from fcntl import ioctl
from pathlib import Path
from types import TracebackType
from typing import Self

from fabric.errors import LabError
from fabric.lab._agent import _netlink as netlink
from fabric.lab._fib_model import KernelFib, KernelNextHop, KernelRoute, RouteKind, prefix_order
from fabric.lab._netns import in_each

_SOL_NETLINK = 270
_NETLINK_GET_STRICT_CHK = 12
_SIOCGIFNAME = 0x8910
_BUFFER_BYTES = 1 << 18
_DUMP_ATTEMPTS = 5

# A namespace that never had a route has no main table, and a kernel may lack IPv6: both mean "no routes".
_EMPTY = frozenset({errno.ENOENT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP})

_KINDS = {
    1: RouteKind.UNICAST,
    6: RouteKind.BLACKHOLE,
    7: RouteKind.UNREACHABLE,
    8: RouteKind.PROHIBIT,
    9: RouteKind.THROW,
}
_PROTOCOLS = {
    1: "redirect",
    2: "kernel",
    3: "boot",
    4: "static",
    9: "ra",
    11: "zebra",
    186: "bgp",
    187: "isis",
    188: "ospf",
    189: "rip",
    194: "sharp",
    195: "pbr",
    196: "static",  # FRR's own number for its static routes (its rt_protos.d/frr.conf)
}

_Hops = tuple[netlink.RawHop, ...]


class FibReader:
    """Reads the main tables of devices, again and again; a context manager that holds one socket per device."""

    def __init__(self, namespaces: Mapping[str, Path]) -> None:
        self._stack = ExitStack()
        with ExitStack() as opened:
            self._sockets = in_each(namespaces, lambda _: opened.enter_context(_dump_socket()))
            self._stack = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, device: str) -> KernelFib:
        """The main table of `device`, both families. Raises `LabError` when the kernel refuses the dump."""
        link = self._sockets[device]
        try:
            raw = [route for family in (socket.AF_INET, socket.AF_INET6) for route in _dump_routes(link, family)]
            objects = _dump_nexthops(link) if any(route.nexthop_id and not route.hops for route in raw) else {}
        except OSError as error:
            raise LabError(
                f"{device}: the kernel's routes could not be read ({error.strerror}). Is the lab still up?"
            ) from error
        return KernelFib(device, _Translator(link, objects).routes(raw))

    def read_all(self) -> dict[str, KernelFib]:
        """The main table of every device, by name."""
        return {device: self.read(device) for device in self._sockets}


def read_fibs(namespaces: Mapping[str, Path]) -> dict[str, KernelFib]:
    """The kernel FIB of every device, read once."""
    with FibReader(namespaces) as reader:
        return reader.read_all()


def _dump_socket() -> socket.socket:
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    # Strict checking lets the kernel filter by table, so that the local table is never copied.
    link.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)
    return link


def _dump_routes(link: socket.socket, family: int) -> list[netlink.RawRoute]:
    bodies = _dump(link, netlink.dump_routes_request(family), netlink.RTM_NEWROUTE)
    return [route for route in map(netlink.parse_route, bodies) if route is not None]


def _dump_nexthops(link: socket.socket) -> dict[int, netlink.RawNexthop]:
    return dict(map(netlink.parse_nexthop, _dump(link, netlink.dump_nexthops_request(), netlink.RTM_NEWNEXTHOP)))


def _dump(link: socket.socket, request: bytes, kind: int) -> list[bytes]:
    """The bodies of one dump. One that a change interrupted is taken again, but not forever: routes may never rest."""
    for _ in range(_DUMP_ATTEMPTS):
        link.send(request)
        received = list(_answers(link))
        if not any(message.flags & netlink.NLM_F_DUMP_INTR for message in received):
            break
    return [message.body for message in received if message.kind == kind]


def _answers(link: socket.socket) -> Iterator[netlink.Message]:
    while True:
        for message in netlink.messages(link.recv(_BUFFER_BYTES)):
            if message.kind in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                number = netlink.error_number(message.body)
                if number and number not in _EMPTY:
                    raise OSError(number, os.strerror(number))
                yield message
                return
            yield message


class _Translator:
    """Raw routes of one device to values: interface numbers to names, nexthop objects to next hops."""

    def __init__(self, link: socket.socket, objects: Mapping[int, netlink.RawNexthop]) -> None:
        self._link = link
        self._objects = objects
        self._names: dict[int, str | None] = {0: None}
        self._members: dict[_Hops, tuple[KernelNextHop, ...]] = {}

    def routes(self, raw: list[netlink.RawRoute]) -> tuple[KernelRoute, ...]:
        routes = sorted(map(self._route, raw), key=lambda route: (*prefix_order(route.prefix), route.metric))
        return _join_ipv6(routes)

    def _route(self, raw: netlink.RawRoute) -> KernelRoute:
        hops, kind = raw.hops, _KINDS.get(raw.kind, RouteKind.UNICAST)
        if raw.nexthop_id and not hops:
            hops, dropped = self._expand(raw.nexthop_id)
            kind = RouteKind.BLACKHOLE if dropped else kind
        protocol = _PROTOCOLS.get(raw.protocol) or str(raw.protocol)
        # The kernel writes `dev lo` into IPv6 routes that drop.
        members = self._translate(hops) if kind is RouteKind.UNICAST else ()
        return KernelRoute(raw.prefix, members, protocol, raw.metric, raw.source, kind)

    def _expand(self, number: int) -> tuple[_Hops, bool]:
        """The next hops of a nexthop object, and whether it drops instead. An object removed meanwhile has none."""
        held = self._objects.get(number, netlink.RawNexthop(None, False, ()))
        if held.hop is not None:
            return (held.hop,), False
        members = ((self._objects.get(member), weight) for member, weight in held.group)
        return tuple(m.hop._replace(weight=w) for m, w in members if m is not None and m.hop), held.blackhole

    def _translate(self, hops: _Hops) -> tuple[KernelNextHop, ...]:
        if hops not in self._members:
            self._members[hops] = tuple(map(self._member, hops))
        return self._members[hops]

    def _member(self, raw: netlink.RawHop) -> KernelNextHop:
        if raw.interface not in self._names:
            self._names[raw.interface] = _interface_name(self._link, raw.interface)
        return KernelNextHop(
            raw.gateway,
            self._names[raw.interface],
            raw.weight,
            dead=bool(raw.flags & netlink.RTNH_F_DEAD),
            linkdown=bool(raw.flags & netlink.RTNH_F_LINKDOWN),
        )


def _join_ipv6(routes: list[KernelRoute]) -> tuple[KernelRoute, ...]:
    """The routes, with IPv6 routes of one prefix, metric and kind made one: the kernel cannot group them all."""
    joined: list[KernelRoute] = []
    for route in routes:
        last = joined[-1] if joined else None
        if last is not None and route.prefix.version == 6 and _same_ecmp(last, route):
            joined[-1] = KernelRoute(
                last.prefix, last.next_hops + route.next_hops, last.protocol, last.metric, last.source, last.kind
            )
        else:
            joined.append(route)
    return tuple(joined)


def _same_ecmp(a: KernelRoute, b: KernelRoute) -> bool:
    return (a.prefix, a.metric, a.kind) == (b.prefix, b.metric, b.kind)


def _interface_name(link: socket.socket, number: int) -> str:
    """The name of an interface where `link` was made, without a dump of all of them (netdevice(7), `SIOCGIFNAME`)."""
    try:
        answer = ioctl(link.fileno(), _SIOCGIFNAME, struct.pack("=16si20x", b"", number))
    except OSError:  # it vanished after the dump
        return f"if{number}"
    return answer[:16].rstrip(b"\0").decode()
