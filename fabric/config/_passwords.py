"""The passwords of sessions: a built configuration knows their names, and the values come in last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fabric.config._bgp import BgpInstance, Neighbor, Secret
from fabric.config._device import DeviceConfig, FabricConfig


def passwords_in(fabric: FabricConfig) -> tuple[str, ...]:
    """The names of all passwords that sessions have, sorted."""
    return tuple(sorted({secret.name for secret in _secrets(fabric) if secret.name}))


def _secrets(fabric: FabricConfig) -> Iterator[Secret]:
    for device in fabric:
        for instance in device.bgp:
            yield from (n.password for n in instance.neighbors if n.password is not None)


def with_passwords(fabric: FabricConfig, passwords: Mapping[str, Secret]) -> FabricConfig:
    """`fabric` with the given passwords, by name, in place of their placeholders; the others stay as they are."""
    if not passwords:
        return fabric
    return replace(fabric, devices=tuple(_filled(device, passwords) for device in fabric))


def _filled(device: DeviceConfig, passwords: Mapping[str, Secret]) -> DeviceConfig:
    return replace(device, bgp=tuple(_instance(instance, passwords) for instance in device.bgp))


def _instance(instance: BgpInstance, passwords: Mapping[str, Secret]) -> BgpInstance:
    return replace(instance, neighbors=tuple(_neighbor(neighbor, passwords) for neighbor in instance.neighbors))


def _neighbor(neighbor: Neighbor, passwords: Mapping[str, Secret]) -> Neighbor:
    if neighbor.password is None or neighbor.password.name not in passwords:
        return neighbor
    return replace(neighbor, password=passwords[neighbor.password.name])
