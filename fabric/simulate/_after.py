"""Forwarding after failures, told from the healthy fabric's: what their effects leave alone is shared with it.

Sound where effects are (`_ground`): every next hop is on a subnet of the device itself, so that a route hangs on what
its own device has decided for its own prefix and on nothing else. Devices that lose a port get their connected routes
anew; other devices only the routes of classes that they hold other paths of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property

from fabric._values import dataclass
from fabric.config import Address, Family, Prefix
from fabric.simulate._bgp import handed_over
from fabric.simulate._classsets import ClassSet, members, set_of
from fabric.simulate._decision import Decision
from fabric.simulate._effects import Effect
from fabric.simulate._forwarding import Forwarding
from fabric.simulate._ground import FamilyGround
from fabric.simulate._links import Links
from fabric.simulate._origins import originated
from fabric.simulate._path import Path, Router
from fabric.simulate._reachability import Fates, Towards, Walk, Way
from fabric.simulate._rounds import Round
from fabric.simulate._sessions import Pair, as_session, settle
from fabric.simulate._simulation import Simulation
from fabric.simulate._tables import prefix_order
from fabric.simulate._values import Failures, FibEntry, Session
from fabric.simulate._zebra import Zebra, _Tables

Withdrawn = tuple[tuple[int, ClassSet], ...]
"""Classes by the speaker that no longer originates them."""


class Before:
    """A stable state that others are told from."""

    def __init__(self, simulation: Simulation, walks: Mapping[Family, Walk]) -> None:
        self.simulation = simulation
        self.walks = walks
        self.links: Links = simulation._links
        self.round: Round = simulation._round
        self._entries: dict[tuple[str, int], tuple[object, FibEntry | None]] = {}
        self._covers: dict[Address, tuple[Prefix, ...]] = {}

    def covers(self, address: Address) -> tuple[Prefix, ...]:
        """The prefixes that BGP knows and that hold the address, longest first."""
        if address not in self._covers:
            self._covers[address] = tuple(self.round.zebra.bgp_covering(address))
        return self._covers[address]

    def entry(self, device: str, prefix: Prefix, paths: tuple[Path, ...]) -> FibEntry | None:
        """What the kernel of a device gets of the paths of one decision, for this prefix or another.

        A path's next hop is on a subnet that lives if the path does, so that no failure makes a difference.
        """
        key = (device, id(paths))  # with the paths, so that no others get their id
        if key not in self._entries:
            self._entries[key] = paths, self.round.zebra.bgp_route(device, prefix, paths)
        return self._entries[key][1]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The neighbor statements in pairs, in the order of the sessions."""
        return self.simulation._pairs

    def after(self, failures: Failures, effects: Sequence[Effect]) -> After:
        """The state under `failures`, which include those of this one; the effects are those of what is new."""
        links = _MoreFailures(self.links.fabric, failures, self.links)
        return After(self, links, {effect.ground.family: _Routes(effect) for effect in effects})


@dataclass(frozen=True)
class _MoreFailures(Links):
    """Links of which some more have failed than of others, with which these share what never changes."""

    before: Links = field(repr=False, compare=False)

    @cached_property
    def healthy(self) -> Links:
        return self.before.healthy

    @cached_property
    def hit(self) -> frozenset[str]:
        """The devices that the further failures leave without a port, or take altogether."""
        ports = self._dead_ports - self.before._dead_ports
        return frozenset(port.device for port in ports) | (self.failures.devices - self.before.failures.devices)


class _Routes:
    """What BGP of one family hands to the kernels after failures."""

    def __init__(self, effect: Effect) -> None:
        self.effect = effect
        self.ground: FamilyGround = effect.ground
        self._handed: dict[int, tuple[tuple[tuple[Path, ...], ClassSet], ...]] = {}

    def changed(self, device: str) -> ClassSet:
        """The classes of which the device may have another route."""
        index = self.ground.speaker.get(device)
        return 0 if index is None else self.effect.changed.get(index, 0)

    def differs(self, device: str, prefix: Prefix) -> bool:
        """True when the device may have another route for exactly this prefix."""
        number = self.ground.bgp.class_of(prefix)
        return number is not None and bool(self.changed(device) >> number & 1)

    def installed(self, device: str, prefix: Prefix) -> tuple[Path, ...]:
        """The paths handed to zebra, best first."""
        number = self.ground.bgp.class_of(prefix)
        index = self.ground.speaker.get(device)
        if number is None or index is None or not self.effect.changed.get(index, 0) >> number & 1:
            return self.ground.bgp.installed(device, prefix)
        if index not in self._handed:
            self._handed[index] = tuple(map(_handed, self.effect.decided(index)))
        return next((paths for paths, classes in self._handed[index] if classes >> number & 1), ())

    @cached_property
    def by_class(self) -> Mapping[int, Sequence[str]]:
        """The devices that may have another route, by class."""
        found: dict[int, list[str]] = {}
        for index, classes in self.effect.changed.items():
            name = self.ground.rules.graph.routers[index].name
            for number in members(classes):
                found.setdefault(number, []).append(name)
        return found


