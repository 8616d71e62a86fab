"""Faults of a lab: from the words that name them, and to the failures that the simulator knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fabric.config import DeviceConfig, FabricConfig, Port
from fabric.errors import InputError, unknown
from fabric.lab import DaemonName, Fault, LabStatus, Reconfigured, held
from fabric.simulate import Failures, WhatIf, WhatIfError, drain, sessions_over, static_over, what_if


def fault_of(fabric: FabricConfig, status: LabStatus, target: str) -> Fault:
    """The fault that `KIND:NAME` means in a running lab; raises `InputError` for what it has not.

    `link:DEVICE:PORT` sets that end down, `link:A--B` the first end of each cable between two devices, `node:`,
    `rack:`, `zone:` and `tier:NAME` every cabled port of their devices, `partition:ZONE` the zone's end of every
    cable that leaves it. `silent:DEVICE:PORT` loses what arrives at that port, `silent:A--B` what arrives at either
    end of each cable between two devices, `silent:DEVICE` what arrives at a device; names with commas between them,
    such as `silent:A--B,C--D`, fall silent at one instant. `power:ZONE` and `power:DEVICE`
    take ports and daemons at once. `daemon:DEVICE:DAEMON` kills a daemon, `pause:DEVICE:DAEMON` stops it (SIGSTOP),
    `drain:DEVICE` has its peers prefer any other path. The VLANs of a port go down, or are deaf, with it.
    """
    fault = _fault(fabric, status, target)
    return replace(fault, ports=with_vlans(fabric, fault.ports), deaf=with_vlans(fabric, fault.deaf))


def with_vlans(fabric: FabricConfig, ports: Sequence[Port]) -> tuple[Port, ...]:
    """The ports and the VLANs on them."""
    return (*ports, *_vlans_of(fabric, ports))


def _vlans_of(fabric: FabricConfig, ports: Iterable[Port]) -> Iterator[Port]:
    """The VLANs of ports: in the lab they have wires of their own, which the kernel leaves up without the port."""
    down = frozenset(ports)
    ends = (end for circuit in fabric.circuits for end in (circuit.a, circuit.b))
    for end in ends:
        parent = fabric.by_name[end.device].interface(end.interface).parent
        if parent is not None and Port(end.device, parent) in down:
            yield end


def _fault(fabric: FabricConfig, status: LabStatus, target: str) -> Fault:
    kind, _, name = target.partition(":")
    if kind in _DAEMON_FAULTS:
        return _DAEMON_FAULTS[kind](target, _daemon(status, target))
    if kind == "partition":
        return Fault(target, ports=_partition(fabric, target))
    if kind == "power":
        return _power(fabric, status, target)
    if kind == "drain":
        return Fault(target, reconfigured=(_graceful_shutdown(_asked(fabric, target).fabric.by_name[name]),))
    if kind == "silent":
        return Fault(target, deaf=_deaf_ports(fabric, target))
    if kind not in _WIRE_KINDS:
        raise InputError(f"{target}: {unknown('kind', kind, KINDS)}")
    return Fault(target, ports=_ports(fabric, _asked(fabric, target).failures, name))


def _asked(fabric: FabricConfig, target: str) -> WhatIf:
    try:
        return what_if(fabric, [target])
    except WhatIfError as error:
        raise InputError("\n".join(problem.removeprefix("--fail ") for problem in error.problems)) from error


_WIRE_KINDS = ("link", "node", "rack", "zone", "tier")
_DAEMON_FAULTS: Mapping[str, Callable[[str, DaemonName], Fault]] = {
    "daemon": lambda target, daemon: Fault(target, killed=(daemon,)),
    "pause": lambda target, daemon: Fault(target, paused=(daemon,)),
}
KINDS = (*_WIRE_KINDS, "partition", "silent", "power", "drain", *_DAEMON_FAULTS)
"""The kinds of `fault_of`."""


def broken(fabric: FabricConfig, faults: Iterable[Fault]) -> WhatIf:
    """The fabric and what fails in it under the faults, as the simulator takes them.

    A cable of which one end is held down has failed. A device that is cut off has not: it runs on, alone, and is
    predicted so, unless all of its daemons are dead too. Over a cable that is deaf at one end, no session lives.
    """
    known = tuple(faults)
    total = held(known)
    cables = frozenset(c for c in fabric.cables if c.a in total.ports or c.b in total.ports)
    deaf = [c for c in fabric.cables if (c.a in total.deaf or c.b in total.deaf) and c not in cables]
    drained = [change.device for change in total.reconfigured if change.lines[-1:] == _GRACEFUL_SHUTDOWN[-1:]]
    failures = Failures(cables, _dead(fabric, known), sessions_over(fabric, deaf))
    return WhatIf(drain(fabric, drained), failures)


def failures_of(fabric: FabricConfig, faults: Iterable[Fault]) -> Failures:
    """What the faults break, without what they configure; see `broken`."""
    return broken(fabric, faults).failures


def unpredicted(fabric: FabricConfig, faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The faults of which no prediction is known: a device without one of its daemons, and a cable that loses packets
    without anybody noticing, as it has no session, or a static route leads over it, which outlives the session."""
    known = tuple(faults)
    dead, total = _dead(fabric, known), held(known)
    silent = [cable for cable in fabric.cables if cable.a in total.deaf or cable.b in total.deaf]
    unnoticed = [cable for cable in silent if static_over(fabric, cable) or not sessions_over(fabric, [cable])]
    unseen = {port for cable in unnoticed for port in (cable.a, cable.b)}
    return tuple(
        fault
        for fault in known
        if any(name.device not in dead for name in (*fault.killed, *fault.paused)) or unseen.intersection(fault.deaf)
    )


