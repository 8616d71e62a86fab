"""Prefix lists and route maps of a neighbor, as statements in the order of the file.

`frr.conf` and the device configuration are both made from these statements. Sequence numbers count up within each
list name; the entries of a neighbor's two route maps share one count.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabric._values import dataclass
from fabric.kubernetes._golang import Family
from fabric.kubernetes._release import Dialect
from fabric.kubernetes.frr_k8s._internal import IncomingFilter, Modifier, Session

_FAMILIES: tuple[Family, Family] = ("ipv4", "ipv6")


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a prefix list; prefix `None` is `any`, and without `seq` FRR gives the next multiple of five."""

    name: str
    family: Family
    seq: int | None
    action: str
    prefix: str | None
    le: int = 0
    ge: int = 0


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One entry of a route map; it matches a prefix list of one family, or everything."""

    name: str
    action: str
    seq: int
    match: tuple[Family, str] | None = None
    modifier: Modifier | None = None
    """The attribute to set before going on with the next entry."""
    next_hop: str = ""


Statement = ListEntry | MapEntry


def filter_statements(session: Session, dialect: Dialect) -> Iterator[Statement]:
    """Everything that filters one neighbor's routes."""
    writer = _Writer(session)
    if dialect.per_prefix_filters:
        yield from writer.outgoing_by_prefix()
    else:
        yield from writer.outgoing()
    yield from writer.incoming(dialect)


class _Writer:
    def __init__(self, session: Session) -> None:
        self.session = session
        self._counts: dict[str, int] = {}

    def _next(self, name: str) -> int:
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]

    def _permit(self, name: str, family: Family, entry: IncomingFilter) -> ListEntry:
        return ListEntry(name, family, self._next(name), "permit", entry.prefix, entry.le, entry.ge)

    def _any(self, name: str, family: Family, action: str) -> ListEntry:
        return ListEntry(name, family, self._next(name), action, None)

    def _map(self, direction: str, action: str, match: tuple[Family, str] | None) -> MapEntry:
        name = f"{self.session.id}-{direction}"
        return MapEntry(name, action, self._next(""), match)

    def _set(self, modifier: Modifier, name: str) -> MapEntry:
        entry = self._map("out", "permit", (modifier.family, name))
        return MapEntry(entry.name, entry.action, entry.seq, entry.match, modifier)

    def outgoing(self) -> Iterator[Statement]:
        """Modifiers by list name, then one list of allowed prefixes for each family."""
        outgoing = self.session.outgoing
        for modifier in sorted(outgoing.modifiers, key=self._modifier_list):
            name = self._modifier_list(modifier)
            for prefix in sorted(modifier.prefixes):
                yield self._permit(name, modifier.family, IncomingFilter(prefix))
            yield self._set(modifier, name)
        names = {family: f"{self.session.id}-allowed-{family}" for family in _FAMILIES}
        for family in _FAMILIES:
            yield from self._allowed(names[family], family)
        for family in _FAMILIES:
            entry = self._map("out", "permit", (family, names[family]))
            yield MapEntry(entry.name, entry.action, entry.seq, entry.match, next_hop=outgoing.next_hop(family))

    def _modifier_list(self, modifier: Modifier) -> str:
        family = "ip" if modifier.family == "ipv4" else "ipv6"
        suffix = "localpref-prefixes" if modifier.kind == "local-preference" else "community-prefixes"
        return f"{self.session.id}-{modifier.value}-{family}-{suffix}"

    def _allowed(self, name: str, family: Family) -> Iterator[ListEntry]:
        prefixes = self.session.outgoing.prefixes(family)
        for prefix in prefixes:
            yield self._permit(name, family, IncomingFilter(prefix))
        if not prefixes:
            yield self._any(name, family, "deny")

    def outgoing_by_prefix(self) -> Iterator[Statement]:
        """Dialect A: each prefix with its modifiers, all in one list that both families share."""
        session = self.session
        allowed = f"{session.id}-pl-{session.family}"
        for family in _FAMILIES:
            for prefix in session.outgoing.prefixes(family):
                for modifier in _modifiers_of(session, prefix, family):
                    yield from self._modified_prefix(modifier, prefix)
                yield self._permit(allowed, family, IncomingFilter(prefix))
        for family in _FAMILIES:
            yield self._map("out", "permit", (family, allowed))
        for family in _FAMILIES:
            if not session.outgoing.prefixes(family):
                yield self._any(allowed, family, "deny")

    def _modified_prefix(self, modifier: Modifier, prefix: str) -> Iterator[Statement]:
        suffix = "localpref-prefixes" if modifier.kind == "local-preference" else "community-prefixes"
        name = f"{self.session.id}-{modifier.value}-{self.session.family}-{suffix}"
        seq = None if modifier.kind == "large-community" else self._next(name)
        yield ListEntry(name, modifier.family, seq, "permit", prefix)
        yield self._set(modifier, name)

    def incoming(self, dialect: Dialect) -> Iterator[Statement]:
        """Accepted prefixes, then what is always blocked, then the entries that accept."""
        name = f"{self.session.id}-inpl-{self.session.family}"
        everything = self.session.incoming.all
        if everything and not dialect.per_prefix_filters:
            yield from (self._any(name, family, "permit") for family in _FAMILIES)
        else:
            yield from self._accepted(name)
        yield from self._always_blocked()
        if everything and dialect.per_prefix_filters:
            yield self._map("in", "permit", None)
        else:
            yield from (self._map("in", "permit", (family, name)) for family in _FAMILIES)

    def _accepted(self, name: str) -> Iterator[ListEntry]:
        incoming = self.session.incoming
        for entry in (*incoming.v4, *incoming.v6):
            yield self._permit(name, entry.family, entry)
        if not incoming.v4:
            yield self._any(name, "ipv4", "deny")
        if not incoming.v6:
            yield self._any(name, "ipv6", "deny")

    def _always_blocked(self) -> Iterator[Statement]:
        if not self.session.always_block:
            return
        name = f"{self.session.id}-denied-inpl-{self.session.family}"
        for entry in self.session.always_block:
            yield self._permit(name, entry.family, entry)
        yield from (self._map("in", "deny", (family, name)) for family in _FAMILIES)


_MODIFIER_ORDER = ("local-preference", "community", "large-community")


def _modifiers_of(session: Session, prefix: str, family: Family) -> list[Modifier]:
    """The modifiers of one prefix: local preference, then communities, then large ones, each sorted."""
    found = (m for m in session.outgoing.modifiers if m.family == family and prefix in m.prefixes)
    return sorted(found, key=lambda modifier: (_MODIFIER_ORDER.index(modifier.kind), modifier.value))
