"""The convergence budget: how long packets between two devices are lost when something fails, term by term.

A flow that ran into the failure is whole again once some router before the failure sends it another way. Which router
that is follows from the FIBs before and after, and when it acts from its distance to the routers that notice.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import Address, FabricConfig, Family, Prefix
from fabric.simulate._reachability import DELIVERED, Endpoint, Leg, Walk
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._simulation import Simulation, simulate
from fabric.simulate._timing import CARRIER, HOP_MS, HUNT_MS, SETTLE_MS, Detection, Manner, Noticed, noticed, tcp_gap_ms
from fabric.simulate._values import NONE, Failures, FibEntry
from fabric.simulate._verdicts import Situation, situation_of
from fabric.simulate._whatif import combined


class Terms(NamedTuple):
    """What an outage is made of."""

    detection: Detection
    detect_ms: float
    hops: int = 0
    """BGP routers from the one that notices to the one that sends the packets another way, both counted."""
    hunting_ms: float = 0.0
    """Path hunting: the paths that die one after the other before the good one is found."""

    @property
    def rank(self) -> tuple[float, bool]:
        """Order by severity: of two that lose nothing, the one that something had to be done about comes later."""
        return self.ms, self.detection is not Detection.NOTHING

    @property
    def ms(self) -> float:
        """The sum, in ms; infinite where nothing brings the packets back."""
        if self.hops == 0:
            return self.detect_ms
        return self.detect_ms + SETTLE_MS + HOP_MS * self.hops + self.hunting_ms


UNHURT = Terms(Detection.NOTHING, 0.0)
"""No packet of the pair passes what fails."""
LOST = Terms(Detection.NEVER, math.inf)
"""No router finds another way."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long packets of an ordered pair, or the answers to them, are lost at most."""

    source: str
    destination: str
    family: Family
    terms: Terms
    """Of the slower of the two directions, and of the slowest of its ECMP paths."""

    @property
    def outage_ms(self) -> float:
        """The longest gap in ms that a UDP flow sees; infinite where the pair is cut."""
        return self.terms.ms

    @property
    def tcp_gap_ms(self) -> float:
        """The longest gap in ms that a TCP stream with a message every 100 ms sees."""
        return tcp_gap_ms(self.terms.ms)


def budget(
    fabric: FabricConfig,
    failures: Failures,
    pair: tuple[Endpoint, Endpoint],
    manner: Manner = CARRIER,
    before: Failures = NONE,
) -> Budget:
    """How many ms the pair loses packets when `failures` come on top of `before`, with the terms of the sum.

    An upper bound for FRR without pacing of its own (MRAI 0, no dampening), on machines with time to spare; measured
    outages were at most 10 ms above it. `manner` says what notices: carrier, or BFD and hold timers as configured.
    Both ends must live after the failure; for a pair that stays cut `outage_ms` is infinite. To ask about many pairs
    of one failure, keep a `Convergence`.
    """
    after = simulate(fabric, combined(before, failures))
    return Convergence(simulate(fabric, before), after, manner).of(*pair)


