"""Rules about single statements of `frr.conf`."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.check._frr_text import FrrFile, Line
from fabric.check._rule import Hit, Rule
from fabric.check._scene import FrrScene
from fabric.check._values import address, prefix

_POINT_TO_POINT = (30, 31)


def hit(file: FrrFile, line: Line | None, text: str) -> Hit:
    """A hit at a line of a file."""
    return Hit(file.where(line), file.device, text)


def no_debugging(scene: FrrScene) -> Iterator[Hit]:
    for file in scene.files:
        for line in file.having("debug"):
            yield hit(file, line, f"`{line.text}` is left on")


def version_is_not_pretended(scene: FrrScene) -> Iterator[Hit]:
    for file in scene.files:
        for line in file.having("frr", "version"):
            major, _, rest = line.words[2].partition(".") if len(line.words) > 2 else ("", "", "")
            minor = rest.partition(".")[0]
            if major.isdigit() and (int(major), int(minor) if minor.isdigit() else 0) < (7, 4):
                text = f"`{line.text}` silently switches off ebgp-requires-policy, suppress-duplicates and import-check"
                yield hit(file, line, text)


def interface_peers_have_links_of_two(scene: FrrScene) -> Iterator[Hit]:
    for file in scene.files:
        for router in file.routers:
            for peer in router.peers:
                for line in _interface_addresses(file, peer.name) if address(peer.name) is None else ():
                    network = prefix(line.words[2])
                    if network is not None and network.prefixlen not in _POINT_TO_POINT:
                        text = f"{peer.name} peers by interface and has a /{network.prefixlen}"
                        yield hit(file, line, text)


def _interface_addresses(file: FrrFile, name: str) -> Iterator[Line]:
    for line in file.having("ip", "address"):
        if line.section == f"interface {name}" and len(line.words) > 2:
            yield line


def linkdown_is_seen(scene: FrrScene) -> Iterator[Hit]:
    for file in scene.files:
        for line in file.having("no", "link-detect"):
            yield hit(file, line, f"`no link-detect` on {line.section.removeprefix('interface ')}")


RULES: tuple[Rule[FrrScene], ...] = (
    Rule(
        "FAB-901",
        "No debugging is left on",
        "warning",
        "Debug lines fill the log and slow bgpd down when it has most to do.",
        "FRR documentation, debugging; published templates have it on",
        "Remove the line; switch debugging on at the prompt when needed.",
        no_debugging,
    ),
    Rule(
        "FAB-902",
        "`frr version` does not pretend to be old",
        "warning",
        "A version below 7.4 changes defaults without a word; whoever removes the line later stops all eBGP routes.",
        "FRR, bgpd/bgp_vty.c (match_version)",
        "Write the defaults that you mean, such as `no bgp ebgp-requires-policy`, and drop the line.",
        version_is_not_pretended,
    ),
    Rule(
        "FAB-903",
        "Interface peers have links of two",
        "error",
        "FRR finds the IPv4 peer of an interface only in a /30 or /31.",
        "FRR, bgpd/bgpd.c (bgp_peer_conf_if_to_su_update_v4)",
        "Use a /31 on both ends, or name the peer's address.",
        interface_peers_have_links_of_two,
    ),
    Rule(
        "FAB-904",
        "Carrier loss is seen",
        "warning",
        "Routes stay on a port whose cable is out, until a timer ends the session.",
        "FRR documentation, zebra (link-detect); RFC 7938 section 7.1",
        "Remove `no link-detect`.",
        linkdown_is_seen,
    ),
)
