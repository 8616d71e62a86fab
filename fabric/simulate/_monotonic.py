"""Whether policy can only make a route worse on its way, so that one stable state exists and the order cannot matter.

Every announcement that is accepted must rank below the path that it was made of, in one order that each speaker's
decision refines: local preference, then AS-path length, then origin, then "own or external" before "learned from a
speaker of the AS" before "reflected". Two stable states would differ first at some best path; what it was made of ranks
above it and so is the same in both, and then the speaker had the same choice. (Sobrinho 2005 calls such policies
strictly inflationary; Griffin, Shepherd and Wilfong 2002 that there is no dispute wheel.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fabric.config import (
    MatchAsPath,
    MatchCommunity,
    MatchInterface,
    MatchPrefixList,
    RouteMap,
    SetAsPathPrepend,
    SetCommunities,
    SetNextHop,
    SetSource,
)
from fabric.simulate._attributes import DEFAULT_LOCAL_PREFERENCE, LOCAL_WEIGHT, Attributes
from fabric.simulate._channels import Channel
from fabric.simulate._policy import GRACEFUL_SHUTDOWN, community
from fabric.simulate._propagation import DestinationClass, Graph

_HARMLESS = (SetAsPathPrepend, SetCommunities, SetNextHop, SetSource)
_KNOWN = (MatchAsPath, MatchCommunity, MatchInterface, MatchPrefixList)


class Use(NamedTuple):
    """A route map that some session applies."""

    owner: str
    """The device that has it."""
    map: RouteMap


def obstacles(graph: Graph, classes: Iterable[DestinationClass]) -> Iterator[str]:
    """Every reason why the order of announcements might matter; none means that it cannot."""
    uses = maps_in_use(graph)
    for use in uses:
        yield from (f"{use.owner}: route map {use.map.name} {what}" for what in _unsafe(use.map))
    for channel in graph.channels:
        if channel.export.settings.remove_private_as:
            yield f"{channel.sender_end}: remove-private-AS makes AS paths shorter"
    yield from _reflectors(graph.channels)
    yield from _own_paths(graph, classes)
    drained = _drained(graph, classes, uses)
    if drained:
        yield from _drain_obstacles(drained, graph, uses)


def maps_in_use(graph: Graph) -> tuple[Use, ...]:
    """The route maps that sessions of the graph apply, each once for each device."""
    names = dict.fromkeys(
        (router, name)
        for channel in graph.channels
        for router, name in (
            (channel.sender, channel.export.settings.route_map_out),
            (channel.receiver, channel.import_.settings.route_map_in),
        )
        if name is not None
    )
    found = ((router.name, router.policy.route_maps.get(name)) for router, name in names)
    return tuple(Use(owner, item) for owner, item in found if item is not None)


def _unsafe(item: RouteMap) -> Iterator[str]:
    for entry in item.entries:
        for clause in entry.sets:
            if not isinstance(clause, _HARMLESS):
                yield f"entry {entry.seq} uses {type(clause).__name__}, which may prefer the longer way"
        for match in entry.matches:
            if not isinstance(match, _KNOWN):
                yield f"entry {entry.seq} uses {type(match).__name__}, which is not understood here"


def _reflectors(channels: Iterable[Channel]) -> Iterator[str]:
    """Reflectors that talk to each other could prefer each other's way."""
    internal = [channel for channel in channels if not channel.export.external]
    reflecting = {c.sender.index for c in internal if c.export.settings.route_reflector_client}
    for channel in internal:
        if channel.sender.index in reflecting and channel.receiver.index in reflecting:
            yield f"{channel.sender.name} and {channel.receiver.name} are route reflectors with a session"


def _own_paths(graph: Graph, classes: Iterable[DestinationClass]) -> Iterator[str]:
    for item in classes:
        for index, paths in item.local.items():
            name = graph.routers[index].name
            if any(path.attributes.weight != LOCAL_WEIGHT for path in paths):
                yield f"{name}: its own route to {item.prefix} has a weight of its own"
            if any(path.imported is not None for path in paths):
                yield f"{name}: imports {item.prefix} from another VRF"
            for path in paths:
                yield from (f"{name}: its route to {item.prefix} {what}" for what in _unlike(path.attributes))
        for attributes in item.defaults.values():
            if attributes is not None:
                yield from (f"default-originate {what}" for what in _unlike(attributes))


def _unlike(attributes: Attributes) -> Iterator[str]:
    if attributes.med not in (None, 0):
        yield "has a MED"
    drained = GRACEFUL_SHUTDOWN in attributes.communities and attributes.local_preference == 0
    if attributes.local_preference != DEFAULT_LOCAL_PREFERENCE and not drained:
        yield "has a local preference"


def _drained(graph: Graph, classes: Iterable[DestinationClass], uses: Iterable[Use]) -> str:
    """Who asks for graceful shutdown, which lowers the local preference; empty for nobody."""
    for router in graph.routers:
        if router.instance.graceful_shutdown:
            return router.name
    for item in classes:
        paths = (path.attributes for paths in item.local.values() for path in paths)
        made = (attributes for attributes in item.defaults.values() if attributes is not None)
        if any(GRACEFUL_SHUTDOWN in attributes.communities for attributes in (*paths, *made)):
            return f"the origin of {item.prefix}"
    for use in uses:
        for clause in (clause for entry in use.map.entries for clause in entry.sets):
            if isinstance(clause, SetCommunities) and GRACEFUL_SHUTDOWN in map(community, clause.values):
                return use.owner
    return ""


def _drain_obstacles(drained: str, graph: Graph, uses: Iterable[Use]) -> Iterator[str]:
    """What could take the mark of a drained route away again, and so make the route better."""
    for channel in graph.channels:
        if not channel.export.external:
            yield f"{drained} is drained, and {channel.sender_end} is iBGP, which loses the mark at the next AS"
    for use in uses:
        for clause in (clause for entry in use.map.entries for clause in entry.sets):
            if isinstance(clause, SetCommunities) and not clause.additive and not clause.large:
                yield f"{drained} is drained, and {use.owner}: route map {use.map.name} takes the mark away"
