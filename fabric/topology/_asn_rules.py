"""Rules about AS numbers: ranges in order and apart, nothing reserved, and nothing public unless asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from fabric.errors import Problem
from fabric.topology._model import AsnRange, Topology
from fabric.topology._settings import settings_of
from fabric.topology._source import Path, Source


class _Span(NamedTuple):
    first: int
    last: int
    what: str


_RESERVED = (
    _Span(0, 0, "which RFC 7607 reserves"),
    _Span(23456, 23456, "which stands for 4-byte ASNs towards 2-byte speakers (AS_TRANS, RFC 6793)"),
    _Span(65535, 65535, "which RFC 7300 reserves"),
    _Span(65552, 131071, "which IANA reserves"),
    _Span(4294967295, 4294967295, "which RFC 7300 reserves"),
)
_FREE = (
    _Span(64496, 64511, "documentation, RFC 5398"),
    _Span(64512, 65534, "private, RFC 6996"),
    _Span(65536, 65551, "documentation, RFC 5398"),
    _Span(4200000000, 4294967294, "private, RFC 6996"),
)
_KNOWN = sorted((*_RESERVED, *_FREE))
_PRIVATE = "private ASNs (64512-65534, 4200000000-4294967294)"


def asn_problems(topology: Topology, source: Source) -> Iterator[Problem]:
    """Every problem of the ranges and overrides of a topology's ASNs."""
    ranges = settings_of(topology).asn.ranges
    for tier, entry in ranges.items():
        if entry.first > entry.last:
            found = f"{entry.first} to {entry.last}"
            yield source.problem(_range_path(tier), found, "first not above last", "Swap the two.")
        else:
            yield from _special(_range_path(tier), entry, topology, source)
    yield from _overlaps(ranges, source)
    for name, asn in topology.asn.overrides.items():
        yield from _special(("asn", "overrides", name), AsnRange(first=asn, last=asn), topology, source)


def _special(path: Path, entry: AsnRange, topology: Topology, source: Source) -> Iterator[Problem]:
    """What is reserved or public in a range; RFC 5398's numbers are nobody's, and so as good as private ones."""
    for span in _RESERVED:
        if entry.first <= span.last and span.first <= entry.last:
            part = _text(max(entry.first, span.first), min(entry.last, span.last))
            subject = (
                part if part == _text(entry.first, entry.last) else f"{_text(entry.first, entry.last)} with {part}"
            )
            allowed = "ASNs that are not reserved" if topology.asn.allow_public else _PRIVATE
            yield source.problem(path, f"{subject}, {span.what}", allowed, "Take other numbers.")
    public = _first_public(entry)
    if public is not None and not topology.asn.allow_public:
        part = _text(entry.first, entry.last)
        subject = part if entry.first == entry.last else f"{part} with {public}"
        action = "Take private numbers; or, if these are yours, set asn.allow_public to true."
        yield source.problem(path, f"{subject}, which is public", _PRIVATE, action)


def _first_public(entry: AsnRange) -> int | None:
    """The first number of a range that the registries give to somebody."""
    number = entry.first
    for span in _KNOWN:
        if span.first <= number <= span.last:
            number = span.last + 1
    return number if number <= entry.last else None


def _overlaps(ranges: Mapping[str, AsnRange], source: Source) -> Iterator[Problem]:
    written = sorted(ranges.items(), key=lambda item: _range_path(item[0]) in source.lines)
    for (tier, entry), (other_tier, other) in combinations(written, 2):
        exempt = {tier, other_tier} == {"spine", "border"}  # a border may share the spines' ASN (iBGP)
        if not exempt and entry.first <= other.last and other.first <= entry.last:
            default = "" if _range_path(tier) in source.lines else "default "
            span, near = _text(entry.first, entry.last, always=True), _text(other.first, other.last, always=True)
            found = f"{near}, which overlaps the {default}{tier} range {span}"
            action = f"Move one of the ranges (asn.{_range_path(tier)[-1]})."
            yield source.problem(_range_path(other_tier), found, "ranges apart", action)


def _range_path(tier: str) -> Path:
    return ("asn", f"{tier.replace('-', '_')}_range")


def _text(first: int, last: int, *, always: bool = False) -> str:
    return str(first) if first == last and not always else f"{first}-{last}"
