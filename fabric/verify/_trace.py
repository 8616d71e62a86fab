"""The paths that packets take in a lab beside those that are predicted, and the longest packet that they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from fabric._values import dataclass
from fabric.config import Address, FabricConfig, Port
from fabric.lab import PathMtu, ProbePair, RunningLab, TracedFlow, TraceEnd, TraceSettings, differences
from fabric.simulate import DELIVERED, Endpoint, Fate, Simulation, TracedPath, trace
from fabric.verify._predict import Prediction

UNKNOWN = "?"
"""Stands for a device that did not answer."""


@dataclass(frozen=True, slots=True)
class Way:
    """A sequence of devices, and how packets end that take it: `delivered`, or what the simulator or a device says."""

    devices: tuple[str, ...]
    end: str


@dataclass(frozen=True, slots=True)
class TracedWay:
    """A way, how many flows took it, whether the simulator has it, and whether the kernels' routes do."""

    way: Way
    flows: int
    predicted: bool
    installed: bool

    @property
    def agrees(self) -> bool:
        """True for a predicted way that was taken, or could be: no flow needs to be spread onto it by the kernels."""
        return self.predicted and (self.flows > 0 or self.installed)


@dataclass(frozen=True, slots=True)
class LabTrace:
    """All ways from one address to another, taken and predicted."""

    source: Endpoint
    destination: Endpoint
    owners: tuple[str, ...]
    """The devices that have the destination's address: several have that of a service."""
    ways: tuple[TracedWay, ...]

    @property
    def agrees(self) -> bool:
        """True when packets take predicted ways and no other, and could take all of them."""
        return all(entry.agrees for entry in self.ways)


@dataclass(frozen=True, slots=True)
class LabMtu:
    """The longest packet between two addresses that every path carries, where it is limited, and what was predicted."""

    source: Endpoint
    destination: Endpoint
    owners: tuple[str, ...]
    """The devices that have the destination's address."""
    packet_bytes: int
    limited_at: str | None
    """The device whose next interface is too small; `None` where that cannot be known."""
    predicted_bytes: int | None
    """`None` where not all packets are predicted to arrive."""
    predicted_at: tuple[Port, ...]
    """The predicted paths' interfaces with that MTU."""

    @property
    def agrees(self) -> bool:
        """True when the longest packet is as long as predicted."""
        return self.packet_bytes == (self.predicted_bytes or 0)


def trace_lab(
    lab: RunningLab, prediction: Prediction, ends: tuple[Endpoint, Endpoint], settings: TraceSettings
) -> LabTrace:
    """Where real packets go from one endpoint to the other, beside where they should."""
    source, destination = ends
    names, owners = names_of(prediction.fabric), owners_of(prediction.fabric, destination.address)
    taken = Counter(_way(flow, ends, names) for flow in lab.trace(_pair(ends), settings, owners))
    wanted = dict.fromkeys(map(_predicted, _paths(prediction.simulation, ends)))
    met = {way: next((known for known in wanted if _same(way, known)), None) for way in taken}
    wrong = _wrongly_routed(lab, prediction, destination.address)
    ways = [TracedWay(met[way] or way, flows, met[way] is not None, True) for way, flows in taken.items()]
    ways += [TracedWay(w, 0, True, wrong.isdisjoint(w.devices)) for w in wanted if w not in met.values()]
    return LabTrace(source, destination, owners, tuple(sorted(ways, key=lambda entry: entry.way.devices)))


def mtu_of_lab(lab: RunningLab, prediction: Prediction, ends: tuple[Endpoint, Endpoint]) -> LabMtu:
    """How long a packet may be from one endpoint to the other on every path, beside what is predicted."""
    owners = owners_of(prediction.fabric, ends[1].address)
    found = lab.path_mtu(_pair(ends), owners)
    predicted, ports = _predicted_mtu(prediction, ends)
    limited_at = _limited_at(lab, prediction, ends, found)
    return LabMtu(*ends, owners, found.packet_bytes, limited_at, predicted, ports)


def _wrongly_routed(lab: RunningLab, prediction: Prediction, destination: Address) -> frozenset[str]:
    """The devices whose kernel has a route to the destination that is not predicted."""
    fibs = lab.fibs()
    return frozenset(
        device
        for device, expected in prediction.forwarding.items()
        for wrong in differences(expected, fibs[device].forwarding())
        if destination in wrong.prefix
    )