class Convergence:
    """The way of one fabric from one stable state to the next, ready to be asked about many pairs."""

    def __init__(self, before: Simulation | Situation, after: Simulation | Situation, manner: Manner = CARRIER) -> None:
        self._before, self._after = (
            situation_of(state) if isinstance(state, Simulation) else state for state in (before, after)
        )
        self._manner = manner
        self._walks = {f: (self._before.walks[f], self._after.walks[f]) for f in FAMILIES}
        self._dead = _new(before.failures, after.failures)
        self._towards: dict[Address, _Towards] = {}

    @cached_property
    def _watchers(self) -> Mapping[str, Noticed]:
        return _watchers(self._before, self._after, self._manner)

    @cached_property
    def _peers(self) -> Mapping[str, Sequence[str]]:
        return _peers(self._after)

    @cached_property
    def _hunting_ms(self) -> float:
        return HUNT_MS * (_spine_asns(self._after.fabric) - 1)

    def of(self, source: Endpoint, destination: Endpoint) -> Budget:
        """The budget of packets from source to destination and of the answers."""
        there = self._one_way(source.device, destination.address)
        back = self._one_way(destination.device, source.address)
        return Budget(source.device, destination.device, _family(destination.address), _slower(there, back))

    def last_change(self, destination: Address) -> Terms:
        """When the last FIB of the fabric has its final route to the destination, whether or not packets need it."""
        return self._to(destination).last_change()

    def _one_way(self, device: str, destination: Address) -> Terms:
        return self._to(destination).outage(device)

    def _to(self, destination: Address) -> _Towards:
        if destination not in self._towards:
            self._towards[destination] = _Towards(self, destination, *self._walks[_family(destination)])
        return self._towards[destination]

    def broken(self, device: str, interface: str, far: str | None) -> bool:
        """True when packets out of this port run into what failed."""
        dead_cables = self._dead.cables
        return far in self._dead.devices or any(
            (end.device, end.interface) == (device, interface) for cable in dead_cables for end in (cable.a, cable.b)
        )

    def kernel_repairs(self, device: str) -> bool:
        """True when the device's kernel drops ECMP members that lose their carrier, ahead of any daemon."""
        watcher = self._watchers.get(device)
        return self._manner.linkdown_ignored and watcher is not None and watcher.by is Detection.CARRIER

    def arrivals(self, changed: frozenset[str]) -> Mapping[str, Terms]:
        """When each device has acted on the news, if these are the devices whose routes change."""
        first = [name for name in self._watchers if name in changed] or list(self._watchers)
        found = {name: Terms(*self._watchers[name], 1) for name in sorted(first, key=lambda n: self._watchers[n].ms)}
        queue = deque(found)
        while queue:
            name = queue.popleft()
            here = found[name]
            later = here._replace(hops=here.hops + 1)
            for peer in self._peers.get(name, ()):
                if peer not in found or later.ms < found[peer].ms:
                    found[peer] = later
                    queue.append(peer)
        return found

    def keeps_static(self, device: str, destination: Address, legs: Iterable[Leg]) -> bool:
        """True when the device sends packets into what failed by a static route, and is told nothing by its carrier.

        No session that the device loses takes such a next hop away, nor does anything else in FRR.
        """
        if not self._manner.silent:
            return False
        named = self._statics.get(device, frozenset())
        entry = self._walks[_family(destination)][0].route(device, destination)
        return entry is not None and any(
            (entry.prefix, way) in named
            for leg in legs
            if self.broken(device, leg.port.interface, leg.far)
            for hop in entry.next_hops
            if hop.interface == leg.port.interface
            for way in (hop.gateway, hop.interface)
        )

    @cached_property
    def _statics(self) -> Mapping[str, frozenset[tuple[Prefix, Address | str | None]]]:
        """What static routes name themselves, by device; hops that other routes led them to are not among it."""
        return {
            device.name: frozenset(
                (route.prefix, hop.address or hop.interface)
                for route in device.static_routes
                for hop in route.next_hops
            )
            for device in self._after.fabric
            if device.static_routes
        }

    def hunting_ms(self, device: str, destination: Address) -> float:
        """What path hunting adds where the device's path to the destination becomes longer."""
        if not self._hunting_ms:
            return 0.0
        before, after = (walk.path_length(device, destination) for walk in self._walks[_family(destination)])
        return self._hunting_ms if before is not None and (after is None or after > before) else 0.0


