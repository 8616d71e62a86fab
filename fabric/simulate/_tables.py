"""A longest-prefix-match table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from fabric.config import Address, Prefix

_Value = TypeVar("_Value")


class PrefixTable(Generic[_Value]):
    """Values by prefix, found by address from the most to the least specific."""

    def __init__(self, items: Iterable[tuple[Prefix, _Value]] = ()) -> None:
        self._by_length: dict[tuple[int, int], dict[int, _Value]] = {}
        self._lengths: dict[int, list[int]] = {4: [], 6: []}
        for prefix, value in items:
            self.add(prefix, value)

    def add(self, prefix: Prefix, value: _Value) -> None:
        """Put `value` at `prefix`, in place of what was there."""
        key = (prefix.version, prefix.prefixlen)
        if key not in self._by_length:
            self._by_length[key] = {}
            self._lengths[prefix.version].append(prefix.prefixlen)
            self._lengths[prefix.version].sort(reverse=True)
        self._by_length[key][int(prefix.network_address)] = value

    def longest(self, address: Address) -> _Value | None:
        """The value of the longest prefix that holds `address`, without the cost of an iterator."""
        number = int(address)
        for length in self._lengths[address.version]:
            shift = address.max_prefixlen - length
            value = self._by_length[address.version, length].get(number >> shift << shift)
            if value is not None:
                return value
        return None

    def covering(self, address: Address) -> Iterator[_Value]:
        """The values of all prefixes that hold `address`, longest prefix first."""
        width = address.max_prefixlen
        number = int(address)
        for length in self._lengths[address.version]:
            shift = width - length
            value = self._by_length[address.version, length].get(number >> shift << shift)
            if value is not None:
                yield value


def prefix_order(prefix: Prefix) -> tuple[int, int]:
    """Sort key of prefixes of one family."""
    return int(prefix.network_address), prefix.prefixlen
