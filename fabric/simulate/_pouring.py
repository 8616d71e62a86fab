"""Streams poured through a fabric towards one destination, and poured again only where failures divert them.

Every hop divides what it forwards in equal parts among its next hops. Amounts are whole numbers of a tiny unit, so that
sums are the same in whatever order they are added: what is told from the state before failures equals what is poured
anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fabric._values import dataclass
from fabric.config import Port
from fabric.simulate._reachability import Endpoint, Towards, Walk, Way
from fabric.simulate._traffic import Stream

_UNITS = 2**60
"""In one Gbit/s."""

Sent = dict[Port, int]
"""Units that each port sends, or sends more than before."""


def units(gbps: float) -> int:
    """A rate in whole units."""
    return int(gbps * _UNITS)


def gbps(amount: int) -> float:
    """Whole units as a rate."""
    return amount / _UNITS


@dataclass(frozen=True)
class Poured:
    """All that is sent to one destination, on its way."""

    destination: Endpoint
    offered: Mapping[str, int]
    """By source."""
    amounts: Mapping[str, int]
    """What each device gets of it, or sends itself; nothing of devices in a loop or behind one."""
    looping: bool

    def sent(self, walk: Walk) -> Iterator[tuple[Port, int]]:
        """What every port sends of it."""
        towards = walk.towards(self.destination.address)
        for device, amount in self.amounts.items():
            legs = towards.way(device).legs
            if legs:
                part = _part(walk, device, amount, self.offered) // len(legs)
                yield from ((leg.port, part) for leg in legs)

    def arrived(self, walk: Walk) -> int:
        """What gets there."""
        address = self.destination.address
        return sum(amount for name, amount in self.amounts.items() if walk.owns(name, address))


def offers(streams: Iterable[Stream], walk: Walk) -> dict[Endpoint, dict[str, int]]:
    """What living sources send to living destinations, by destination and source."""
    found: dict[Endpoint, dict[str, int]] = {}
    for stream in streams:
        source = stream.source.device
        if walk.alive(source) and walk.alive(stream.destination.device):
            offered = found.setdefault(stream.destination, {})
            offered[source] = offered.get(source, 0) + units(stream.gbps)
    return found


def pour(walk: Walk, destination: Endpoint, offered: Mapping[str, int]) -> Poured:
    """The streams to a destination on all the ways that ECMP gives them."""
    towards = walk.towards(destination.address)
    onward = _reached(towards, offered)
    amounts = dict(offered)
    done: dict[str, int] = {}
    for device in _after_all_that_send(onward):
        done[device] = amounts.get(device, 0)
        legs = towards.way(device).legs
        part = _part(walk, device, done[device], offered) // len(legs) if legs else 0
        for far in onward[device]:
            amounts[far] = amounts.get(far, 0) + part
    return Poured(destination, offered, done, looping=len(done) < len(onward))


def divert(sent: Sent, before: Poured, walks: tuple[Walk, Walk], moved: frozenset[str]) -> None:
    """Change what ports send to what they send once these devices treat the packets otherwise.

    `walks`: before and after. Amounts of devices that no diverted packet comes to stay as they are.
    """
    old, new = walks
    living = new.alive(before.destination.device)
    gone = [name for name in moved if name in before.offered and not new.alive(name)]
    offered = {name: part for name, part in before.offered.items() if name not in gone} if gone else before.offered
    if living and not before.looping and _Diversion(before, offered, walks, moved).change(sent):
        return
    for port, part in before.sent(old):
        sent[port] = sent.get(port, 0) - part
    for port, part in pour(new, before.destination, offered).sent(new) if living else ():
        sent[port] = sent.get(port, 0) + part


class _Diversion:
    """The part of the fabric that diverted packets pass, before or after."""

    def __init__(
        self, before: Poured, offered: Mapping[str, int], walks: tuple[Walk, Walk], moved: Iterable[str]
    ) -> None:
        self._before = before
        self._offered = offered
        self._walk = walks[1]
        self._old, self._new = (walk.towards(before.destination.address) for walk in walks)
        self._onward = self._passed(moved)

    def _passed(self, moved: Iterable[str]) -> dict[str, Sequence[str]]:
        """The devices with those that each hands packets to after: what moved, and whatever gets packets of it."""
        found: dict[str, Sequence[str]] = {}
        queue = list(moved)
        while queue:
            name = queue.pop()
            if name not in found:
                then, now = self._old.way(name), self._new.way(name)
                found[name] = _fars(now)
                queue += found[name]
                if then is not now:
                    queue += _fars(then)
        return found

    def change(self, sent: Sent) -> bool:
        """Take back what the part sent before, and put in what it sends after; false where packets may loop."""
        order = list(_after_all_that_send(self._onward))
        if len(order) < len(self._onward):
            return False
        amounts = self._from_elsewhere(sent)
        for name in order:
            legs = self._new.way(name).legs
            if not legs:
                continue
            part = _part(self._walk, name, amounts[name], self._offered) // len(legs)
            for leg in legs:
                sent[leg.port] = sent.get(leg.port, 0) + part
            for far in self._onward[name]:
                amounts[far] += part
        return True

    def _from_elsewhere(self, sent: Sent) -> dict[str, int]:
        """What each device gets from outside the part, or sends itself; what the part sent before is taken back."""
        before = self._before
        amounts = {name: before.amounts.get(name, 0) for name in self._onward}
        for name in self._onward:
            legs = self._old.way(name).legs
            if name in before.offered and name not in self._offered:
                amounts[name] -= before.offered[name]
            if not legs or name not in before.amounts:
                continue
            part = _part(self._walk, name, before.amounts[name], before.offered) // len(legs)
            for leg in legs:
                sent[leg.port] = sent.get(leg.port, 0) - part
                if leg.far is not None:
                    amounts[leg.far] -= part
        return amounts


def _part(walk: Walk, device: str, amount: int, offered: Mapping[str, int]) -> int:
    """What of an amount leaves a device: what comes from elsewhere ends on one that does not forward."""
    return amount if walk.forwards(device) else offered.get(device, 0)


def _reached(towards: Towards, sources: Iterable[str]) -> dict[str, Sequence[str]]:
    """The devices that packets come to, with those that each hands them to."""
    found: dict[str, Sequence[str]] = {}
    queue = list(sources)
    while queue:
        name = queue.pop()
        if name not in found:
            found[name] = _fars(towards.way(name))
            queue += found[name]
    return found


def _fars(way: Way) -> Sequence[str]:
    return [leg.far for leg in way.legs if leg.far is not None]


def _after_all_that_send(onward: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The devices, each after all that send to it; what a loop leads to comes never."""
    waiting = dict.fromkeys(onward, 0)
    for fars in onward.values():
        for far in fars:
            waiting[far] += 1
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        yield name
        for far in onward[name]:
            waiting[far] -= 1
            if not waiting[far]:
                ready.append(far)