def _dead(fabric: FabricConfig, faults: Iterable[Fault]) -> frozenset[str]:
    """The devices without power: no cabled port is up, and every daemon is dead."""
    total = held(faults)
    daemons = {name.device for name in total.killed}
    return frozenset(
        device.name
        for device in fabric
        if device.name in daemons
        and {daemon for name, daemon in total.killed if name == device.name} >= set(device.daemons)
        and all(port in total.ports for port in fabric.peer_of if port.device == device.name)
    )


def _power(fabric: FabricConfig, status: LabStatus, target: str) -> Fault:
    name = target.partition(":")[2]
    devices = {device.name for device in fabric if device.place.zone == name} or {name} & fabric.by_name.keys()
    if not devices:
        zones = dict.fromkeys(device.place.zone for device in fabric if device.place.zone)
        raise InputError(f"{target}: {unknown('zone or device', name, (*zones, *fabric.by_name))}")
    ports = tuple(end for cable in fabric.cables for end in (cable.a, cable.b) if end.device in devices)
    killed = tuple(DaemonName(d.device, d.daemon) for d in status.daemons if d.device in devices)
    return Fault(target, ports=ports, killed=tuple(dict.fromkeys(killed)))


_GRACEFUL_SHUTDOWN = ("bgp graceful-shutdown",)


def _graceful_shutdown(device: DeviceConfig) -> Reconfigured:
    """`bgp graceful-shutdown` in each of the device's BGP instances: community GRACEFUL_SHUTDOWN (RFC 8326)."""
    instances = [f"router bgp {b.asn}" + (f" vrf {b.vrf}" if b.vrf else "") for b in device.bgp]
    lines = tuple(line for instance in instances for line in (instance, *_GRACEFUL_SHUTDOWN))
    undo = tuple(line for instance in instances for line in (instance, f"no {_GRACEFUL_SHUTDOWN[0]}"))
    return Reconfigured(device.name, lines, undo)


def _deaf_ports(fabric: FabricConfig, target: str) -> tuple[Port, ...]:
    names = target.partition(":")[2].split(",")
    return tuple(dict.fromkeys(port for name in names for port in _deaf_ports_of(fabric, name)))


def _deaf_ports_of(fabric: FabricConfig, name: str) -> tuple[Port, ...]:
    if ":" not in name and "--" not in name:
        devices = _asked(fabric, f"node:{name}").failures.devices
        return tuple(end for cable in fabric.cables for end in (cable.a, cable.b) if end.device in devices)
    failures = _asked(fabric, f"link:{name}").failures
    cables = [cable for cable in fabric.cables if cable in failures.cables]
    if "--" in name:
        return tuple(end for cable in cables for end in (cable.a, cable.b))
    return tuple(cable.b if name == str(cable.b) else cable.a for cable in cables)


def _ports(fabric: FabricConfig, failures: Failures, name: str) -> tuple[Port, ...]:
    ends = [end for cable in fabric.cables for end in (cable.a, cable.b) if end.device in failures.devices]
    cables = [cable for cable in fabric.cables if cable in failures.cables]
    return (*ends, *(cable.b if name == str(cable.b) else cable.a for cable in cables))


def _partition(fabric: FabricConfig, target: str) -> tuple[Port, ...]:
    zone = target.partition(":")[2]
    inside = {device.name for device in fabric if device.place.zone == zone}
    if not inside:
        zones = dict.fromkeys(device.place.zone for device in fabric if device.place.zone)
        raise InputError(f"{target}: {unknown('zone', zone, zones)}")
    leaving = [c for c in fabric.cables if (c.a.device in inside) != (c.b.device in inside)]
    return tuple(cable.a if cable.a.device in inside else cable.b for cable in leaving)


def _daemon(status: LabStatus, target: str) -> DaemonName:
    name = target.partition(":")[2]
    known = {f"{d.device}:{d.daemon}": DaemonName(d.device, d.daemon) for d in status.daemons}
    if name not in known:
        device = name.partition(":")[0]
        near = [key for key in known if key.startswith(f"{device}:")]
        raise InputError(f"{target}: {unknown('daemon', name, near or known)}")
    return known[name]
