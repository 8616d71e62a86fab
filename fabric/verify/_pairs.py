"""Between whom probes are sent while a fabric is broken: spread over it, and some whose packets meet what breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from fabric._values import dataclass
from fabric.config import FabricConfig, Family, Port
from fabric.errors import InputError, unknown
from fabric.lab import Fault, LabStatus, ProbePair
from fabric.simulate import Endpoint, Walk, endpoints, simulate
from fabric.verify._actions import MOMENTARY
from fabric.verify._faults import fault_of
from fabric.verify._predict import FAMILIES

MOST_PAIRS = 12
"""So many pairs are probed at most, by `measure` and by scenarios, where nobody names them."""
_ADDED = 2
"""So many are looked for that meet something which none of the others do."""
_MOST_TRIED = 2000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where packets meet a fault: as they leave by these ports, or on these devices."""

    ports: frozenset[Port] = frozenset()
    devices: frozenset[str] = frozenset()

    def met_by(self, walk: Walk, pair: ProbePair) -> bool:
        """True when packets from the pair's source to its destination may pass it, as the fabric forwards them."""
        seen, queue = {pair.source}, [pair.source]
        while queue:
            device = queue.pop()
            legs = walk.legs(device, pair.destination_address)
            if device in self.devices or any(leg.port in self.ports for leg in legs):
                return True
            fresh = {leg.far for leg in legs if leg.far is not None} - seen
            seen |= fresh
            queue += fresh
        return False

    def isolated(self, fabric: FabricConfig) -> frozenset[str]:
        """The devices that nothing reaches any more."""
        ports: dict[str, set[Port]] = {}
        for port in fabric.peer_of:
            ports.setdefault(port.device, set()).add(port)
        return frozenset(name for name, of_device in ports.items() if of_device <= self.ports)


def trouble_of(fabric: FabricConfig, status: LabStatus, target: str) -> Trouble:
    """Where packets meet what `fault_of` or `perform` make of the words; raises `InputError` for what there is not."""
    kind, _, name = target.partition(":")
    if kind in MOMENTARY:
        return Trouble(devices=frozenset({name.partition(":")[0]}))
    return _trouble(fabric, fault_of(fabric, status, target))


def _trouble(fabric: FabricConfig, fault: Fault) -> Trouble:
    far = {**fabric.peer_of}
    for circuit in fabric.circuits:
        far |= {circuit.a: circuit.b, circuit.b: circuit.a}
    senders = {far[port] for port in (*fault.ports, *fault.deaf) if port in far}
    devices = {name.device for name in (*fault.killed, *fault.paused)} | {c.device for c in fault.reconfigured}
    return Trouble(frozenset(senders | set(fault.ports)), frozenset(devices))


def measured_pairs(
    fabric: FabricConfig, chosen: Sequence[str] = (), troubles: Iterable[Trouble] = ()
) -> tuple[ProbePair, ...]:
    """The ordered pairs between which probes are sent: those written `A:B`, else some of all, twelve at most.

    These are a node of each zone to each other one, of another role in each zone; in a fabric of one zone, nodes to
    nodes. Where there are more than twelve, all take turns to send. For a trouble that none of them meets, two that
    do are added, and for one that cuts off an end of all of them two of others. Raises `InputError` for what the
    fabric has not.
    """
    known = _known(fabric)
    if chosen:
        return tuple(_named(known, text) for text in chosen)
    picked = spread(_representatives(fabric, list(known.values())))
    wanted = tuple(troubles)
    return _meeting(fabric, known, picked, wanted) if wanted else picked


def _known(fabric: FabricConfig) -> dict[str, Endpoint]:
    family = next((f for f in FAMILIES if len(endpoints(fabric, f)) > 1), None)
    if family is None:
        raise InputError("The fabric has no two endpoints with loopback addresses of one family; nothing can be sent.")
    return {end.device: end for end in endpoints(fabric, family)}


