"""What-if: the words of `--fail` to what they break or drain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from fabric._values import dataclass
from fabric.config import Cable, DeviceConfig, FabricConfig, Interface, Port
from fabric.errors import InputError, listed, unknown
from fabric.simulate._links import Links
from fabric.simulate._peers import Reached, peers_of, reach
from fabric.simulate._values import NONE, Failures, SessionEnd
from fabric.simulate._vrf import base_device, separated


@dataclass(frozen=True)
class WhatIf:
    """A fabric as it is to be simulated: drained devices are configured so, everything else is a failure."""

    fabric: FabricConfig
    failures: Failures = NONE


class WhatIfError(InputError):
    """Every `--fail` that cannot be understood, each with what is allowed."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _Unknown(Exception):  # noqa: N818 - never leaves this module
    """What is wrong with one target, what is allowed, and what to do."""


def what_if(fabric: FabricConfig, targets: Iterable[str]) -> WhatIf:
    """The fabric with everything that the targets name broken or drained; raises `WhatIfError` with all that is wrong.

    A target is `KIND:NAME`: `link:DEVICE:PORT` or `link:A--B` (every cable between two devices, or the cable of that
    name), `node:DEVICE`, `rack:RACK`, `zone:ZONE`, `tier:ROLE` (every device of it), `session:DEVICE->PEER` (the
    peer's address, interface or device), and `drain:DEVICE` (graceful shutdown, RFC 8326).
    """
    failures, drained, problems = NONE, set[str](), list[str]()
    for target in targets:
        kind, _, name = target.partition(":")
        try:
            if kind == "drain":
                drained.add(_speaker(fabric, name))
            elif kind in _KINDS:
                failures = combined(failures, _KINDS[kind](fabric, name))
            else:
                raise _Unknown(unknown("kind", kind, (*_KINDS, "drain")))
        except _Unknown as wrong:
            problems.append(f"--fail {target}: {wrong}")
    if problems:
        raise WhatIfError(problems)
    return WhatIf(drain(fabric, drained), failures)


def combined(one: Failures, two: Failures) -> Failures:
    """Everything that either of the two breaks."""
    return Failures(one.cables | two.cables, one.devices | two.devices, one.sessions | two.sessions)


def drain(fabric: FabricConfig, devices: Iterable[str]) -> FabricConfig:
    """The fabric with `bgp graceful-shutdown` on the devices: their peers prefer any other path (RFC 8326)."""
    names = frozenset(devices)
    return replace(fabric, devices=tuple(_drained(d) if d.name in names else d for d in fabric)) if names else fabric


def _drained(device: DeviceConfig) -> DeviceConfig:
    return replace(device, bgp=tuple(replace(instance, graceful_shutdown=True) for instance in device.bgp))


def groups(fabric: FabricConfig, kind: str) -> Mapping[str, tuple[str, ...]]:
    """The devices of every rack, zone or tier of the fabric, by its name, in the fabric's order."""
    found: dict[str, tuple[str, ...]] = {}
    for device in fabric:
        name = {"rack": device.place.rack, "zone": device.place.zone, "tier": device.place.role}[kind]
        if name is not None:
            found[name] = (*found.get(name, ()), device.name)
    return found


def _node(fabric: FabricConfig, name: str) -> Failures:
    return Failures(devices=frozenset({_device(fabric, name)}))


def _group(kind: str, fabric: FabricConfig, name: str) -> Failures:
    known = groups(fabric, kind)
    if name not in known:
        raise _Unknown(unknown(kind, name, known))
    return Failures(devices=frozenset(known[name]))


def _link(fabric: FabricConfig, name: str) -> Failures:
    one, dashes, two = name.partition("--")
    cables = [cable for cable in fabric.cables if cable.name == name]
    if dashes and not cables:
        ends = {_device(fabric, one.partition(":")[0]), _device(fabric, two.partition(":")[0])}
        wanted = {one, two}
        cables = [c for c in fabric.cables if {c.a.device, c.b.device} == ends and wanted <= _words(c)]
        if not cables:
            raise _Unknown(f"no cable joins {one} and {two}; {_device_cables(fabric, min(ends))}")
    elif not cables:
        device = _device(fabric, one.partition(":")[0])
        cables = [c for c in fabric.cables if one in (str(c.a), str(c.b))]
        if not cables:
            raise _Unknown(f"{device} has no cable there; {_device_cables(fabric, device)}")
    return Failures(cables=frozenset(cables))


