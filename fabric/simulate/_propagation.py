"""The fixed point of BGP for one destination class: a worklist path-vector over the channels of one family.

A speaker whose table changed decides again; if its best path changed it announces it to its peers. The order is fixed
(first in, first out), so that the answer is, too. Stable states that do not depend on the order are FRR's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import Address, Family, Prefix
from fabric.simulate._attributes import Attributes, BgpNextHop, as_path_text
from fabric.simulate._channels import Channel
from fabric.simulate._decision import best_of
from fabric.simulate._export import Export, Exported
from fabric.simulate._import import Import
from fabric.simulate._path import Path, Router, Settings, Source
from fabric.simulate._values import Choice, NoStableStateError, Reason

IgpMetric = Callable[[str, Address, bool], int | None]
"""Metric of a device's route to a next hop, `None` when unreachable; the flag asks for a connected or static route."""


class Graph:
    """The speakers and channels of one family, with what holds for all destination classes alike."""

    def __init__(
        self, family: Family, routers: Sequence[Router], channels: Sequence[Channel], igp_metric: IgpMetric
    ) -> None:
        self.family = family
        self.routers = routers
        self.channels = channels
        self.outgoing: list[list[Channel]] = [[] for _ in routers]
        for channel in channels:
            self.outgoing[channel.sender.index].append(channel)
        self.settings = [_settings(router, family, self.outgoing[router.index]) for router in routers]
        self._igp_metric = igp_metric
        self._own_metrics: dict[int, int | Reason] = {}

    def metric(self, channel: Channel, next_hop: BgpNextHop) -> int | Reason:
        """The IGP metric of a next hop at the channel's receiver, or why it cannot be used."""
        own = channel.own_next_hop
        if next_hop is not own[0] and next_hop is not own[1]:
            return self._metric(channel, next_hop)
        key = 2 * channel.index + (next_hop is not own[0])
        found = self._own_metrics.get(key)
        if found is None:
            found = self._own_metrics[key] = self._metric(channel, next_hop)
        return found

    def _metric(self, channel: Channel, next_hop: BgpNextHop) -> int | Reason:
        address = next_hop.address
        if address is not None and address in channel.receiver.own_addresses:
            return Reason.NEXT_HOP_SELF
        if address is None or address is channel.near or next_hop.uses_link_local:
            return 0
        found = self._igp_metric(channel.receiver.name, address, channel.source.ttl_limited)
        return Reason.NEXT_HOP_UNREACHABLE if found is None else found


def _settings(router: Router, family: Family, outgoing: Sequence[Channel]) -> Settings:
    instance = router.instance
    return Settings(
        instance.multipath_relax,
        router.device.defaults == "datacenter",
        instance.family(family).maximum_paths,
        any(channel.export.keeps_next_hop for channel in outgoing),
    )


@dataclass(frozen=True, slots=True)
class DestinationClass:
    """Prefixes that every speaker treats alike, so that one computation answers for all of them."""

    prefixes: tuple[Prefix, ...]
    local: Mapping[int, tuple[Path, ...]]
    """Own paths by speaker."""
    defaults: Mapping[int, Attributes | None]
    """For the default route: what `default-originate` sends, by channel; `None` while its map holds it back."""
    suppressed: frozenset[int]
    """Speakers that a `summary-only` aggregate keeps from announcing these prefixes."""
    host: Address | None
    """The address of a host route that may be a next hop itself: no path leads to it through itself."""

    @property
    def prefix(self) -> Prefix:
        """The prefix that stands for the class."""
        return self.prefixes[0]


class Outcome(NamedTuple):
    """The stable state of one class."""

    received: Sequence[Mapping[int, Path]]
    """Usable paths by speaker and channel."""
    best: Sequence[Path | None]
    chasing: frozenset[str] = frozenset()
    """Speakers that would never agree if whoever hears first decided first."""


def propagate(graph: Graph, destination: DestinationClass) -> Outcome:
    """The stable state of the class; raises `NoStableStateError` when the speakers never agree, in either order."""
    try:
        return propagate_in_order(graph, destination)
    except NoStableStateError as error:
        try:
            settled = propagate_in_order(graph, destination, newest_first=True)
        except NoStableStateError:
            raise error from None
        return settled._replace(chasing=frozenset(error.devices))


def propagate_in_order(graph: Graph, destination: DestinationClass, *, newest_first: bool = False) -> Outcome:
    """The stable state that one order of messages leads to; raises `NoStableStateError` when it leads to none.

    Whoever heard first decides first, or, with `newest_first`, whoever heard last.
    """
    run = _Run(graph, destination, newest_first)
    run.start()
    budget = 64 + 16 * len(graph.routers)
    while run.queue and budget:
        run.step()
        budget -= 1
    if run.queue:  # far beyond the path hunting of a sane fabric: look for a state that comes again
        run.step_until_repeated()
    return Outcome(run.received, run.best)


class Refusal(NamedTuple):
    """An announcement that reached its receiver and did not become a usable path."""

    attributes: Attributes
    next_hop: BgpNextHop
    reason: Reason


def refusal(graph: Graph, destination: DestinationClass, channel: Channel, best: Path | None) -> Refusal | None:
    """What the receiver refused of what the channel brought; `None` when nothing came or the path was let in."""
    exported = announced(destination, channel, best)
    if not isinstance(exported, Exported):
        return None
    learned = None if best is None else best.source
    arrived = _Arrivals(graph, destination).receive(channel, exported, learned)
    if isinstance(arrived, Path):
        return None
    return Refusal(exported.attributes, channel.next_hop(exported, learned), arrived)


