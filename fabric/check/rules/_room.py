"""Rules about MTUs on the way and room for growth."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import DesignScene
from fabric.plan import oversubscription

_FULL = 0.9
_OVERSUBSCRIBED = 4.0
_OVERLAY_BYTES = 58
"""Geneve over IPv4 with OVN's options: 20 IP + 8 UDP + 8 Geneve + 8 options + 14 inner Ethernet."""


def mtu_between_zones(scene: DesignScene) -> Iterator[Hit]:
    topology = scene.plan.design.topology
    for index, entry in enumerate(topology.inter_zone):
        if entry.mtu is not None and entry.mtu < topology.mtu.fabric:
            names = " and ".join(entry.zones)
            text = f"the switches' ports have MTU {topology.mtu.fabric}, and {entry.mtu} passes between {names}"
            yield scene.hit(("inter_zone", index, "mtu"), "--".join(entry.zones), text)


def mtu_of_overlay(scene: DesignScene) -> Iterator[Hit]:
    mtu = scene.plan.design.topology.mtu
    room = mtu.nodes - _OVERLAY_BYTES
    if room < 1280 and any(device.role == "compute" for device in scene.plan.design.fabric.devices):
        text = f"an MTU of {mtu.nodes} leaves {room} bytes to tenant networks; IPv6 needs 1280"
        yield scene.hit(("mtu", "nodes"), "mtu", text)


def pools_have_room(scene: DesignScene) -> Iterator[Hit]:
    for pool in scene.plan.pools:
        if pool.capacity >= 10 and pool.used >= _FULL * pool.capacity:
            text = f"{pool.used} of {pool.capacity} {pool.unit} of {pool.pool} ({pool.range}) are given out"
            yield scene.hit(("pools",), pool.pool, text)


def oversubscribed(scene: DesignScene) -> Iterator[Hit]:
    for entry in oversubscription(scene.plan):
        if entry.ratio > _OVERSUBSCRIBED:
            text = f"{entry.device} has {entry.ratio:.1f} times as much speed below as above"
            yield scene.hit(scene.device_path(entry.device), entry.device, text)


RULES: tuple[Rule[DesignScene], ...] = (
    Rule(
        "FAB-201",
        "No port sends larger packets than pass between zones",
        "error",
        "What is larger is lost without a word: sessions come up, and the first full update stops them.",
        "Red Hat, guidance for clusters spanning multiple sites (MTU)",
        "Lower mtu.fabric to the least MTU between zones, or raise that one.",
        mtu_between_zones,
    ),
    Rule(
        "FAB-202",
        "Tenant networks keep 1280 bytes",
        "error",
        "Geneve takes 58 bytes of every packet, and IPv6 does not work below 1280.",
        "RFC 8200 section 5; RFC 8926",
        "Raise mtu.nodes to 1338 or more.",
        mtu_of_overlay,
    ),
    Rule(
        "FAB-203",
        "Pools have room to grow",
        "warning",
        "The next rack finds no addresses, and a larger pool elsewhere breaks summaries and filters.",
        "fabric",
        "Widen the pool while little depends on it.",
        pools_have_room,
    ),
    Rule(
        "FAB-204",
        "Leaves are not oversubscribed more than 4 to 1",
        "warning",
        "Storage and live migration fill the uplinks first, and every failed spine makes it worse.",
        "RFC 7938 section 3.2 (oversubscription); fabric (ports of the models)",
        "Add spines, faster uplinks, or racks with fewer nodes.",
        oversubscribed,
    ),
)
