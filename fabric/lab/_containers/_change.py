"""What leads from a lab in containers to that of another design. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from fabric._values import dataclass
from fabric.config import LOOPBACK, Cable, Port
from fabric.errors import LabError
from fabric.lab._blueprint import Blueprint, DevicePlan
from fabric.lab._containers._start import with_indexes
from fabric.lab._design import parsed_topology
from fabric.lab._reshape import Reshaped, reshape


@dataclass(frozen=True)
class Change:
    """All that leads from one lab to the other."""

    target: Blueprint
    reshaped: Reshaped
    stages: tuple[str, ...]
    """Topologies for containerlab to make true one after the other, the last one that of the target; none where the
    one that runs is that already."""


def change_between(old: Blueprint, drawn: Blueprint, cables: Iterable[Cable], topologies: tuple[str, str]) -> Change:
    """What leads from `old`, with the first of the topologies, to what was drawn, with the second.

    containerlab adds and removes containers and cables of a running lab. But of a container that stays it does not
    change the sysctls, and one with other commands it starts anew: such devices are removed in a stage of their own.

    Raises `LabError` where no device would stay.
    """
    change = _between(old, foreseen(drawn, old, cables), topologies)
    if {device.name for device in change.reshaped.gone} >= {device.name for device in old.devices}:
        raise LabError(f"Lab {old.name}: no device would stay. End it with `fabric lab down` and start it anew.")
    return change


def change_back(change: Change, old: Blueprint, topologies: tuple[str, str]) -> Change:
    """The way back to `old` of that change, wherever it broke off: what it may have built anew is built anew again."""
    return _between(change.target, old, topologies[::-1])


def _between(old: Blueprint, new: Blueprint, topologies: tuple[str, str]) -> Change:
    reshaped = reshape(old, new, redefined(*topologies))
    if anew := {device.name for device in reshaped.gone} & {device.name for device in reshaped.come}:
        return Change(new, reshaped, (without(topologies[1], anew), topologies[1]))
    return Change(new, reshaped, () if topologies[0] == topologies[1] else topologies[1:])


def foreseen(drawn: Blueprint, old: Blueprint, cables: Iterable[Cable]) -> Blueprint:
    """`drawn` with the interface numbers of `old` for all that both have; what is new has numbers that nobody has."""
    known = {Port(device.name, port.name): port.index for device in old.devices for port in device.ports}
    fresh = count(max(known.values(), default=0) + 1)
    laid = {port for cable in cables for port in (cable.a, cable.b)}
    numbers = {
        device.name: {
            port.name: known.get(at) or next(fresh)
            for port in device.ports
            if (at := Port(device.name, port.name)) in laid or port.name == LOOPBACK
        }
        for device in drawn.devices
    }
    numbered = with_indexes(drawn, numbers)
    return replace(
        numbered, devices=tuple(_with_vrfs_of(device, old.device(device.name)) for device in numbered.devices)
    )


def _with_vrfs_of(device: DevicePlan, old: DevicePlan | None) -> DevicePlan:
    """The device with the numbers of its VRFs as they were."""
    known = {vrf.name: vrf.index for vrf in old.vrfs} if old else {}
    return replace(device, vrfs=tuple(replace(vrf, index=known.get(vrf.name, vrf.index)) for vrf in device.vrfs))


def redefined(old: str, new: str) -> frozenset[str]:
    """The nodes of both topologies whose containers differ in more than their labels."""
    before, after = (parsed_topology(text)["topology"]["nodes"] for text in (old, new))
    return frozenset(
        name for name in before.keys() & after.keys() if _unlabelled(before[name]) != _unlabelled(after[name])
    )


def _unlabelled(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "labels"}


def without(topology: str, names: Iterable[str]) -> str:
    """The topology without some of its nodes, as JSON, which is YAML too."""
    document, gone = parsed_topology(topology), frozenset(names)
    wiring = document["topology"]
    wiring["nodes"] = {name: node for name, node in wiring["nodes"].items() if name not in gone}
    wiring["links"] = [
        link for link in wiring["links"] if gone.isdisjoint(end.partition(":")[0] for end in link["endpoints"])
    ]
    return json.dumps(document)


def image_of(topology: str) -> str:
    """The image that the containers of a topology run."""
    return str(parsed_topology(topology)["topology"]["defaults"]["image"])
