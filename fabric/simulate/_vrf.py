"""VRFs: each is simulated as a device of its own, `DEVICE%VRF`, with the interfaces, routes and sessions in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fabric.config import BgpInstance, Cable, DeviceConfig, FabricConfig, Port
from fabric.simulate._values import Failures, SessionEnd

SEPARATOR = "%"
DEFAULT_VRF = "default"


def vrf_device(device: str, vrf: str | None) -> str:
    """The name under which a VRF of a device is simulated; `None` and `default` are the device itself."""
    return device if vrf in (None, DEFAULT_VRF) else f"{device}{SEPARATOR}{vrf}"


def base_device(name: str) -> str:
    """The device that a simulated name belongs to."""
    return name.partition(SEPARATOR)[0]


def vrf_name(name: str) -> str | None:
    """The VRF that a simulated name stands for, which is also its device in the kernel; `None` for the default one."""
    return name.partition(SEPARATOR)[2] or None


def vrfs_of(device: DeviceConfig) -> tuple[str, ...]:
    """The VRFs that a device has something in, in configured order, without the default one."""
    named = [
        *(interface.vrf for interface in device.interfaces),
        *(instance.vrf for instance in device.bgp),
        *(route.vrf for route in device.static_routes),
    ]
    return tuple(dict.fromkeys(name for name in named if name is not None))


def separated(fabric: FabricConfig) -> FabricConfig:
    """The fabric with a device for each VRF; the very same one where no device has VRFs."""
    if not any(vrfs_of(device) for device in fabric):
        return fabric
    devices = tuple(part for device in fabric for part in _parts(device))
    homes = {Port(d.name, i.name): vrf_device(d.name, i.vrf) for d in fabric for i in d.interfaces}
    return replace(fabric, devices=devices, cables=tuple(_cable(homes, cable) for cable in fabric.cables))


def separated_failures(fabric: FabricConfig, failures: Failures) -> Failures:
    """The same failures of the separated fabric: a device fails with all of its VRFs."""
    homes = {Port(d.name, i.name): vrf_device(d.name, i.vrf) for d in fabric for i in d.interfaces}
    parts = {device.name: (None, *vrfs_of(device)) for device in fabric}
    return Failures(
        frozenset(_cable(homes, cable) for cable in failures.cables),
        frozenset(vrf_device(name, vrf) for name in failures.devices for vrf in parts.get(name, (None,))),
        frozenset(end for old in failures.sessions for end in _ends(fabric, old)),
    )


def _cable(homes: dict[Port, str], cable: Cable) -> Cable:
    a, b = (Port(homes.get(end, end.device), end.interface) for end in (cable.a, cable.b))
    return replace(cable, a=a, b=b)


def _ends(fabric: FabricConfig, end: SessionEnd) -> Iterator[SessionEnd]:
    for instance in fabric.by_name[end.device].bgp if end.device in fabric.by_name else ():
        if any(str(neighbor.peer) == end.peer for neighbor in instance.neighbors):
            yield SessionEnd(vrf_device(end.device, instance.vrf), end.peer)


def _parts(device: DeviceConfig) -> Iterator[DeviceConfig]:
    for vrf in (None, *vrfs_of(device)):
        yield replace(
            device,
            name=vrf_device(device.name, vrf),
            interfaces=tuple(replace(item, vrf=None) for item in device.interfaces if item.vrf == vrf),
            bgp=tuple(_instance(device, item) for item in device.bgp if item.vrf == vrf),
            static_routes=tuple(replace(item, vrf=None) for item in device.static_routes if item.vrf == vrf),
            fib_filters=device.fib_filters if vrf is None else (),
        )


def _instance(device: DeviceConfig, instance: BgpInstance) -> BgpInstance:
    families = tuple(
        replace(family, import_vrfs=tuple(vrf_device(device.name, name) for name in family.import_vrfs))
        for family in instance.families
    )
    return replace(instance, vrf=None, families=families)


def siblings(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """All simulated names of each device, by the device, where it has several."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found[base_device(name)] = (*found.get(base_device(name), ()), name)
    return {device: parts for device, parts in found.items() if len(parts) > 1}
