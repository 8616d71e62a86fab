"""Who reaches whom: the FIBs of all devices walked once for each destination, not once for each pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations, product
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import Address, Cable, DeviceConfig, FabricConfig, Family, Port, Prefix
from fabric.simulate._forwarding import Fate
from fabric.simulate._links import Links
from fabric.simulate._simulation import Simulation
from fabric.simulate._tables import PrefixTable
from fabric.simulate._values import FibEntry, NextHop

_SWITCHES = frozenset({"spine", "super-spine", "leaf", "border"})
DELIVERED = frozenset({Fate.DELIVERED})

Fates = frozenset[Fate]
Step = Fates | tuple[str | None, ...]
"""How packets end on a device, or the devices they go on to; `None` for a next hop that does not answer."""


Arrives = Callable[[str, Address], bool]
"""Whether all packets from a device to an address are known to arrive."""


def _unknown(_source: str, _destination: Address) -> bool:
    return False


class Endpoint(NamedTuple):
    """A device, and the address that others know it by."""

    device: str
    address: Address


class Leg(NamedTuple):
    """A port that packets may leave by, and the device that takes them; `None` where nothing answers."""

    port: Port
    far: str | None


class Way(NamedTuple):
    """What a device does with packets to a destination."""

    legs: tuple[Leg, ...]
    """Every port that they may leave by; none where they end on the device."""
    step: Step


_DOWN = Way((), frozenset({Fate.DEVICE_DOWN}))
_ARRIVED = Way((), DELIVERED)
_NO_ROUTE = Way((), frozenset({Fate.NO_ROUTE}))
_BLACKHOLE = Way((), frozenset({Fate.BLACKHOLE}))


@dataclass(frozen=True, slots=True)
class Lost:
    """An ordered pair whose packets, or the answers to them, do not all arrive."""

    source: Endpoint
    destination: Endpoint
    forward: Fates
    """How packets end that the source sends, over all ECMP members."""
    back: Fates


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """A pair of which packets and answers pass other devices."""

    one: Endpoint
    two: Endpoint
    there: frozenset[tuple[str, str]]
    """Which device hands packets to which, only on the way from `one` to `two`."""
    back: frozenset[tuple[str, str]]
    """The same of the answers, also in the direction from `one` to `two`."""


def endpoints(fabric: FabricConfig, family: Family) -> tuple[Endpoint, ...]:
    """The nodes by their first loopback address of the family; the leaves where the fabric has no nodes."""
    nodes = [device for device in fabric if device.place.role not in _SWITCHES]
    chosen = nodes or [device for device in fabric if device.place.role == "leaf"]
    return tuple(Endpoint(d.name, address) for d in chosen if (address := loopback(d, family)) is not None)


def loopback(device: DeviceConfig, family: Family) -> Address | None:
    """The device's first loopback address of the family."""
    version = 4 if family == "ipv4" else 6
    return next((a.ip for a in device.loopback_addresses() if a.version == version), None)


