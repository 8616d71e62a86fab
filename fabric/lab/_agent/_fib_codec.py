"""FIB requests and answers to JSON values and back. Sets of next hops repeat, so each is written once and numbered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from fabric.config import Prefix
from fabric.lab._agent._fib_messages import AwaitFibRequest, AwaitFibResult, FibDifferences, FibRequest
from fabric.lab._agent._wire import (
    Json,
    read_address,
    read_namespaces,
    read_prefix,
    write_namespaces,
    write_text,
)
from fabric.lab._fib_model import Forwarding, Hop, KernelFib, KernelNextHop, KernelRoute, RouteDifference, RouteKind

K = TypeVar("K", bound=Hashable)


class _Numbered(Generic[K]):
    """A table of distinct values, each written once."""

    def __init__(self, write: Callable[[K], Json]) -> None:
        self._write = write
        self._numbers: dict[K, int] = {}
        self.table: list[Json] = []

    def number(self, value: K) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.table)
            self.table.append(self._write(value))
        return self._numbers[value]


def write_fib_request(request: FibRequest) -> Json:
    return {"devices": write_namespaces(request.namespaces)}


def read_fib_request(value: Json) -> FibRequest:
    return FibRequest(read_namespaces(value["devices"]))


def write_fibs(fibs: Mapping[str, KernelFib]) -> Json:
    return {device: _write_fib(fib) for device, fib in fibs.items()}


def read_fibs(value: Json) -> dict[str, KernelFib]:
    return {device: _read_fib(device, fib) for device, fib in value.items()}


def _write_fib(fib: KernelFib) -> Json:
    hops: _Numbered[tuple[KernelNextHop, ...]] = _Numbered(lambda members: [_write_member(m) for m in members])
    routes = [
        [write_text(r.prefix), hops.number(r.next_hops), r.protocol, r.metric, write_text(r.source), r.kind.value]
        for r in fib.routes
    ]
    return {"hops": hops.table, "routes": routes}


def _read_fib(device: str, value: Json) -> KernelFib:
    hops = [tuple(map(_read_member, members)) for members in value["hops"]]
    return KernelFib(
        device,
        tuple(
            KernelRoute(read_prefix(prefix), hops[number], protocol, metric, read_address(source), RouteKind(kind))
            for prefix, number, protocol, metric, source, kind in value["routes"]
        ),
    )


def _write_member(member: KernelNextHop) -> Json:
    return [write_text(member.gateway), member.interface, member.weight, member.dead, member.linkdown]


def _read_member(value: Json) -> KernelNextHop:
    gateway, interface, weight, dead, linkdown = value
    return KernelNextHop(read_address(gateway), interface, weight, dead, linkdown)


def write_await_request(request: AwaitFibRequest) -> Json:
    return {
        "devices": write_namespaces(request.namespaces),
        "expected": {device: _write_forwarding(routes) for device, routes in request.expected.items()},
        "timeout_ms": request.timeout_ms,
        "protocols": None if request.protocols is None else sorted(request.protocols),
    }


def read_await_request(value: Json) -> AwaitFibRequest:
    protocols = value["protocols"]
    return AwaitFibRequest(
        read_namespaces(value["devices"]),
        {device: _read_forwarding(routes) for device, routes in value["expected"].items()},
        int(value["timeout_ms"]),
        None if protocols is None else frozenset(protocols),
    )


def _write_forwarding(routes: Forwarding) -> Json:
    hops: _Numbered[frozenset[Hop]] = _Numbered(_write_hops)
    pairs = [[write_text(prefix), hops.number(members)] for prefix, members in routes.items()]
    return {"hops": hops.table, "routes": pairs}


def _read_forwarding(value: Json) -> dict[Prefix, frozenset[Hop]]:
    hops = [_read_hops(members) for members in value["hops"]]
    return {read_prefix(prefix): hops[number] for prefix, number in value["routes"]}


def _write_hops(members: frozenset[Hop]) -> Json:
    return sorted(([write_text(gateway), interface] for gateway, interface in members), key=str)


def _read_hops(value: Json) -> frozenset[Hop]:
    return frozenset((read_address(gateway), interface) for gateway, interface in value)


def write_await_result(result: AwaitFibResult) -> Json:
    return {
        "converged": result.converged,
        "waited_ms": result.waited_ms,
        "reads": result.reads,
        "differences": {
            device: {"count": found.count, "first": [_write_difference(d) for d in found.first]}
            for device, found in result.differences.items()
        },
    }


def read_await_result(value: Json) -> AwaitFibResult:
    return AwaitFibResult(
        value["converged"],
        value["waited_ms"],
        value["reads"],
        {
            device: FibDifferences(found["count"], tuple(map(_read_difference, found["first"])))
            for device, found in value["differences"].items()
        },
    )


def _write_difference(difference: RouteDifference) -> Json:
    sides = (difference.expected, difference.found)
    return [write_text(difference.prefix), *(None if side is None else _write_hops(side) for side in sides)]


def _read_difference(value: Json) -> RouteDifference:
    prefix, expected, found = value
    return RouteDifference(
        read_prefix(prefix),
        None if expected is None else _read_hops(expected),
        None if found is None else _read_hops(found),
    )
