"""As much of nftables' language as it takes to see whether a packet filter lets a port in: nft(8)."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from fabric._values import dataclass
from fabric.check._values import at

_MOST_BYTES = 1 << 20
"""What is read of a compressed file; a packet filter has some kilobytes."""
_VERDICT = re.compile(r"\b(accept|drop|reject)\b")
_DPORT = re.compile(r"\bdport\s+(!=\s*)?(\{[^}]*\}|\S+)")
_BASE_CHAIN = re.compile(r"\btype\s+filter\s+hook\s+input\b[^}]*?\bpolicy\s+drop\b")
_PROTOCOL = re.compile(r"\b(?:l4proto|protocol|nexthdr)\s+(\{[^}]*\}|\S+)")
_CONNECTED = re.compile(r"\bct\s+state\b(?!.*\bnew\b)")
_ELSEWHERE = re.compile(r'\biif(name)?\s+"?lo\b|\bicmp|\bl4proto\s+"?(ipv6-)?icmp')
_LOGGED = re.compile(
    r'\blog(\s+(prefix\s+"[^"]*"|level\s+\w+|flags\s+\w+))*|\bcounter\b|\bcomment\s+"[^"]*"|\bwith\b.*$'
)


def file_text(contents: Any) -> str:
    """The text of a file in an Ignition configuration (`contents.source`, a data URL of RFC 2397); "" for no text.

    Nothing is fetched: another kind of URL gives "".
    """
    head, comma, body = str(at(contents, "source")).partition(",")
    if not comma or not head.startswith("data:"):
        return ""
    raw = unquote_to_bytes(body)
    try:
        raw = b64decode(raw) if head.endswith(";base64") else raw
        if at(contents, "compression") == "gzip":
            raw = zlib.decompressobj(wbits=31).decompress(raw, _MOST_BYTES)
    except (Base64Error, zlib.error):
        return ""
    return raw.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Filter:
    """The statements of a ruleset that end in a verdict, wherever they stand.

    What is behind a variable or a named set is not looked up: it may be the port that is asked for.
    """

    statements: tuple[str, ...]
    drops_the_rest: bool

    @classmethod
    def read(cls, text: str) -> Filter:
        """The ruleset in `text`."""
        bare = re.sub(r"(?m)(^|\s)#.*$", "", text.replace("\\\n", " "))
        bare = _DPORT.sub(lambda found: " ".join(found[0].split()), bare)  # a set may take several lines
        found = tuple(_statements(bare))
        return cls(found, bool(_BASE_CHAIN.search(bare)) or any(map(_drops_all, found)))

    def admits(self, protocol: str, port: int) -> bool:
        """Whether some statement may accept the first packet to `port` of "tcp" or "udp"."""
        return any(_accepts(statement, protocol, port) for statement in self.statements)


def _statements(text: str) -> Iterator[str]:
    """Lines and what semicolons part, without the braces of the chains around them; a set's braces stay."""
    for line in re.split(r"[;\n]", text):
        statement = re.sub(r"^.*?\bchain\s+\S+\s*\{", "", line).strip().strip("}").strip()
        if _VERDICT.search(statement) and "policy" not in statement:
            yield statement


def _drops_all(statement: str) -> bool:
    return _LOGGED.sub("", statement).strip() in ("drop", "reject")


def _accepts(statement: str, protocol: str, port: int) -> bool:
    if not re.search(r"\baccept\b", statement) or _CONNECTED.search(statement) or _ELSEWHERE.search(statement):
        return False
    if not _is_about(statement, protocol):
        return False
    ports = _DPORT.search(statement)
    if ports is None:  # of all ports, unless it is about those that packets come from
        return "sport" not in statement
    return _holds(ports[2], port) != bool(ports[1])


def _is_about(statement: str, protocol: str) -> bool:
    """Whether packets of the protocol may match: it is named, or none is."""
    named = _PROTOCOL.search(statement)
    if named is not None:
        return re.search(rf"\b{protocol}\b|[@$]", named[1]) is not None
    other = {"tcp": "udp", "udp": "tcp"}[protocol]
    return re.search(rf"\b{protocol}\b", statement) is not None or re.search(rf"\b{other}\b", statement) is None


def _holds(ports: str, port: int) -> bool:
    names = {"bgp": 179}
    for part in ports.strip("{}").split(","):
        first, _, last = part.strip().partition("-")
        if first.startswith(("@", "$")):
            return True
        low = names.get(first, int(first) if first.isdigit() else -1)
        if low <= port <= (int(last) if last.isdigit() else low):
            return True
    return False
