"""Tracing like Paris traceroute: every flow keeps its five-tuple, so that all its packets take one path.

Flows differ by source port. The lab is ours, so the destination's own socket tells which flows arrived, and no ICMP
answer is needed from there.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack
from dataclasses import dataclass, field

from fabric.config import Address
from fabric.lab._agent._trace_model import TracedFlow, TraceEnd, TraceRequest
from fabric.lab._agent._trace_ports import Answer, Arrived, TracePorts

_MOST_FLOWS = 1024
_MOST_HOPS = 30
_SILENT_HOPS = 3
"""A flow of which so many hops in a row say nothing is given up."""
_TRIES = 2


@dataclass(slots=True)
class _Flow:
    number: int
    hops: list[Address | None] = field(default_factory=list)
    end: TraceEnd | None = None
    mtu: int | None = None
    arrived_at: str | None = None

    def take(self, answer: Answer) -> None:
        """Nothing; the flow knows what stands at its newest hop."""
        if isinstance(answer, Arrived):
            self.hops.pop()  # the destination is no router on the way
            self.end, self.arrived_at = TraceEnd.ARRIVED, answer.device
            return
        self.hops[-1] = None if answer.local else answer.reporter
        if not answer.exceeded:
            too_long = answer.number == errno.EMSGSIZE
            self.end = TraceEnd.TOO_LONG if too_long else TraceEnd.UNREACHABLE
            self.mtu = answer.mtu if too_long else None

    def heard_nothing(self) -> None:
        """Nothing; a flow that nobody speaks of any more is at its end."""
        silent = len(self.hops) >= _SILENT_HOPS and not any(self.hops[-_SILENT_HOPS:])
        if silent or len(self.hops) >= _MOST_HOPS:
            self.end = TraceEnd.SILENT


def trace(request: TraceRequest) -> tuple[TracedFlow, ...]:
    """The hops of flows, in rounds until a branch that none of them took is improbable, or at most 1024 flows."""
    flows: list[_Flow] = []
    with ExitStack() as stack:
        ports = TracePorts(request, stack)
        while not _settled(flows, request):
            first, wanted = len(flows), request.settings.flows
            fresh = [_Flow(number) for number in range(first, min(_MOST_FLOWS, first + wanted))]
            ports.open(flow.number for flow in fresh)
            _follow(fresh, ports, request.settings.packet_bytes)
            flows += fresh
    return tuple(TracedFlow(tuple(f.hops), f.end or TraceEnd.SILENT, f.mtu, f.arrived_at) for f in flows)


def _settled(flows: list[_Flow], request: TraceRequest) -> bool:
    """True once enough flows were sent for the number of paths seen.

    With k + 1 equal paths, n flows miss one of them with a chance of at most (k + 1) (k / (k + 1))^n.
    """
    sent, seen = len(flows), len({(*flow.hops, flow.arrived_at) for flow in flows})
    if not sent or sent >= _MOST_FLOWS:
        return bool(sent)
    return (seen + 1) * (seen / (seen + 1)) ** sent <= request.settings.missed


def _follow(flows: list[_Flow], ports: TracePorts, packet_bytes: int) -> None:
    """Nothing; each flow is followed hop by hop to its end."""
    hop = 0
    while active := {flow.number: flow for flow in flows if flow.end is None}:
        hop += 1
        for flow in active.values():
            flow.hops.append(None)
        for _ in range(_TRIES):
            answers = ports.ask(active, hop, packet_bytes) if active else {}
            for number, answer in answers.items():
                active.pop(number).take(answer)
        for flow in active.values():
            flow.heard_nothing()
