"""Go's own reading and printing of durations, addresses and prefixes, which decides what the controllers accept."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

Family = Literal["ipv4", "ipv6"]
_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
SECOND_NS = _UNITS_NS["s"]
_TERM = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")


def parse_duration(text: str) -> int:
    """The nanoseconds of a Go duration such as `1m30s` (Go `time.ParseDuration`); raises `ValueError`."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    total, position = 0, 0
    while position < len(rest):
        term = _TERM.match(rest, position)
        if term is None or not (term[1] or term[2]):
            raise ValueError(f"{text!r} is no duration")
        unit = _UNITS_NS[term[3]]
        fraction = term[2] or ""
        total += int(term[1] or 0) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
        position = term.end()
    if not rest:
        raise ValueError(f"{text!r} is no duration")
    return sign * total


def format_duration(nanoseconds: int) -> str:
    """A duration as Go prints it: `1m30s`, `500ms`, `0s` (Go `time.Duration.String`)."""
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest == 0:
        return "0s"
    if rest < SECOND_NS:
        unit = next(name for name in ("ms", "us", "ns") if rest >= _UNITS_NS[name])
        return f"{sign}{_decimal(rest, _UNITS_NS[unit])}{unit.replace('us', 'µs')}"
    minutes, below = divmod(rest, _UNITS_NS["m"])
    seconds = f"{_decimal(below, SECOND_NS)}s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _decimal(value: int, unit: int) -> str:
    whole, fraction = divmod(value, unit)
    digits = str(fraction).rjust(len(str(unit)) - 1, "0").rstrip("0") if fraction else ""
    return f"{whole}.{digits}" if digits else str(whole)


def quote(text: str) -> str:
    """`text` in double quotes as Go's `%q` writes it."""
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=65536)
def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """The address of `text`, or `None` (Go `net.ParseIP`): no zones, and IPv4 in IPv6 form counts as IPv4."""
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=65536)
def parse_cidr(text: str) -> tuple[Family, int] | None:
    """Family and mask length of a prefix, or `None` where Go's `net.ParseCIDR` refuses it; host bits may be set."""
    host, slash, mask = text.partition("/")
    address = parse_ip(host)
    if address is None or not slash or not (mask.isascii() and mask.isdigit()):
        return None
    length = int(mask)
    if length > (32 if ":" not in host else 128):
        return None
    return ("ipv6" if address.version == 6 else "ipv4"), length


def prefix_family(text: str) -> Family | None:
    """The family of a prefix, or `None` where it is none."""
    parsed = parse_cidr(text)
    return parsed[0] if parsed else None