def owners_of(fabric: FabricConfig, address: Address) -> tuple[str, ...]:
    """The devices that have the address, in the fabric's order."""
    return tuple(d.name for d in fabric if any(address == a.ip for port in d.interfaces for a in port.addresses))


def names_of(fabric: FabricConfig) -> Mapping[Address, str]:
    """The device that speaks with each address; of one that several have, none."""
    counted = Counter(a.ip for device in fabric for port in device.interfaces for a in port.addresses)
    return {
        a.ip: device.name
        for device in fabric
        for port in device.interfaces
        for a in port.addresses
        if counted[a.ip] == 1
    }


def _pair(ends: tuple[Endpoint, Endpoint]) -> ProbePair:
    source, destination = ends
    return ProbePair(source.device, source.address, destination.device, destination.address)


def _paths(simulation: Simulation, ends: tuple[Endpoint, Endpoint]) -> tuple[TracedPath, ...]:
    source, destination = ends
    return trace(simulation, source.device, source.address, destination.address).forward


def _predicted(path: TracedPath) -> Way:
    return Way(path.devices, path.fate.value)


def _way(flow: TracedFlow, ends: tuple[Endpoint, Endpoint], names: Mapping[Address, str]) -> Way:
    source, destination = ends
    between = tuple(UNKNOWN if hop is None else names.get(hop, str(hop)) for hop in flow.hops)
    if flow.end is TraceEnd.ARRIVED:
        last = flow.arrived_at or destination.device
        stays = last == source.device and not between
        return Way((source.device,) if stays else (source.device, *between, last), Fate.DELIVERED.value)
    while between and between[-1] == UNKNOWN:
        between = between[:-1]
    return Way((source.device, *between), flow.end.value)


def _same(seen: Way, predicted: Way) -> bool:
    """True when packets may have taken the predicted way: who was silent may be whoever is predicted there.

    Of a way that ends early the last device may not have spoken: a blackhole says nothing.
    """
    arrived = seen.end == Fate.DELIVERED.value
    if arrived != (predicted.end == Fate.DELIVERED.value):
        return False
    short = len(predicted.devices) - len(seen.devices)
    if short < 0 or (arrived and short):
        return False
    return all(one in (UNKNOWN, other) for one, other in zip(seen.devices, predicted.devices, strict=False))


def _predicted_mtu(prediction: Prediction, ends: tuple[Endpoint, Endpoint]) -> tuple[int | None, tuple[Port, ...]]:
    paths = _paths(prediction.simulation, ends)
    if {path.fate for path in paths} != DELIVERED:
        return None, ()
    sizes = dict(_sizes(prediction.fabric, paths))
    least = min(sizes.values(), default=65535)
    return least, tuple(sorted(port for port, size in sizes.items() if size == least))


def _sizes(fabric: FabricConfig, paths: Iterable[TracedPath]) -> Iterator[tuple[Port, int]]:
    """The MTU of every port that the paths pass, in or out."""
    mtus = {Port(device.name, port.name): port.mtu for device in fabric for port in device.interfaces}
    for path in paths:
        for hop in path.hops:
            if hop.leg is not None:
                out = Port(hop.device, hop.leg.interface)
                yield out, mtus[out]
                if far := fabric.peer_of.get(out):
                    yield far, mtus[far]


def _limited_at(lab: RunningLab, prediction: Prediction, ends: tuple[Endpoint, Endpoint], found: PathMtu) -> str | None:
    """Who says that one byte more is too long; else the last device that such packets pass before they vanish."""
    names = names_of(prediction.fabric)
    if found.at_source:
        return ends[0].device
    if found.reporter is not None:
        return names.get(found.reporter, str(found.reporter))
    settings = TraceSettings(packet_bytes=found.packet_bytes + 1, flows=16, missed=1.0)
    longer = lab.trace(_pair(ends), settings, owners_of(prediction.fabric, ends[1].address))
    lost = [_way(flow, ends, names).devices for flow in longer if flow.end is not TraceEnd.ARRIVED]
    return min(lost, key=len)[-1] if lost else None
