"""The ledger: every value that was given out, keyed by what it is for, so that growth moves none of them.

A value stands in a section, which is a place (a rack, or `CORE` for what stands in no rack) and a kind
(`loopback.ipv4`, `asn.leaf`, `port.a1-leaf-1`, …), under its owner's name. Values are integers: an address or prefix
is `network << 8 | length`, all else (a slot, an ASN, a port, a VLAN) is itself.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

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
    lines: Mapping[str, int] | None = field(default=None, compare=False, repr=False)
    """The line of each key in the file that was read."""

    def where(self, key: Key) -> str:
        """`file:line` of a value, or the file alone."""
        line = self.lines.get(str(key)) if self.lines else None
        return f"{self.file}:{line}" if line else self.file

    def __len__(self) -> int:
        return sum(map(len, self.given.values())) + sum(map(len, self.released.values()))


EMPTY = Ledger()


def entries(values: Values) -> Iterator[tuple[Key, int]]:
    """All keys with their values."""
    for (place, kind), owners in values.items():
        for owner, value in owners.items():
            yield Key(place, kind, owner), value


def space_of(section: Section) -> str:
    """The name of the values among which those of a section are unique: sections of one space never share a value."""
    place, kind = section
    head, _, rest = kind.partition(".")
    if kind in ("slot.leaf", "slot.node", "vlan.rack"):
        return f"{kind} of {place}"
    return f"network.{rest}" if head in ("host", "vip") else kind


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
    family = family_of(kind)
    if family is None:
        return str(value)
    af, bits = _FAMILIES[family]
    address = socket.inet_ntop(af, (value >> 8).to_bytes(bits // 8))
    length = value & 0xFF
    return address if length == bits else f"{address}/{length}"


def value_of(kind: str, text: str) -> int:
    """The value of a text; raises `ValueError` or `OSError` where it is none of the kind."""
    family = family_of(kind)
    if family is None:
        if not text.isdecimal() or not text.isascii():
            raise ValueError("a number")
        return int(text)
    af, bits = _FAMILIES[family]
    address, slash, length = text.partition("/")
    size = int(length) if slash else bits
    number = int.from_bytes(socket.inet_pton(af, address))
    if not 0 <= size <= bits or number & ((1 << (bits - size)) - 1):
        raise ValueError("a prefix with no bits set behind its length")
    return number << 8 | size
