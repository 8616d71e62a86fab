"""Packets: every path that ECMP may give a flow, hop by hop, and whether it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from fabric._values import dataclass
from fabric.config import Address, Port
from fabric.simulate._links import Links
from fabric.simulate._values import NextHop
from fabric.simulate._zebra import Zebra


class Fate(Enum):
    """How one path of a packet ends."""

    DELIVERED = "delivered"
    NO_ROUTE = "no-route"
    BLACKHOLE = "blackhole"
    LOOP = "loop"
    NO_NEIGHBOR = "no-neighbor"
    """The next hop does not answer: nothing at the other end of the link has its address."""
    NOT_FORWARDING = "not-forwarding"
    """A device that does not forward was asked to."""
    DEVICE_DOWN = "device-down"


@dataclass(frozen=True, slots=True)
class Hop:
    """One device on the way and the leg that the packet leaves by; `None` where it goes no further."""

    device: str
    leg: NextHop | None

    def __str__(self) -> str:
        return self.device if self.leg is None else f"{self.device} ({self.leg})"


@dataclass(frozen=True, slots=True)
class TracedPath:
    """One of the paths that ECMP allows."""

    hops: tuple[Hop, ...]
    fate: Fate

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices in the order in which the packet sees them."""
        return tuple(hop.device for hop in self.hops)


class Forwarding:
    """Forwarding over the selected routes of one outcome."""

    def __init__(self, links: Links, zebra: Zebra) -> None:
        self._links = links
        self._zebra = zebra

    def source_towards(self, device: str, address: Address) -> Address | None:
        """The source address that the kernel takes for packets to `address`; `None` without a route."""
        return self._zebra.source_towards(device, address)

    def delivers(self, device: str, address: Address) -> bool:
        """True when packets from the device to `address` arrive, whichever ECMP member they take."""
        return self._delivers(device, address, device, {})

    def paths(self, device: str, address: Address) -> Iterator[TracedPath]:
        """Every path from the device to `address` that ECMP allows, in order of the next hops."""
        yield from self._paths(device, address, ())

    def _delivers(self, device: str, address: Address, first: str, known: dict[str, bool]) -> bool:
        if device not in known:
            known[device] = False  # until shown otherwise: coming back here is a loop
            step = self._step(device, address, first)
            known[device] = (
                step is Fate.DELIVERED
                if isinstance(step, Fate)
                else all(
                    far is not None and self._delivers(far.device, address, first, known)
                    for far in (self._far_end(device, leg, address) for leg in step)
                )
            )
        return known[device]

    def _paths(self, device: str, address: Address, behind: tuple[Hop, ...]) -> Iterator[TracedPath]:
        if any(hop.device == device for hop in behind):
            yield TracedPath((*behind, Hop(device, None)), Fate.LOOP)
            return
        step = self._step(device, address, behind[0].device if behind else device)
        if isinstance(step, Fate):
            yield TracedPath((*behind, Hop(device, None)), step)
            return
        for leg in sorted(step, key=str):
            far = self._far_end(device, leg, address)
            hops = (*behind, Hop(device, leg))
            if far is None:
                yield TracedPath(hops, Fate.NO_NEIGHBOR)
            else:
                yield from self._paths(far.device, address, hops)

    def _step(self, device: str, address: Address, first: str) -> Fate | frozenset[NextHop]:
        """The legs that a packet may leave by, or how it ends here."""
        if not self._links.alive(device):
            return Fate.DEVICE_DOWN
        if address in self._links.own_addresses[device]:
            return Fate.DELIVERED
        if device != first and not self._links.fabric.by_name[device].forwarding:
            return Fate.NOT_FORWARDING
        entry = self._zebra.lookup(device, address)
        if entry is None:
            return Fate.NO_ROUTE
        return Fate.BLACKHOLE if entry.blackhole else entry.next_hops

    def _far_end(self, device: str, leg: NextHop, address: Address) -> Port | None:
        """The port that takes the packet: the far end of the cable, if it has the address that is asked for."""
        port = Port(device, leg.interface)
        return self._links.far_end(port) if leg.link_local else self._links.answering(port, leg.gateway or address)