def _handed(decided: tuple[Decision, ClassSet]) -> tuple[tuple[Path, ...], ClassSet]:
    return handed_over(decided[0]), decided[1]


class _Zebra(Zebra):
    """The selected routes after failures; what these leave alone is looked up in the state before."""

    def __init__(self, links: _MoreFailures, before: Before, routes: Mapping[Family, _Routes]) -> None:
        known = before.round.zebra
        super().__init__(links, self._handed_over, (), known)
        self._before = before
        self._known = known
        self._hit = links.hit
        self._routes_of = {4: routes["ipv4"], 6: routes["ipv6"]}
        self._bgp_cover = known._bgp_cover  # a prefix without routes any more covers nothing, as its entries say
        devices = links.fabric.by_name
        again = {name: _Tables(links, devices[name]) for name in self._hit if links.alive(name)}
        self._tables = {**known._tables, **again}

    def _handed_over(self, device: str, prefix: Prefix) -> tuple[Path, ...]:
        return self._routes_of[prefix.version].installed(device, prefix)

    def select(self, device: str, prefix: Prefix) -> FibEntry | None:
        """The route that zebra has selected for exactly this prefix."""
        before = self._known._tables[device]
        local = prefix in before.connected or prefix in before.statics
        differs = self._routes_of[prefix.version].differs(device, prefix)
        if not differs and not (local and device in self._hit):
            return self._known.select(device, prefix)
        if local or before.filters:
            return super().select(device, prefix)
        paths = self._handed_over(device, prefix)
        found = self._before.entry(device, prefix, paths) if paths else None
        return None if found is None else replace(found, prefix=prefix)

    def _covering(self, device: str, address: Address) -> Iterator[Prefix]:
        local = (prefix for prefix, _ in self._tables[device].cover.covering(address))
        known = self._before.covers(address)
        return iter(known) if (first := next(local, None)) is None else self._with_local(known, (first, *local))

    def _with_local(self, known: Sequence[Prefix], local: Sequence[Prefix]) -> Iterator[Prefix]:
        learned = (prefix for prefix in known if prefix not in local)
        return iter(sorted((*local, *learned), key=lambda prefix: -prefix.prefixlen))


def _own(router: Router, family: Family, zebra: Zebra) -> dict[Prefix, list[Path]]:
    found: dict[Prefix, list[Path]] = {}
    for prefix, path in originated(router, family, zebra):
        found.setdefault(prefix, []).append(path)
    return found


class After:
    """The state after failures: its forwarding, and its sessions."""

    def __init__(self, before: Before, links: _MoreFailures, routes: Mapping[Family, _Routes]) -> None:
        self._before = before
        self._links = links
        self._routes = routes

    @cached_property
    def _zebra(self) -> _Zebra:
        return _Zebra(self._links, self._before, self._routes)

    @cached_property
    def walks(self) -> Mapping[Family, Walk]:
        """The forwarding of both families."""
        walks = self._before.walks
        return {f: _Walk(walks[f], self._links, self._zebra, routes) for f, routes in self._routes.items()}

    def withdrawn(self) -> Mapping[Family, Withdrawn] | None:
        """What living devices no longer announce of their own, as static routes are gone with their ports.

        `None` where they announce anything otherwise than before, or anything new.
        """
        found = {family: self._withdrawn(routes.ground) for family, routes in self._routes.items()}
        made = {family: gone for family, gone in found.items() if gone is not None}
        return made if len(made) == len(found) else None

    def _withdrawn(self, ground: FamilyGround) -> Withdrawn | None:
        found: list[tuple[int, ClassSet]] = []
        for router in ground.rules.graph.routers:
            if router.device.static_routes and router.name in self._links.hit and self._links.alive(router.name):
                gone = self._gone(ground, router)
                if gone is None:
                    return None
                found += [(router.index, gone)] if gone else []
        return tuple(found)

    def _gone(self, ground: FamilyGround, router: Router) -> ClassSet | None:
        """The classes that a device no longer originates."""
        before, after = (_own(router, ground.family, zebra) for zebra in (self._before.round.zebra, self._zebra))
        if any(before.get(prefix) != paths for prefix, paths in after.items()):
            return None
        gone = before.keys() - after.keys()
        classes = {number for number in map(ground.bgp.class_of, gone) if number is not None}
        whole = all(gone >= set(ground.bgp.classes[number].prefixes) for number in classes)
        return set_of(classes) if whole else None

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """Every session that the configurations ask for, up or down."""
        known = zip(self._before.pairs, self._before.simulation.sessions, strict=True)
        return tuple(self._session(pair, session) for pair, session in known)

    def _session(self, pair: Pair, session: Session) -> Session:
        hit = self._links.hit
        if not any(end.device in hit for end in session.ends):
            return session
        return as_session(pair, settle(self._links, pair, Forwarding(self._links, self._zebra), frozenset()))


