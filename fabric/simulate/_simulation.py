"""`simulate`, and the answers that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from fabric._bulk import without_collection
from fabric._values import dataclass
from fabric.config import Address, FabricConfig, Family, Prefix
from fabric.simulate._fibs import CompressedFib, compressed
from fabric.simulate._forwarding import Fate, Forwarding, TracedPath
from fabric.simulate._links import Links
from fabric.simulate._path import Path, Router
from fabric.simulate._rounds import Fabric, Round, last_round, speakers
from fabric.simulate._sessions import Pair, as_session, pair_up
from fabric.simulate._values import NONE, Failures, FibEntry, RibEntry, Session, UnknownDeviceError
from fabric.simulate._vrf import separated, separated_failures


@dataclass(frozen=True)
class Simulation:
    """What a fabric does under given failures. Tables are made when they are asked for, and kept."""

    fabric: FabricConfig
    failures: Failures
    _links: Links
    _pairs: tuple[Pair, ...]
    _round: Round
    _routers: Mapping[str, Router]

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """Every session that the configurations ask for, up or down."""
        return tuple(as_session(*both) for both in zip(self._pairs, self._round.given.sessions, strict=True))

    def rib(self, device: str, family: Family) -> Mapping[Prefix, RibEntry]:
        """The BGP table of the device: every path that reached it, and why each but the best one lost."""
        self._check(device)
        router = self._routers.get(device)
        return {} if router is None else self._round.bgp[family].rib(router)

    def best_path(self, device: str, prefix: Prefix) -> Path | None:
        """The best path of the device's BGP table for exactly this prefix; `None` where it has none."""
        self._check(device)
        router = self._routers.get(device)
        bgp = self._round.bgp["ipv4" if prefix.version == 4 else "ipv6"]
        number = bgp.class_of(prefix)
        return None if router is None or number is None else bgp.outcomes.best(number, router.index)

    def fib(self, device: str, family: Family) -> Mapping[Prefix, FibEntry]:
        """The kernel's main table of the device: connected, static and BGP routes; empty for a failed device."""
        return self.compressed_fib(device, family).table()

    def compressed_fib(self, device: str, family: Family) -> CompressedFib:
        """The same table, with routes that differ in their prefix alone held once."""
        self._check(device)
        router, bgp = self._routers.get(device), self._round.bgp.get(family)
        return compressed(self._round.zebra, bgp, router, device, family)

    def paths(self, device: str, destination: Address) -> tuple[TracedPath, ...]:
        """Every path that ECMP allows from the device to the destination."""
        self._check(device)
        return tuple(self._forwarding.paths(device, destination))

    def delivers(self, device: str, destination: Address) -> bool:
        """True when packets from the device to the destination arrive, whichever ECMP member they take."""
        self._check(device)
        return self._forwarding.delivers(device, destination)

    def owner(self, address: Address) -> str | None:
        """The living device that has the address on an interface that is up."""
        ports = self._links.owners.get(address, ())
        return next((port.device for port in ports if self._links.up(port)), None)

    def source_towards(self, device: str, destination: Address) -> Address | None:
        """The source address that the device's kernel takes for the destination; `None` without a route."""
        return self._forwarding.source_towards(device, destination)

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why prefixes were taken one after the other: what in the policy lets the order of updates matter."""
        return tuple(dict.fromkeys(what for bgp in self._round.bgp.values() for what in bgp.outcomes.obstacles))

    @property
    def _forwarding(self) -> Forwarding:
        return Forwarding(self._links, self._round.zebra)

    def _check(self, device: str) -> None:
        if device not in self.fabric.by_name:
            raise UnknownDeviceError(device, self.fabric.by_name)


@without_collection()
def simulate(fabric: FabricConfig, failures: Failures = NONE) -> Simulation:
    """The stable state of the fabric under the failures; raises `NoStableStateError` where there is none."""
    if (parts := separated(fabric)) is not fabric:
        fabric, failures = parts, separated_failures(fabric, failures)
    links = Links(fabric, failures)
    common = Fabric(links, pair_up(links), tuple(speakers(links)))
    final = last_round(common)
    routers = {router.name: router for router in common.routers}
    return Simulation(fabric, failures, links, common.pairs, final, routers)


@dataclass(frozen=True, slots=True)
class Trace:
    """Where packets of one flow go: all ECMP paths there, and all back."""

    source: Address
    destination: Address
    forward: tuple[TracedPath, ...]
    back: tuple[TracedPath, ...]
    """From the owner of the destination to the source; empty where nothing living owns the destination."""

    @property
    def fates(self) -> frozenset[Fate]:
        """How the forward paths end."""
        return frozenset(path.fate for path in self.forward)


def trace(simulation: Simulation, device: str, source: Address, destination: Address) -> Trace:
    """Every path of packets that the device sends from `source` to `destination`, and of the answers."""
    owner = simulation.owner(destination)
    back = () if owner is None else simulation.paths(owner, source)
    return Trace(source, destination, simulation.paths(device, destination), back)


def reachable(simulation: Simulation, device: str, source: Address, destination: Address) -> bool:
    """True when every ECMP path to the destination delivers, and every path of the answers to `source`."""
    owner = simulation.owner(destination)
    return owner is not None and simulation.delivers(device, destination) and simulation.delivers(owner, source)