def announced(destination: DestinationClass, channel: Channel, best: Path | None) -> Exported | Reason | None:
    """What the channel's sender announces to this peer."""
    if channel.index in destination.defaults:
        attributes = destination.defaults[channel.index]
        return Reason.DEFAULT_ORIGINATED if attributes is None else channel.export.default(attributes)
    if best is None:
        return None
    if channel.sender.index in destination.suppressed:
        return Reason.SUPPRESSED
    return channel.export.announce(best, destination.prefix)


class _Arrivals:
    """What receivers make of announcements of one class; answers that hold for several sessions are kept."""

    def __init__(self, graph: Graph, destination: DestinationClass) -> None:
        self._graph = graph
        self._prefix = destination.prefix
        self._host = destination.host
        self._accepted: dict[tuple[Import, Attributes], tuple[Attributes, BgpNextHop] | Reason] = {}

    def receive(self, channel: Channel, exported: Exported, learned: Source | None) -> Path | Reason:
        """The path as it enters the receiver's table, or why it does not."""
        import_ = channel.import_
        next_hop = channel.next_hop(exported, learned)
        if import_.by_path_only:
            key = (import_, exported.attributes)
            if key not in self._accepted:
                self._accepted[key] = import_.accept(exported.attributes, next_hop, self._prefix, "")
            accepted = self._accepted[key]
            if isinstance(accepted, Reason):
                return accepted
            attributes = accepted[0]
        else:
            accepted = import_.accept(exported.attributes, next_hop, self._prefix, channel.source.interface)
            if isinstance(accepted, Reason):
                return accepted
            attributes, next_hop = accepted
        metric = self._graph.metric(channel, next_hop)
        if isinstance(metric, Reason):
            return metric
        if self._host is not None and next_hop.address == self._host and not channel.source.from_client:
            return Reason.NEXT_HOP_UNREACHABLE
        return Path(attributes, next_hop, channel.source, metric)


class _Run:
    """The mutable state of one fixed point."""

    def __init__(self, graph: Graph, destination: DestinationClass, newest_first: bool) -> None:
        self._graph = graph
        self._destination = destination
        self._newest_first = newest_first
        self._arrivals = _Arrivals(graph, destination)
        self.received: list[dict[int, Path]] = [{} for _ in graph.routers]
        self.best: list[Path | None] = [None] * len(graph.routers)
        self.queue: deque[int] = deque()
        self._queued: set[int] = set()
        self._choices: list[Choice] | None = None
        """What changed since a state was seen a second time."""

    def start(self) -> None:
        """Queue the speakers that have a path of their own, and send what `default-originate` sends."""
        for index in sorted(self._destination.local):
            self._enqueue(index)
        for index in self._destination.defaults:
            channel = self._graph.channels[index]
            exported = announced(self._destination, channel, None)
            self._deliver(channel, exported, None)

    def step(self) -> None:
        """One speaker decides, and announces what changed."""
        index = self.queue.pop() if self._newest_first else self.queue.popleft()
        self._queued.discard(index)
        paths = [*self._destination.local.get(index, ()), *self.received[index].values()]
        best = best_of(paths, self._graph.settings[index]) if paths else None
        if best == self.best[index]:
            return
        self.best[index] = best
        if self._choices is not None:
            self._choices.append(self._choice(index, best))
        learned = None if best is None else best.source
        exports: dict[Export, Exported | Reason | None] = {}
        for channel in self._graph.outgoing[index]:
            if channel.index in self._destination.defaults:
                continue
            if channel.export not in exports:
                exports[channel.export] = announced(self._destination, channel, best)
            self._deliver(channel, exports[channel.export], learned)

    def step_until_repeated(self) -> None:
        """Go on until the queue is empty; raise `NoStableStateError` when one state has been there twice more."""
        seen: set[object] = set()
        cycle: object = None
        while self.queue:
            self.step()
            state = (tuple(self.best), tuple(self.queue), tuple(tuple(sorted(t.items())) for t in self.received))
            if state == cycle and self._choices is not None:
                names = tuple(sorted({choice.device for choice in self._choices}))
                raise NoStableStateError(self._destination.prefix, names, tuple(self._choices))
            if cycle is None and state in seen:
                cycle = state
                self._choices = []
            seen.add(state)

    def _choice(self, index: int, best: Path | None) -> Choice:
        name = self._graph.routers[index].name
        if best is None or best.source is None:
            return Choice(name, None, None, "")
        end = best.source.end
        sender = next(c.sender.name for c in self._graph.channels if c.receiver.index == index and c.source.end == end)
        return Choice(name, end, sender, as_path_text(best.attributes.as_path))

    def _deliver(self, channel: Channel, exported: Exported | Reason | None, learned: Source | None) -> None:
        arrived = self._arrivals.receive(channel, exported, learned) if isinstance(exported, Exported) else None
        path = arrived if isinstance(arrived, Path) else None
        receiver = channel.receiver.index
        table = self.received[receiver]
        if table.get(channel.index) == path:
            return
        if path is None:
            del table[channel.index]
        else:
            table[channel.index] = path
        self._enqueue(receiver)

    def _enqueue(self, index: int) -> None:
        if index not in self._queued:
            self._queued.add(index)
            self.queue.append(index)
