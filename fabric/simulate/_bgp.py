"""BGP of one family over the whole fabric: all destination classes, and the tables that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from fabric.config import Prefix
from fabric.simulate._channels import Channel
from fabric.simulate._classes import Defaults, Locals, destination_classes
from fabric.simulate._decision import Decision, decide, rejection
from fabric.simulate._path import Path, Router
from fabric.simulate._propagation import Graph, propagate, refusal
from fabric.simulate._tables import prefix_order
from fabric.simulate._values import Candidate, RibEntry, SessionEnd


class FamilyBgp:
    """The stable state of BGP in one family."""

    def __init__(self, graph: Graph, local: Locals, defaults: Defaults) -> None:
        self._graph = graph
        self._routers = {router.name: router for router in graph.routers}
        self._decisions: dict[tuple[int, int], Decision | None] = {}
        self._classes = destination_classes(graph, local, defaults)
        self._outcomes = [propagate(graph, item) for item in self._classes]
        self._class_of = {prefix: number for number, item in enumerate(self._classes) for prefix in item.prefixes}

    @property
    def prefixes(self) -> tuple[Prefix, ...]:
        """Every prefix that some speaker originates."""
        return tuple(self._class_of)

    def installed(self, device: str, prefix: Prefix) -> tuple[Path, ...]:
        """The paths handed to zebra, best first; none where the best path is the device's own (but for aggregates)."""
        number = self._class_of.get(prefix)
        router = self._routers.get(device)
        if number is None or router is None:
            return ()
        decision = self._decision(number, router)
        if decision is None or (decision.best.source is None and not decision.best.aggregate):
            return ()
        return decision.installed

    def held(self, router: Router) -> Iterator[tuple[Prefix, Sequence[Path]]]:
        """The prefixes of the speaker's table with their usable paths."""
        for number, item in enumerate(self._classes):
            paths = self._paths(number, router)
            yield from ((prefix, paths) for prefix in item.prefixes if paths)

    def overflown(self) -> Iterator[SessionEnd]:
        """The neighbor statements that hold more prefixes of their peer than their `maximum-prefix`."""
        for channel in self._graph.channels:
            limit = channel.import_.settings.maximum_prefix
            if limit is not None and self._accepted(channel) > limit:
                yield channel.source.end

    def _accepted(self, channel: Channel) -> int:
        pairs = zip(self._classes, self._outcomes, strict=True)
        return sum(len(c.prefixes) for c, o in pairs if channel.index in o.received[channel.receiver.index])

    def rib(self, router: Router) -> dict[Prefix, RibEntry]:
        """The speaker's BGP table, refused paths included."""
        found: dict[Prefix, RibEntry] = {}
        for number, item in enumerate(self._classes):
            candidates, unstable = self._candidates(number, router)
            if candidates:
                found.update((prefix, RibEntry(prefix, candidates, unstable)) for prefix in item.prefixes)
        return dict(sorted(found.items(), key=lambda pair: prefix_order(pair[0])))

    def _paths(self, number: int, router: Router) -> list[Path]:
        own = self._classes[number].local.get(router.index, ())
        return [*own, *self._outcomes[number].received[router.index].values()]

    def _decision(self, number: int, router: Router) -> Decision | None:
        key = (number, router.index)
        if key not in self._decisions:
            paths = self._paths(number, router)
            self._decisions[key] = decide(paths, self._graph.settings[router.index]) if paths else None
        return self._decisions[key]

    def _candidates(self, number: int, router: Router) -> tuple[tuple[Candidate, ...], bool]:
        decision = self._decision(number, router)
        usable = [_usable(path, decision) for path in self._paths(number, router)] if decision is not None else []
        ranked = sorted((*usable, *self._refused(number, router)), key=_candidate_rank)
        return tuple(ranked), decision is not None and decision.order_dependent

    def _refused(self, number: int, router: Router) -> Iterator[Candidate]:
        """The announcements that reached the speaker and were not let in."""
        item, outcome = self._classes[number], self._outcomes[number]
        for channel in self._incoming[router.index]:
            if channel.index in outcome.received[router.index]:
                continue
            found = refusal(self._graph, item, channel, outcome.best[channel.sender.index])
            if found is not None:
                end = channel.source.end
                yield Candidate(
                    end, found.attributes, found.next_hop, best=False, multipath=False, rejected=found.reason
                )

    @cached_property
    def _incoming(self) -> list[list[Channel]]:
        incoming: list[list[Channel]] = [[] for _ in self._graph.routers]
        for channel in self._graph.channels:
            incoming[channel.receiver.index].append(channel)
        return incoming


def _usable(path: Path, decision: Decision) -> Candidate:
    best = path is decision.best
    return Candidate(
        None if path.source is None else path.source.end,
        path.attributes,
        path.next_hop,
        best,
        any(path is member for member in decision.installed),
        None if best else rejection(decision.best, path),
    )


def _candidate_rank(candidate: Candidate) -> tuple[bool, bool, str]:
    return not candidate.best, not candidate.multipath, str(candidate.learned_from)
