"""Network namespaces of devices and all that is in them before a daemon runs: sysctls, cables, addresses."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv6Address, ip_interface
from pathlib import Path

from fabric._values import dataclass
from fabric.errors import MachineError
from fabric.lab._blueprint import SANDBOX, Blueprint, DevicePlan, End, PortPlan, Wire
from fabric.lab._namespaces import create, exists, inside, network_descriptors, returning, scratch
from fabric.lab._netlink import (
    Request,
    address_again,
    enslave,
    learned,
    new_address,
    new_bridge,
    new_vrf,
    no_address,
    no_link,
    send,
    set_mtu,
    set_up,
    veth,
)
from fabric.lab._places import netns_path
from fabric.lab._reshape import Altered


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
    """Nothing; afterwards every device has its namespaces, its cables and its addresses, and all of it is up.

    Raises `LabError` when the kernel refuses a request, `MachineError` when it lacks a sysctl.
    """
    found(blueprint.devices, sysctls)
    lay(blueprint.wires)
    address(blueprint.devices)
    introduce(blueprint)


def introduce(blueprint: Blueprint) -> None:
    """Nothing; every device knows the neighbors on its cables, whether it knew them before or not."""
    for name, of_device in _neighbors(blueprint).items():
        with inside(name):
            send((learned(*neighbor) for neighbor in of_device), name)


def found(devices: Iterable[DevicePlan], sysctls: SysctlFiles) -> None:
    """Nothing; these devices have namespaces with the right settings."""
    for device in devices:
        with returning():
            create(device.name)
            for setting in (*sysctls.common, *(() if device.forwarding else sysctls.host), _hash_seed(device.name)):
                _write_sysctl(setting, device.name)


def lay(wires: Sequence[Wire]) -> None:
    """Nothing; these wires are there, their ends in the namespaces of existing devices."""
    ends = [end for wire in wires for end in (wire.a, wire.b)]
    paths = {end.device: netns_path(end.device) for end in ends if end.device != SANDBOX}
    with network_descriptors({SANDBOX: Path("/proc/self/ns/net"), **paths}) as namespaces:
        send((veth(wire, namespaces) for wire in wires), "wiring")
    send((set_up(index) for index in (1, *(end.index for end in ends if end.device == SANDBOX))), "sandbox")


def address(devices: Iterable[DevicePlan]) -> None:
    """Nothing; the ports of new devices have their addresses and are up."""
    for device in devices:
        with inside(device.name):
            send(_requests(device), device.name)


def cut(wires: Iterable[Wire]) -> None:
    """Nothing; these wires are gone, if they were there."""
    for wire in wires:
        near = wire.b if wire.a.device == SANDBOX else wire.a
        if exists(near.device):
            with inside(near.device):
                send([no_link(near.index)], near.device)


def try_masters(devices: Sequence[DevicePlan]) -> None:
    """Nothing; raises `LabError` where the kernel makes no VRF, or no bridge, and one of these devices has one."""
    vrfs = ((device.name, new_vrf(vrf)) for device in devices for vrf in device.vrfs)
    bridges = ((d.name, new_bridge(port.index, port.name)) for d in devices for port in d.ports if port.is_bridge)
    with scratch():
        for first in filter(None, (next(vrfs, None), next(bridges, None))):
            send([first[1]], first[0])


def alter(changes: Iterable[Altered], resized: Iterable[End]) -> None:
    """Nothing; ports of devices that stay have the addresses and sizes of the new design; new ports are up."""
    for end in (end for end in resized if end.device != SANDBOX):
        with inside(end.device):
            send([set_mtu(end.index, end.mtu)], end.device)
    for change in changes:
        with inside(change.device.name):
            send(_alterations(change), change.device.name)


def _alterations(change: Altered) -> Iterator[Request]:
    masters = {vrf.name: vrf.index for vrf in change.device.vrfs}
    masters |= {port.name: port.index for port in change.device.ports if port.is_bridge}
    yield from (no_address(*lost) for lost in change.lost_addresses)
    for port in change.new_ports:
        if master := port.vrf or port.bridge:
            yield enslave(port.index, masters[master])
    yield from (address_again(*new) for new in change.new_addresses)
    yield from (set_up(port.index) for port in change.new_ports)


def _hash_seed(device: str) -> Sysctl:
    """The setting that has a device spread flows in its own way (Linux 6.11), as switches do.

    With one seed for all, what the first device sends left all others send left too, and most paths carry nothing.
    """
    return Sysctl("net.ipv4.fib_multipath_hash_seed", str(zlib.crc32(device.encode()) or 1), optional=True)


def _write_sysctl(setting: Sysctl, device: str) -> None:
    try:
        setting.path.write_text(setting.value)
    except OSError as error:
        if setting.optional:
            return
        reason = f"{device}: sysctl {setting.key} cannot be set to {setting.value}: {error.strerror}"
        raise MachineError(f"{reason}. The lab needs it; run on a kernel with IPv4, IPv6 and multipath.") from error


def _requests(device: DevicePlan) -> Iterator[Request]:
    """VRFs and bridges come before what is in them, addresses before the link that uses them is up."""
    masters = {vrf.name: vrf.index for vrf in device.vrfs}
    masters |= {port.name: port.index for port in device.ports if port.is_bridge}
    yield from map(new_vrf, device.vrfs)
    yield from (new_bridge(port.index, port.name) for port in device.ports if port.is_bridge)
    for port in device.ports:
        if master := port.vrf or port.bridge:
            yield enslave(port.index, masters[master])
        yield from (new_address(port.index, address) for address in port.addresses)
    yield from (set_up(index) for index in sorted({1, *(port.index for port in device.ports)}))


Neighbor = tuple[int, str, str]
"""An interface's number, and the address and hardware address of what is at the other end of its cable."""


def _neighbors(blueprint: Blueprint) -> Mapping[str, list[Neighbor]]:
    """The neighbors that each device's sessions will ask for, known beforehand because the cables are.

    Were all of them asked for, a few hundred routers would fill the one table that all namespaces of a machine share.
    """
    ports = {port.index: port for device in blueprint.devices for port in device.ports if port.index != 1}
    found: dict[str, list[Neighbor]] = {}
    for wire in blueprint.wires:
        for near, far in ((wire.a, wire.b), (wire.b, wire.a)):
            if SANDBOX not in (near.device, far.device):
                addresses = _reached(ports[near.index], ports[far.index]) or [link_local(far.mac)]
                found.setdefault(near.device, []).extend((near.index, address, far.mac) for address in addresses)
    return found


def _reached(near: PortPlan, far: PortPlan) -> list[str]:
    """The addresses of the far port in subnets of the near one."""
    networks = [ip_interface(address).network for address in near.addresses]
    far_ends = [ip_interface(address).ip for address in far.addresses]
    return [str(end) for end in far_ends if any(end in network for network in networks)]


def link_local(mac: str) -> str:
    """The link-local address that Linux gives an interface with this hardware address (RFC 4291 appendix A)."""
    first, *rest = (int(part, 16) for part in mac.split(":"))
    identifier = bytes((first ^ 2, *rest[:2], 0xFF, 0xFE, *rest[2:]))
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + identifier))
