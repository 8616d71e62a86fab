"""`frr.conf` as lines in their sections: enough to ask what a file says, and on which line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fabric._values import dataclass

_SECTIONS = ("router bgp", "interface", "bfd", "route-map", "vrf", "line vty")
_ENDS = ("exit", "end", "exit-vrf")
_INSIDE = ("neighbor ", "no neighbor ", "bgp ", "no bgp ", "network ", "redistribute ", "timers bgp ", "maximum-paths ")
"""Statements of a BGP instance, which a person may write without indentation."""


@dataclass(frozen=True, slots=True)
class Line:
    """One statement."""

    number: int
    text: str
    section: str
    """The first line of its section, such as `router bgp 64999`; empty for statements outside all of them."""
    family: str
    """`ipv4 unicast` inside such an address family, else empty."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the statement."""
        return tuple(self.text.split())


@dataclass(frozen=True)
class FrrFile:
    """One integrated configuration file, or the raw lines of an FRRConfiguration."""

    name: str
    lines: tuple[Line, ...]
    device: str = ""
    """Whose file it is: its `hostname`, else the name of its directory or file."""
    fragment: bool = False
    """True for raw lines that are added to a file: what they do not say, the rest may."""

    def where(self, line: Line | None = None) -> str:
        """`file:line`."""
        return f"{self.name}:{line.number if line else 1}"

    @cached_property
    def routers(self) -> tuple[Router, ...]:
        """Its BGP instances."""
        heads = dict.fromkeys(line.section for line in self.lines if line.section.startswith("router bgp "))
        return tuple(Router(self, head, tuple(x for x in self.lines if x.section == head)) for head in heads)

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The addresses of its interfaces."""
        lines = (*self.having("ip", "address"), *self.having("ipv6", "address"))
        return frozenset(line.words[2].partition("/")[0] for line in lines if len(line.words) > 2)

    def having(self, *words: str) -> Iterator[Line]:
        """The statements that start with these words."""
        return (line for line in self.lines if line.words[: len(words)] == words)


@dataclass(frozen=True)
class Router:
    """One `router bgp`."""

    file: FrrFile
    head: str
    lines: tuple[Line, ...]

    @property
    def asn(self) -> str:
        """Its AS number as it is written."""
        return self.head.split()[2]

    def having(self, *words: str) -> Iterator[Line]:
        """The statements of the instance that start with these words."""
        return (line for line in self.lines if line.words[: len(words)] == words)

    @cached_property
    def peers(self) -> tuple[Peer, ...]:
        """Its neighbors; peer groups are none, and their statements count for their members."""
        groups = {x.words[1] for x in self.having("neighbor") if x.words[2:] == ("peer-group",)}
        names = dict.fromkeys(x.words[1] for x in self.having("neighbor") if len(x.words) > 2)
        return tuple(self._peer(name) for name in names if name not in groups)

    def _peer(self, name: str) -> Peer:
        own = list(self.having("neighbor", name))
        group = next((x.words[x.words.index("peer-group") + 1] for x in own if "peer-group" in x.words[2:-1]), "")
        shared = list(self.having("neighbor", group)) if group else []
        return Peer(self, name, group, (*own, *shared))


@dataclass(frozen=True)
class Peer:
    """One neighbor with the statements of its peer group."""

    router: Router
    name: str
    group: str
    lines: tuple[Line, ...]

    def having(self, *words: str) -> Iterator[Line]:
        """The statements about the neighbor that go on with these words."""
        return (line for line in self.lines if line.words[2 : 2 + len(words)] == words)

    def says(self, *words: str) -> bool:
        """True where some statement about the neighbor goes on with these words."""
        return any(True for _ in self.having(*words))

    @cached_property
    def remote_as(self) -> str:
        """`internal`, `external`, `auto` or a number; empty where nothing says it."""
        for line in self.lines:
            if "remote-as" in line.words[:-1]:
                return line.words[line.words.index("remote-as") + 1]
        return ""

    @property
    def external(self) -> bool:
        """True for eBGP."""
        return self.remote_as not in ("", "internal", "auto", self.router.asn)

    @property
    def internal(self) -> bool:
        """True for iBGP."""
        return self.remote_as in ("internal", self.router.asn)

    @property
    def families(self) -> tuple[str, ...]:
        """The address families with a statement about the neighbor, `ipv4 unicast` by default included."""
        named = dict.fromkeys(line.family for line in self.lines if line.family)
        default = not any(self.router.having("no", "bgp", "default", "ipv4-unicast"))
        return tuple(named) if named or not default else ("ipv4 unicast",)


def read_fragment(name: str, text: str, first_line: int) -> FrrFile:
    """The statements of raw lines that start on `first_line` of a resource file."""
    return FrrFile(name, tuple(_lines(text, first_line)), _device_of(name), fragment=True)


def read_frr(name: str, text: str) -> FrrFile:
    """The statements of a configuration file, comments left out."""
    lines = tuple(_lines(text, 1))
    hostname = next((line.words[1] for line in lines if line.words[0] == "hostname" and len(line.words) > 1), "")
    return FrrFile(name, lines, hostname or _device_of(name))


def _device_of(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    stem = parts[-1].removesuffix(".conf")
    return parts[-2] if stem == "frr" and len(parts) > 1 else stem


def _lines(text: str, first_line: int) -> Iterator[Line]:
    section = family = ""
    for number, raw in enumerate(text.splitlines(), start=first_line):
        statement = raw.strip()
        if not statement or statement.startswith(("!", "#")):
            continue
        if statement == "exit-address-family":
            family = ""
        elif statement in _ENDS:
            section, family = ("", "") if not family else (section, "")
        elif statement.startswith("address-family ") and section.startswith("router bgp"):
            family = statement.removeprefix("address-family ")
        elif statement.startswith(_SECTIONS) and not raw.startswith((" ", "\t")):
            section, family = statement, ""
            yield Line(number, statement, section, "")
        else:
            inside = raw.startswith((" ", "\t")) or (section.startswith("router bgp") and statement.startswith(_INSIDE))
            if not inside and section:
                section = family = ""
            yield Line(number, statement, section, family)
