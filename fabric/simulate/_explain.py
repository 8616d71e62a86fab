"""Why a device has the route that it has for a prefix, or why it has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from ipaddress import ip_address, ip_network

from fabric._values import dataclass
from fabric.config import Address, DeviceConfig, Family, Prefix
from fabric.simulate._channels import Channel, channels_of
from fabric.simulate._decision import best_of
from fabric.simulate._export import Exported
from fabric.simulate._origins import suppressed
from fabric.simulate._policy import Policy, Subject
from fabric.simulate._propagation import Graph
from fabric.simulate._sessions import Established
from fabric.simulate._simulation import Simulation
from fabric.simulate._tables import PrefixTable
from fabric.simulate._values import Candidate, FibEntry, Reason, RibEntry, Session, SessionEnd


class Outcome(Enum):
    """What became of the prefix on the device."""

    INSTALLED = "installed"
    """The kernel has the BGP route."""
    OTHER_PROTOCOL = "other-protocol"
    """The kernel has a connected or static route for the prefix, which is preferred to BGP's."""
    FILTERED = "filtered"
    """BGP has a best path, and the FIB filter lets none of its next hops through."""
    UNRESOLVED = "unresolved"
    """BGP has a best path that zebra cannot install: no next hop resolves, or the kernel refuses the route."""
    NO_USABLE_PATH = "no-usable-path"
    """Paths were announced, and every one of them was refused."""
    NO_PATH = "no-path"
    """Nobody announced the prefix to the device."""


class Silence(Enum):
    """Why a neighbor brings no path for the prefix."""

    SESSION_DOWN = "session-down"
    FAMILY = "family"
    """The session does not carry the address family."""
    NO_PATH = "no-path"
    """The neighbor has no usable path itself."""
    WITHHELD = "withheld"
    """The neighbor has a path and does not announce it."""


@dataclass(frozen=True, slots=True)
class ExplainedCandidate:
    """One path of the prefix, and how far it came."""

    candidate: Candidate
    sender: str | None
    """The device that announced it; `None` for the device's own path."""
    installed: bool
    filter: str | None = None
    """The route map of the FIB filter that keeps this path out of the kernel."""


@dataclass(frozen=True, slots=True)
class SilentNeighbor:
    """A neighbor that brings no path, and why."""

    end: SessionEnd
    device: str | None
    silence: Silence
    reason: Reason | None = None
    """For a path that is withheld: by what."""
    explanation: str = ""
    """For a session that is down: why."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that bears on one prefix on one device."""

    device: str
    prefix: Prefix
    outcome: Outcome
    candidates: tuple[ExplainedCandidate, ...]
    silent: tuple[SilentNeighbor, ...]
    order_dependent: bool
    fib: FibEntry | None
    covering: FibEntry | None
    """Without a route of its own: the route that packets to the prefix take all the same."""


def explain(simulation: Simulation, device: str, wanted: Prefix | Address) -> Explanation:
    """Why the device has its route for the prefix, or none; an address stands for its longest known prefix."""
    family: Family = "ipv4" if wanted.version == 4 else "ipv6"
    rib, fib = simulation.rib(device, family), simulation.fib(device, family)
    prefix = _longest((*rib, *fib), wanted) if isinstance(wanted, Address) else wanted
    entry, route = rib.get(prefix), fib.get(prefix)
    config = simulation.fabric.by_name[device]
    peers = _sessions_of(simulation, device)
    candidates = tuple(
        _candidate(config, item, prefix, fib, peers) for item in (() if entry is None else entry.candidates)
    )
    heard = {item.candidate.learned_from for item in candidates}
    silent = tuple(_silent(simulation, peers, heard, prefix, family))
    return Explanation(
        device,
        prefix,
        _outcome(entry, route, candidates),
        candidates,
        silent,
        entry is not None and entry.order_dependent,
        route,
        None if route is not None else _covering(fib, prefix),
    )


def _covering(fib: Mapping[Prefix, FibEntry], prefix: Prefix) -> FibEntry | None:
    shorter = PrefixTable((known, item) for known, item in fib.items() if known.prefixlen < prefix.prefixlen)
    return next(shorter.covering(prefix.network_address), None)


def _longest(known: tuple[Prefix, ...], address: Address) -> Prefix:
    found = next(PrefixTable((prefix, prefix) for prefix in known).covering(address), None)
    return ip_network(address) if found is None else found


def _sessions_of(simulation: Simulation, device: str) -> dict[SessionEnd, Session]:
    """The device's sessions by its own neighbor statement."""
    return {end: session for session in simulation.sessions for end in session.ends if end.device == device}


def _far(session: Session, end: SessionEnd) -> str | None:
    return next((other.device for other in session.ends if other != end), None)


