"""What intents are asked of: anything that forwards, whether it is simulated or runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fabric._values import dataclass
from fabric.config import Address, FabricConfig, Family
from fabric.simulate import DELIVERED, Fate, Simulation, Situation, Step, Towards, Walk, situation_of


class Ground(Protocol):
    """A fabric that forwards packets, and can be asked where."""

    @property
    def fabric(self) -> FabricConfig:
        """The configuration that it forwards by."""

    def alive(self, device: str) -> bool:
        """True when the device runs."""

    def step(self, device: str, destination: Address) -> Step:
        """How packets to the destination end on the device, or the devices that it may send them to."""


class Predicted:
    """The forwarding that is predicted: by a simulation, or for a scenario of a sweep."""

    def __init__(self, state: Simulation | Situation) -> None:
        self.fabric = state.fabric
        situation = situation_of(state) if isinstance(state, Simulation) else state
        self._walks: Mapping[Family, Walk] = situation.walks
        self._latest: tuple[Address, Towards] | None = None

    def alive(self, device: str) -> bool:
        """True when the device has not failed."""
        return self._walks["ipv4"].alive(device)

    def step(self, device: str, destination: Address) -> Step:
        """How packets to the destination end on the device, or the devices that it may send them to."""
        latest = self._latest
        if latest is None or latest[0] is not destination:  # hashing an address takes longer than the rest
            walk = self._walks["ipv4" if destination.version == 4 else "ipv6"]
            self._latest = latest = destination, walk.towards(destination)
        return latest[1].way(device).step


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything that ECMP may do with packets from one device to one destination."""

    fates: frozenset[Fate]
    edges: frozenset[tuple[str, str]]
    """Which device hands them to which."""
    width: int
    """Next hops at the source."""

    @property
    def delivered(self) -> bool:
        """True when all packets arrive, whichever ECMP member they take."""
        return self.fates == DELIVERED

    @property
    def devices(self) -> frozenset[str]:
        """The devices on any of the paths, both ends included."""
        return frozenset(name for edge in self.edges for name in edge)


def flow(ground: Ground, source: str, destination: Address) -> Flow:
    """The flow of packets that `source` sends to `destination`."""
    onward: dict[str, frozenset[str]] = {}
    fates: set[Fate] = set()
    width = 0
    queue = [source]
    while queue:
        device = queue.pop()
        if device in onward:
            continue
        step = ground.step(device, destination)
        if isinstance(step, tuple) and device != source and not ground.fabric.by_name[device].forwarding:
            step = frozenset({Fate.NOT_FORWARDING})
        onward[device] = frozenset()
        if isinstance(step, frozenset):
            fates |= step
            continue
        width = len(step) if device == source else width
        fates |= {Fate.NO_NEIGHBOR} if None in step else set()
        onward[device] = frozenset(far for far in step if far is not None)
        queue += onward[device]
    if _loops(onward):
        fates.add(Fate.LOOP)
    return Flow(frozenset(fates), frozenset((one, two) for one, far in onward.items() for two in far), width)


def _loops(onward: Mapping[str, frozenset[str]]) -> bool:
    """True when packets can come back to a device that has had them."""
    incoming = dict.fromkeys(onward, 0)
    for far in onward.values():
        for name in far:
            incoming[name] += 1
    ready = [name for name, count in incoming.items() if not count]
    done = 0
    while ready:
        done += 1
        for name in onward[ready.pop()]:
            incoming[name] -= 1
            if not incoming[name]:
                ready.append(name)
    return done < len(onward)
