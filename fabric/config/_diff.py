"""What changes between two configurations of a fabric, as plain values: for a table, JSON or a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from fabric._values import dataclass
from fabric.config._bgp import Neighbor
from fabric.config._device import DeviceConfig, FabricConfig

Subject = Literal["device", "link", "address", "ASN", "router id", "session", "MTU", "policy"]
SUBJECTS: tuple[Subject, ...] = ("device", "link", "address", "ASN", "router id", "session", "MTU", "policy")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is added (`old` is `None`), removed (`new` is `None`) or altered."""

    subject: Subject
    device: str
    """The device that is touched; for a link the one nearer the spines."""
    name: str
    """What of the device: an interface, a peer, a far port; empty for the device itself."""
    old: str | None
    new: str | None

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """What happens."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes, by subject and then by device."""

    entries: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.entries)

    def of(self, subject: Subject) -> tuple[Change, ...]:
        """The changes of one subject."""
        return tuple(entry for entry in self.entries if entry.subject == subject)

    @property
    def devices(self) -> tuple[str, ...]:
        """Every device that is touched, sorted."""
        return tuple(sorted({entry.device for entry in self.entries}))


_Facts = Mapping[tuple[str, str], str]
"""What is so, by device and name."""


def diff(old: FabricConfig, new: FabricConfig) -> Changes:
    """Every device, link, address, ASN, session, MTU and policy in which two configurations differ."""
    found: list[Change] = []
    for subject in SUBJECTS:
        before, after = _FACTS[subject](old), _FACTS[subject](new)
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                found.append(Change(subject, *key, before.get(key), after.get(key)))
    return Changes(tuple(found))


def _devices(fabric: FabricConfig) -> _Facts:
    return {(d.name, ""): "/".join(filter(None, (d.place.zone, d.place.rack, d.place.role))) for d in fabric}


def _links(fabric: FabricConfig) -> _Facts:
    return {(cable.a.device, cable.a.interface): str(cable.b) for cable in fabric.cables}


def _addresses(fabric: FabricConfig) -> _Facts:
    return {(d.name, i.name): ", ".join(map(str, i.addresses)) for d in fabric for i in d.interfaces if i.addresses}


def _asns(fabric: FabricConfig) -> _Facts:
    return {(d.name, b.vrf or ""): str(b.asn) for d in fabric for b in d.bgp}


def _router_ids(fabric: FabricConfig) -> _Facts:
    return {(d.name, b.vrf or ""): b.router_id for d in fabric for b in d.bgp}


def _sessions(fabric: FabricConfig) -> _Facts:
    return {(d.name, str(n.peer)): _session(n) for d in fabric for b in d.bgp for n in b.neighbors}


def _session(session: Neighbor) -> str:
    families = "+".join(entry.family for entry in session.families)
    bfd = ", BFD" if session.bfd else ""
    timers = f", {session.timers.keepalive_s}/{session.timers.hold_s} s" if session.timers else ""
    password = f", password {session.password.name}".rstrip() if session.password else ""
    return f"{session.description}, AS {session.remote_as}, {families}{bfd}{timers}{password}"


def _mtus(fabric: FabricConfig) -> _Facts:
    return {(d.name, i.name): str(i.mtu) for d in fabric for i in d.interfaces}


def _policies(fabric: FabricConfig) -> _Facts:
    return {(d.name, name): text for d in fabric for name, text in _policy(d)}


def _policy(device: DeviceConfig) -> Iterator[tuple[str, str]]:
    for entry in device.policies.prefix_lists:
        yield f"prefix-list {entry.name}", ", ".join(f"{r.action} {r.prefix or 'any'}" for r in entry.rules)
    for route in device.static_routes:
        hops = ", ".join(str(hop.address or hop.interface or "blackhole") for hop in route.next_hops)
        yield f"static route {route.prefix} distance {route.distance}", hops


_FACTS: Mapping[Subject, Callable[[FabricConfig], _Facts]] = {
    "device": _devices,
    "link": _links,
    "address": _addresses,
    "ASN": _asns,
    "router id": _router_ids,
    "session": _sessions,
    "MTU": _mtus,
    "policy": _policies,
}
