"""`LabSpec`: what a lab is made of, and the check that it can be wired."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Protocol

from fabric._values import dataclass
from fabric.config import LOOPBACK, DeviceConfig, FabricConfig, Port
from fabric.errors import InputError, LabError
from fabric.lab._places import pathspace

_LAB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_DEVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_INTERFACE_NAME = re.compile(r"[A-Za-z0-9_][^\s/:]{0,14}")


class DeviceFiles(Protocol):
    """What is written for one device: the integrated `frr.conf`, and FRR's `daemons` file."""

    @property
    def frr_conf(self) -> str: ...
    @property
    def daemons(self) -> str: ...


@dataclass(frozen=True)
class LabSpec:
    """A fabric to run under a name, with the rendered files of each of its devices."""

    name: str
    fabric: FabricConfig
    files: Mapping[str, DeviceFiles]
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Texts that the fabric was made from, by name, passwords among them, kept for whoever must make it again."""


def check_lab_name(name: str) -> None:
    """Nothing; raises `InputError` for a name that could not be a directory of its own."""
    if not _LAB_NAME.fullmatch(name):
        message = f"Lab name {name!r} is not usable: up to 63 letters, digits, '-' and '_' are, beginning with a letter"
        raise InputError(f"{message} or digit. Choose another name.")


def check_spec(spec: LabSpec) -> None:
    """Nothing; raises `LabError` with every reason why `spec` cannot be wired."""
    check_lab_name(spec.name)
    problems = [*_name_problems(spec), *_cable_problems(spec.fabric)]
    if problems:
        raise LabError(f"Lab {spec.name} cannot be wired:\n" + "\n".join(f"- {problem}" for problem in problems))


def _name_problems(spec: LabSpec) -> Iterator[str]:
    for name, count in Counter(pathspace(device.name) for device in spec.fabric).items():
        if count > 1:
            yield f"{count} devices are called {name} (dots count as '_'); give each device its own name."
    for device in spec.fabric:
        if not _DEVICE_NAME.fullmatch(device.name):
            yield f"device name {device.name!r}: allowed are up to 63 letters, digits, '.', '_' and '-'."
        if device.name not in spec.files:
            yield f"{device.name} has no rendered files; render the fabric that is to run."
        yield from _interface_problems(device)


def _interface_problems(device: DeviceConfig) -> Iterator[str]:
    for name, count in Counter(interface.name for interface in device.interfaces).items():
        if count > 1:
            yield f"{device.name} has {count} interfaces called {name}; give each its own name."
        if not _INTERFACE_NAME.fullmatch(name):
            yield f"{device.name}: interface name {name!r} is none of Linux (1 to 15 characters, no '/', ':', space)."


def _cable_problems(fabric: FabricConfig) -> Iterator[str]:
    ends = Counter(end for cable in fabric.cables for end in (cable.a, cable.b))
    known = {Port(device.name, interface.name) for device in fabric for interface in device.interfaces}
    for end, count in ends.items():
        if end not in known:
            yield f"a cable ends at {end}, which no device has."
        if end.interface == LOOPBACK:
            yield f"a cable ends at {end}; the loopback takes no cable."
        if count > 1:
            yield f"{count} cables end at {end}; a port takes one."
