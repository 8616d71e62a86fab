"""The physical layer: which interfaces have carrier under given failures, and who owns which address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from fabric.config import LOOPBACK, Address, DeviceConfig, FabricConfig, Interface, InterfaceAddress, Port
from fabric.simulate._tables import PrefixTable
from fabric.simulate._values import Failures


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
    def owners(self) -> dict[Address, tuple[Port, ...]]:
        """The configured ports that carry each address, whether up or not."""
        found: dict[Address, tuple[Port, ...]] = {}
        for device in self.fabric:
            for interface in device.interfaces:
                for address in interface.addresses if interface.vrf is None else ():
                    found[address.ip] = (*found.get(address.ip, ()), Port(device.name, interface.name))
        return found

    @cached_property
    def own_addresses(self) -> dict[str, frozenset[Address]]:
        """The addresses that each device has on interfaces that are up."""
        return {d.name: frozenset(a.ip for i in self.interfaces(d) for a in i.addresses) for d in self.fabric}

    def connected_address(self, device: DeviceConfig, peer: Address) -> tuple[Interface, InterfaceAddress] | None:
        """The interface, and its address, on whose subnet `peer` is; the loopback has no neighbors."""
        found = next(self._subnets[device.name].covering(peer), None)
        return None if found is None or found[1].ip == peer else found

    @cached_property
    def _subnets(self) -> dict[str, PrefixTable[tuple[Interface, InterfaceAddress]]]:
        return {
            device.name: PrefixTable(
                (address.network, (interface, address))
                for interface in self.interfaces(device)
                if interface.name != LOOPBACK
                for address in interface.addresses
            )
            for device in self.fabric
        }
