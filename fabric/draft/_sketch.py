"""A few answers as a first design."""

from __future__ import annotations

from itertools import combinations
from string import ascii_lowercase
from typing import Any

from fabric._values import dataclass
from fabric.draft._draft import Draft, Section
from fabric.topology import Profile

Values = dict[str, Any]
MOST_ZONES = len(ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What `fabric init` asks; everything else takes a default that the file says how to change."""

    name: str = "my-fabric"
    profile: Profile = "rfc7938"
    zones: int = 2
    racks: int = 1
    """Racks a zone."""
    spines: int = 2
    nodes: int = 2
    """Servers a rack (`rfc7938`), or computes a rack (`rhoso`)."""
    rtt_ms: float = 1.0
    """Round-trip time between any two zones."""
    ipv6: bool = True
    """Dual stack."""


def sketch(answers: Sketch) -> Draft:
    """A design of equal zones, with all that its profile's users need and a comment on each choice."""
    sections = _rhoso(answers) if answers.profile == "rhoso" else _clos(answers)
    return Draft(_heading(answers), tuple(section for section in sections if section.values))


def _heading(answers: Sketch) -> str:
    kind = "Red Hat OpenStack Services on OpenShift" if answers.profile == "rhoso" else "A BGP spine-leaf fabric"
    several = "one zone" if answers.zones == 1 else f"{answers.zones} zones"
    return (
        f"{kind} over {several}.\n"
        "Change anything: `fabric plan FILE` gives every value out or says what does not fit; `fabric lab up FILE` "
        "runs it.\n"
        "`fabric schema` prints the JSON Schema of this file, with which an editor completes it."
    )


def _opening(answers: Sketch) -> Section:
    families = ["ipv4", "ipv6"] if answers.ipv6 else ["ipv4"]
    return Section({"version": 1, "name": answers.name, "profile": answers.profile, "families": families})


def _spines(answers: Sketch) -> Section:
    advice = (
        "Two spines that share an ASN can be parted by two failed links, one on each; three cannot."
        if answers.spines == 2
        else "Every leaf is linked to every spine."
    )
    return Section({"spines": answers.spines}, advice)


def _zone_names(answers: Sketch) -> list[str]:
    return [f"zone-{letter}" for letter in ascii_lowercase[: answers.zones]]


def _zones(answers: Sketch, nodes: Values, comment: str) -> Section:
    zones, number = [], 0
    for name in _zone_names(answers):
        racks = [{"name": f"rack-{number + index}", "nodes": dict(nodes)} for index in range(answers.racks)]
        number += answers.racks
        zones.append({"name": name, "racks": racks})
    return Section({"zones": zones}, comment)


def _inter_zone(answers: Sketch) -> Section:
    pairs = combinations(_zone_names(answers), 2)
    return Section(
        {"inter_zone": [{"zones": list(pair), "rtt_ms": float(answers.rtt_ms)} for pair in pairs]}
        if answers.zones > 1
        else {},
        "What lies between the zones: measure it, and write it here.",
    )


def _clos(answers: Sketch) -> tuple[Section, ...]:
    return (
        _opening(answers),
        _spines(answers),
        _zones(
            answers,
            {"servers": answers.nodes},
            "A zone is what fails together; each rack has two leaves (`leaves: N` changes that) and nodes by group.",
        ),
        Section(
            {"node_groups": {"servers": {"role": "server"}}},
            "Servers speak BGP with every leaf of their rack and announce their loopbacks.",
        ),
        _inter_zone(answers),
    )


def _rhoso(answers: Sketch) -> tuple[Section, ...]:
    nodes = {"computes": answers.nodes, "networkers": 1, "workers": 3, "masters": 1, "arrays": 1}
    groups = {
        "computes": {"role": "compute"},
        "networkers": {"role": "networker"},
        "workers": {"role": "worker"},
        "masters": {"role": "control-plane"},
        "arrays": {"role": "storage"},
        "testers": {"role": "tester"},
    }
    return (
        _opening(answers),
        _spines(answers),
        Section(
            {"borders": {"routers": 2, "nodes": {"testers": 1}}},
            "The border routers announce the default route. With one, every node depends on it: data-plane nodes take "
            "nothing but that route. The tester is a host outside, from which the lab proves access.",
        ),
        _zones(answers, nodes, "A zone is what fails together: its racks, its nodes, its storage array."),
        Section({"node_groups": groups}, "The role says what a node is for; its routing follows from it."),
        Section({"networks": _networks(answers)}, "Networks of the nodes; VIPs are announced by the workers."),
        _inter_zone(answers),
    )


def _networks(answers: Sketch) -> Values:
    internal: Values = {"ipv4": "172.17.0.0/24", "ipv6": "fd00:172:17::/64"}
    storage: Values = {"scope": "zone", "ipv4": "172.18.0.0/16", "ipv6": "fd00:172:18::/48"}
    networks = {
        "internalapi": internal | {"roles": ["worker"], "vips": 3, "vip_offset": 80},
        "storage": storage | {"roles": ["storage", "worker", "compute"]},
    }
    if not answers.ipv6:
        networks = {name: {k: v for k, v in values.items() if k != "ipv6"} for name, values in networks.items()}
    return networks
