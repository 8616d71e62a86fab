"""Gives out values: what the ledger holds stays, new values go where the design computes them to, if that is free.

Where that is taken, a first plan goes on to the next free value. Beside a ledger the owner's name picks among the free
ones, so that two branches which add different things seldom give them the same: docs/decisions/0014.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network

from fabric._values import dataclass
from fabric.errors import Problem
from fabric.plan._ledger import CORE, Key, Ledger, Section, entries, port_space, spaces, value_text
from fabric.topology import Design

Address = IPv4Address | IPv6Address
_FEWEST = 128
"""Among how many values of a nearly empty room a name picks; in a fuller one among twice as many as are taken."""
_MOST = 4096
"""Among how many values a name picks where it does not matter which one it gets."""
_TRIES = 64


@dataclass(frozen=True, slots=True)
class Room:
    """Where values of one kind may lie; ends are exclusive."""

    pool: str
    """Dotted path of the setting that the room comes from."""
    space: str
    """The values among which each is unique, as `space_of` and `port_space` name them."""
    low: int
    high: int
    """Bounds of any value, given by hand or not."""
    first: int
    last: int
    """Bounds of what is given out by itself."""
    size: int = 1
    """How many addresses a value takes; a multiple of it above `low` is where it starts."""
    length: int | None = None
    """Prefix length of a value, `None` where it is a plain number."""
    closed: tuple[tuple[int, int], ...] = ()
    """Stretches from which nothing is given out, ends exclusive."""

    def entry(self, value: int) -> int:
        """The value as the ledger has it, with its length."""
        return value if self.length is None else value << 8 | self.length

    def past_closed(self, value: int) -> int:
        """The value, or the next one that no closed stretch touches."""
        for first, last in self.closed:
            if value < last and first < value + self.size:
                value = self.low + -(-(last - self.low) // self.size) * self.size
        return value


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values side by side for what belongs together."""

    name: str
    """What picks it."""
    size: int = 1
    ordinal: int | None = None
    """Which of the stretches of a room it is by rights, from 0."""
    anywhere: bool = False
    """True where a person does not care for small numbers, so that the whole room may be picked from."""
    kind: str = ""
    """What it is picked for, so that picks of one kind agree; else the kind of value."""


def numbers(pool: str, space: str, first: int, last: int) -> Room:
    """Room for plain numbers from `first` to `last`."""
    return Room(pool, space, first, last + 1, first, last + 1)


