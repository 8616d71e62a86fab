"""The ledger: every value that was given out, keyed by what it is for, so that growth moves none of them.

A value stands in a section, which is a place (a rack, or `CORE` for what stands in no rack) and a kind
(`loopback.ipv4`, `asn.leaf`, `port`, …), under its owner's name. Values are integers: an address or prefix
is `network << 8 | length`, all else (a slot, an ASN, a port, a VLAN) is itself.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from fabric._values import dataclass
from fabric.errors import InputError

Section = tuple[str, str]
"""Place and kind."""
Values = Mapping[Section, Mapping[str, int]]

CORE = "CORE"
"""The place of what stands in no rack; racks have lower-case names."""
_FAMILIES = {"ipv4": (socket.AF_INET, 32), "ipv6": (socket.AF_INET6, 128)}
_PLAIN = frozenset({"asn", "port", "slot", "vlan"})
_ADDRESSES = frozenset({"fabric-link", "host", "loopback", "node-link", "subnet", "vip"})


class Key(NamedTuple):
    """What a value is for."""

    place: str
    kind: str
    owner: str

    def __str__(self) -> str:
        return f"{self.place}/{self.kind}/{self.owner}"


@dataclass(frozen=True)
class Ledger:
    """Every value given out, and those that nobody has any more but nobody else shall have yet."""

    given: Values = field(default_factory=dict)
    released: Values = field(default_factory=dict)
    """Quarantine: values of what left the design, kept until `reclaim`."""
    file: str = field(default="the ledger", compare=False)
    text: str = field(default="", compare=False, repr=False)
    """The file's text, by which a value's line is found when a message needs it."""

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """The line of each key."""
        return {line.partition(": ")[0]: number for number, line in enumerate(self.text.splitlines(), start=1)}

    def where(self, key: Key) -> str:
        """`file:line` of a value, or the file alone."""
        line = self.lines.get(str(key))
        return f"{self.file}:{line}" if line else self.file

    def __len__(self) -> int:
        return sum(map(len, self.given.values())) + sum(map(len, self.released.values()))


EMPTY = Ledger()


def without(
    ledger: Ledger, names: Collection[str], racks: Mapping[str, Collection[str]] = MappingProxyType({})
) -> Ledger:
    """The ledger without what racks, zones and devices have, which are given other values then.

    A rack is named for all that stands in it, a device for its ports, links and addresses, a zone for its own subnets
    and numbers; with it go its `racks`, whose addresses lie in its subnets. For what nobody has built yet. Raises
    `InputError` for a name that the ledger knows nothing of.
    """
    if not names:
        return ledger
    _must_be_known(ledger, names)
    names = {*names, *(rack for name in names for rack in racks.get(name, ()))}
    given, released = (
        {
            section: {owner: value for owner, value in owners.items() if names_in(owner).isdisjoint(names)}
            for section, owners in values.items()
            if section[0] not in names
        }
        for values in (ledger.given, ledger.released)
    )
    return replace(ledger, given=given, released=released)


def names_in(owner: str) -> set[str]:
    """Whom an owner of values stands for: the device or zone, or the two ends of a link."""
    return {owner.partition(".")[0], *owner.split(">")}


def _must_be_known(ledger: Ledger, names: Collection[str]) -> None:
    racks = {place for place, _ in (*ledger.given, *ledger.released)} - {CORE}
    owners = (owners for values in (ledger.given, ledger.released) for owners in values.values())
    known = racks | set().union(*(names_in(owner) for some in owners for owner in some))
    for name in names:
        if name not in known:
            near = ", ".join(get_close_matches(name, sorted(racks), 3) or get_close_matches(name, sorted(known), 3))
            has = near or f"{len(known)} others"
            raise InputError(
                f"{ledger.file}: found nothing of '{name}'; it has {has}. Name one of its racks, zones or devices."
            )


def entries(values: Values) -> Iterator[tuple[Key, int]]:
    """All keys with their values."""
    for (place, kind), owners in values.items():
        for owner, value in owners.items():
            yield Key(place, kind, owner), value


def space_of(section: Section) -> str:
    """The name of the values among which those of a section are unique: sections of one space never share a value.

    Ports have a space for each device, `port_space`.
    """
    place, kind = section
    head, _, rest = kind.partition(".")
    if kind in ("slot.leaf", "slot.node"):
        return f"{kind} of {place}"
    return f"network.{rest}" if head in ("host", "vip") else kind


def port_space(owner: str) -> str:
    """The space of the ports of one device; the owner of a port is `device>device at the far end`."""
    return f"port of {owner.partition('>')[0]}"


def spaces(ledger: Ledger) -> Iterator[tuple[str, Collection[int]]]:
    """Values by space, each space in one piece or several; what stands in quarantine too."""
    ports: dict[str, list[int]] = defaultdict(list)
    for values in (ledger.given, ledger.released):
        for section, owners in values.items():
            if section[1] != "port":
                yield space_of(section), owners.values()
                continue
            for owner, value in owners.items():
                ports[port_space(owner)].append(value)
    yield from ports.items()


@lru_cache(maxsize=1024)
def family_of(kind: str) -> str | None:
    """`ipv4` or `ipv6` for kinds of addresses and prefixes, `None` for plain numbers; `ValueError` for no kind."""
    head = kind.partition(".")[0]
    if head in _PLAIN:
        return None
    if head not in _ADDRESSES or kind[-4:] not in _FAMILIES:
        raise ValueError("a kind of value")
    return kind[-4:]


def value_text(kind: str, value: int) -> str:
    """A value as the ledger's file shows it: `7`, `10.240.0.1` or `10.244.0.0/31`."""
    return next(value_texts(kind, [value]))


def value_texts(kind: str, values: Iterable[int]) -> Iterator[str]:
    """Values of one kind as the ledger's file shows them."""
    family = family_of(kind)
    if family is None:
        yield from map(str, values)
        return
    af, bits = _FAMILIES[family]
    size, show = bits // 8, socket.inet_ntop
    for value in values:
        text = show(af, (value >> 8).to_bytes(size))
        length = value & 0xFF
        yield text if length == bits else f"{text}/{length}"


def value_of(kind: str, text: str) -> int:
    """The value of a text; raises `ValueError` or `OSError` where it is none of the kind."""
    family = family_of(kind)
    if family is None:
        if not text.isdecimal() or not text.isascii():
            raise ValueError("a number")
        return int(text)
    af, bits = _FAMILIES[family]
    address, slash, length = text.partition("/")
    number = int.from_bytes(socket.inet_pton(af, address))
    if not slash:
        return number << 8 | bits
    size = int(length)
    if not 0 <= size <= bits or number & ((1 << (bits - size)) - 1):
        raise ValueError("a prefix with no bits set behind its length")
    return number << 8 | size
