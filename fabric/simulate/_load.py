"""Load: what a traffic matrix puts on every link, over all equal-cost paths, and where it is too much.

Every hop divides what it forwards in equal parts among its next hops, as a kernel that hashes many flows does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fabric.config import Address, FabricConfig, Family, Port
from fabric.simulate._reachability import Walk
from fabric.simulate._rounds import FAMILIES
from fabric.simulate._simulation import Simulation
from fabric.simulate._traffic import Stream
from fabric.simulate._verdicts import Remark, Situation

JUDGE = "link load"
_TIERS = ("border", "super-spine", "spine", "leaf")


@dataclass(frozen=True, slots=True)
class LinkLoad:
    """What one direction of a cable carries."""

    out: Port
    """The port that sends."""
    to: Port
    gbps: float
    speed_gbps: float | None
    """What the direction can carry; `None` where the model of neither end is known."""

    @property
    def utilisation(self) -> float | None:
        """The share of the speed that is used; above 1.0 the link drops."""
        return None if self.speed_gbps is None else self.gbps / self.speed_gbps

    def __str__(self) -> str:
        used = "" if self.utilisation is None else f", {self.utilisation:.0%}"
        return f"{self.out} to {self.to}: {self.gbps:.2f} Gbit/s{used}"


@dataclass(frozen=True, slots=True)
class TierLoad:
    """The switches of a tier together: what they can carry, and what they do."""

    tier: str
    down_gbps: float
    """Speed of all their links to the tiers below."""
    up_gbps: float
    sent_up_gbps: float
    sent_down_gbps: float

    @property
    def oversubscription(self) -> float | None:
        """Capacity below for each Gbit/s above; `None` where nothing leads up, or speeds are not known."""
        return self.down_gbps / self.up_gbps if self.up_gbps else None


@dataclass(frozen=True)
class Load:
    """A traffic matrix on the fabric."""

    links: tuple[LinkLoad, ...]
    """Both directions of every living cable, the most used first."""
    tiers: tuple[TierLoad, ...]
    offered_gbps: float
    """What living endpoints send to living endpoints."""
    lost_gbps: float
    """What of it ends in no route, a loop, a black hole or a device that does not forward."""

    @property
    def worst(self) -> LinkLoad | None:
        """The most used direction of all links."""
        return self.links[0] if self.links else None

    @property
    def sound(self) -> bool:
        """True when no link is asked for more than it carries and nothing is lost."""
        overloaded = self.worst is not None and (self.worst.utilisation or 0) > 1
        return not overloaded and self.lost_gbps == 0


def load(simulation: Simulation, streams: Iterable[Stream], link_gbps: float | None = None) -> Load:
    """The load of the streams on the fabric as it is predicted.

    `link_gbps`: the speed of cables of which the file does not say it. Streams of dead endpoints are not sent.
    """
    return _load(simulation.fabric, {family: Walk(simulation, family) for family in FAMILIES}, streams, link_gbps)


def _load(
    fabric: FabricConfig, walks: Mapping[Family, Walk], streams: Iterable[Stream], link_gbps: float | None
) -> Load:
    alive = [s for s in streams if walks["ipv4"].alive(s.source.device) and walks["ipv4"].alive(s.destination.device)]
    towards: dict[Address, list[Stream]] = {}
    for stream in alive:
        towards.setdefault(stream.destination.address, []).append(stream)
    sent: dict[Port, float] = {}
    lost = 0.0
    for destination, members in towards.items():
        walk = walks["ipv4" if destination.version == 4 else "ipv6"]
        lost += _pour(fabric, walk, destination, members, sent)
    links = sorted(_links(fabric, walks["ipv4"], sent, link_gbps), key=_rank)
    return Load(tuple(links), tuple(_tiers(fabric, links)), sum(s.gbps for s in alive), lost)


def _pour(
    fabric: FabricConfig, walk: Walk, destination: Address, streams: Sequence[Stream], sent: dict[Port, float]
) -> float:
    """Adds the streams to what every port sends; the Gbit/s that do not arrive."""
    amounts: dict[str, float] = {}
    for stream in streams:
        amounts[stream.source.device] = amounts.get(stream.source.device, 0.0) + stream.gbps
    legs = {name: walk.legs(name, destination) for name in fabric.by_name}
    sources = set(amounts)
    arrived = 0.0
    for name in _from_sources(sources, {n: [leg.far for leg in found if leg.far] for n, found in legs.items()}):
        amount = amounts.get(name, 0.0)
        if not legs[name]:
            arrived += amount if walk.owns(name, destination) else 0.0
            continue
        # What comes from elsewhere ends on a device that does not forward; what it sends itself goes out.
        own = sum(s.gbps for s in streams if s.source.device == name)
        going = amount if fabric.by_name[name].forwarding else own
        for leg in legs[name]:
            part = going / len(legs[name])
            sent[leg.port] = sent.get(leg.port, 0.0) + part
            if leg.far is not None:
                amounts[leg.far] = amounts.get(leg.far, 0.0) + part
    return _rounded(sum(s.gbps for s in streams) - arrived)


def _from_sources(sources: Iterable[str], onward: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The devices that packets reach, each after all that send to it; what a loop leads to comes never."""
    reached, queue = set(sources), list(sources)
    while queue:
        for far in onward[queue.pop()]:
            if far not in reached:
                reached.add(far)
                queue.append(far)
    waiting = dict.fromkeys(reached, 0)
    for name in reached:
        for far in onward[name]:
            waiting[far] += 1
    ready = sorted(name for name, count in waiting.items() if not count)
    while ready:
        name = ready.pop()
        yield name
        for far in onward[name]:
            waiting[far] -= 1
            if not waiting[far]:
                ready.append(far)


