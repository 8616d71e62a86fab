"""Devices, ports and cables, in NetBox's words."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.config import LOOPBACK, FabricConfig
from fabric.plan import Plan
from fabric.render.exports._cells import Row
from fabric.render.exports._netbox_places import PLANNED, site_of
from fabric.topology import Device

_MANUFACTURER = "Generic"
_COLOURS = {"border": "795548", "super-spine": "673ab7", "spine": "3f51b5", "leaf": "2196f3"}
_NODE_COLOUR = "9e9e9e"
_PORT_TYPE = "dcim.interface"


def manufacturers() -> Iterator[Row]:
    """The one that placeholders are made by: name, slug."""
    yield _MANUFACTURER, _MANUFACTURER.lower()


def device_types(plan: Plan) -> Iterator[Row]:
    """A placeholder for each model of switch and one for nodes: manufacturer, model, slug, height, depth."""
    models = dict.fromkeys(_model(plan, device) for device in plan.design.fabric.devices)
    return ((_MANUFACTURER, model, f"{_MANUFACTURER}-{model}".lower(), 1, True) for model in models)


def _model(plan: Plan, device: Device) -> str:
    """The model that the topology names for the device's tier, else a general word."""
    if device.tier == "node":
        return "Server"
    named: str | None = getattr(plan.design.topology.models, device.tier.replace("-", "_"))
    return named or "Switch"


def roles(plan: Plan) -> Iterator[Row]:
    """The roles that occur: name, slug, colour, whether virtual machines have it."""
    found = dict.fromkeys(device.role for device in plan.design.fabric.devices)
    return ((role, role, _COLOURS.get(role, _NODE_COLOUR), False) for role in found)


def devices(plan: Plan) -> Iterator[Row]:
    """Name, role, manufacturer, type, status, site, location, rack."""
    for device in plan.design.fabric.devices:
        kind = (_MANUFACTURER, _model(plan, device), PLANNED)
        yield device.name, device.role, *kind, site_of(plan, device), device.pod, device.rack


def interfaces(fabric: FabricConfig) -> Iterator[Row]:
    """Device, name, type, whether enabled, MTU, description; ports are `other` as long as no hardware is named."""
    for device in fabric:
        for port in device.interfaces:
            kind = "bridge" if port.members else "virtual" if port.parent or port.name == LOOPBACK else "other"
            yield device.name, port.name, kind, True, port.mtu, port.description


def cables(fabric: FabricConfig) -> Iterator[Row]:
    """Both ends as device, type of termination and port; status."""
    for cable in fabric.cables:
        ends = ((port.device, _PORT_TYPE, port.interface) for port in (cable.a, cable.b))
        yield *(cell for end in ends for cell in end), PLANNED
