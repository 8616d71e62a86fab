"""What is understood of raw configuration: `allowas-in`, for which the API has no field and which decides on routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from fabric.config import BgpInstance, Neighbor

Accepted = Mapping[tuple[str | None, str, str], int | Literal["origin"]]
"""How often the own ASN may stand in a path, by VRF, family and peer."""

_ROUTER = re.compile(r"router bgp \d+(?: vrf (\S+))?")
_FAMILY = re.compile(r"address-family (ipv4|ipv6)(?: unicast)?")
_ALLOWAS_IN = re.compile(r"neighbor (\S+) allowas-in(?: (\d+|origin))?")
_FRR_DEFAULT = 3


def own_asn_accepted(raw: str) -> Accepted:
    """The `allowas-in` statements of a raw configuration, read as FRR does line by line."""
    found: dict[tuple[str | None, str, str], int | Literal["origin"]] = {}
    vrf: str | None = None
    family: str | None = None
    for line in map(str.strip, raw.splitlines()):
        if match := _ROUTER.fullmatch(line):
            vrf, family = match[1], "ipv4"
        elif line.startswith("address-family "):
            family = match[1] if (match := _FAMILY.fullmatch(line)) else None
        elif line == "exit-address-family":
            family = "ipv4"
        elif line == "exit":
            family = None
        elif family and (match := _ALLOWAS_IN.fullmatch(line)):
            found[vrf, family, match[1]] = "origin" if match[2] == "origin" else int(match[2] or _FRR_DEFAULT)
    return found


def with_own_asn(instance: BgpInstance, accepted: Accepted) -> BgpInstance:
    """The instance with `allowas-in` on the neighbors that have it."""
    if not accepted:
        return instance
    return replace(instance, neighbors=tuple(_neighbor(instance.vrf, n, accepted) for n in instance.neighbors))


def _neighbor(vrf: str | None, neighbor: Neighbor, accepted: Accepted) -> Neighbor:
    families = tuple(
        replace(entry, allowas_in=accepted.get((vrf, entry.family, str(neighbor.peer)), entry.allowas_in))
        for entry in neighbor.families
    )
    return replace(neighbor, families=families)
