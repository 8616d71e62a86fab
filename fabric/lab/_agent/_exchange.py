"""The loop that sends probes, echoes them and notes what comes back, in one thread for all namespaces."""

from __future__ import annotations

import os
import select
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from fabric.config import Address
from fabric.lab._agent._pace import Pace
from fabric.lab._agent._ports import ECHO_PORT, FIRST_SOURCE_PORT, Endpoint, Port, Ports
from fabric.lab._agent._probe_model import ProbePair, ProbeSettings, Where
from fabric.lab._agent._probe_sockets import QueuedError, queued_errors

# Number of the exchange, number of the flow, time of sending in ns; the echo brings all three back.
_HEADER = struct.Struct("!IIQ")
_IP_AND_UDP_BYTES = {4: 28, 6: 48}
SHORTEST_PACKET = _HEADER.size + max(_IP_AND_UDP_BYTES.values())
LONGEST_PACKET = 65535
_RECEIVED_AT_ONCE = 64


class Failure(NamedTuple):
    """Why a flow got no answer."""

    where: Where
    number: int
    """The errno."""
    mtu: int | None = None
    reporter: Address | None = None


@dataclass(slots=True)
class Flow:
    """One flow of a pair and its fate; it changes while its exchange runs."""

    source: Endpoint
    target: Endpoint
    target_address: tuple[str, int]
    padding: bytes
    rounds: int = 0
    """How often it was sent."""
    arrived: bool = False
    answered: bool = False
    round_trip_ns: int = 0
    failure: Failure | None = None
    """The last reason given. It outlives a silent second round: routers limit how often they send an ICMP error."""
    under_way: bool = False
    """Sent in this round, neither answered nor failed."""


def flows_of(pair: ProbePair, settings: ProbeSettings) -> list[Flow]:
    """The flows of one pair, each with a source port of its own."""
    target = Endpoint(pair.destination, pair.destination_address, ECHO_PORT)
    padding = bytes(settings.packet_bytes - _IP_AND_UDP_BYTES[pair.source_address.version] - _HEADER.size)
    ports = range(FIRST_SOURCE_PORT, FIRST_SOURCE_PORT + settings.flows)
    address = (str(pair.destination_address), ECHO_PORT)
    return [Flow(Endpoint(pair.source, pair.source_address, port), target, address, padding) for port in ports]


