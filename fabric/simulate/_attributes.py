"""The attributes of a BGP path, and the next hop that travels with them.

Both are named tuples and not dataclasses: they are hashed and compared for every message, which tuples do natively.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from fabric.config import Address

DEFAULT_LOCAL_PREFERENCE = 100
LOCAL_WEIGHT = 32768

AsHop = int | frozenset[int]
"""One element of an AS path: an ASN, or an AS_SET, which counts as one hop (RFC 4271 section 9.1.2.2)."""


class Origin(IntEnum):
    """ORIGIN (RFC 4271 section 5.1.1); the lower value is preferred."""

    IGP = 0
    EGP = 1
    INCOMPLETE = 2

    __hash__ = int.__hash__  # an enumeration's own is a Python function, and attributes are hashed all the time


class Attributes(NamedTuple):
    """What a path carries besides its next hop; `med` `None` is an absent MED, which compares as 0."""

    as_path: tuple[AsHop, ...] = ()
    origin: Origin = Origin.IGP
    med: int | None = None
    local_preference: int = DEFAULT_LOCAL_PREFERENCE
    weight: int = 0
    communities: frozenset[str] = frozenset()
    large_communities: frozenset[str] = frozenset()
    originator_id: int | None = None
    """ORIGINATOR_ID of a reflected path (RFC 4456), as the number of the router id."""
    cluster_list: tuple[int, ...] = ()


class BgpNextHop(NamedTuple):
    """NEXT_HOP: an address, the sender's link-local address, or both; neither means the device itself."""

    address: Address | None = None
    link_local: bool = False
    """The update carried the sender's link-local address; it goes no further than that link."""
    prefer_global: bool = False
    """`set ipv6 next-hop prefer-global`: of the two, forward to the global address."""

    @property
    def uses_link_local(self) -> bool:
        """True when packets go to the link-local address, as FRR prefers."""
        return self.link_local and not (self.prefer_global and self.address is not None)


OWN = BgpNextHop()
"""The device itself."""


def count_asn(as_path: tuple[AsHop, ...], asn: int) -> int:
    """How often `asn` stands in the path, AS_SETs included."""
    found = as_path.count(asn)
    for hop in as_path:
        if isinstance(hop, frozenset) and asn in hop:
            found += 1
    return found


def as_path_text(as_path: tuple[AsHop, ...]) -> str:
    """The path as FRR prints it, which is what AS-path regular expressions match."""
    return " ".join(
        "{" + ",".join(map(str, sorted(hop))) + "}" if isinstance(hop, frozenset) else str(hop) for hop in as_path
    )
