"""BGP of one family over the whole fabric: all destination classes, and the tables that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from fabric.config import Prefix
from fabric.simulate._channels import Channel
from fabric.simulate._classes import Defaults, Locals, destination_classes
from fabric.simulate._classsets import ClassSet, ClassSets, members, set_of
from fabric.simulate._decision import Decision, decide, rejection
from fabric.simulate._outcomes import outcomes
from fabric.simulate._path import Path, Router
from fabric.simulate._propagation import Graph, refusal
from fabric.simulate._tables import prefix_order
from fabric.simulate._values import Candidate, RibEntry, SessionEnd


class FamilyBgp:
    """The stable state of BGP in one family."""

    def __init__(self, graph: Graph, local: Locals, defaults: Defaults) -> None:
        self.graph = graph
        self._routers = {router.name: router for router in graph.routers}
        self._groups: dict[int, tuple[tuple[Decision, ClassSet], ...]] = {}
        self.classes = destination_classes(graph, local, defaults)
        self.outcomes = outcomes(graph, self.classes)
        self._class_of = {prefix: number for number, item in enumerate(self.classes) for prefix in item.prefixes}

    @property
    def prefixes(self) -> tuple[Prefix, ...]:
        """Every prefix that some speaker originates."""
        return tuple(self._class_of)

    def installed(self, device: str, prefix: Prefix) -> tuple[Path, ...]:
        """The paths handed to zebra, best first; none where the best path is the device's own (but for aggregates).

        Their AS paths may have placeholders in them.
        """
        number = self._class_of.get(prefix)
        router = self._routers.get(device)
        if number is None or router is None:
            return ()
        found = (decision for decision, classes in self.groups(router) if classes >> number & 1)
        return next(map(handed_over, found), ())

    def prefixes_in(self, classes: ClassSet) -> int:
        """How many prefixes the classes have."""
        return sum(size * (classes & alike).bit_count() for size, alike in self._by_size)

    @cached_property
    def _by_size(self) -> tuple[tuple[int, ClassSet], ...]:
        found: dict[int, ClassSet] = {}
        for number, item in enumerate(self.classes):
            found[len(item.prefixes)] = found.get(len(item.prefixes), 0) | 1 << number
        return tuple(found.items())

    def class_of(self, prefix: Prefix) -> int | None:
        """The class of the prefix; `None` where nobody originates it."""
        return self._class_of.get(prefix)

    def classes_of(self, prefixes: Mapping[Prefix, object]) -> ClassSet:
        """The classes that any of the prefixes is in."""
        return set_of(self._class_of[prefix] for prefix in self._prefixes & frozenset(prefixes))

    @cached_property
    def _prefixes(self) -> frozenset[Prefix]:
        # Sets made of dictionaries, and what they have in common, take over the hashes, which for networks are slow.
        return frozenset(self._class_of)

    def groups(self, router: Router) -> tuple[tuple[Decision, ClassSet], ...]:
        """What the speaker decided for which classes; in AS paths placeholders may stand for ASNs."""
        if router.index not in self._groups:
            self._groups[router.index] = tuple(self.outcomes.decisions(router.index))
        return self._groups[router.index]

    def told_apart(self, router: Router, route_map: str | None, classes: ClassSet) -> Iterator[tuple[Prefix, ClassSet]]:
        """The classes in parts that the device's route map treats alike, each with a prefix of it."""
        if route_map is None:
            if classes:
                yield self.classes[next(members(classes))].prefix, classes
            return
        for _, part in self._sets.parts(router, None, route_map):
            if part & classes:
                yield self.classes[next(members(part & classes))].prefix, part & classes

    @cached_property
    def _sets(self) -> ClassSets:
        return ClassSets(self.graph, self.classes)

    def held(self, router: Router) -> Iterator[tuple[Prefix, Sequence[Path]]]:
        """The prefixes of the speaker's table with their usable paths."""
        for number, item in enumerate(self.classes):
            paths = self._paths(number, router)
            yield from ((prefix, paths) for prefix in item.prefixes if paths)

    def overflown(self) -> Iterator[SessionEnd]:
        """The neighbor statements that hold more prefixes of their peer than their `maximum-prefix`."""
        for channel in self.graph.channels:
            limit = channel.import_.settings.maximum_prefix
            if limit is not None and self._accepted(channel) > limit:
                yield channel.source.end

    def _accepted(self, channel: Channel) -> int:
        return sum(len(self.classes[number].prefixes) for number in members(self.outcomes.accepted(channel)))

    def rib(self, router: Router) -> dict[Prefix, RibEntry]:
        """The speaker's BGP table, refused paths included."""
        found: dict[Prefix, RibEntry] = {}
        for number, item in enumerate(self.classes):
            candidates, unstable = self._candidates(number, router)
            if candidates:
                found.update((prefix, RibEntry(prefix, candidates, unstable)) for prefix in item.prefixes)
        return dict(sorted(found.items(), key=lambda pair: prefix_order(pair[0])))

    def _paths(self, number: int, router: Router) -> list[Path]:
        own = self.classes[number].local.get(router.index, ())
        return [*own, *self.outcomes.received(number, router.index)]

    def _candidates(self, number: int, router: Router) -> tuple[tuple[Candidate, ...], bool]:
        paths = self._paths(number, router)
        decision = decide(paths, self.graph.settings[router.index]) if paths else None
        usable = [_usable(path, decision) for path in paths] if decision is not None else []
        ranked = sorted((*usable, *self._refused(number, router)), key=_candidate_rank)
        unsure = decision is not None and decision.order_dependent
        return tuple(ranked), unsure or (bool(paths) and self.outcomes.ambiguous(number, router.index))

    def _refused(self, number: int, router: Router) -> Iterator[Candidate]:
        """The announcements that reached the speaker and were not let in."""
        for channel in self._incoming[router.index]:
            if self.outcomes.accepted(channel) >> number & 1:
                continue
            found = refusal(self.graph, self.classes[number], channel, self.outcomes.best(number, channel.sender.index))
            if found is not None:
                end = channel.source.end
                yield Candidate(
                    end, found.attributes, found.next_hop, best=False, multipath=False, rejected=found.reason
                )

    @cached_property
    def _incoming(self) -> list[list[Channel]]:
        incoming: list[list[Channel]] = [[] for _ in self.graph.routers]
        for channel in self.graph.channels:
            incoming[channel.receiver.index].append(channel)
        return incoming


def handed_over(decision: Decision) -> tuple[Path, ...]:
    """The paths of a decision that zebra gets: none of a best path of the device's own, but for aggregates."""
    own = decision.best.source is None and not decision.best.aggregate and decision.best.imported is None
    return () if own else decision.installed


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
