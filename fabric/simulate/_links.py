"""The physical layer: which interfaces have carrier under given failures, and who owns which address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from fabric._values import dataclass
from fabric.config import LOOPBACK, Address, DeviceConfig, FabricConfig, Interface, InterfaceAddress, Port
from fabric.simulate._tables import PrefixTable
from fabric.simulate._values import NONE, Failures
from fabric.simulate._vrf import base_device, siblings, vrf_name


@dataclass(frozen=True)
class Links:
    """The fabric, its VRFs separated (`_vrf`), with its failures applied."""

    fabric: FabricConfig
    failures: Failures

    @cached_property
    def _dead_ports(self) -> frozenset[Port]:
        dead = {port for cable in self.failures.cables for port in (cable.a, cable.b)}
        lost = self.failures.devices
        dead.update(near for near, far in self.fabric.peer_of.items() if near.device in lost or far.device in lost)
        if self.fabric.circuits:  # a VLAN ends with its port, a bridge with its last member
            dead.update(Port(d, i.name) for d, i in self._layered if i.parent and Port(d, i.parent) in dead)
            dead.update(
                Port(d, i.name) for d, i in self._layered if i.members and all(Port(d, m) in dead for m in i.members)
            )
        return frozenset(dead)

    @property
    def _layered(self) -> Iterator[tuple[str, Interface]]:
        """VLANs and bridges, with the device that they are on."""
        return ((d.name, i) for d in self.fabric for i in d.interfaces if i.parent or i.members)

    def alive(self, device: str) -> bool:
        """True when the device itself has not failed."""
        return device not in self.failures.devices

    def up(self, port: Port) -> bool:
        """True when the interface forwards: its device lives and its cable, if it has one, gives carrier.

        An interface without a cable or member (loopback, dummy) has no carrier to lose.
        """
        return self._whole or (self.alive(port.device) and self._home(port) not in self._dead_ports)

    @cached_property
    def _whole(self) -> bool:
        """True when nothing has failed."""
        return self.failures == NONE

    def interfaces(self, device: DeviceConfig) -> Iterator[Interface]:
        """The interfaces of the device's default VRF that are up."""
        return (i for i in device.interfaces if i.vrf is None and self.up(Port(device.name, i.name)))

    def far_end(self, port: Port) -> Port | None:
        """The port at the other end of the cable, `None` without a cable or without carrier."""
        return self.fabric.peer_of.get(self._home(port)) if self.up(port) else None

    def _home(self, port: Port) -> Port:
        """The port as its own VRF has it: routes that another VRF takes over leave by interfaces of this one."""
        homes = self._homes
        return homes.get(port, port) if homes else port

    def parts_of(self, device: str) -> tuple[str, ...]:
        """The names under which the VRFs of a device are simulated, its own among them."""
        return self.healthy._siblings.get(base_device(device), (device,))

    @cached_property
    def _siblings(self) -> dict[str, tuple[str, ...]]:
        return siblings(self.fabric.by_name)

    @cached_property
    def _homes(self) -> dict[Port, Port]:
        if self.healthy is not self:
            return self.healthy._homes
        return {
            Port(other, interface.name): Port(name, interface.name)
            for parts in self._siblings.values()
            for name in parts
            for interface in self.fabric.by_name[name].interfaces
            for other in parts
            if other != name
        }

    @cached_property
    def _vrf_devices(self) -> dict[Port, Port]:
        """By the VRF devices that each part of a device sees, the VRF that they lead into."""
        return {
            Port(part, name): Port(vrf, name)
            for parts in self._siblings.values()
            for vrf in parts
            if (name := vrf_name(vrf)) is not None
            for part in parts
        }

    def answering(self, port: Port, address: Address) -> Port | None:
        """The port that has `address` on the same link, or in the same segment; `None` where nothing answers.

        The device of a VRF is a link into that VRF, which passes on whatever it gets.
        """
        if (within := self.healthy._vrf_devices.get(port)) is not None:
            return within if self.up(port) else None
        if port in self.segment_of:
            reached = self.segment_of[port] if self.up(port) else frozenset()
            owners = (owner for owner in self.owners.get(address, ()) if owner != port and owner in reached)
            return next((owner for owner in owners if self.up(owner)), None)
        far = self.far_end(port)
        return far if far in self.owners.get(address, ()) else None

    @cached_property
    def segment_of(self) -> dict[Port, frozenset[Port]]:
        """For each port of a segment all that it reaches there without being routed, itself among them."""
        if not self.fabric.circuits:
            return {}
        joined: dict[Port, set[Port]] = {}
        pairs = [(c.a, c.b) for c in self.fabric.circuits if self.up(c.a) and self.up(c.b)]
        pairs += [(Port(d, i.name), Port(d, m)) for d, i in self._layered for m in i.members if self.up(Port(d, m))]
        for one, other in pairs:
            here, there = joined.setdefault(one, {one}), joined.setdefault(other, {other})
            if here is not there:
                here |= there
                joined.update(dict.fromkeys(there, here))
        return {port: frozenset(members) for port, members in joined.items()}

    @property
    def healthy(self) -> Links:
        """The fabric without its failures; not kept where that is this one, which would be a cycle of references."""
        return self if self._whole else self._unhurt

    @cached_property
    def _unhurt(self) -> Links:
        return Links(self.fabric, NONE)

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
    def _places(self) -> dict[str, tuple[Attachment, ...]]:
        if self.healthy is not self:
            return self.healthy._places
        return {
            device.name: tuple(
                Attachment(interface, address, address.ip)
                for interface in device.interfaces
                if interface.vrf is None
                for address in interface.addresses
            )
            for device in self.fabric
        }

    def connected_address(self, device: DeviceConfig, peer: Address) -> Attachment | None:
        """The interface, and its address, on whose subnet `peer` is; the loopback has no neighbors."""
        found = self._subnets[device.name].longest(peer)
        return None if found is None or found.ip == peer else found

    @cached_property
    def _subnets(self) -> dict[str, PrefixTable[Attachment]]:
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


class Attachment(NamedTuple):
    """One address of one interface, by which a device is on a subnet."""

    interface: Interface
    address: InterfaceAddress
    ip: Address
    """The address alone, which `ipaddress` would make anew each time."""