def _candidate(
    device: DeviceConfig,
    candidate: Candidate,
    prefix: Prefix,
    fib: Mapping[Prefix, FibEntry],
    sessions: Mapping[SessionEnd, Session],
) -> ExplainedCandidate:
    end = candidate.learned_from
    sender = None if end is None else _far(sessions[end], end)
    entry = fib.get(prefix)
    used = candidate.multipath and entry is not None and entry.protocol == "bgp"
    if end is None or not candidate.multipath:  # of the own paths only an aggregate's is BGP's in the kernel
        return ExplainedCandidate(candidate, sender, used)
    interface = _interface(candidate, end, prefix, fib)
    name = _filter(device, prefix, interface)
    if used and interface is not None:
        assert entry is not None
        used = any(hop.interface == interface for hop in entry.next_hops)
    return ExplainedCandidate(candidate, sender, used and name is None, name)


def _interface(candidate: Candidate, end: SessionEnd, prefix: Prefix, fib: Mapping[Prefix, FibEntry]) -> str | None:
    """The interface that the path's packets leave by; `None` where there are several, or none."""
    address = candidate.next_hop.address
    if address is not None and not candidate.next_hop.uses_link_local:
        table = PrefixTable((known, entry) for known, entry in fib.items() if known != prefix)
        entry = next(table.covering(address), None)
    elif "." not in end.peer and ":" not in end.peer:
        return end.peer
    else:
        table = PrefixTable((known, entry) for known, entry in fib.items() if entry.protocol == "connected")
        entry = next(table.covering(ip_address(end.peer)), None)
    names = set[str]() if entry is None else {hop.interface for hop in entry.next_hops}
    return names.pop() if len(names) == 1 else None


def _filter(device: DeviceConfig, prefix: Prefix, interface: str | None) -> str | None:
    """The route map that keeps the path out of the kernel."""
    policy = Policy.of(device.policies)
    subject = Subject(prefix, interface=interface, protocol="bgp")
    names = (f.route_map for f in device.fib_filters if f.protocol == "bgp" and f.family == f"ipv{prefix.version}")
    return next((name for name in names if policy.apply(name, subject) is None), None)


def _outcome(entry: RibEntry | None, route: FibEntry | None, candidates: tuple[ExplainedCandidate, ...]) -> Outcome:
    if route is not None:
        return Outcome.INSTALLED if route.protocol == "bgp" else Outcome.OTHER_PROTOCOL
    if entry is None:
        return Outcome.NO_PATH
    if entry.best is None:
        return Outcome.NO_USABLE_PATH
    chosen = [item for item in candidates if item.candidate.multipath]
    return Outcome.FILTERED if all(item.filter for item in chosen) else Outcome.UNRESOLVED


def _silent(
    simulation: Simulation,
    sessions: Mapping[SessionEnd, Session],
    heard: set[SessionEnd | None],
    prefix: Prefix,
    family: Family,
) -> Iterator[SilentNeighbor]:
    """The neighbors in whose sessions nothing was announced for the prefix."""
    graph = _graph(simulation, family)
    channels = {channel.source.end: channel for channel in graph.channels}
    for end, session in sessions.items():
        if end in heard:
            continue
        far = _far(session, end)
        if not session.up:
            yield SilentNeighbor(end, far, Silence.SESSION_DOWN, explanation=session.explanation)
        elif end not in channels:
            if _carries(simulation, end, family):
                yield SilentNeighbor(end, far, Silence.FAMILY)
        else:
            reason = _withheld(simulation, graph, channels[end], prefix)
            silence = Silence.NO_PATH if reason is None else Silence.WITHHELD
            yield SilentNeighbor(end, far, silence, reason)


def _carries(simulation: Simulation, end: SessionEnd, family: Family) -> bool:
    """True when the neighbor statement asks for the family."""
    instance = simulation.fabric.by_name[end.device].default_bgp
    assert instance is not None
    neighbor = next(item for item in instance.neighbors if str(item.peer) == end.peer)
    return any(settings.family == family for settings in neighbor.families)


def _graph(simulation: Simulation, family: Family) -> Graph:
    """Who announces to whom in the stable state."""
    outcome = simulation._round  # only this package looks into it
    established = [item for item in outcome.given.sessions if isinstance(item, Established)]
    channels = channels_of(simulation._routers, established, family)
    return Graph(family, tuple(simulation._routers.values()), channels, outcome.zebra.igp_metric)


def _withheld(simulation: Simulation, graph: Graph, channel: Channel, prefix: Prefix) -> Reason | None:
    """Why the sender keeps its best path to itself; `None` where it has none."""
    sender = channel.sender
    if channel.export.settings.default_originate and prefix.prefixlen == 0:
        return Reason.DEFAULT_ORIGINATED
    paths = dict(simulation._round.bgp[graph.family].held(sender)).get(prefix)
    if not paths:
        return None
    if suppressed(sender, graph.family, prefix):
        return Reason.SUPPRESSED
    told = channel.export.announce(best_of(paths, graph.settings[sender.index]), prefix)
    return None if isinstance(told, Exported) else told
