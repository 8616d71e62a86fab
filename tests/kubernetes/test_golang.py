"""Go's reading and printing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.kubernetes._golang import format_duration, parse_cidr, parse_duration, parse_ip


@pytest.mark.parametrize(
    ("text", "nanoseconds", "printed"),
    [
        ("90s", 90 * 10**9, "1m30s"),
        ("1h", 3600 * 10**9, "1h0m0s"),
        ("1m30s", 90 * 10**9, "1m30s"),
        ("1.5s", 1_500_000_000, "1.5s"),
        (".5s", 500_000_000, "500ms"),
        ("-2m", -120 * 10**9, "-2m0s"),
        ("0", 0, "0s"),
        ("100us", 100_000, "100µs"),
        ("3ns", 3, "3ns"),
    ],
)
def test_durations(text: str, nanoseconds: int, printed: str) -> None:
    assert parse_duration(text) == nanoseconds
    assert format_duration(nanoseconds) == printed


@pytest.mark.parametrize("text", ["", "90", "s", "1 s", "1d", "1s2", "+", "."])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@given(st.integers(-(10**18), 10**18))
def test_a_printed_duration_reads_back(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("192.0.2.1/24", ("ipv4", 24)),
        ("2001:DB8::/64", ("ipv6", 64)),
        ("::ffff:192.0.2.0/120", ("ipv4", 120)),
        ("192.0.2.0/33", None),
        ("192.0.2.0", None),
        ("192.0.2.0/255.255.255.0", None),
        (" 192.0.2.0/24", None),
        ("192.0.2.0/-1", None),
    ],
)
def test_prefixes(text: str, family: tuple[str, int] | None) -> None:
    assert parse_cidr(text) == family


@pytest.mark.parametrize(
    ("text", "printed"),
    [("127:0:0::2", "127::2"), ("fe80::1%eth0", None), ("192.0.2.01", None), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_addresses(text: str, printed: str | None) -> None:
    address = parse_ip(text)
    assert (str(address) if address else None) == printed
