"""Where devices stand, in NetBox's words: the fabric is a region, a zone a site, a pod a location, a rack a rack."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.plan import Plan
from fabric.render.exports._cells import Row
from fabric.topology import Device

PLANNED = "planned"
_WIDTH_INCHES = 19
_HEIGHT_UNITS = 42


def regions(plan: Plan) -> Iterator[Row]:
    """The fabric: name, slug."""
    yield plan.design.topology.name, plan.design.topology.name


def sites(plan: Plan) -> Iterator[Row]:
    """Zones, and one site for the devices of no zone: name, slug, status, region."""
    names = dict.fromkeys(
        (*plan.design.fabric.zones, *(site_of(plan, device) for device in plan.design.fabric.devices))
    )
    return ((name, name, PLANNED, plan.design.topology.name) for name in names)


def site_of(plan: Plan, device: Device) -> str:
    """The site of a device: its zone, or the fabric's own site."""
    return device.zone or f"{plan.design.topology.name}-core"


def locations(plan: Plan) -> Iterator[Row]:
    """Pods, in each site that they reach into: site, name, slug, status."""
    found = dict.fromkeys((site_of(plan, device), device.pod) for device in plan.design.fabric.devices if device.pod)
    return ((site, pod, pod, PLANNED) for site, pod in found)


def racks(plan: Plan) -> Iterator[Row]:
    """Racks of the usual size: site, location, name, status, width, height."""
    found = {device.rack: device for device in plan.design.fabric.devices if device.rack}
    for name, device in found.items():
        yield site_of(plan, device), device.pod, name, PLANNED, _WIDTH_INCHES, _HEIGHT_UNITS