def _rounded(gbps: float) -> float:
    """Without what summing floats leaves behind."""
    return gbps if gbps > 1e-9 else 0.0


def _links(fabric: FabricConfig, walk: Walk, sent: Mapping[Port, float], link_gbps: float | None) -> Iterator[LinkLoad]:
    for cable in fabric.cables:
        if walk.carries(cable):
            speed = link_gbps if cable.speed_gbps is None else cable.speed_gbps
            yield LinkLoad(cable.a, cable.b, sent.get(cable.a, 0.0), speed)
            yield LinkLoad(cable.b, cable.a, sent.get(cable.b, 0.0), speed)


def _rank(link: LinkLoad) -> tuple[float, float, str]:
    return -(link.utilisation or 0.0), -link.gbps, str(link.out)


def _tiers(fabric: FabricConfig, links: Iterable[LinkLoad]) -> Iterator[TierLoad]:
    by_ports = {(link.out, link.to): link for link in links}
    roles = {device.name: device.place.role for device in fabric}
    for tier in _TIERS:
        below = [c for c in fabric.cables if roles[c.a.device] == tier and (c.a, c.b) in by_ports]
        above = [c for c in fabric.cables if roles[c.b.device] == tier and (c.a, c.b) in by_ports]
        if below or above:
            yield TierLoad(
                tier,
                _speed(by_ports[c.a, c.b] for c in below),
                _speed(by_ports[c.a, c.b] for c in above),
                sum(by_ports[c.b, c.a].gbps for c in above),
                sum(by_ports[c.a, c.b].gbps for c in below),
            )


def _speed(links: Iterable[LinkLoad]) -> float:
    return sum(link.speed_gbps or 0.0 for link in links)


@dataclass(frozen=True, slots=True)
class LoadJudge:
    """The worst link load of each scenario of a sweep; harmful where a link drops that did not before."""

    streams: tuple[Stream, ...]
    link_gbps: float | None = None
    before: float = 0.0
    """Utilisation of the worst link before anything fails."""

    def __call__(self, situation: Situation) -> Sequence[Remark]:
        worst = _load(situation.fabric, situation.walks, self.streams, self.link_gbps).worst
        if worst is None:
            return []
        score = worst.gbps if worst.utilisation is None else worst.utilisation
        harmful = (worst.utilisation or 0.0) > max(1.0, self.before)
        return [Remark(JUDGE, str(worst), score, harmful)]


def load_judge(simulation: Simulation, streams: Sequence[Stream], link_gbps: float | None = None) -> LoadJudge:
    """The judge of a sweep over the fabric as it is predicted before anything fails."""
    worst = load(simulation, streams, link_gbps).worst
    return LoadJudge(tuple(streams), link_gbps, 0.0 if worst is None else worst.utilisation or 0.0)
