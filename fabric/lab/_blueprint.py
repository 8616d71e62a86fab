"""`Blueprint`: a lab in the smallest words, ready to be built and kept as JSON. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, field, replace
from itertools import count
from typing import Any

from fabric._values import dataclass
from fabric.config import LOOPBACK, DeviceConfig, FabricConfig, Port
from fabric.lab._frr import FrrInstallation, daemon_argv, daemon_waves
from fabric.lab._places import pathspace
from fabric.lab._spec import LabSpec

FIRST_INDEX = 100  # below are the interfaces that the kernel itself puts into a new namespace
_FIRST_TABLE = 1001  # kernel routing tables of VRFs
BLUEPRINT_FILE = "blueprint.json"
NEXT_FILE = "next.json"
"""The blueprint that a running lab is to become."""
SANDBOX = ""
"""The device name that stands for the sandbox's own network namespace."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a veth pair. `index` is unique in the lab.

    Were the two numbers of a pair alike, Linux would report a lost carrier up to 1 s late (`net/core/link_watch.c`).
    """

    device: str
    name: str
    index: int
    mtu: int

    @property
    def mac(self) -> str:
        """A locally administered address that follows from the index."""
        return ":".join(f"{byte:02x}" for byte in (0x02, 0xFA, *self.index.to_bytes(4, "big")))


@dataclass(frozen=True, slots=True)
class Wire:
    a: End
    b: End


@dataclass(frozen=True, slots=True)
class Vrf:
    name: str
    index: int
    table: int


@dataclass(frozen=True, slots=True)
class PortPlan:
    """What an existing interface of a device gets; `index` 1 is the loopback."""

    name: str
    index: int
    addresses: tuple[str, ...]
    vrf: str | None = None
    bridge: str | None = None
    """The bridge that it is a member of."""
    is_bridge: bool = False
    """True for an interface that is still to be made."""


@dataclass(frozen=True, slots=True)
class Daemon:
    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """All that is built for one device."""

    name: str
    pathspace: str
    listens: bool
    """False for a device whose bgpd only dials out."""
    forwarding: bool
    vrfs: tuple[Vrf, ...]
    ports: tuple[PortPlan, ...]
    waves: tuple[tuple[Daemon, ...], ...]
    frr_conf: str
    daemons_file: str

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """All daemons, in the order in which they start."""
        return tuple(daemon for wave in self.waves for daemon in wave)


@dataclass(frozen=True)
class Blueprint:
    """All that is built for one lab. Equal specs on equal machines make equal blueprints."""

    name: str
    vtysh: str
    frr_version: str
    devices: tuple[DevicePlan, ...]
    wires: tuple[Wire, ...]
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """See `LabSpec.sources`."""

    def device(self, name: str) -> DevicePlan | None:
        """The device called `name`."""
        return next((device for device in self.devices if device.name == name), None)

    def boot_order(self) -> tuple[DevicePlan, ...]:
        """The devices that listen first: who dials while nobody listens dials again only after `timers connect`."""
        return tuple(sorted(self.devices, key=lambda device: not device.listens))

    def to_json(self) -> str:
        """The blueprint as JSON, from which `from_json` makes an equal one. It holds the files, passwords included."""
        return json.dumps(asdict(self), sort_keys=True)

    def digest(self) -> str:
        """A fingerprint: two labs with the same one are built alike, whatever they were made from."""
        return hashlib.sha256(replace(self, sources={}).to_json().encode()).hexdigest()


def draw(spec: LabSpec, frr: FrrInstallation) -> Blueprint:
    """The blueprint of `spec` for a machine with `frr`."""
    wires = tuple(_wires(spec.fabric))
    indexes = {Port(end.device, end.name): end.index for wire in wires for end in (wire.a, wire.b)}
    vrf_indexes = count(FIRST_INDEX + 2 * len(wires))
    devices = []
    for device in spec.fabric:
        files = spec.files[device.name]
        devices.append(
            DevicePlan(
                name=device.name,
                pathspace=pathspace(device.name),
                listens=device.bgp_listens,
                forwarding=device.forwarding,
                vrfs=tuple(_vrfs(device, vrf_indexes)),
                ports=tuple(_ports(device, indexes, vrf_indexes)),
                waves=tuple(_waves(device, frr)),
                frr_conf=files.frr_conf,
                daemons_file=files.daemons,
            )
        )
    return Blueprint(spec.name, str(frr.vtysh), frr.version, tuple(devices), wires, dict(spec.sources))


def _wires(fabric: FabricConfig) -> Iterator[Wire]:
    """One wire for each cable and each VLAN of one, and one for each interface without, whose far end nobody uses.

    A wire of its own in place of 802.1Q tags, which a kernel may lack, has the same interfaces at its ends.
    """
    mtus = {Port(device.name, port.name): port.mtu for device in fabric for port in device.interfaces}
    pairs: list[tuple[Port, Port | None]] = [(cable.a, cable.b) for cable in (*fabric.cables, *fabric.circuits)]
    bridges = {Port(device.name, port.name) for device in fabric for port in device.interfaces if port.members}
    wired = {port for pair in pairs for port in pair} | bridges
    pairs += [(port, None) for port in mtus if port not in wired and port.interface != LOOPBACK]
    for position, (near, far) in enumerate(pairs):
        index = FIRST_INDEX + 2 * position
        a = End(near.device, near.interface, index, mtus[near])
        unused = End(SANDBOX, f"unused{index}", index + 1, mtus[near])
        yield Wire(a, End(far.device, far.interface, index + 1, mtus[far]) if far else unused)


def _vrfs(device: DeviceConfig, indexes: Iterator[int]) -> Iterator[Vrf]:
    names = [port.vrf for port in device.interfaces] + [instance.vrf for instance in device.bgp]
    for table, name in enumerate(dict.fromkeys(name for name in names if name), start=_FIRST_TABLE):
        yield Vrf(name, next(indexes), table)


def _ports(device: DeviceConfig, indexes: Mapping[Port, int], new: Iterator[int]) -> Iterator[PortPlan]:
    """Bridges first, for what they join is put into them."""
    bridges = {member: port.name for port in device.interfaces for member in port.members}
    for port in sorted(device.interfaces, key=lambda entry: not entry.members):
        index = 1 if port.name == LOOPBACK else indexes.get(Port(device.name, port.name)) or next(new)
        addresses = tuple(map(str, port.addresses))
        yield PortPlan(port.name, index, addresses, port.vrf, bridges.get(port.name), bool(port.members))


def _waves(device: DeviceConfig, frr: FrrInstallation) -> Iterator[tuple[Daemon, ...]]:
    for wave in daemon_waves(device, has_mgmtd=frr.has_mgmtd):
        yield tuple(Daemon(name, daemon_argv(frr, name, device)) for name in wave)


def from_json(text: str) -> Blueprint:
    """The blueprint that `Blueprint.to_json` wrote."""
    raw = json.loads(text)
    wires = tuple(Wire(End(**wire["a"]), End(**wire["b"])) for wire in raw["wires"])
    devices = tuple(_device_from(device) for device in raw["devices"])
    return Blueprint(raw["name"], raw["vtysh"], raw["frr_version"], devices, wires, raw["sources"])


def _device_from(raw: dict[str, Any]) -> DevicePlan:
    ports = tuple(PortPlan(**{**port, "addresses": tuple(port["addresses"])}) for port in raw["ports"])
    waves = tuple(tuple(Daemon(entry["name"], tuple(entry["argv"])) for entry in wave) for wave in raw["waves"])
    return DevicePlan(**{**raw, "vrfs": tuple(Vrf(**vrf) for vrf in raw["vrfs"]), "ports": ports, "waves": waves})
