"""The physical layer: which interfaces have carrier under given failures, and who owns which address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fabric.config import LOOPBACK, Address, DeviceConfig, FabricConfig, Interface, InterfaceAddress, Port
from fabric.simulate._tables import PrefixTable
from fabric.simulate._values import NONE, Failures


@dataclass(frozen=True)
class Links:
    """The fabric with its failures applied. Interfaces of a VRF are left out: the default VRF alone is simulated."""

    fabric: FabricConfig
    failures: Failures

    @cached_property
    def _dead_ports(self) -> frozenset[Port]:
        dead = {port for cable in self.failures.cables for port in (cable.a, cable.b)}
        lost = self.failures.devices
        dead.update(near for near, far in self.fabric.peer_of.items() if near.device in lost or far.device in lost)
        return frozenset(dead)

    def alive(self, device: str) -> bool:
        """True when the device itself has not failed."""
        return device not in self.failures.devices

    def up(self, port: Port) -> bool:
        """True when the interface forwards: its device lives and its cable, if it has one, gives carrier.

        An interface without a cable (loopback, bridge, dummy) has no carrier to lose.
        """
        return self.alive(port.device) and port not in self._dead_ports

    def interfaces(self, device: DeviceConfig) -> Iterator[Interface]:
        """The interfaces of the device's default VRF that are up."""
        return (i for i in device.interfaces if i.vrf is None and self.up(Port(device.name, i.name)))

    def far_end(self, port: Port) -> Port | None:
        """The port at the other end of the cable, `None` without a cable or without carrier."""
        return self.fabric.peer_of.get(port) if self.up(port) else None

    @cached_property
    def healthy(self) -> Links:
        """The fabric without its failures."""
        return self if self.failures == NONE else Links(self.fabric, NONE)

    @cached_property
    def owners(self) -> dict[Address, tuple[Port, ...]]:
        """The configured ports that carry each address, whether up or not."""
        if self.healthy is not self:
            return self.healthy.owners
        found: dict[Address, tuple[Port, ...]] = {}
        for device, places in self._places.items():
            for place in places:
                found[place.ip] = (*found.get(place.ip, ()), Port(device, place.interface.name))
        return found

    @cached_property
    def own_addresses(self) -> dict[str, frozenset[Address]]:
        """The addresses that each device has on interfaces that are up."""
        if self.healthy is self:
            return {name: frozenset(place.ip for place in places) for name, places in self._places.items()}
        return {
            name: frozenset(place.ip for place in places if self.up(Port(name, place.interface.name)))
            if self.disturbed(name)
            else self.healthy.own_addresses[name]
            for name, places in self._places.items()
        }

    def disturbed(self, device: str) -> bool:
        """True when the device or one of its ports is down."""
        return device in self._disturbed

    @cached_property
    def _disturbed(self) -> frozenset[str]:
        return frozenset((*self.failures.devices, *(port.device for port in self._dead_ports)))

    @cached_property
    def _places(self) -> dict[str, tuple[_Place, ...]]:
        if self.healthy is not self:
            return self.healthy._places
        return {
            device.name: tuple(
                _Place(interface, address, address.ip)
                for interface in device.interfaces
                if interface.vrf is None
                for address in interface.addresses
            )
            for device in self.fabric
        }

    def connected_address(self, device: DeviceConfig, peer: Address) -> tuple[Interface, InterfaceAddress] | None:
        """The interface, and its address, on whose subnet `peer` is; the loopback has no neighbors."""
        found = next(self._subnets[device.name].covering(peer), None)
        return None if found is None or found.ip == peer else (found.interface, found.address)

    @cached_property
    def _subnets(self) -> dict[str, PrefixTable[_Place]]:
        known = {} if self.healthy is self else self.healthy._subnets
        return {
            name: PrefixTable(
                (place.address.network, place)
                for place in places
                if place.interface.name != LOOPBACK and self.up(Port(name, place.interface.name))
            )
            if self.healthy is self or self.disturbed(name)
            else known[name]
            for name, places in self._places.items()
        }


class _Place(NamedTuple):
    """One address of one interface."""

    interface: Interface
    address: InterfaceAddress
    ip: Address
