"""The longest packet that all flows of a pair carry, by trying: what routers say is only a hint."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from typing import NamedTuple

from fabric.lab._agent._probe_sockets import QueuedError
from fabric.lab._agent._trace_model import PathMtu, TraceRequest
from fabric.lab._agent._trace_ports import MOST_HOPS, Arrived, TracePorts

_SHORTEST = {4: 68, 6: 1280}  # RFC 791 and RFC 8200: what every link carries
_LONGEST = 65535


def path_mtu(request: TraceRequest) -> PathMtu:
    """What is known after a search by halves, shortened by what routers say."""
    flows = range(request.settings.flows)
    with ExitStack() as stack:
        ports = TracePorts(request, stack)
        ports.open(flows)
        return _search(ports, flows, _SHORTEST[request.pair.destination_address.version])


def _search(ports: TracePorts, flows: range, shortest: int) -> PathMtu:
    if not _try(ports, flows, shortest).passed:
        return PathMtu(0)
    passes, fails, wanted = shortest, _LONGEST + 1, _LONGEST
    limit: QueuedError | None = None
    while fails - passes > 1:
        tried = _try(ports, flows, wanted)
        if tried.passed:
            passes = wanted
        else:
            fails, limit = wanted, tried.said
        wanted = _next(passes, fails, (limit.mtu if limit else None) or 0)
    if limit is None:
        return PathMtu(passes)
    return PathMtu(passes, None if limit.local else limit.reporter, limit.local)


def _next(passes: int, fails: int, hint: int) -> int:
    """The length to try: what somebody said would pass, one byte more once that has passed, else the middle."""
    if passes < hint < fails:
        return hint
    return passes + 1 if hint == passes else (passes + fails) // 2


class _Tried(NamedTuple):
    passed: bool
    """Every flow arrived."""
    said: QueuedError | None
    """By whom the packet is too long that comes least far."""


def _try(ports: TracePorts, flows: range, packet_bytes: int) -> _Tried:
    answers = ports.ask(flows, MOST_HOPS, packet_bytes)
    if len(answers) < len(flows):
        answers |= ports.ask([flow for flow in flows if flow not in answers], MOST_HOPS, packet_bytes)
    said = [said for said in answers.values() if not isinstance(said, Arrived) and said.number == errno.EMSGSIZE]
    passed = len(answers) == len(flows) and all(isinstance(said, Arrived) for said in answers.values())
    return _Tried(passed, min(said, key=lambda error: error.mtu or 0, default=None))
