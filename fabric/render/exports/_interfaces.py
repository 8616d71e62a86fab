"""What FRR has no words for: MTUs, VLANs and bridges, as ifupdown2's `/etc/network/interfaces` has them.

Addresses stand here and in `frr.conf` alike; whichever is first, the other one finds them there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fabric.config import LOOPBACK, DeviceConfig, FabricConfig, Interface
from fabric.render.exports._names import file_name

_HEADER = "# Interfaces of {}, for ifupdown2. Written by fabric: change the topology, not this file.\n"


def interfaces_tree(fabric: FabricConfig) -> Mapping[str, str]:
    """`interfaces/DEVICE`, for `/etc/network/interfaces.d/`; InputError for a name that no path may hold."""
    return {f"interfaces/{file_name(device.name, 'device')}": _text(device) for device in fabric}


def _text(device: DeviceConfig) -> str:
    return "\n".join([_HEADER.format(device.name), *("\n".join(_stanza(entry)) + "\n" for entry in device.interfaces)])


def _stanza(interface: Interface) -> Iterator[str]:
    yield f"auto {interface.name}"
    yield f"iface {interface.name} inet loopback" if interface.name == LOOPBACK else f"iface {interface.name}"
    if interface.name != LOOPBACK:
        yield f"    mtu {interface.mtu}"
    if interface.description:
        yield f"    alias {' '.join(interface.description.split())}"
    if interface.vrf is not None:
        yield f"    vrf {interface.vrf}"
    if interface.parent is not None:
        yield f"    vlan-raw-device {interface.parent}"
        yield f"    vlan-id {interface.vlan}"
    if interface.members:
        yield f"    bridge-ports {' '.join(interface.members)}"
        yield "    bridge-stp off"
    yield from (f"    address {address}" for address in interface.addresses)