class _Walk(Walk):
    """The forwarding of one family after failures."""

    def __init__(self, before: Walk, links: _MoreFailures, zebra: _Zebra, routes: _Routes) -> None:
        self.family = before.family
        self._before = before
        self._links = links
        self._hit = links.hit
        self._zebra = zebra
        self._routes = routes
        self._devices = before._devices
        self._ways = before._ways  # where a living port leads is no other than before
        self._towards = {}
        self._fates: dict[Address, Mapping[str, Fates]] = {}
        self._moved: dict[Address, frozenset[str]] = {}
        self._touched: dict[Address, frozenset[str]] = {}

    @cached_property
    def fibs(self) -> Mapping[str, Mapping[Prefix, FibEntry]]:
        """The kernel's table of every device; empty for a failed one."""
        return {name: self._fib(name) for name in self._devices}

    def _fib(self, device: str) -> Mapping[Prefix, FibEntry]:
        if not self.alive(device):
            return {}
        if self.same_routes(device):
            return self._before.fibs[device]
        changed = self._routes.changed(device)
        classes = self._routes.ground.bgp.classes
        prefixes = {prefix for number in members(changed) for prefix in classes[number].prefixes}
        prefixes |= self._before.fibs[device].keys() | self._zebra.local_prefixes(device, self.family).keys()
        found = ((prefix, self.entry(device, prefix)) for prefix in sorted(prefixes, key=prefix_order))
        return {prefix: entry for prefix, entry in found if entry is not None}

    def same_routes(self, device: str) -> bool:
        """True when the device is known to have the routes of the state that this one is told from."""
        return device not in self._hit and not self._routes.changed(device)

    def entry(self, device: str, prefix: Prefix) -> FibEntry | None:
        """The device's route for exactly this prefix."""
        if not self.alive(device):
            return None
        if device not in self._hit and not self._routes.differs(device, prefix):
            return self._before.entry(device, prefix)
        found = self._zebra.select(device, prefix)
        return None if found is None or found.refused else found

    def route(self, device: str, destination: Address) -> FibEntry | None:
        """The route that packets to the destination take on the device; `None` without one, or on a failed device."""
        if not self.alive(device):
            return None
        if device not in self._hit and device not in self._changed(destination):
            return self._before.route(device, destination)
        return self._zebra.lookup(device, destination)

    def towards(self, destination: Address) -> Towards:
        """The forwarding of packets to the destination."""
        if destination not in self._towards:
            touched = self._hit | self._changed(destination)
            self._towards[destination] = _Towards(self, destination, self._before.towards(destination), touched)
        return self._towards[destination]

    def path_length(self, device: str, destination: Address) -> int | None:
        """AS hops of the device's best path to the destination; `None` without a BGP route."""
        entry = self.route(device, destination)
        if entry is None or entry.protocol != "bgp":
            return None
        return len(self._routes.installed(device, entry.prefix)[0].attributes.as_path)

    def moved(self, before: Walk, destination: Address) -> frozenset[str]:
        """The devices that treat packets to the destination otherwise than before, dead ones among them."""
        if before is not self._before:
            return super().moved(before, destination)
        if destination not in self._moved:
            now, then = self.towards(destination), before.towards(destination)
            touched = self._hit | self._changed(destination)
            self._moved[destination] = frozenset(name for name in touched if now.way(name) != then.way(name))
        return self._moved[destination]

    def rerouted(self, before: Walk, destination: Address) -> frozenset[str]:
        """The living devices whose route to the destination has other next hops than before, or is gone, or is new."""
        if before is not self._before:
            return super().rerouted(before, destination)
        touched = self._hit | self._changed(destination)
        return frozenset(name for name in touched if self.alive(name) and self._otherwise(before, name, destination))

    def _changed(self, destination: Address) -> frozenset[str]:
        """The devices that may have another route to the destination."""
        if destination not in self._touched:
            bgp, by_class = self._routes.ground.bgp, self._routes.by_class
            numbers = map(bgp.class_of, self._zebra.bgp_covering(destination))
            touched = (by_class.get(number, ()) for number in numbers if number is not None)
            self._touched[destination] = frozenset().union(*touched)
        return self._touched[destination]

    def _from_everywhere(self, destination: Address) -> Mapping[str, Fates]:
        known = self._before.all_fates(destination)
        concerned = self._before.upstream(destination, self.moved(self._before, destination))
        if not concerned:
            return known
        onward = {leg.far for name in concerned for leg in self.towards(destination).way(name).legs}
        others = {far: self._passed_on(far, destination, known) for far in onward if far and far not in concerned}
        return {**known, **self._from(concerned, destination, others)}

    def _passed_on(self, device: str, destination: Address, known: Mapping[str, Fates]) -> Fates:
        """How packets end that come to a device from elsewhere."""
        step = self._passing(device, self.towards(destination).way(device).step)
        return step if isinstance(step, frozenset) else known[device]


class _Towards(Towards):
    """The forwarding to one destination after failures; what these leave alone is looked up in the state before."""

    def __init__(self, walk: Walk, destination: Address, before: Towards, touched: frozenset[str]) -> None:
        super().__init__(walk, destination)
        self._before = before
        self._touched = touched

    def way(self, device: str) -> Way:
        """What the device does with such packets."""
        return super().way(device) if device in self._touched else self._before.way(device)
