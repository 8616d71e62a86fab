"""Faults of a lab: from the words that name them, and to the failures that the simulator knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from fabric.config import FabricConfig, Port
from fabric.errors import InputError
from fabric.lab import DaemonName, Fault, LabStatus, held
from fabric.simulate import Failures, WhatIfError, what_if


def fault_of(fabric: FabricConfig, status: LabStatus, target: str) -> Fault:
    """The fault that `KIND:NAME` means in a running lab; raises `InputError` for what it has not.

    Kinds: `link:DEVICE:PORT` sets that end down, `link:A--B` the first end of each cable between two devices,
    `node:`, `rack:`, `zone:` and `tier:NAME` every cabled port of their devices, `partition:ZONE` the zone's end of
    every cable that leaves it, `daemon:DEVICE:DAEMON` kills a daemon and `pause:DEVICE:DAEMON` stops it (SIGSTOP).
    """
    kind, _, name = target.partition(":")
    if kind in _DAEMON_FAULTS:
        return _DAEMON_FAULTS[kind](target, _daemon(status, target))
    if kind == "partition":
        return Fault(target, ports=_partition(fabric, target))
    if kind not in _WIRE_KINDS:
        raise InputError(f"{target}: {_choose(kind, (*_WIRE_KINDS, 'partition', *_DAEMON_FAULTS), 'kind')}")
    try:
        failures = what_if(fabric, [target]).failures
    except WhatIfError as error:
        raise InputError("\n".join(problem.removeprefix("--fail ") for problem in error.problems)) from error
    return Fault(target, ports=_ports(fabric, failures, name))


_WIRE_KINDS = ("link", "node", "rack", "zone", "tier")
_DAEMON_FAULTS: Mapping[str, Callable[[str, DaemonName], Fault]] = {
    "daemon": lambda target, daemon: Fault(target, killed=(daemon,)),
    "pause": lambda target, daemon: Fault(target, paused=(daemon,)),
}


def failures_of(fabric: FabricConfig, faults: Iterable[Fault]) -> Failures:
    """What the faults break, as the simulator takes it: every cable of which one end is held down.

    A device that is cut off is no failed one: it runs on, alone, and is predicted so.
    """
    down = held(faults).ports
    return Failures(cables=frozenset(c for c in fabric.cables if c.a in down or c.b in down))


def unpredicted(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """The faults of which no prediction is known: what a fabric does without a daemon."""
    return tuple(fault for fault in faults if fault.killed or fault.paused)


def _ports(fabric: FabricConfig, failures: Failures, name: str) -> tuple[Port, ...]:
    ends = [end for cable in fabric.cables for end in (cable.a, cable.b) if end.device in failures.devices]
    cables = [cable for cable in fabric.cables if cable in failures.cables]
    return (*ends, *(cable.b if name == str(cable.b) else cable.a for cable in cables))


def _partition(fabric: FabricConfig, target: str) -> tuple[Port, ...]:
    zone = target.partition(":")[2]
    inside = {device.name for device in fabric if device.place.zone == zone}
    if not inside:
        zones = dict.fromkeys(device.place.zone for device in fabric if device.place.zone)
        raise InputError(f"{target}: {_choose(zone, zones, 'zone')}")
    leaving = [c for c in fabric.cables if (c.a.device in inside) != (c.b.device in inside)]
    return tuple(cable.a if cable.a.device in inside else cable.b for cable in leaving)


def _daemon(status: LabStatus, target: str) -> DaemonName:
    name = target.partition(":")[2]
    known = {f"{d.device}:{d.daemon}": DaemonName(d.device, d.daemon) for d in status.daemons}
    if name not in known:
        device = name.partition(":")[0]
        near = [key for key in known if key.startswith(f"{device}:")]
        raise InputError(f"{target}: {_choose(name, near or known, 'daemon')}")
    return known[name]


_SHOWN = 12


def _choose(found: str, allowed: Iterable[str], what: str) -> str:
    names = list(allowed)
    near = get_close_matches(found, names, n=3)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    action = f"Did you mean {' or '.join(near)}?" if near else "Name one of these."
    return f"found the {what} {found!r}; allowed: {', '.join(names[:_SHOWN])}{more}. {action}"
