"""Rules about packet filters of nodes, as far as they are resources."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import at, items, number

_NEEDED = (("TCP", 179, "BGP"), ("UDP", 3784, "BFD"), ("UDP", 3785, "BFD echo"), ("UDP", 4784, "multihop BFD"))
"""What a node has to take from its leaves; BFD sends from ports 49152 and up, which are sources."""


def sessions_pass(scene: ResourceScene) -> Iterator[Hit]:
    """Whether the rules of an IngressNodeFirewall, in their order, let BGP and BFD in from every source they name."""
    for resource in scene.of_kind("IngressNodeFirewall"):
        for path, entry in items(resource.value, "spec", "ingress"):
            denied = [what for protocol, port, what in _NEEDED if _denies(entry, protocol, port)]
            if denied:
                yield about(resource, path, f"the firewall denies {', '.join(denied)}")


def _denies(entry: object, protocol: str, port: int) -> bool:
    """True where the first rule that matches a packet denies it; without one it passes."""
    rules = sorted((rule for _, rule in items(entry, "rules")), key=lambda rule: number(at(rule, "order")) or 0)
    matching = (rule for rule in rules if _matches(rule, protocol, port))
    return bool(at(next(matching, None), "action") == "Deny")


def _matches(rule: object, protocol: str, port: int) -> bool:
    wanted = at(rule, "protocolConfig", "protocol")
    if not wanted:
        return True
    if wanted != protocol:
        return False
    ports = at(rule, "protocolConfig", protocol.lower(), "ports")
    first, _, last = str(ports).partition("-")
    return first.isdigit() and int(first) <= port <= int(last if last.isdigit() else first)


RULES: tuple[Rule[ResourceScene], ...] = (
    Rule(
        "FAB-618",
        "A node's firewall lets BGP and BFD in",
        "error",
        "Without tcp 179 and udp 3784, 3785 and 4784 no session comes up, or none is guarded by BFD.",
        "edpm-ansible, firewall of edpm_frr (pull request 897); RFC 4271; RFC 5881; RFC 5883",
        "Allow these ports from the leaves, in rules before the one that denies.",
        sessions_pass,
    ),
)
