"""Faults: what holds ports down and daemons dead or stopped in a running lab. Pure values, and how they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fabric._values import dataclass
from fabric.config import Port
from fabric.lab._kept import KeptList


class DaemonName(NamedTuple):
    """One daemon of one device."""

    device: str
    daemon: str

    def __str__(self) -> str:
        return f"{self.daemon} of {self.device}"


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """Lines that FRR on a device is given, and those that take them back."""

    device: str
    lines: tuple[str, ...]
    undo: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is broken until it is healed, known by the words that asked for it."""

    target: str
    """Such as `zone:zone-a`; a lab has at most one active fault of a target."""
    ports: tuple[Port, ...] = ()
    """Held down. A port is up when no active fault holds it."""
    killed: tuple[DaemonName, ...] = ()
    paused: tuple[DaemonName, ...] = ()
    """Stopped (SIGSTOP): alive to its neighbors' TCP, but silent."""
    deaf: tuple[Port, ...] = ()
    """Ports that are up and lose every packet that arrives: silent loss, which nobody is told of."""
    reconfigured: tuple[Reconfigured, ...] = ()
    """Devices whose running configuration is another one, such as a drained router's."""


@dataclass(frozen=True, slots=True)
class Held:
    """All that some faults hold together."""

    ports: frozenset[Port] = frozenset()
    killed: frozenset[DaemonName] = frozenset()
    paused: frozenset[DaemonName] = frozenset()
    deaf: frozenset[Port] = frozenset()
    reconfigured: frozenset[Reconfigured] = frozenset()


def held(faults: Iterable[Fault]) -> Held:
    """What the faults hold together; where they overlap, each holds all of its own."""
    known = tuple(faults)
    return Held(
        frozenset(port for fault in known for port in fault.ports),
        frozenset(name for fault in known for name in fault.killed),
        frozenset(name for fault in known for name in fault.paused),
        frozenset(port for fault in known for port in fault.deaf),
        frozenset(change for fault in known for change in fault.reconfigured),
    )


@dataclass(frozen=True, slots=True)
class FaultChange:
    """What came of failing or healing."""

    targets: tuple[str, ...]
    """The faults that began, or that ended; empty when all was so already."""
    ports: int
    """How many ports changed."""
    milliseconds: float
    """From the first port to the last."""


def fault_value(fault: Fault) -> dict[str, Any]:
    """The fault as a JSON value."""
    return {
        "target": fault.target,
        "ports": [[port.device, port.interface] for port in fault.ports],
        "killed": [list(name) for name in fault.killed],
        "paused": [list(name) for name in fault.paused],
        "deaf": [[port.device, port.interface] for port in fault.deaf],
        "reconfigured": [[c.device, list(c.lines), list(c.undo)] for c in fault.reconfigured],
    }


def fault_from(value: Mapping[str, Any]) -> Fault:
    """The fault of a JSON value; raises `ValueError`, `KeyError` or `TypeError` for what is none."""
    target = value["target"]
    if not isinstance(target, str):
        raise TypeError(f"a target is text, not {target!r}")
    return Fault(
        target,
        tuple(Port(*_two_names(pair)) for pair in value["ports"]),
        tuple(DaemonName(*_two_names(pair)) for pair in value["killed"]),
        tuple(DaemonName(*_two_names(pair)) for pair in value["paused"]),
        tuple(Port(*_two_names(pair)) for pair in value.get("deaf", ())),
        tuple(map(_reconfigured, value.get("reconfigured", ()))),
    )


def _reconfigured(value: object) -> Reconfigured:
    match value:
        case [str(device), [*lines], [*undo]]:
            return Reconfigured(device, tuple(map(str, lines)), tuple(map(str, undo)))
        case _:
            raise ValueError(f"found {value!r} where a device, its lines and their undoing belong")


def _two_names(value: object) -> tuple[str, str]:
    match value:
        case [str(one), str(two)]:
            return one, two
        case _:
            raise ValueError(f"found {value!r} where a device and a name of it belong")


FAULTS = KeptList(
    "faults.json",
    "faults",
    fault_value,
    fault_from,
    "`fabric lab heal --all` heals what is active and writes it anew.",
)
"""Where a lab keeps what is broken."""
