"""Rounds of BGP over zebra, until next hops, sessions and own routes agree with the routes that follow from them.

Sessions further than one link away, next hops beyond connected subnets, aggregates and conditional defaults depend on
routes, and routes on them. A round takes them from the round before; the last one would be given the same again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import Address, Family, NeighborFamily, Prefix
from fabric.simulate._attributes import Attributes
from fabric.simulate._bgp import FamilyBgp
from fabric.simulate._channels import channels_of
from fabric.simulate._forwarding import Forwarding
from fabric.simulate._links import Links
from fabric.simulate._origins import (
    DEFAULT_ATTRIBUTES,
    DEFAULT_PREFIX,
    aggregated,
    conditional_default,
    imported,
    originated,
)
from fabric.simulate._path import Path, Router
from fabric.simulate._peers import Unreached
from fabric.simulate._policy import Policy
from fabric.simulate._propagation import Graph
from fabric.simulate._sessions import Established, Pair, settle
from fabric.simulate._values import NoStableStateError, SessionEnd
from fabric.simulate._zebra import Zebra

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")

Locals = dict[Prefix, dict[int, tuple[Path, ...]]]


class _Given(NamedTuple):
    """What a round starts from."""

    sessions: tuple[Established | Unreached, ...] = ()
    local: tuple[Locals, ...] = ()
    """Own paths, by family."""
    defaults: tuple[dict[SessionEnd, Attributes | None], ...] = ()
    """What `default-originate` sends, by family and neighbor statement; `None` while its route map holds it back."""


class _Question(NamedTuple):
    """A next hop that a device's bgpd tracks."""

    device: str
    address: Address
    connected_only: bool


@dataclass(frozen=True, slots=True)
class Round:
    """One computation of BGP and of the routes that follow from it."""

    given: _Given
    bgp: Mapping[Family, FamilyBgp]
    zebra: Zebra
    answers: Mapping[_Question, int | None]
    """The metrics of next hops that this round worked with, from the zebra of the round before."""


@dataclass(frozen=True)
class Fabric:
    """What all rounds have in common."""

    links: Links
    pairs: tuple[Pair, ...]
    routers: tuple[Router, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Router]:
        """The routers by name."""
        return {router.name: router for router in self.routers}

    @cached_property
    def originating(self) -> tuple[tuple[Router, SessionEnd, NeighborFamily], ...]:
        """The neighbor statements with `default-originate`."""
        return tuple(
            (router, SessionEnd(router.name, str(neighbor.peer)), settings)
            for router in self.routers
            for neighbor in router.instance.neighbors
            for settings in neighbor.families
            if settings.default_originate
        )


def speakers(links: Links) -> Iterator[Router]:
    """The BGP speakers of the default VRF on living devices."""
    alive = [device for device in links.fabric if links.alive(device.name) and device.default_bgp is not None]
    for index, device in enumerate(alive):
        instance = device.default_bgp
        assert instance is not None
        yield Router(index, device, instance, Policy.of(device.policies), links.own_addresses[device.name])


def last_round(fabric: Fabric) -> Round:
    """The round that would be given the same again; raises `NoStableStateError` when rounds repeat before that."""
    now = Round(_Given(), {}, Zebra(fabric.links, _no_bgp), {})
    overflown: frozenset[SessionEnd] = frozenset()
    seen: list[tuple[_Given, Mapping[_Question, int | None]]] = []
    steady: dict[int, Established | Unreached] = {}
    while True:
        more = _overflown(now) - overflown
        if more:
            overflown |= more
            steady.clear()
        given = _given(fabric, now, overflown, steady)
        if given == now.given and all(now.zebra.igp_metric(*asked) == told for asked, told in now.answers.items()):
            return now
        before, now = now, _play(fabric, given, now.zebra)
        state = (given, now.answers)
        if state in seen:
            raise NoStableStateError(None, _unsettled(before, now))
        seen.append(state)


def _no_bgp(_device: str, _prefix: Prefix) -> tuple[Path, ...]:
    return ()


