"""A longest-prefix-match table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from fabric.config import Address, Prefix

_Value = TypeVar("_Value")


class PrefixTable(Generic[_Value]):
    """Values by prefix, found by address from the most to the least specific."""

    def __init__(self, items: Iterable[tuple[Prefix, _Value]] = ()) -> None:
        self._levels: dict[int, list[tuple[int, dict[int, _Value]]]] = {4: [], 6: []}
        """By IP version and from the longest: a mask, and the values by network address."""
        self._by_length: dict[tuple[int, int], dict[int, _Value]] = {}
        for prefix, value in items:
            self.add(prefix, value)

    def add(self, prefix: Prefix, value: _Value) -> None:
        """Put `value` at `prefix`, in place of what was there."""
        key = (prefix.version, prefix.prefixlen)
        if key not in self._by_length:
            level = self._by_length[key] = {}
            self._levels[prefix.version].append((int(prefix.netmask), level))
            self._levels[prefix.version].sort(key=_mask, reverse=True)
        self._by_length[key][int(prefix.network_address)] = value

    def longest(self, address: Address) -> _Value | None:
        """The value of the longest prefix that holds `address`, without the cost of an iterator."""
        number = int(address)
        for mask, level in self._levels[address.version]:
            value = level.get(number & mask)
            if value is not None:
                return value
        return None

    def covering(self, address: Address) -> Iterator[_Value]:
        """The values of all prefixes that hold `address`, longest prefix first."""
        number = int(address)
        for mask, level in self._levels[address.version]:
            value = level.get(number & mask)
            if value is not None:
                yield value


def _mask(level: tuple[int, object]) -> int:
    return level[0]


def prefix_order(prefix: Prefix) -> tuple[int, int]:
    """Sort key of prefixes of one family."""
    return int(prefix.network_address), prefix.prefixlen
