"""Network namespaces of devices and all that is in them before a daemon runs: sysctls, cables, addresses."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fabric.errors import MachineError
from fabric.lab._blueprint import SANDBOX, Blueprint, DevicePlan, wires_by_device
from fabric.lab._kernel import CLONE_NEWNET, MS_BIND, mount, setns, unshare
from fabric.lab._netlink import Request, enslave, new_address, new_vrf, send, set_up, veth
from fabric.lab._places import netns_path

_OWN_NAMESPACE = "/proc/self/ns/net"


@dataclass(frozen=True, slots=True)
class Sysctl:
    key: str
    value: str
    optional: bool
    """True where the kernel may lack the key."""

    @property
    def path(self) -> Path:
        """The file of the key; slashes in place of dots, as sysctl.d(5) has it."""
        return Path("/proc/sys") / self.key.replace(".", "/")


def parse_sysctls(text: str) -> tuple[Sysctl, ...]:
    """The settings of a file in sysctl.d(5) syntax: `key = value`, `-key = value` where the kernel may lack it."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#;")
    return tuple(Sysctl(key.strip().lstrip("-"), value.strip(), key.startswith("-")) for key, _, value in pairs)


@dataclass(frozen=True, slots=True)
class SysctlFiles:
    """The settings of every device, and what those that do not forward have instead."""

    common: tuple[Sysctl, ...]
    host: tuple[Sysctl, ...]


def wire(blueprint: Blueprint, sysctls: SysctlFiles) -> None:
    """Nothing; afterwards every device has its namespace under `/run/netns`, its cables, its addresses, all up.

    Raises `LabError` when the kernel refuses a request, `MachineError` when it lacks a sysctl.
    """
    with ExitStack() as open_files:
        namespaces = {SANDBOX: _opened(_OWN_NAMESPACE, open_files)}
        try:
            for device in blueprint.devices:
                _create_namespace(device, sysctls)
                namespaces[device.name] = _opened(_OWN_NAMESPACE, open_files)
            setns(namespaces[SANDBOX], CLONE_NEWNET)
            send((veth(wire, namespaces) for wire in blueprint.wires), "wiring")
            _bring_up(blueprint, namespaces)
        finally:
            setns(namespaces[SANDBOX], CLONE_NEWNET)


def _opened(path: str, open_files: ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    open_files.callback(os.close, descriptor)
    return descriptor


def _create_namespace(device: DevicePlan, sysctls: SysctlFiles) -> None:
    """Leaves the thread in the new namespace, where its sysctls are seen under `/proc/sys/net`."""
    unshare(CLONE_NEWNET)
    handle = netns_path(device.name)
    handle.touch()
    mount(_OWN_NAMESPACE, handle, "", MS_BIND)
    for setting in (*sysctls.common, *(() if device.forwarding else sysctls.host)):
        _write_sysctl(setting, device.name)


def _write_sysctl(setting: Sysctl, device: str) -> None:
    try:
        setting.path.write_text(setting.value)
    except OSError as error:
        if setting.optional:
            return
        reason = f"{device}: sysctl {setting.key} cannot be set to {setting.value}: {error.strerror}"
        raise MachineError(f"{reason}. The lab needs it; run on a kernel with IPv4, IPv6 and multipath.") from error


def _bring_up(blueprint: Blueprint, namespaces: Mapping[str, int]) -> None:
    indexes = wires_by_device(blueprint.wires)
    send((set_up(index) for index in (1, *indexes.get(SANDBOX, ()))), "sandbox")
    for device in blueprint.devices:
        setns(namespaces[device.name], CLONE_NEWNET)
        send(_requests(device), device.name)


def _requests(device: DevicePlan) -> Iterator[Request]:
    """VRFs come before what is in them, addresses before the link that uses them is up."""
    masters = {vrf.name: vrf.index for vrf in device.vrfs}
    yield from map(new_vrf, device.vrfs)
    for port in device.ports:
        if port.vrf:
            yield enslave(port.index, masters[port.vrf])
        yield from (new_address(port.index, address) for address in port.addresses)
    yield from (set_up(index) for index in sorted({1, *(port.index for port in device.ports)}))