class Exchange:
    """Sends flows and notes their fate in them."""

    def __init__(self, ports: Ports, flows: list[Flow], settings: ProbeSettings) -> None:
        self._ports = ports
        self._flows = flows
        self._settings = settings
        self._number = int.from_bytes(os.urandom(4), "big")
        self._pace = Pace(settings.packet_bytes)
        self._buffer = memoryview(bytearray(LONGEST_PACKET))
        self._under_way = 0
        self._last_send_ns = 0

    def run(self) -> None:
        """Send every flow, and those without an answer again, as many rounds as the settings say."""
        sendable = [number for number in self._in_turn() if not self._refused(self._flows[number])]
        for _ in range(self._settings.rounds):
            self._one_round(deque(number for number in sendable if not self._flows[number].answered))

    def _in_turn(self) -> list[int]:
        """The flows' numbers, the first of each pair before the second of any: no destination gets a burst."""
        width = self._settings.flows
        return [number for first in range(width) for number in range(first, len(self._flows), width)]

    def _refused(self, flow: Flow) -> bool:
        """Whether an end of the flow could not be bound, which is then its failure."""
        for where, endpoint in ((Where.SOURCE, flow.source), (Where.DESTINATION, flow.target)):
            if endpoint in self._ports.refused:
                flow.failure = Failure(where, self._ports.refused[endpoint])
                return True
        return False

    def _one_round(self, queue: deque[int]) -> None:
        timeout_ns = self._settings.timeout_ms * 1_000_000
        while queue or self._under_way:
            for _ in range(min(len(queue), self._pace.room)):
                self._send(queue.popleft())
            if queue:
                if not self._serve(0):
                    self._serve(self._pace.idle())
                continue
            remaining_ns = self._last_send_ns + timeout_ns - time.monotonic_ns()
            # Late is what has not arrived when the prober looks, not what waited for a prober without a processor.
            if not self._serve(max(0, remaining_ns) / 1e9) and remaining_ns <= 0:
                break
        for number, flow in enumerate(self._flows):
            if flow.under_way:
                self._end(number)

    def _serve(self, timeout_s: float) -> bool:
        """Handle what arrived, waiting up to `timeout_s` for it; False when nothing did."""
        ready = self._ports.poll(timeout_s)
        for port, mask in ready:
            if mask & select.EPOLLERR:
                self._take_errors(port)
            if mask & select.EPOLLIN:
                self._receive(port)
        return bool(ready)

    def _send(self, number: int) -> None:
        flow = self._flows[number]
        flow.rounds += 1
        flow.under_way = True
        self._under_way += 1
        self._last_send_ns = now_ns = time.monotonic_ns()
        self._pace.sent(number, now_ns)
        packet = _HEADER.pack(self._number, number, now_ns) + flow.padding
        self._transmit(self._ports.open[flow.source], number, packet, flow.target_address)

    def _transmit(
        self, port: Port, number: int, packet: bytes | memoryview, target: tuple[str, int] | tuple[str, int, int, int]
    ) -> None:
        """Send one packet; a refusal ends its flow.

        What looks like a refusal may be a late ICMP error about an earlier packet, which the kernel hands to the next
        call on the socket (udp(7)): that error is noted where it belongs, and the packet is sent again.
        """
        for _ in range(3):
            try:
                port.socket.sendto(packet, target)
            except OSError as error:
                failure = Failure(port.here, error.errno or 0)
            else:
                return
            earlier, mtu = self._take_errors(port)
            if not earlier:
                break
        self._fail(number, failure._replace(mtu=mtu))

    def _receive(self, port: Port) -> None:
        for _ in range(_RECEIVED_AT_ONCE):
            try:
                length, sender = port.socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:  # a late ICMP error, as in `_transmit`
                self._take_errors(port)
                return
            self._handle(port, self._buffer[:length], sender)

    def _handle(self, port: Port, packet: memoryview, sender: tuple[str, int]) -> None:
        number, sent_ns = self._flow_in(packet)
        if number is None:
            return
        flow = self._flows[number]
        if port.echoes:
            flow.arrived = True
            self._transmit(port, number, packet, sender)
        elif not flow.answered:
            flow.answered = True
            flow.failure = None
            flow.round_trip_ns = time.monotonic_ns() - sent_ns
            self._pace.measured(flow.round_trip_ns)
            self._end(number)

    def _flow_in(self, packet: bytes | memoryview) -> tuple[int | None, int]:
        """Number of a packet's flow and when it was sent; the number is `None` for a stranger's packet or a stump."""
        if len(packet) < _HEADER.size:
            return None, 0
        exchange, number, sent_ns = _HEADER.unpack_from(packet)
        return (number, sent_ns) if exchange == self._number and number < len(self._flows) else (None, 0)

    def _take_errors(self, port: Port) -> tuple[bool, int | None]:
        """Note the ICMP errors that wait on a socket; returns whether there were any, and a local refusal's MTU."""
        reported, mtu = False, None
        for queued in queued_errors(port.socket):
            if queued.local:
                mtu = queued.mtu
                continue
            reported = True
            self._note(port.beyond, queued)
        return reported, mtu

    def _note(self, where: Where, queued: QueuedError) -> None:
        number, _ = self._flow_in(queued.payload)
        if number is not None:
            self._fail(number, Failure(where, queued.number, queued.mtu, queued.reporter))

    def _fail(self, number: int, failure: Failure) -> None:
        if not self._flows[number].answered:
            self._flows[number].failure = failure
        self._end(number)

    def _end(self, number: int) -> None:
        flow = self._flows[number]
        self._pace.ended(number)
        if flow.under_way:
            flow.under_way = False
            self._under_way -= 1
