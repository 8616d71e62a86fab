"""Whether a demand is met by something that forwards, and by what it is broken if not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from fabric._values import dataclass
from fabric.config import Address, FabricConfig
from fabric.intents._demand import Demand, Kind
from fabric.intents._ground import Flow, Ground, flow
from fabric.intents._select import Pair
from fabric.simulate import Endpoint, Fate

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Breach:
    """A demand that one state of the fabric does not meet."""

    source: str
    destination: str
    """The first pair that shows it; empty where it takes no pair to see it."""
    found: str
    """What that pair's packets do instead."""
    pairs: int
    """How many pairs show it."""
    failures: tuple[str, ...] = ()
    """What has failed, as `--fail` takes it; nothing at rest."""

    def __str__(self) -> str:
        who = f"{self.source} to {self.destination}: " if self.source else ""
        return f"{who}{self.found}"


class Judge:
    """Judges demands on one state of a fabric; flows are computed once for all of them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._flows: dict[tuple[str, Address], Flow] = {}

    def breach(self, demand: Demand) -> Breach | None:
        """How the demand is broken in this state; `None` while it is met. Outages are for `Convergence` to judge."""
        gone = self.zones_gone(demand)
        if gone is not None:
            return gone
        return first_of((pair, self.answer(demand, pair)) for pair in self.living(demand))

    def answer(self, demand: Demand, pair: Pair) -> str | None:
        """How a living pair breaks the demand; `None` where it does not."""
        return None if demand.kind is Kind.OUTAGE else _QUESTIONS[demand.kind](self, demand, pair)

    def living(self, demand: Demand) -> Iterator[Pair]:
        """The pairs of the demand whose ends live."""
        return (pair for pair in demand.pairs if self.lives(pair))

    def lives(self, pair: Pair) -> bool:
        """True when both ends of the pair live."""
        return self._ground.alive(pair[0].device) and self._ground.alive(pair[1].device)

    def flow(self, source: Endpoint, destination: Endpoint) -> Flow:
        """The flow of packets between two endpoints."""
        key = (source.device, destination.address)
        if key not in self._flows:
            self._flows[key] = flow(self._ground, *key)
        return self._flows[key]

    def zones_gone(self, demand: Demand) -> Breach | None:
        """How the demand is broken by the destinations that live, whoever reaches them."""
        if not demand.zones_left:
            return None
        names = {pair[1].device for pair in demand.pairs if self._ground.alive(pair[1].device)}
        zones = {self.fabric.by_name[name].place.zone for name in names} - {None}
        if len(zones) >= demand.zones_left:
            return None
        return Breach("", "", f"destinations live in {len(zones)} zones, not in {demand.zones_left}", 0)

    @property
    def fabric(self) -> FabricConfig:
        """The configuration."""
        return self._ground.fabric

    def zone(self, device: str) -> str | None:
        """The device's zone."""
        return self.fabric.by_name[device].place.zone


def first_of(answers: Iterator[tuple[Pair, str | None]]) -> Breach | None:
    """The breach of the first pair with an answer, with the number of pairs that have one."""
    return breach_of([(pair, found) for pair, found in answers if found is not None])


def breach_of(broken: Sequence[tuple[Pair, str]]) -> Breach | None:
    """The breach of the first of these pairs; `None` without any."""
    if not broken:
        return None
    (source, destination), found = broken[0]
    return Breach(source.device, destination.device, found, len(broken))


def _reachable(judge: Judge, _demand: Demand, pair: Pair) -> str | None:
    there, back = judge.flow(*pair), judge.flow(pair[1], pair[0])
    if not there.delivered:
        return f"packets end in {_words(there)}"
    return None if back.delivered else f"answers end in {_words(back)}"


def _isolated(judge: Judge, _demand: Demand, pair: Pair) -> str | None:
    flows = judge.flow(*pair), judge.flow(pair[1], pair[0])
    answered = all(Fate.DELIVERED in found.fates for found in flows)
    return f"packets and answers arrive over {_names(_between(flows[0], pair))}" if answered else None


def _via(judge: Judge, demand: Demand, pair: Pair) -> str | None:
    found = judge.flow(*pair)
    around = _reached_without(found, pair, demand.through)
    return f"some path passes none of {_names(demand.through)}" if around else None


def _avoid(judge: Judge, demand: Demand, pair: Pair) -> str | None:
    passed = _between(judge.flow(*pair), pair) & demand.through
    return f"paths pass {_names(passed)}" if passed else None


def _stays_in_zone(judge: Judge, demand: Demand, pair: Pair) -> str | None:
    zone = judge.zone(pair[0].device)
    passed = _between(judge.flow(*pair), pair)
    astray = {n for n in passed if (z := judge.zone(n)) != zone and not (z is None and demand.shared)}
    return f"paths leave {zone} through {_names(astray)}" if astray else None


def _no_third_zone(judge: Judge, _demand: Demand, pair: Pair) -> str | None:
    zones = {None, judge.zone(pair[0].device), judge.zone(pair[1].device)}
    astray = {name for name in _between(judge.flow(*pair), pair) if judge.zone(name) not in zones}
    return f"paths pass {_names(astray)} of a third zone" if astray else None


def _ecmp_width(judge: Judge, demand: Demand, pair: Pair) -> str | None:
    width = judge.flow(*pair).width
    return f"{width} next hops, not {demand.at_least}" if width < demand.at_least else None


def _symmetric(judge: Judge, _demand: Demand, pair: Pair) -> str | None:
    there, back = judge.flow(*pair).edges, judge.flow(pair[1], pair[0]).edges
    odd = there ^ frozenset((two, one) for one, two in back)
    if not odd:
        return None
    one, two = min(odd)
    way = "packets only" if (one, two) in there else "answers only"
    return f"the way between {one} and {two} is taken by {way}"


_QUESTIONS: Mapping[Kind, Callable[[Judge, Demand, Pair], str | None]] = {
    Kind.REACHABLE: _reachable,
    Kind.ISOLATED: _isolated,
    Kind.VIA: _via,
    Kind.AVOID: _avoid,
    Kind.STAYS_IN_ZONE: _stays_in_zone,
    Kind.NO_THIRD_ZONE: _no_third_zone,
    Kind.ECMP_WIDTH: _ecmp_width,
    Kind.SYMMETRIC: _symmetric,
}


def _between(found: Flow, pair: Pair) -> frozenset[str]:
    """The devices on the way, without the ends of the pair."""
    return found.devices - {pair[0].device, pair[1].device}


def _reached_without(found: Flow, pair: Pair, avoided: frozenset[str]) -> bool:
    """True when some path leads to the destination around all of these devices."""
    source, destination = pair[0].device, pair[1].device
    seen, queue = {source}, [source]
    while queue:
        here = queue.pop()
        if here == destination:
            return True
        for one, two in found.edges:
            if one == here and two not in seen and (two == destination or two not in avoided):
                seen.add(two)
                queue.append(two)
    return False


def _words(found: Flow) -> str:
    return ", ".join(sorted(fate.value for fate in found.fates))


def _names(names: frozenset[str] | set[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return (", ".join(listed[:_SHOWN]) + more) or "no device"
