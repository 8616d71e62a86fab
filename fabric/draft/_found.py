"""What another tool's file says of a network: devices, links, and whatever hints it gives of their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from fabric._values import dataclass
from fabric.draft._draft import Section
from fabric.topology import Profile, Tier

_MADE_OF = re.compile(r"[^a-z0-9]+")

LABELS: Mapping[str, str] = {
    "fabric-role": "role",
    "fabric-tier": "role",
    "role": "role",
    "tier": "role",
    "fabric-zone": "zone",
    "topology.kubernetes.io/zone": "zone",
    "zone": "zone",
    "fabric-rack": "rack",
    "rack": "rack",
    "fabric-pod": "pod",
    "pod": "pod",
}
"""Labels that give hints, and of what."""

_WORDS: tuple[tuple[str, Tier], ...] = (
    (r"super-?spines?|ssp|core", "super-spine"),
    (r"spines?|sp|s(?=\d)", "spine"),
    (r"leaf|leafs|leaves|tor|lf|access|l(?=\d)", "leaf"),
    (r"border|routers?|gateway|gw|wan|pe|exit", "border"),
    (
        r"hosts?|servers?|srv|clients?|nodes?|pc|h(?=\d)|workers?|computes?|masters?|control-?plane|networkers?"
        r"|storage|arrays?|testers?|linux",
        "node",
    ),
)
"""Words in names and groups that tell the tier, the most telling first."""

_ROLES: tuple[tuple[str, str], ...] = (
    (r"compute", "compute"),
    (r"master|control-?plane|ctlplane", "control-plane"),
    (r"networker", "networker"),
    (r"worker", "worker"),
    (r"storage|array|ceph|osd", "storage"),
    (r"tester", "tester"),
)


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device as another file has it; hints that it does not give are empty."""

    name: str
    tier: Tier | None = None
    role: str = ""
    """Of a node."""
    zone: str = ""
    rack: str = ""
    pod: str = ""
    asn: int | None = None
    place: str = ""
    """`file:line`."""


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link between two devices."""

    one: str
    two: str
    place: str = ""


@dataclass(frozen=True)
class Found:
    """A network as another file has it."""

    name: str
    source: str
    """What it was read from, for the heading."""
    devices: tuple[FoundDevice, ...]
    links: tuple[FoundLink, ...]
    families: tuple[str, ...] = ("ipv4",)
    pools: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Pools by the topology file's names for them."""
    profile: Profile = "rfc7938"
    sections: tuple[Section, ...] = ()
    """Of the topology file, what the source says beyond devices and links."""
    notes: tuple[str, ...] = ()


def proper_name(text: str) -> str:
    """The text as a device or group may be called: lower case letters, digits and hyphens (RFC 1123 section 2.1)."""
    return _MADE_OF.sub("-", text.lower()).strip("-")[:63].strip("-") or "unnamed"


def tier_in(*texts: str) -> Tier | None:
    """The tier that the first telling text tells of."""
    for text in texts:
        for pattern, tier in _WORDS:
            if re.search(rf"(?<![a-z])(?:{pattern})(?![a-z])", text.lower()):
                return tier
    return None


def role_in(*texts: str) -> str:
    """The role that the first telling text tells of; `server` where none does."""
    for text in texts:
        for pattern, role in _ROLES:
            if re.search(pattern, text.lower()):
                return role
    return "server"


def device_found(name: str, labels: Mapping[str, object], *texts: str, asn: int | None, place: str) -> FoundDevice:
    """A device with the hints that its labels give, and then its other texts and its name."""
    hints: dict[str, str] = {}
    for label, notion in LABELS.items():
        if label in labels:
            hints.setdefault(notion, str(labels[label]))
    role = hints.pop("role", "")
    places = {notion: proper_name(text) for notion, text in hints.items()}
    return FoundDevice(name, tier_in(role, *texts, name), role_in(role, *texts, name), asn=asn, place=place, **places)


def renamed(names: Iterable[str]) -> dict[str, str]:
    """Each name with the proper one that it gets, no two of them alike."""
    given: dict[str, str] = {}
    for name in names:
        wanted = proper_name(name)
        number, unique = 2, wanted
        while unique in given.values():
            unique, number = f"{wanted}-{number}", number + 1
        given[name] = unique
    return given