def _words(cable: Cable) -> frozenset[str]:
    """How the ends of a cable may be written: by device alone, or with the port."""
    return frozenset({cable.a.device, cable.b.device, str(cable.a), str(cable.b)})


def _device_cables(fabric: FabricConfig, device: str) -> str:
    names = [c.name for c in fabric.cables if device in (c.a.device, c.b.device)]
    return f"cables of {device}: {listed(names)}. Name a port as link:DEVICE:PORT, or two devices as link:A--B."


def _session(fabric: FabricConfig, name: str) -> Failures:
    device, arrow, peer = name.partition("->")
    if not arrow:
        raise _Unknown(f"found the session {name!r}; allowed: DEVICE->PEER. Write the device, -> and its peer.")
    known = _peers(fabric, _device(fabric, device))
    ends = frozenset(end for end, far in known.items() if peer in (end.peer, far))
    if not ends:
        words = dict.fromkeys(word for end, far in known.items() for word in (end.peer, far) if word)
        raise _Unknown(unknown(f"peer of {device}", peer, words))
    return Failures(sessions=ends)


def _peers(fabric: FabricConfig, device: str) -> dict[SessionEnd, str]:
    """The device's neighbor statements, each with the device that it leads to; empty text where it leads nowhere."""
    links = Links(separated(fabric), NONE)
    found: dict[SessionEnd, str] = {}
    for peer in peers_of(links):
        if base_device(peer.device.name) == device:
            there = reach(links, peer)
            found[SessionEnd(device, peer.end.peer)] = there.port.device if isinstance(there, Reached) else ""
    return found


def sessions_over(fabric: FabricConfig, cables: Iterable[Cable]) -> frozenset[SessionEnd]:
    """The neighbor statements whose session runs over one of the cables and over no other path."""
    wanted = {port for cable in cables for port in (cable.a, cable.b)}
    links = Links(fabric, NONE)
    found = set[SessionEnd]()
    for peer in peers_of(links) if wanted else ():
        there = reach(links, peer)
        if isinstance(there, Reached) and there.interface and Port(peer.device.name, there.interface) in wanted:
            found.add(peer.end)
    return frozenset(found)


def static_over(fabric: FabricConfig, cable: Cable) -> bool:
    """True when a static route at one of the cable's ends names a next hop that is reached over the cable alone."""
    links = Links(fabric, NONE)
    return any(
        end.interface in (interface.name, interface.parent)
        for end in (cable.a, cable.b)
        for interface in _static_ports(links, fabric.by_name[end.device])
    )


def _static_ports(links: Links, device: DeviceConfig) -> Iterator[Interface]:
    """The interfaces whose subnet a next hop of the device's static routes is on, or that one names."""
    for hop in (hop for route in device.static_routes for hop in route.next_hops):
        near = links.connected_address(device, hop.address) if hop.address is not None else None
        if hop.interface is not None:
            yield device.interface(hop.interface)
        elif near is not None:
            yield near[0]


def _speaker(fabric: FabricConfig, name: str) -> str:
    if not fabric.by_name[_device(fabric, name)].bgp:
        raise _Unknown(f"{name} speaks no BGP, so nothing can be drained from it. Fail it with node:{name}.")
    return name


def _device(fabric: FabricConfig, name: str) -> str:
    if name not in fabric.by_name:
        raise _Unknown(unknown("device", name, fabric.by_name))
    return name


_KINDS: Mapping[str, Callable[[FabricConfig, str], Failures]] = {
    "link": _link,
    "node": _node,
    "rack": partial(_group, "rack"),
    "zone": partial(_group, "zone"),
    "tier": partial(_group, "tier"),
    "session": _session,
}
