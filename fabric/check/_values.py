"""Values of resources that no schema has checked: whatever stands there, asking for it raises nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import Any

Address = IPv4Address | IPv6Address
Prefix = IPv4Network | IPv6Network
Path = tuple[str | int, ...]
_PERCENT = re.compile(r"(\d{1,3})%")


def at(value: Any, *path: str | int) -> Any:
    """The value at `path` below `value`; `None` where there is nothing of the kind."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def items(value: Any, *path: str | int) -> Iterator[tuple[Path, Any]]:
    """The items of the list at `path`, each with its own path; none where there is no list."""
    found = at(value, *path)
    for index, item in enumerate(found if isinstance(found, list) else ()):
        yield (*path, index), item


def entries(value: Any, *path: str | int) -> Iterator[tuple[str, Path, Any]]:
    """The entries of the mapping at `path`: key, path and value; none where there is no mapping."""
    found = at(value, *path)
    for key, entry in (found if isinstance(found, dict) else {}).items():
        yield str(key), (*path, str(key)), entry


def texts(value: Any, *path: str | int) -> tuple[str, ...]:
    """The items of a list of texts at `path`; a single text counts as one."""
    found = at(value, *path)
    if isinstance(found, str):
        return (found,)
    return tuple(str(item) for item in found if isinstance(item, str | int)) if isinstance(found, list) else ()


def number(value: Any) -> int | None:
    """The whole number in a value that may be a number or its text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def percent(value: Any) -> int | None:
    """The number in front of a percent sign."""
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) if match else None


def address(value: Any) -> Address | None:
    """The address in a text, with or without a prefix length."""
    try:
        return ip_address(value.partition("/")[0]) if isinstance(value, str) else None
    except ValueError:
        return None


def prefix(value: Any) -> Prefix | None:
    """The prefix in a text; bits behind its length are taken for zero."""
    try:
        return ip_network(value, strict=False) if isinstance(value, str) and "/" in value else None
    except ValueError:
        return None


def inside(value: Address, network: Prefix) -> bool:
    """True where the address is of the prefix's family and lies in it."""
    return value.version == network.version and value in network


def span(first: Any, last: Any) -> tuple[Address, Address] | None:
    """Both ends of a range of addresses in order; `None` where one is no address or their families differ."""
    one, other = address(first), address(last)
    if one is None or other is None or one.version != other.version:
        return None
    return (one, other) if int(one) <= int(other) else (other, one)


def overlap(one: tuple[Address, Address], other: tuple[Address, Address]) -> bool:
    """True where two ranges of addresses share one."""
    same = one[0].version == other[0].version
    return same and int(one[0]) <= int(other[1]) and int(other[0]) <= int(one[1])


def span_of(text: str) -> tuple[Address, Address] | None:
    """The range in `first-last` or in a prefix."""
    if "-" in text:
        first, _, last = text.partition("-")
        return span(first.strip(), last.strip())
    network = prefix(text)
    return (network[0], network[-1]) if network is not None else None


def range_text(both: tuple[Address, Address]) -> str:
    """`first-last`, or the prefix that it is."""
    blocks = list(summarize_address_range(*both))
    return str(blocks[0]) if len(blocks) == 1 else f"{both[0]}-{both[1]}"