class Walk:
    """The forwarding of one family under one simulation, ready to be asked about many destinations."""

    def __init__(self, simulation: Simulation, family: Family) -> None:
        self.simulation = simulation
        self.family = family
        self._links = Links(simulation.fabric, simulation.failures)
        self._devices = simulation.fabric.by_name
        self._ways: dict[tuple[str, frozenset[NextHop]], Way] = {}
        self._towards: dict[Address, Towards] = {}
        self._fates: dict[Address, Mapping[str, Fates]] = {}

    @cached_property
    def fibs(self) -> Mapping[str, Mapping[Prefix, FibEntry]]:
        """The kernel's table of every device; empty for a failed one."""
        return {device.name: self.simulation.fib(device.name, self.family) for device in self.simulation.fabric}

    @cached_property
    def _tables(self) -> Mapping[str, PrefixTable[FibEntry]]:
        return {name: PrefixTable(fib.items()) for name, fib in self.fibs.items()}

    @property
    def devices(self) -> Iterable[str]:
        """The names of all devices."""
        return self._devices

    def alive(self, device: str) -> bool:
        """True when the device itself has not failed."""
        return self._links.alive(device)

    def forwards(self, device: str) -> bool:
        """True when the device passes on packets of others."""
        return self._devices[device].forwarding

    def owns(self, device: str, address: Address) -> bool:
        """True when packets to the address have arrived once the device has them."""
        return self._links.alive(device) and address in self._links.own_addresses[device]

    def carries(self, cable: Cable) -> bool:
        """True when the cable and the devices at both of its ends have not failed."""
        return self._links.up(cable.a) and self._links.up(cable.b)

    def fates(self, source: str, destination: Address) -> Fates:
        """How packets from the device to the destination end, over all ECMP members."""
        return self.all_fates(destination)[source]

    def all_fates(self, destination: Address) -> Mapping[str, Fates]:
        """How packets from every device to the destination end."""
        if destination not in self._fates:
            self._fates[destination] = self._from_everywhere(destination)
        return self._fates[destination]

    def route(self, device: str, destination: Address) -> FibEntry | None:
        """The route that packets to the destination take on the device; `None` without one, or on a failed device."""
        return next(self._tables[device].covering(destination), None)

    def same_routes(self, device: str) -> bool:  # noqa: ARG002 - told from another state, it may be known
        """True when the device is known to have the routes of the state that this one is told from."""
        return False

    def entry(self, device: str, prefix: Prefix) -> FibEntry | None:
        """The device's route for exactly this prefix."""
        return self.fibs[device].get(prefix)

    def path_length(self, device: str, destination: Address) -> int | None:
        """AS hops of the device's best path to the destination; `None` without a BGP route."""
        entry = self.route(device, destination)
        if entry is None or entry.protocol != "bgp":
            return None
        best = self.simulation.best_path(device, entry.prefix)
        return None if best is None else len(best.attributes.as_path)

    def rerouted(self, before: Walk, destination: Address) -> frozenset[str]:
        """The living devices whose route to the destination has other next hops than before, or is gone, or is new."""
        return frozenset(
            name for name in self._devices if self.alive(name) and self._otherwise(before, name, destination)
        )

    def _otherwise(self, before: Walk, device: str, destination: Address) -> bool:
        now, then = self.route(device, destination), before.route(device, destination)
        if now is None or then is None:
            return now is not then
        return (now.next_hops, now.blackhole) != (then.next_hops, then.blackhole)

    def towards(self, destination: Address) -> Towards:
        """The forwarding of packets to the destination."""
        if destination not in self._towards:
            self._towards[destination] = Towards(self, destination)
        return self._towards[destination]

    def moved(self, before: Walk, destination: Address) -> frozenset[str]:
        """The devices that treat packets to the destination otherwise than before, dead ones among them."""
        now, then = self.towards(destination), before.towards(destination)
        return frozenset(name for name in self._devices if now.way(name) != then.way(name))

    def upstream(self, destination: Address, devices: Iterable[str]) -> frozenset[str]:
        """These devices, and all whose packets to the destination may come to them."""
        callers = self.towards(destination).callers
        found = set(devices)
        queue = list(found)
        while queue:
            more = [name for name in callers.get(queue.pop(), ()) if name not in found]
            found.update(more)
            queue += more
        return frozenset(found)

    def step(self, device: str, destination: Address) -> Step:
        """How packets to the destination end on the device, or the devices that they may go on to, one a next hop."""
        return self.towards(destination).way(device).step

    def legs(self, device: str, destination: Address) -> tuple[Leg, ...]:
        """Every port that the device may send packets to the destination out of; none where they end on it."""
        return self.towards(destination).way(device).legs

    def way_of(self, device: str, destination: Address) -> Way:
        """What a device that is not the destination's owner does with packets to it, worked out anew."""
        if not self._links.alive(device):
            return _DOWN
        entry = self.route(device, destination)
        if entry is None:
            return _NO_ROUTE
        if entry.blackhole:
            return _BLACKHOLE
        return self._by_route(device, entry, destination)

    def onward(self, device: str, entry: FibEntry) -> tuple[str, ...] | None:
        """The devices that a route of the device leads to, whatever the packet.

        `None` where that depends on the packet, nothing answers at some next hop, or packets end there.
        """
        if entry.blackhole or _depends_on_packet(entry):
            return None
        legs = self._by_route(device, entry, entry.prefix.network_address).legs
        found = tuple(leg.far for leg in legs if leg.far is not None)
        return found if len(found) == len(legs) else None

    def _by_route(self, device: str, entry: FibEntry, destination: Address) -> Way:
        if _depends_on_packet(entry):
            return self._way_out(device, entry, destination)
        key = (device, entry.next_hops)
        if key not in self._ways:
            self._ways[key] = self._way_out(device, entry, destination)
        return self._ways[key]

    def _way_out(self, device: str, entry: FibEntry, destination: Address) -> Way:
        hops = sorted(entry.next_hops, key=str)
        legs = tuple(Leg(Port(device, hop.interface), self._far_device(device, hop, destination)) for hop in hops)
        return Way(legs, tuple(leg.far for leg in legs))

    def owners(self, address: Address) -> frozenset[str]:
        """The living devices that have the address on an interface that is up."""
        return frozenset(port.device for port in self._links.owners.get(address, ()) if self._links.up(port))

    def _from_everywhere(self, destination: Address) -> Mapping[str, Fates]:
        return self._from(self._devices, destination, {})

    def _from(self, devices: Iterable[str], destination: Address, others: Mapping[str, Fates]) -> dict[str, Fates]:
        """How packets from the devices end; `others`: how those end that others pass on."""
        towards = self.towards(destination)
        steps = {name: towards.way(name).step for name in devices}
        passing = {name: self._passing(name, step) for name, step in steps.items()}
        ends = _ends(passing, others)
        return {
            name: ends[name] if step is passing[name] else _union(ends, step)  # a device sends what it does not forward
            for name, step in steps.items()
        }

    def _passing(self, device: str, step: Step) -> Step:
        """What becomes of packets that come from elsewhere."""
        if isinstance(step, tuple) and not self._devices[device].forwarding:
            return frozenset({Fate.NOT_FORWARDING})
        return step

    def _far_device(self, device: str, hop: NextHop, destination: Address) -> str | None:
        port, wanted = Port(device, hop.interface), hop.gateway or destination
        far = self._links.far_end(port) if hop.link_local else self._links.answering(port, wanted)
        return None if far is None else far.device


