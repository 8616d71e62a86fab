"""What FRR configurations say that a design can say too, and what they say beyond it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fabric._values import dataclass
from fabric.draft._draft import Section
from fabric.draft._found import FoundDevice

_UNNUMBERED = re.compile(r"^\s*neighbor (\S+) interface\b", re.MULTILINE)
_NUMBERED = re.compile(r"^\s*neighbor [0-9a-fA-F]*[.:]\S* (?:remote-as|peer-group)\b", re.MULTILINE)
_BFD = re.compile(r"^\s*neighbor \S+ bfd\b", re.MULTILINE)
_BFD_TIMES = re.compile(r"^\s*(detect-multiplier|transmit-interval|receive-interval) (\d+)$", re.MULTILINE)
_BFD_INLINE = re.compile(r"^\s*neighbor \S+ bfd (\d+) (\d+) (\d+)$", re.MULTILINE)
_TIMERS = re.compile(r"^\s*(?:neighbor \S+ timers|timers bgp) (\d+) (\d+)$", re.MULTILINE)
_CONNECT = re.compile(r"^\s*neighbor \S+ timers connect (\d+)$", re.MULTILINE)
_HOSTS = re.compile(r"^interface lo\n((?: .*\n)+)", re.MULTILINE)
_ADDRESS = re.compile(r"^ ip(?:v6)? address (\S+)$", re.MULTILINE)
_BEYOND = (
    (r"^\s*neighbor \S+ password ", "Passwords: name their Secrets under `passwords`."),
    (r"^ipv?6? route ", "Static routes: a design has those of nodes without BGP (`routing: static`)."),
    (r"^\s*neighbor \S+ (?:prefix-list|route-map|filter-list|distribute-list) ", "Filters: a design has its own."),
    (r"^\s*(?:vrf \S+|router bgp \d+ vrf )", "VRFs."),
    (r"^\s*address-family l2vpn evpn", "EVPN."),
)
_COMMENT = "As the configurations of the source's devices have it."


@dataclass(frozen=True, slots=True)
class Spoken:
    """The keys of a topology file that configurations fill, and a sentence on everything that they do not."""

    sections: tuple[Section, ...]
    notes: tuple[str, ...]


def spoken(devices: Sequence[FoundDevice], configurations: Mapping[str, str]) -> Spoken:
    """What the configurations of devices, by name, say of links, BFD, timers and networks."""
    running = {device.name: text for device in devices if "router bgp" in (text := configurations[device.name])}
    if not running:
        return Spoken((), ())
    nodes = [running[device.name] for device in devices if device.tier == "node" and device.name in running]
    spines = [running[d.name] for d in devices if d.tier in ("spine", "super-spine") and d.name in running]
    notes: list[str] = []
    values = {
        "links": _links(spines, nodes, notes),
        "bfd": _bfd(running, spines, nodes, notes),
        "timers": _timers(running, notes),
    }
    kept = {key: value for key, value in values.items() if value}
    notes += _networks(devices, running)
    whole = "\n".join(running.values())
    notes += (text for pattern, text in _BEYOND if re.search(pattern, whole, re.MULTILINE))
    return Spoken((Section(kept, _COMMENT),) if kept else (), tuple(notes))


def _links(spines: Sequence[str], nodes: Sequence[str], notes: list[str]) -> dict[str, Any]:
    """Spines' and nodes' neighbors tell how links are addressed; some of each kind cannot be said."""
    found: dict[str, Any] = {}
    for key, texts in (("fabric", spines), ("nodes", nodes)):
        plain, without = any(map(_NUMBERED.search, texts)), any(map(_UNNUMBERED.search, texts))
        if without and not plain:
            found[key] = "unnumbered"
        elif without:
            notes.append(f"Some links are unnumbered and others are not: `links.{key}` holds for all of a kind.")
    return found


def _bfd(running: Mapping[str, str], spines: Sequence[str], nodes: Sequence[str], notes: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, texts in (("fabric", spines), ("nodes", nodes)):
        having = [bool(_BFD.search(text)) for text in texts]
        if having and not any(having):
            found[key] = False
        elif not all(having):
            notes.append(f"Some sessions have BFD and others have not: `bfd.{key}` holds for all of a kind.")
    times = {pair for text in running.values() for pair in _bfd_times(text)}
    if len(times) == 1:
        multiplier, transmit = times.pop()
        found |= {"transmit_ms": transmit, "multiplier": multiplier}
    elif times:
        told = ", ".join(f"{transmit} x {multiplier}" for multiplier, transmit in sorted(times))
        notes.append(f"BFD times that differ ({told}): `bfd` has one of each.")
    return found


def _bfd_times(text: str) -> Iterator[tuple[int, int]]:
    """Multiplier and transmit interval of each profile and of sessions that have their own."""
    for multiplier, _, transmit in _BFD_INLINE.findall(text):
        yield int(multiplier), int(transmit)
    profile: dict[str, int] = {}
    for word, value in _BFD_TIMES.findall(text):
        if word in profile:
            yield profile.get("detect-multiplier", 3), profile.get("transmit-interval", 300)
            profile = {}
        profile[word] = int(value)
    if profile:
        yield profile.get("detect-multiplier", 3), profile.get("transmit-interval", 300)


def _timers(running: Mapping[str, str], notes: list[str]) -> dict[str, Any]:
    holds = {(int(a), int(b)) for text in running.values() for a, b in _TIMERS.findall(text)}
    connects = {int(text) for configuration in running.values() for text in _CONNECT.findall(configuration)}
    found: dict[str, Any] = {}
    if len(holds) == 1:
        keepalive, hold = holds.pop()
        found = {"keepalive_s": keepalive, "hold_s": hold}
    if len(connects) == 1:
        found["connect_s"] = connects.pop()
    if holds or len(connects) > 1:
        notes.append("BGP timers that differ between sessions: `timers` has one of each.")
    return found


def _networks(devices: Collection[FoundDevice], running: Mapping[str, str]) -> Iterator[str]:
    """A sentence on addresses of nodes that are neither a loopback nor a link's: the first of each family is that."""
    further = [
        f"{address} ({device.name})"
        for device in devices
        if device.tier == "node" and device.name in running
        for family in (False, True)
        for address in _hosts(running[device.name], wide=family)[1:]
    ]
    if further:
        more = f" and {len(further) - 3} more" if len(further) > 3 else ""
        yield f"Networks: nodes have further addresses, {', '.join(further[:3])}{more}. Write `networks` with `roles`."


def _hosts(text: str, *, wide: bool) -> list[str]:
    """The addresses of the loopback, of one family."""
    inside = "\n".join(block for block in _HOSTS.findall(text))
    return [address for address in _ADDRESS.findall(inside) if (":" in address) is wide]
