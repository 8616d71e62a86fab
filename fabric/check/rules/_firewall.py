"""Rules about packet filters of nodes, as far as they are resources."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._nft import Filter, file_text
from fabric.check._rule import Hit, Rule
from fabric.check._scene import ResourceScene, about
from fabric.check._values import at, items, number

_SNIPPETS = "/var/lib/edpm-config/firewall"
"""Where edpm_frr puts the file that opens the ports of BGP and BFD, wherever edpm_nftables looks."""
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


def nftables_pass(scene: ResourceScene) -> Iterator[Hit]:
    """The packet filters that MachineConfigs write to nodes: what drops the rest has to accept BGP and BFD before."""
    for resource in scene.of_kind("MachineConfig"):
        for path, entry in items(resource.value, "spec", "config", "storage", "files"):
            name = str(at(entry, "path"))
            if name.endswith((".nft", "/nftables.conf")):
                rules = Filter.read(file_text(at(entry, "contents")))
                dropped = [what for protocol, port, what in _NEEDED if not rules.admits(protocol.lower(), port)]
                if rules.drops_the_rest and dropped:
                    yield about(resource, (*path, "contents"), f"{name} drops {', '.join(dropped)}")


def snippets_are_found(scene: ResourceScene) -> Iterator[Hit]:
    for node_set in scene.node_sets:
        path, value = node_set.variable("edpm_nftables_src")
        if value is not None and str(value).rstrip("/") != _SNIPPETS:
            yield node_set.hit(path, f"edpm_nftables_src is {value}; the service frr opens its ports in {_SNIPPETS}")


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
    Rule(
        "FAB-619",
        "A packet filter in a MachineConfig lets BGP and BFD in",
        "error",
        "The filter is loaded at boot: after the next reboot of a node none of its sessions comes up.",
        "edpm-ansible, firewall of edpm_frr (pull request 897); nft(8); RFC 4271; RFC 5881; RFC 5883",
        "Accept tcp 179 and udp 3784, 3785 and 4784 before the rest is dropped.",
        nftables_pass,
    ),
    Rule(
        "FAB-708",
        "The firewall of data-plane nodes reads the rules of frr",
        "error",
        "edpm_frr writes the rules that open BGP and BFD to a fixed directory; a firewall that reads another drops.",
        "edpm-ansible, edpm_frr/tasks/firewall.yml and edpm_nftables",
        f"Leave edpm_nftables_src at {_SNIPPETS}.",
        snippets_are_found,
    ),
)
