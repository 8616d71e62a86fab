"""What is read of a packet filter: which first packets it may accept, and what a MachineConfig hides in a data URL."""

from __future__ import annotations

import gzip
from base64 import b64encode
from urllib.parse import quote

import pytest

from fabric.check._nft import Filter, file_text

_BASE = "table inet filter { chain input { type filter hook input priority 0; policy drop; %s } }"


@pytest.mark.parametrize(
    "statement",
    [
        "tcp dport 179 accept",
        "tcp dport bgp accept",
        "tcp dport { 22, 179 } accept",
        "tcp dport {\n 22,\n 100-200\n} counter accept",
        "ip saddr 100.64.0.0/10 accept",
        "meta l4proto { tcp, udp } th dport 179 accept",
        "tcp dport @open accept",
        "tcp dport $open accept",
        "ct state new tcp dport 179 accept",
        "tcp dport != 22 accept",
        "tcp dport != { 22, 80 } accept",
        "ip protocol tcp accept",
    ],
)
def test_a_statement_that_may_accept_bgp(statement: str) -> None:
    assert Filter.read(_BASE % statement).admits("tcp", 179)


@pytest.mark.parametrize(
    "statement",
    [
        "tcp dport 180 accept",
        "tcp dport { 22, 1790 } accept",
        "udp dport 179 accept",
        "tcp dport != 179 accept",
        "tcp sport 179 accept",
        "ip protocol vrrp accept",
        "meta l4proto { esp, ah } accept",
        "ct state established,related accept",
        "iif lo accept",
        'iifname "lo" accept',
        "meta l4proto ipv6-icmp accept",
        "tcp dport 179 drop",
        "# tcp dport 179 accept",
    ],
)
def test_a_statement_that_does_not(statement: str) -> None:
    found = Filter.read(_BASE % f"{statement}\n")
    assert found.drops_the_rest
    assert not found.admits("tcp", 179)


@pytest.mark.parametrize("last", ["drop", 'log prefix "firewall " drop', "counter reject with tcp reset"])
def test_a_last_statement_drops_the_rest(last: str) -> None:
    open_chain = "table inet f {\n chain c {\n type filter hook input priority 1; policy accept;\n %s\n }\n}"
    assert Filter.read(open_chain % last).drops_the_rest
    assert not Filter.read(open_chain % "tcp dport 23 drop").drops_the_rest


def test_every_way_to_write_a_file_is_read() -> None:
    text = "tcp dport 179 accept # bgp, 100 %\n"
    packed = b64encode(gzip.compress(text.encode())).decode()
    assert file_text({"source": f"data:,{quote(text)}"}) == text
    assert file_text({"source": f"data:text/plain;base64,{b64encode(text.encode()).decode()}"}) == text
    assert file_text({"source": f"data:;base64,{packed}", "compression": "gzip"}) == text


@pytest.mark.parametrize(
    "contents",
    [None, {}, {"source": None}, {"source": "https://example.org/x"}, {"source": "data:;base64,%%%"}, {"source": 7}],
)
def test_what_is_no_text_is_none(contents: object) -> None:
    assert file_text(contents) == ""


def test_a_file_that_unpacks_to_gigabytes_is_read_in_part() -> None:
    bomb = b64encode(gzip.compress(b"\0" * 50_000_000)).decode()
    assert len(file_text({"source": f"data:;base64,{bomb}", "compression": "gzip"})) == 1 << 20