class _Watched:
    """Forwarding that remembers whether it was asked."""

    def __init__(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding
        self.asked = False

    def source_towards(self, device: str, address: Address) -> Address | None:
        self.asked = True
        return self._forwarding.source_towards(device, address)

    def delivers(self, device: str, address: Address) -> bool:
        self.asked = True
        return self._forwarding.delivers(device, address)


def _settled(
    fabric: Fabric, now: Round, overflown: frozenset[SessionEnd], steady: dict[int, Established | Unreached]
) -> Iterator[Established | Unreached]:
    """What becomes of each pair; what did not ask for routes is kept in `steady` and holds in every round."""
    forwarding = _Watched(Forwarding(fabric.links, now.zebra))
    for number, pair in enumerate(fabric.pairs):
        if number in steady:
            yield steady[number]
            continue
        forwarding.asked = False
        outcome = settle(fabric.links, pair, forwarding, overflown)
        if not forwarding.asked:
            steady[number] = outcome
        yield outcome


def _given(
    fabric: Fabric, now: Round, overflown: frozenset[SessionEnd], steady: dict[int, Established | Unreached]
) -> _Given:
    return _Given(
        tuple(_settled(fabric, now, overflown, steady)),
        tuple(_local(fabric, family, now) for family in FAMILIES),
        tuple(dict(_defaults(fabric, family, now)) for family in FAMILIES),
    )


def _local(fabric: Fabric, family: Family, now: Round) -> Locals:
    found: Locals = {}
    for router in fabric.routers:
        own = list(originated(router, family, now.zebra))
        if family in now.bgp:
            own += aggregated(router, family, now.bgp[family].held)
            own += imported(router, family, now.bgp[family].held, fabric.by_name)
        for prefix, path in own:
            at = found.setdefault(prefix, {})
            at[router.index] = (*at.get(router.index, ()), path)
    return found


def _defaults(fabric: Fabric, family: Family, now: Round) -> Iterator[tuple[SessionEnd, Attributes | None]]:
    for router, end, settings in fabric.originating:
        if settings.family == family:
            yield end, _default(router, settings, now)


def _default(router: Router, settings: NeighborFamily, now: Round) -> Attributes | None:
    if settings.default_originate_map is None:
        return DEFAULT_ATTRIBUTES
    bgp = now.bgp.get(settings.family)
    return None if bgp is None else conditional_default(router, settings.default_originate_map, bgp.held)


def _play(fabric: Fabric, given: _Given, zebra: Zebra) -> Round:
    """BGP in both families over the routes of `zebra`, and zebra over that."""
    answers: dict[_Question, int | None] = {}

    def igp_metric(device: str, address: Address, connected_only: bool) -> int | None:
        if connected_only and zebra.connected_only(device):
            return zebra.connected_metric(device, address)
        question = _Question(device, address, connected_only)
        if question not in answers:
            answers[question] = zebra.igp_metric(*question)
        return answers[question]

    routers = {router.name: router for router in fabric.routers}
    established = [item for item in given.sessions if isinstance(item, Established)]
    bgp: dict[Family, FamilyBgp] = {}
    for family, local, defaults in zip(FAMILIES, given.local, given.defaults, strict=True):
        channels = channels_of(routers, established, family)
        graph = Graph(family, fabric.routers, channels, igp_metric)
        sent = {channel.index: defaults[channel.sender_end] for channel in channels if channel.sender_end in defaults}
        everything = {**local, DEFAULT_PREFIX[family]: local.get(DEFAULT_PREFIX[family], {})} if sent else local
        bgp[family] = FamilyBgp(graph, everything, sent)

    def installed(device: str, prefix: Prefix) -> tuple[Path, ...]:
        return bgp["ipv4" if prefix.version == 4 else "ipv6"].installed(device, prefix)

    prefixes = [prefix for family in FAMILIES for prefix in bgp[family].prefixes]
    return Round(given, bgp, Zebra(fabric.links, installed, prefixes, zebra), answers)


def _overflown(now: Round) -> frozenset[SessionEnd]:
    """The neighbor statements whose `maximum-prefix` the round exceeds; FRR closes such a session for good."""
    return frozenset(end for bgp in now.bgp.values() for end in bgp.overflown())


def _unsettled(before: Round, after: Round) -> tuple[str, ...]:
    """The devices that the two rounds disagree about."""
    asked = {*before.answers, *after.answers}
    names = {q.device for q in asked if before.answers.get(q) != after.answers.get(q)}
    return tuple(sorted(names)) or ("sessions that depend on their own routes",)
