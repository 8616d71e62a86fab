"""Waiting for kernel FIBs of real namespaces."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from fabric.config import Prefix
from fabric.errors import LabError
from fabric.lab._agent._fib import read_fibs
from fabric.lab._agent._fib_messages import AwaitFibRequest, AwaitFibResult
from fabric.lab._agent._watch import await_fib
from fabric.lab._fib_model import Hop, RouteDifference

from .conftest import Lab

pytestmark = pytest.mark.lab

NEW = ip_network("198.51.100.0/24")
VIA_R1: frozenset[Hop] = frozenset({(ip_address("10.0.1.2"), "r1")})
VIA_R2: frozenset[Hop] = frozenset({(ip_address("10.0.2.2"), "r2")})


def expecting(lab: Lab, timeout_ms: int, **extra: dict[Prefix, frozenset[Hop]]) -> AwaitFibRequest:
    """Everything that forwards now, and `extra` on top, by device."""
    now = {device: {**fib.forwarding(), **extra.get(device, {})} for device, fib in read_fibs(lab.paths).items()}
    return AwaitFibRequest(lab.paths, now, timeout_ms)


def while_waiting(request: AwaitFibRequest, change: Callable[[], None]) -> tuple[AwaitFibResult, float]:
    """What the wait came to, and how many ms after `change` it ended."""
    results: list[tuple[AwaitFibResult, float]] = []
    waiting = threading.Thread(target=lambda: results.append((await_fib(request), time.monotonic())))
    waiting.start()
    waiting.join(0.15)
    assert not results, "it should still be waiting"
    change()
    changed = time.monotonic()
    waiting.join()
    result, ended = results[0]
    return result, (ended - changed) * 1000


def test_what_holds_already_is_answered_at_once(chain: Lab) -> None:
    result = await_fib(expecting(chain, 5000))
    assert result.converged
    assert (result.reads, result.differences) == (3, {})
    assert result.waited_ms < 500


def test_the_event_that_makes_it_hold_ends_the_wait(chain: Lab) -> None:
    request = expecting(chain, 10_000, a={NEW: VIA_R1})
    result, reaction_ms = while_waiting(request, lambda: chain.ip("a", f"route add {NEW} via 10.0.1.2 proto bgp"))
    assert result.converged
    assert reaction_ms < 100
    assert result.reads == 4, "only the device that changed is read again"


def test_a_replaced_next_hop_is_an_event_too(chain: Lab) -> None:
    chain.ip("a", f"route add {NEW} via 10.0.1.2 proto bgp")
    request = expecting(chain, 10_000, a={NEW: VIA_R2})
    result, reaction_ms = while_waiting(request, lambda: chain.ip("a", f"route replace {NEW} via 10.0.2.2 proto bgp"))
    assert result.converged
    assert reaction_ms < 100


def test_a_change_inside_a_nexthop_object_is_an_event_too(chain: Lab) -> None:
    chain.sysctl("a", "net.ipv4.nexthop_compat_mode=0")
    chain.ip("a", "nexthop add id 1 via 10.0.1.2 dev r1", f"route add {NEW} nhid 1 proto bgp")
    request = expecting(chain, 10_000, a={NEW: VIA_R2})
    result, reaction_ms = while_waiting(request, lambda: chain.ip("a", "nexthop replace id 1 via 10.0.2.2 dev r2"))
    assert result.converged
    assert reaction_ms < 100


def test_a_member_without_carrier_stops_forwarding_without_a_route_event(chain: Lab) -> None:
    chain.sysctl(
        "a", "net.ipv4.conf.r1.ignore_routes_with_linkdown=1", "net.ipv6.conf.r1.ignore_routes_with_linkdown=1"
    )
    only_r2: dict[Prefix, frozenset[Hop]] = {
        ip_network("192.0.2.2/32"): VIA_R2,
        ip_network("2001:db8::2/128"): frozenset({(ip_address("fd00:2::2"), "r2")}),
    }
    now = expecting(chain, 10_000, a=only_r2)
    request = replace(now, expected={"a": now.expected["a"]})
    result, _ = while_waiting(request, lambda: chain.ip("r", "link set a1 down"))
    assert result.converged
    (dead,) = [m for m in read_fibs(chain.paths)["a"].by_prefix[ip_network("192.0.2.2/32")].next_hops if m.dead]
    assert (dead.interface, dead.linkdown) == ("r1", True)


def test_a_burst_that_overflows_the_event_socket_loses_nothing(chain: Lab) -> None:
    prefixes = [f"172.16.{number // 250}.{number % 250}/32" for number in range(3000)]
    request = expecting(chain, 20_000, a={ip_network(prefix): VIA_R1 for prefix in prefixes})
    added = [f"route add {prefix} via 10.0.1.2 proto bgp" for prefix in prefixes]
    result, reaction_ms = while_waiting(request, lambda: chain.ip("a", *added))
    assert result.converged
    assert reaction_ms < 1000


def test_at_the_deadline_every_difference_is_told(chain: Lab) -> None:
    gone = ip_network("192.0.2.1/32")
    request = expecting(chain, 300, a={NEW: VIA_R1})
    chain.ip("b", f"route del {gone}", "route add 203.0.113.0/24 via 10.0.3.1 proto static")
    result = await_fib(request)
    assert not result.converged
    assert 300 <= result.waited_ms < 600
    assert result.differences["a"].first == (RouteDifference(NEW, VIA_R1, None),)
    assert [(d.prefix, d.missing, d.unexpected) for d in result.differences["b"].first] == [
        (gone, True, False),
        (ip_network("203.0.113.0/24"), False, True),
    ]
    assert "r" not in result.differences


def test_the_differences_told_are_bounded_and_counted(chain: Lab) -> None:
    chain.ip("a", *(f"route add 172.16.0.{number}/32 via 10.0.1.2 proto bgp" for number in range(100)))
    result = await_fib(AwaitFibRequest(chain.paths, {"a": {}}, timeout_ms=1))
    assert result.differences["a"].count == 102
    assert len(result.differences["a"].first) == 20


def test_only_the_protocols_asked_for_are_compared(chain: Lab) -> None:
    request = replace(expecting(chain, 200), protocols=frozenset({"bgp"}))
    chain.ip("a", f"route add {NEW} via 10.0.1.2 proto static")
    assert await_fib(request).converged


def test_a_device_without_a_namespace_is_named(chain: Lab) -> None:
    with pytest.raises(LabError, match="leaf9: routes are expected of it"):
        await_fib(AwaitFibRequest(chain.paths, {"leaf9": {}}, timeout_ms=1))