class _Towards:
    """Everything about packets to one destination."""

    def __init__(self, convergence: Convergence, destination: Address, before: Walk, after: Walk) -> None:
        self._convergence = convergence
        self._destination = destination
        self._before = before
        self._after = after
        self._repairs: dict[str, Terms] = {}
        self._outages: dict[str, Terms] = {}

    @cached_property
    def concerned(self) -> frozenset[str]:
        """The devices whose packets may come to one that treats them otherwise than before."""
        return self._before.upstream(self._destination, self._after.moved(self._before, self._destination))

    @cached_property
    def _changed(self) -> frozenset[str]:
        return self._after.rerouted(self._before, self._destination)

    @cached_property
    def _arrivals(self) -> Mapping[str, Terms]:
        return self._convergence.arrivals(self._changed)

    def outage(self, device: str) -> Terms:
        """The loss on the slowest path from the device: each path is whole once one router on it has another way."""
        if device not in self.concerned:
            return UNHURT
        if device not in self._outages:
            self._outages[device] = LOST  # until shown otherwise: coming back here is a loop
            legs = self._before.legs(device, self._destination)
            if self._before.fates(device, self._destination) != DELIVERED:
                self._outages[device] = UNHURT if self._after.alive(device) else LOST
                return self._outages[device]
            onward = [self._beyond(device, leg.port.interface, leg.far) for leg in legs]
            worst = _slower(UNHURT, *onward)
            if worst.ms > 0:
                worst = min(worst, self._repair(device), key=lambda terms: terms.ms)
            self._outages[device] = worst
        return self._outages[device]

    def last_change(self) -> Terms:
        """The latest of all devices whose routes to the destination change."""
        return _slower(UNHURT, *map(self._own, sorted(self._changed)))

    def _beyond(self, device: str, interface: str, far: str | None) -> Terms:
        if far is None or self._convergence.broken(device, interface, far):
            return LOST
        return self.outage(far)

    def _repair(self, device: str) -> Terms:
        """When all paths from the device lead around the failure: it and every router on them have acted."""
        if device not in self._repairs:
            self._repairs[device] = LOST
            if self._after.fates(device, self._destination) == DELIVERED:
                legs = self._after.legs(device, self._destination)
                onward = [self._repair(leg.far) for leg in legs if leg.far is not None]
                self._repairs[device] = _slower(self._own(device), *onward)
        return self._repairs[device]

    def _own(self, device: str) -> Terms:
        if device not in self._changed:
            return UNHURT
        if self._convergence.keeps_static(device, self._destination, self._before.legs(device, self._destination)):
            return LOST
        if self._convergence.kernel_repairs(device) and self._only_drops_dead_members(device):
            return Terms(Detection.KERNEL, 0.0)
        terms = self._arrivals.get(device, LOST)
        return terms._replace(hunting_ms=self._convergence.hunting_ms(device, self._destination))

    def _only_drops_dead_members(self, device: str) -> bool:
        before = self._before.legs(device, self._destination)
        alive = {leg.port for leg in before if not self._convergence.broken(device, leg.port.interface, leg.far)}
        return alive == {leg.port for leg in self._after.legs(device, self._destination)}


def _slower(*terms: Terms) -> Terms:
    return max(terms, key=lambda item: item.rank)


def _family(address: Address) -> Family:
    return "ipv4" if address.version == 4 else "ipv6"


def _hops(entry: FibEntry | None) -> object:
    return None if entry is None else (entry.next_hops, entry.blackhole)


def _new(before: Failures, after: Failures) -> Failures:
    return Failures(after.cables - before.cables, after.devices - before.devices, after.sessions - before.sessions)


def _watchers(before: Situation, after: Situation, manner: Manner) -> dict[str, Noticed]:
    """The living devices that notice by themselves, each by the slowest session that it loses."""
    found: dict[str, Noticed] = {}
    lost = zip(before.sessions, after.sessions, strict=True)
    for session in (was for was, now in lost if was.up and not now.up):
        closed = any(end in after.failures.sessions for end in session.ends)
        for end in session.ends:
            if end.device in after.failures.devices:
                continue
            new = Noticed(Detection.CLOSED, 0.0) if closed else noticed(after.fabric, session, end.device, manner)
            found[end.device] = max(new, found.get(end.device, new), key=lambda item: item.ms)
    if not manner.silent:  # what has no session loses its carrier all the same
        for name in _neighbors(after.fabric, _new(before.failures, after.failures)):
            found.setdefault(name, Noticed(Detection.CARRIER, 0.0))
    return {name: item for name, item in found.items() if name not in after.failures.devices}


def _neighbors(fabric: FabricConfig, failures: Failures) -> list[str]:
    ends = [(cable, end) for cable in fabric.cables for end in (cable.a, cable.b)]
    return [e.device for c, e in ends if c in failures.cables or c.other(e).device in failures.devices]


def _peers(after: Situation) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for session in after.sessions:
        if session.up and session.b is not None:
            found.setdefault(session.a.device, []).append(session.b.device)
            found.setdefault(session.b.device, []).append(session.a.device)
    return found


def _spine_asns(fabric: FabricConfig) -> int:
    """How many ASNs the spines have that one leaf may hunt through: those of its pod, or those of the super-spines."""
    tiers: dict[tuple[str, str | None], set[int]] = {}
    for device in fabric:
        instance = device.default_bgp
        if device.place.role in {"spine", "super-spine"} and instance is not None:
            tiers.setdefault((device.place.role, device.place.pod), set()).add(instance.asn)
    return max(map(len, tiers.values()), default=1)
