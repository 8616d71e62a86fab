"""Ports: which one each cable is plugged into at either end."""

from __future__ import annotations

from collections import defaultdict

from fabric.plan._giver import Giver, numbers
from fabric.plan._ledger import CORE, port_space

_MOST = 1 << 12


def plan_ports(giver: Giver) -> dict[tuple[str, str], int]:
    """Port numbers by (device, device at the far end): new devices have uplinks first, then downlinks, in order.

    What is added to a device later takes the next free port, so that no cable is ever moved.
    """
    places = _places(giver)
    far_ends: dict[str, list[str]] = defaultdict(list)
    for link in giver.design.fabric.links:
        far_ends[link.lower].append(link.upper)
    for link in giver.design.fabric.links:
        far_ends[link.upper].append(link.lower)
    found: dict[tuple[str, str], int] = {}
    for name, peers in far_ends.items():
        room = numbers("ports", port_space(name), 1, _MOST)
        for position, peer in enumerate(peers, start=1):
            place = places[name] if places[name] != CORE else places[peer]
            found[name, peer] = giver.claim((place, "port"), f"{name}>{peer}", room, position) or 0
    return found


def _places(giver: Giver) -> dict[str, str]:
    return {device.name: device.rack or CORE for device in giver.design.fabric.devices}