class Towards:
    """The forwarding of packets to one destination; what has been asked is kept."""

    def __init__(self, walk: Walk, destination: Address) -> None:
        self._walk = walk
        self._destination = destination
        self._known: dict[str, Way] = dict.fromkeys(walk.owners(destination), _ARRIVED)

    def way(self, device: str) -> Way:
        """What the device does with such packets."""
        known = self._known.get(device)
        if known is None:
            known = self._known[device] = self._walk.way_of(device, self._destination)
        return known

    @cached_property
    def callers(self) -> Mapping[str, Sequence[str]]:
        """By device, those that hand it such packets."""
        found: dict[str, list[str]] = {}
        for name in self._walk.devices:
            for far in {leg.far for leg in self.way(name).legs if leg.far is not None}:
                found.setdefault(far, []).append(name)
        return found


def _depends_on_packet(entry: FibEntry) -> bool:
    """True for a route to a subnet: who answers there depends on the packet."""
    return any(hop.gateway is None and not hop.link_local for hop in entry.next_hops)


def _ends(steps: Mapping[str, Step], others: Mapping[str, Fates]) -> dict[str, Fates]:
    """The fates of packets at every device; those of a device that can come back to itself include `LOOP`."""
    ends = dict(others)
    callers: dict[str, list[str]] = {name: [] for name in steps}
    waiting: dict[str, int] = {}
    for name, step in steps.items():
        onward = {far for far in step if far in steps} if isinstance(step, tuple) else set[str | None]()
        waiting[name] = len(onward)
        for far in onward:
            assert far is not None
            callers[far].append(name)
    ready = [name for name, count in waiting.items() if not count]
    while ready:  # from the ends backwards; what never gets ready leads into a loop
        name = ready.pop()
        ends[name] = _union(ends, steps[name])
        for caller in callers[name]:
            waiting[caller] -= 1
            if not waiting[caller]:
                ready.append(caller)
    looping = [name for name in steps if name not in ends]
    ends.update(dict.fromkeys(looping, frozenset({Fate.LOOP})))
    _spread(ends, looping, steps)
    return ends


def _spread(ends: dict[str, Fates], looping: list[str], steps: Mapping[str, Step]) -> None:
    """Give the devices of loops the fates of what leaves the loops, until nothing changes."""
    changed = bool(looping)
    while changed:
        changed = False
        for name in looping:
            found = ends[name] | _union(ends, steps[name])
            changed = changed or found != ends[name]
            ends[name] = found


def _union(ends: Mapping[str, Fates], step: Step) -> Fates:
    if isinstance(step, frozenset):
        return step
    found = [frozenset({Fate.NO_NEIGHBOR}) if far is None else ends[far] for far in step]
    return frozenset[Fate]().union(*found)


def lost_pairs(walk: Walk, points: Iterable[Endpoint], certain: Arrives = _unknown) -> Iterator[Lost]:
    """The ordered pairs of living endpoints that do not reach each other both ways over every ECMP member.

    `certain`: whose packets are known to arrive, so that they need not be followed.
    """
    alive = [point for point in points if walk.alive(point.device)]
    for source, destination in product(alive, repeat=2):
        if source.device == destination.device:
            continue
        if certain(source.device, destination.address) and certain(destination.device, source.address):
            continue
        forward = walk.fates(source.device, destination.address)
        back = walk.fates(destination.device, source.address)
        if forward != DELIVERED or back != DELIVERED:
            yield Lost(source, destination, forward, back)


def asymmetries(walk: Walk, points: Iterable[Endpoint]) -> Iterator[Asymmetry]:
    """Each unordered pair of living endpoints whose answers do not take the way of the packets, ECMP included."""
    for one, two in combinations([point for point in points if walk.alive(point.device)], 2):
        there = _edges(walk, one.device, two.address)
        back = frozenset((b, a) for a, b in _edges(walk, two.device, one.address))
        if there != back:
            yield Asymmetry(one, two, there - back, back - there)


def _edges(walk: Walk, source: str, destination: Address) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    seen, queue = {source}, [source]
    while queue:
        here = queue.pop()
        step = walk.step(here, destination)
        for far in (far for far in step if far is not None) if isinstance(step, tuple) else ():
            found.add((here, far))
            if far not in seen:
                seen.add(far)
                queue.append(far)
    return frozenset(found)