class Giver:
    """One planning run's givings, and what did not work out."""

    def __init__(self, design: Design, ledger: Ledger, *, by_name: bool = True) -> None:
        self.design = design
        self.by_name = by_name and bool(ledger.given) and design.topology.growth.placement == "by-name"
        """True where a new owner's name picks its value, once another has what the design computes."""
        self.given: dict[Section, dict[str, int]] = {}
        self._ledger = ledger
        self._taken: dict[str, set[int]] = defaultdict(set)
        held = 0
        for space, values in spaces(ledger):
            self._taken[space].update(values)
            held += len(values)
        self.collides = held > sum(map(len, self._taken.values()))
        """True where the ledger gives a value to two owners."""
        self._held: dict[Section, Mapping[str, int]] = dict(ledger.released)
        for section, owners in ledger.given.items():
            resting = ledger.released.get(section)
            self._held[section] = {**resting, **owners} if resting else owners
        self._next: dict[tuple[str, int], int] = {}
        self._pin_problems: list[Problem] = []
        self._failures: dict[str, int] = defaultdict(int)
        self._short: dict[str, tuple[Room, int, str]] = {}
        self._misfits: dict[str, tuple[Room, list[tuple[Key, int]]]] = {}

    def claim(self, section: Section, owner: str, room: Room, candidate: int, name: str = "") -> int | None:
        """The owner's value: the one it had, else `candidate`, else a free one; `None` notes a problem.

        `name` is given where racks share the values: beside a ledger it picks the free one, else that is the next.
        """
        mine = self.given.get(section)
        if mine is None:
            mine = self.given[section] = {}
        elif owner in mine:
            return mine[owner] if room.length is None else mine[owner] >> 8
        old = self._held.get(section)
        held = None if old is None else old.get(owner)
        if held is not None:
            entry = self._kept(section, owner, room, held)
        else:
            entry = self._new(section, room, candidate, name)
        if entry is None:
            return None
        mine[owner] = entry
        return entry if room.length is None else entry >> 8

    def ordinal(self, section: Section, owner: str, room: Room, like: Mapping[str, Section], candidate: int) -> int:
        """What to claim for a rack or zone, whose like have theirs in the sections `like`.

        In a first plan the candidate, by its position. Later the one that the number in its name says, where all of the
        like that are called so are numbered that way (`r7` has 6 beside `r1` with 0); else one that its name picks.
        """
        if not self._picks(section, owner):
            return candidate
        stem, number = _numbered(owner)
        shifts = set()
        for name, its_section in like.items():
            held, (other, its) = self._held.get(its_section, {}).get(name), _numbered(name)
            if held is not None and other == stem and its is not None:
                value = held if room.length is None else held >> 8
                shifts.add((value - room.first) // room.size - its)
        if number is not None and len(shifts) == 1:
            named = room.first + (number + shifts.pop()) * room.size
            if room.first <= named <= room.last - room.size and self._is_free(room, named, 1):
                return named
        kind = "slot.zone" if section[0] == CORE else ""  # all numbers of a zone are the same, where they are free
        return self.fresh(section, owner, room, candidate, Stretch(owner, kind=kind))

    def fresh(self, section: Section, owner: str, room: Room, candidate: int, stretch: Stretch) -> int:
        """What to claim for the first of a stretch's owners instead of `candidate`, which only the file's order says.

        Beside a ledger a new owner gets the stretch of its ordinal, where that is free, else one that the name picks;
        names that differ seldom pick the same.
        """
        many = (_all(room) if stretch.anywhere else self._many(room)) // stretch.size
        if not many or not self._picks(section, owner):
            return candidate
        if stretch.ordinal is not None:
            own = room.first + stretch.ordinal % many * stretch.size * room.size
            if self._is_free(room, own, stretch.size):
                return own
        picked = self._picked(stretch.kind or section[1], room, stretch.name, many, stretch.size)
        return candidate if picked is None else picked

    def held_by(self, kind: str) -> Iterator[str]:
        """Everybody who has a value of that kind in the ledger, quarantine included."""
        return (owner for (_, its), owners in self._held.items() if its == kind for owner in owners)

    def _picks(self, section: Section, owner: str) -> bool:
        return self.by_name and owner not in self._held.get(section, {})

    def pin(self, section: Section, owner: str, room: Room, value: int) -> None:
        """Gives the owner the value that the file asks for; a problem where somebody else has it."""
        entry, old = room.entry(value), self._held.get(section, {}).get(owner)
        if entry in self._taken[room.space] and entry != old:
            self._pin_problems.append(self._occupied(Key(*section, owner), entry, room))
            return
        self._taken[room.space].add(entry)
        self.given.setdefault(section, {})[owner] = entry

    def pin_outside(self, node: str, network: str, pinned: Address, prefixes: Iterable[object]) -> None:
        """Notes a pin outside the node's subnets."""
        allowed = f"an address in {' or '.join(map(str, prefixes))}"
        path = self._pin_path(node, network, int(pinned))
        self._pin_problems.append(self.design.source.problem(path, str(pinned), allowed, "Correct the address."))

    def _pin_path(self, node: str, network: str, value: int) -> tuple[str | int, ...]:
        pins = self.design.topology.pins[node][network]
        return "pins", node, network, next(index for index, pinned in enumerate(pins) if int(pinned) == value)

    def _occupied(self, key: Key, entry: int, room: Room) -> Problem:
        network, value = key.kind.split(".")[1], entry >> 8
        found, action = value_text(key.kind, entry), "Pin another address, or remove the other's line from the ledger."
        owner = self._owner(self.given, key, entry)
        if owner is not None:
            place = self.design.source.where(self._pin_path(owner.owner, network, value))
            found, action = f"{found}, which {owner} has ({place})", "Pin another address for one of the two."
        elif (owner := self._owner(self._held, key, entry)) is not None:
            found = f"{found}, which {owner} has ({self._ledger.where(owner)})"
        else:
            found = f"{found}, which is given out already"
        path = self._pin_path(key.owner, network, value)
        return self.design.source.problem(path, found, f"a free address of {room.pool}", action)

    @staticmethod
    def _owner(values: Mapping[Section, Mapping[str, int]], key: Key, entry: int) -> Key | None:
        """Who has a value among those of the key's network and family."""
        like = key.kind.partition(".")[2]
        return next(
            (
                Key(*section, owner)
                for section, owners in values.items()
                if section[1].partition(".")[2] == like
                for owner, value in owners.items()
                if value == entry
            ),
            None,
        )

    def _excluded(self, key: Key, held: int) -> Problem:
        found = f"{value_text(key.kind, held)}, which 'exclude', a gateway, an allocation or a pin takes"
        action = "Remove this line, and the value is given anew; or give the address free in the topology."
        return Problem(self._ledger.where(key), str(key), found, "an address that is left to the plan", action)

    def reserve(self, space: str, values: set[int]) -> None:
        """Keeps plain numbers from being given out in a space."""
        self._taken[space].update(values)

    def _kept(self, section: Section, owner: str, room: Room, held: int) -> int | None:
        if room.length is None:
            fits = room.low <= held < room.high
        else:
            value = held >> 8
            inside = room.low <= value and value + room.size <= room.high
            fits = inside and held & 0xFF == room.length and (value - room.low) % room.size == 0
            if fits and room.closed and room.past_closed(value) != value:
                self._pin_problems.append(self._excluded(Key(*section, owner), held))
                return None
        if fits:
            return held
        self._misfits.setdefault(room.pool, (room, []))[1].append((Key(*section, owner), held))
        return None

    def _new(self, section: Section, room: Room, candidate: int, name: str) -> int | None:
        taken, value = self._taken[room.space], candidate
        if not room.first <= candidate or candidate + room.size > room.last:
            if room.length is not None:  # a prefix is where its place says, so that blocks can be summarised
                self._note_short(section, room, candidate + room.size - room.first)
                return None
            value = room.first
        entry = room.entry(value)
        if name and self.by_name and (value != candidate or entry in taken or room.past_closed(value) != value):
            picked = self._picked(section[1], room, name, max(1, _all(room)))
            value = value if picked is None else picked
            entry = room.entry(value)
        if entry in taken or room.closed:
            value = self._free(taken, value, room)
            if value + room.size > room.last:
                value = self._free(taken, room.first, room)
            entry = room.entry(value)
        if value + room.size > room.last:
            self._failures[room.space] += 1
            self._note_short(section, room, room.last - room.first + room.size * self._failures[room.space])
            return None
        taken.add(entry)
        return entry

    def _many(self, room: Room) -> int:
        """Among how many values, the lower part of a room, names pick."""
        return min(max(_FEWEST, 1 << (2 * len(self._taken[room.space])).bit_length()), _all(room))

    def _picked(self, kind: str, room: Room, name: str, many: int, size: int = 1) -> int | None:
        """The start of a free stretch that the name picks out of so many; `None` where nearly all are taken."""
        for attempt in range(_TRIES):
            drawn = hashlib.blake2b(f"{kind}/{name}/{attempt}".encode(), digest_size=8).digest()
            value = room.first + int.from_bytes(drawn) % many * size * room.size
            if self._is_free(room, value, size):
                return value
        return None

    def _is_free(self, room: Room, start: int, size: int) -> bool:
        taken = self._taken[room.space]
        values = range(start, start + size * room.size, room.size)
        return not any(room.entry(value) in taken or room.past_closed(value) != value for value in values)

    def _free(self, taken: set[int], value: int, room: Room) -> int:
        """The first free value from `value` on; walked stretches are leapt over the next time."""
        walked = []
        value = room.past_closed(value)
        while room.entry(value) in taken:
            walked.append(value)
            value = room.past_closed(self._next.get((room.space, value), value + room.size))
        for passed in walked:
            self._next[room.space, passed] = value
        return value

    def _note_short(self, section: Section, room: Room, need: int) -> None:
        known = self._short.get(room.pool)
        if known is None or need * (known[0].last - known[0].first) > known[1] * (room.last - room.first):
            self._short[room.pool] = (room, need, section[1])

    def ledger(self) -> Ledger:
        """What is given out after this run; what nobody claimed rests in quarantine."""
        released: dict[Section, dict[str, int]] = {}
        for values in (self._ledger.released, self._ledger.given):
            for section, owners in values.items():
                mine = self.given.get(section, {})
                if not owners.keys() <= mine.keys():
                    gone = {owner: value for owner, value in owners.items() if owner not in mine}
                    released.setdefault(section, {}).update(gone)
        return Ledger({s: o for s, o in self.given.items() if o}, released, self._ledger.file)

    def kept(self) -> Ledger:
        """The part of the old ledger that this run had use for."""
        kept: dict[Section, dict[str, int]] = {}
        for key, value in (*entries(self._ledger.released), *entries(self._ledger.given)):
            section = (key.place, key.kind)
            if key.owner in self.given.get(section, {}):
                kept.setdefault(section, {})[key.owner] = value
        return replace(self._ledger, given=kept, released={})

    def problems(self) -> list[Problem]:
        """Everything that could not be given, one problem a pool."""
        found = [self._exhausted(pool, *entry) for pool, entry in self._short.items()]
        found += [self._moved(pool, *entry) for pool, entry in self._misfits.items()]
        return found + self._pin_problems

    def _exhausted(self, pool: str, room: Room, need: int, kind: str) -> Problem:
        path = tuple(pool.split("."))
        unused = entries(self.ledger().released)
        resting = sum(1 for key, _ in unused if key.kind == kind)
        reclaim = f", or reclaim the {resting} values that nobody has any more" if resting else ""
        if room.length is not None:
            addresses = -(-need * (room.high - room.low) // max(room.last - room.first, 1))
            length = max(_bits(kind) - (addresses - 1).bit_length(), 0)
            found, allowed = _prefix(room, kind), f"a prefix of /{length} or shorter for this design and its growth"
            exclude = ", or exclude less" if room.closed else ""
            action = f"Set {pool} to a larger prefix, or lower what 'growth' reserves{exclude}{reclaim}."
        elif path[0] == "models":
            free = (room.high - room.low) - sum(last - first for first, last in room.closed)
            device = room.space.removeprefix(port_space(""))
            found = f"{free} ports of a kind on {device}"
            allowed = f"at least {free + self._failures[room.space]} for its links"
            action = f"Take a model with more ports, or split some by 'breakout'{reclaim}."
        elif path[0] == "growth":
            found, allowed = f"room for {room.last - room.first}", f"at least {need}"
            action = f"Raise {pool}{reclaim}."
        else:
            found = f"{room.low}-{room.high - 1}" if room.high - room.low > 1 else f"the one ASN {room.low}"
            allowed = f"at least {need} ASNs"
            wider = "" if path in self.design.source.lines else ", or set asn.width to 4"
            action = f"Set {pool} to a wider range{wider}{reclaim}."
        full = "" if path[0] == "models" else ", which is exhausted"
        return self.design.source.problem(path, f"{found}{full}", allowed, action)

    def _moved(self, pool: str, room: Room, misfits: list[tuple[Key, int]]) -> Problem:
        key, value = misfits[0]
        more = f" (and {len(misfits) - 1} more such values)" if len(misfits) > 1 else ""
        allowed = f"{room.low}-{room.high - 1} ({pool})"
        if room.length is not None:
            allowed = f"/{room.length} inside {_prefix(room, key.kind)} ({pool})"
        return Problem(
            self._ledger.where(key),
            str(key),
            f"{value_text(key.kind, value)}{more}",
            allowed,
            f"Set {pool} back to what it was; or remove such lines, and their values are given anew.",
        )


def _all(room: Room) -> int:
    """Among how many values names pick where small numbers are no better than others."""
    return min((room.last - room.first) // room.size, _MOST)


def _numbered(name: str) -> tuple[str, int | None]:
    """A name without the number at its end, and that number."""
    match = re.fullmatch(r"(.*?)(\d{1,6})", name)
    return (match[1], int(match[2])) if match else (name, None)


def _bits(kind: str) -> int:
    return 32 if kind.endswith(".ipv4") else 128


def _prefix(room: Room, kind: str) -> str:
    size = room.high - room.low
    length = _bits(kind) - (size - 1).bit_length()
    return str(ip_network((room.low if kind.endswith(".ipv4") else room.low.to_bytes(16), length)))
