"""Ports: which one each cable is plugged into at either end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Literal

from fabric._values import dataclass
from fabric.plan._giver import Giver, Room, Stretch, numbers
from fabric.plan._ledger import CORE, port_space
from fabric.plan._slots import Slots
from fabric.topology import Design, Device, PortGroup, port_names

_MOST = 1 << 12
Direction = Literal["uplink", "downlink"]


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a device; without a model it has a number alone."""

    number: int
    name: str = ""
    speed_gbps: float | None = None


@cache
def _plain(number: int) -> Port:
    """A port that is like all others of its number."""
    return Port(number)


@dataclass(frozen=True, slots=True)
class _Model:
    """The ports of a switch's model: all of them, and the numbers of those for one direction."""

    ports: tuple[Port, ...]
    numbers: dict[Direction, tuple[int, ...]]


def plan_ports(giver: Giver, slots: Slots) -> dict[tuple[str, str], Port]:
    """Ports by (device, device at the far end): new devices have uplinks first, then downlinks, in order.

    What is added to a device later takes a free port, so that no cable is ever moved: at a switch of a rack the next
    one, at others, to which all racks are connected, ports side by side that the rack's name picks. A switch that is
    new itself has its ports in order, as in a first plan.
    """
    devices, models = giver.design.fabric.by_name, _models(giver.design)
    stretches = _stretches(giver.design, slots)
    grown = {owner.partition(">")[0] for owner in giver.held_by("port")}
    found: dict[tuple[str, str], Port] = {}
    for name, far_ends in _far_ends(giver.design).items():
        device, model = devices[name], models.get(devices[name].tier)
        rooms = _rooms(device, model)
        used = {"uplink": 0, "downlink": 0}
        beside: dict[str, int] = {}
        for position, (peer, direction) in enumerate(far_ends, start=1):
            room, candidate, rack = rooms[direction], position, devices[peer].rack
            if model is not None:
                usable = model.numbers[direction]
                candidate = usable[used[direction]] if used[direction] < len(usable) else room.last
                used[direction] += 1
            section, owner = (device.rack or rack or CORE, "port"), f"{name}>{peer}"
            shared = device.rack is None and rack in stretches and name in grown
            if shared and rack is not None and giver.by_name:
                candidate = beside.get(rack) or giver.fresh(section, owner, room, candidate, stretches[rack])
            number = giver.claim(section, owner, room, candidate, peer if shared else "") or 0
            beside[rack or CORE] = number + 1
            found[name, peer] = model.ports[number - 1] if model and number else _plain(number)
    return found


def _stretches(design: Design, slots: Slots) -> dict[str, Stretch]:
    """The ports that a rack has at each switch which all racks are connected to, one for each of its leaves."""
    leaves = Counter(device.rack for device in design.fabric.tier("leaf"))
    most = max(leaves.values(), default=1)
    return {rack: Stretch(rack, most, ordinal) for rack, ordinal in slots.racks.items()}


def _far_ends(design: Design) -> dict[str, list[tuple[str, Direction]]]:
    found: dict[str, list[tuple[str, Direction]]] = defaultdict(list)
    for link in design.fabric.links:
        found[link.lower].append((link.upper, "uplink"))
    for link in design.fabric.links:
        found[link.upper].append((link.lower, "downlink"))
    return found


def _models(design: Design) -> dict[str, _Model]:
    """The models by tier."""
    hardware = design.topology.hardware
    return {tier.replace("_", "-"): _model(hardware[name].ports) for tier, name in design.topology.models if name}


def _model(groups: tuple[PortGroup, ...]) -> _Model:
    named = list(_named(groups))
    ports = tuple(replace(port, number=number) for number, (port, _) in enumerate(named, start=1))
    uses = [use for _, use in named]
    both: tuple[Direction, ...] = ("uplink", "downlink")
    return _Model(ports, {d: tuple(n for n, use in enumerate(uses, start=1) if use in (d, "any")) for d in both})


def _named(groups: tuple[PortGroup, ...]) -> Iterator[tuple[Port, str]]:
    for group in groups:
        yield from ((Port(0, name, group.speed_gbps / group.breakout), group.use) for name in port_names(group))


def _rooms(device: Device, model: _Model | None) -> dict[Direction, Room]:
    """The numbers that a device's ports may have, closed where a port is not for the direction."""
    space = port_space(device.name)
    if model is None:
        room = numbers("ports", space, 1, _MOST)
        return {"uplink": room, "downlink": room}
    key = device.tier.replace("-", "_")
    last = len(model.ports)
    whole = {d: numbers(f"models.{key}", space, 1, last) for d in model.numbers}
    return {d: replace(room, closed=_gaps(model.numbers[d], last)) for d, room in whole.items()}


def _gaps(usable: tuple[int, ...], last: int) -> tuple[tuple[int, int], ...]:
    return tuple((n, n + 1) for n in range(1, last + 1) if n not in usable)