def _named(known: dict[str, Endpoint], text: str) -> ProbePair:
    one, _, two = text.partition(":")
    if one not in known or two not in known or one == two:
        strange = next((name for name in (one, two) if name not in known), None)
        if strange is not None:
            raise InputError(f"--pair {text}: {unknown('endpoint', strange, known, 'Name two, as A:B.')}")
        raise InputError(f"--pair {text}: found one endpoint twice; allowed: two of them, as A:B. Name another.")
    return _pair(known[one], known[two])


def _pair(one: Endpoint, two: Endpoint) -> ProbePair:
    return ProbePair(one.device, one.address, two.device, two.address)


def _representatives(fabric: FabricConfig, ends: Sequence[Endpoint]) -> list[Endpoint]:
    """An endpoint of each zone, the n-th zone's of its n-th role; all endpoints of a fabric of one zone."""
    zones: dict[str, dict[str, Endpoint]] = {}
    for end in ends:
        place = fabric.by_name[end.device].place
        if place.zone is not None:
            zones.setdefault(place.zone, {}).setdefault(place.role, end)
    if len(zones) < 2:
        return list(ends)
    return [list(roles.values())[number % len(roles)] for number, roles in enumerate(zones.values())]


def spread(ends: Sequence[Endpoint]) -> tuple[ProbePair, ...]:
    """Ordered pairs of the ends, all there are or `MOST_PAIRS`: as far apart in their order as can be, in turns."""
    few = [ends[n * len(ends) // MOST_PAIRS] for n in range(MOST_PAIRS)] if len(ends) > MOST_PAIRS else list(ends)
    count = len(few)
    apart = sorted(range(1, count), key=lambda step: abs(step - count / 2))
    turns = ((n, (n + step) % count) for step in apart for n in range(count))
    return tuple(_pair(few[one], few[two]) for one, two in sorted(islice(turns, MOST_PAIRS)))


def _meeting(
    fabric: FabricConfig, known: dict[str, Endpoint], picked: tuple[ProbePair, ...], troubles: Sequence[Trouble]
) -> tuple[ProbePair, ...]:
    """The pairs, and for each trouble some that meet it and some that outlive it, in the place of those that meet none.

    Added are only such as the pairs lack.
    """
    [version] = {end.address.version for end in known.values()}
    family: Family = "ipv4" if version == 4 else "ipv6"
    walk = Walk(simulate(fabric), family)
    added: list[ProbePair] = []
    for trouble in troubles:
        lost = trouble.isolated(fabric)
        if not any(trouble.met_by(walk, pair) for pair in (*picked, *added)):
            added += _that_meet(walk, known, trouble, lost)
        if not any(lost.isdisjoint((pair.source, pair.destination)) for pair in (*picked, *added)):
            added += islice(_candidates([end for name, end in known.items() if name not in lost]), _ADDED)
    added = list(dict.fromkeys(added))[:MOST_PAIRS]
    idle_last = sorted(picked, key=lambda pair: not any(trouble.met_by(walk, pair) for trouble in troubles))
    kept = set(idle_last[: MOST_PAIRS - len(added)])
    return (*(pair for pair in picked if pair in kept), *added)


def _that_meet(walk: Walk, known: dict[str, Endpoint], trouble: Trouble, lost: frozenset[str]) -> list[ProbePair]:
    """Pairs that meet the trouble; if there are any, such as it does not cut off altogether."""
    near = {port.device for port in trouble.ports} | trouble.devices
    ends = sorted(known.values(), key=lambda end: end.device not in near)
    cut: list[ProbePair] = []
    living: list[ProbePair] = []
    for pair in islice(_candidates(ends), _MOST_TRIED):
        if trouble.met_by(walk, pair):
            (living if lost.isdisjoint((pair.source, pair.destination)) else cut).append(pair)
        if len(living) == _ADDED:
            break
    return (living or cut)[:_ADDED]


def _candidates(ends: Sequence[Endpoint]) -> Iterator[ProbePair]:
    """All ordered pairs of the ends, there and back, each with the last one first."""
    for number, one in enumerate(ends):
        for two in reversed(ends[number + 1 :]):
            yield _pair(one, two)
            yield _pair(two, one)
