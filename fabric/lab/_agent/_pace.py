"""How many probes may be under way at once, so that no buffer of the fabric or of the prober ever overflows."""

from __future__ import annotations

import time
from collections import deque

_FIRST_WINDOW, _MAX_WINDOW = 32, 512
_BUFFERED_BYTES = 4 << 20
_LEAST_PATIENCE_NS, _MOST_PATIENCE_NS = 20_000_000, 100_000_000


class Pace:
    """A window over the probes under way.

    It starts small, so that round trip times say something, and grows only while the prober would idle. A probe out for
    longer than four round trips no longer counts, or losses would stall the rest.
    """

    def __init__(self, packet_bytes: int) -> None:
        # A queued packet takes up to twice its length and 1 KB of a socket's buffer (`skb->truesize`).
        self._most = max(_FIRST_WINDOW, min(_MAX_WINDOW, _BUFFERED_BYTES // (2 * packet_bytes + 1024)))
        self._window = _FIRST_WINDOW
        self._out: dict[int, int] = {}
        self._order: deque[tuple[int, int]] = deque()
        self._round_trip_ns = 0

    @property
    def room(self) -> int:
        """How many more probes may be sent now."""
        return self._window - len(self._out)

    def sent(self, number: int, at_ns: int) -> None:
        """Count probe `number` as under way."""
        self._out[number] = at_ns
        self._order.append((number, at_ns))

    def ended(self, number: int) -> None:
        """Probe `number` is answered or has failed."""
        self._out.pop(number, None)

    def measured(self, round_trip_ns: int) -> None:
        """Take one round trip time into account (moving average over about eight)."""
        self._round_trip_ns += (round_trip_ns - self._round_trip_ns) >> 3

    def idle(self) -> float:
        """Widen the window or let old probes go, as nothing arrived while it was full.

        Returns the seconds worth waiting for an answer: 0 when more may be sent at once.
        """
        now_ns = time.monotonic_ns()
        patience_ns = min(max(_LEAST_PATIENCE_NS, 4 * self._round_trip_ns), _MOST_PATIENCE_NS)
        while self._order and (self._order[0][0] not in self._out or now_ns - self._order[0][1] > patience_ns):
            number, at_ns = self._order.popleft()
            if self._out.get(number) == at_ns:
                del self._out[number]
        if self.room > 0:
            return 0.0
        if self._window < self._most:
            self._window = min(self._most, 2 * self._window)
            return 0.0
        return (patience_ns - (now_ns - self._order[0][1])) / 1e9 if self._order else 0.0
