"""Load: what a traffic matrix puts on every link, over all equal-cost paths, and where it is too much.

Every hop divides what it forwards in equal parts among its next hops, as a kernel that hashes many flows does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fabric._values import dataclass
from fabric.config import Cable, FabricConfig, Family, Port
from fabric.simulate._pouring import Poured, Sent, divert, gbps, offers, pour
from fabric.simulate._reachability import Endpoint, Walk
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
    poured = _poured(walks, streams)
    links = sorted(_links(fabric, walks["ipv4"], _sent(walks, poured), link_gbps), key=_rank)
    offered = sum(sum(item.offered.values()) for item in poured)
    arrived = sum(item.arrived(_walk(walks, item)) for item in poured)
    return Load(tuple(links), tuple(_tiers(fabric, links)), gbps(offered), _rounded(gbps(offered - arrived)))


def _poured(walks: Mapping[Family, Walk], streams: Iterable[Stream]) -> tuple[Poured, ...]:
    found = offers(streams, walks["ipv4"]).items()
    return tuple(pour(walks[family_of(there)], there, offered) for there, offered in found)


def _sent(walks: Mapping[Family, Walk], poured: Iterable[Poured]) -> Sent:
    sent = Sent()
    for item in poured:
        for port, part in item.sent(_walk(walks, item)):
            sent[port] = sent.get(port, 0) + part
    return sent


def _walk(walks: Mapping[Family, Walk], poured: Poured) -> Walk:
    return walks[family_of(poured.destination)]


def family_of(endpoint: Endpoint) -> Family:
    """The family that the endpoint is reached in."""
    return "ipv4" if endpoint.address.version == 4 else "ipv6"


def _rounded(rate: float) -> float:
    """Without what whole units leave behind."""
    return rate if rate > 1e-9 else 0.0


def _links(fabric: FabricConfig, walk: Walk, sent: Mapping[Port, int], link_gbps: float | None) -> Iterator[LinkLoad]:
    for cable in fabric.cables:
        if walk.carries(cable):
            for out, to in ((cable.a, cable.b), (cable.b, cable.a)):
                yield _link(cable, out, to, sent.get(out, 0), link_gbps)


def _link(cable: Cable, out: Port, to: Port, sent: int, link_gbps: float | None) -> LinkLoad:
    return LinkLoad(out, to, gbps(sent), link_gbps if cable.speed_gbps is None else cable.speed_gbps)


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


class _Standing:
    """The load before failures, and what it tells of the load after them."""

    def __init__(
        self, fabric: FabricConfig, walks: Mapping[Family, Walk], streams: Iterable[Stream], link_gbps: float | None
    ) -> None:
        self._walks = walks
        self._link_gbps = link_gbps
        self._poured = _poured(walks, streams)
        self._sent = _sent(walks, self._poured)
        self._cables = {end: cable for cable in fabric.cables for end in (cable.a, cable.b)}
        self._ranking = sorted(_links(fabric, walks["ipv4"], self._sent, link_gbps), key=_rank)

    def worst_after(self, situation: Situation) -> LinkLoad | None:
        """The most used direction of all links that are left."""
        more = Sent()
        for item in self._poured:
            moved = situation.moved(item.destination.address)
            if moved:
                family = family_of(item.destination)
                walks = self._walks[family], situation.walks[family]
                divert(more, item, walks, moved)
        return self._worst(situation.walks["ipv4"], more)

    def _worst(self, walk: Walk, more: Sent) -> LinkLoad | None:
        """The first by rank of the links whose load stays and of those whose load is another."""
        same = (link for link in self._ranking if not more.get(link.out) and self._carries(walk, link.out))
        worst = next(same, None)
        first = None if worst is None else _rank(worst)
        for port, part in more.items():
            if part and port in self._cables:
                link = self._changed(port, part)
                rank = _rank(link)
                if (first is None or rank < first) and self._carries(walk, port):
                    worst, first = link, rank
        return worst

    def _carries(self, walk: Walk, port: Port) -> bool:
        return walk.carries(self._cables[port])

    def _changed(self, port: Port, more: int) -> LinkLoad:
        cable = self._cables[port]
        return _link(cable, port, cable.other(port), self._sent.get(port, 0) + more, self._link_gbps)


@dataclass(frozen=True, slots=True)
class LoadJudge:
    """The worst link load of each scenario of a sweep; harmful where a link drops that did not before."""

    streams: tuple[Stream, ...]
    link_gbps: float | None = None
    before: float = 0.0
    """Utilisation of the worst link before anything fails."""

    def __call__(self, situation: Situation) -> Sequence[Remark]:
        worst = self._worst(situation)
        if worst is None:
            return []
        score = worst.gbps if worst.utilisation is None else worst.utilisation
        harmful = (worst.utilisation or 0.0) > max(1.0, self.before)
        return [Remark(JUDGE, str(worst), score, harmful)]

    def _worst(self, situation: Situation) -> LinkLoad | None:
        before = situation.before
        if before is None:
            return _load(situation.fabric, situation.walks, self.streams, self.link_gbps).worst
        asked = before.fabric, before.walks, self.streams, self.link_gbps
        return before.kept(self, lambda: _Standing(*asked)).worst_after(situation)


def load_judge(simulation: Simulation, streams: Sequence[Stream], link_gbps: float | None = None) -> LoadJudge:
    """The judge of a sweep over the fabric as it is predicted before anything fails."""
    worst = load(simulation, streams, link_gbps).worst
    return LoadJudge(tuple(streams), link_gbps, 0.0 if worst is None else worst.utilisation or 0.0)
