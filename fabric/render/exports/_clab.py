"""A fabric as a containerlab topology: FRR in a container for each device, wired as planned."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache

from fabric import resources
from fabric.config import Cable, DeviceConfig, FabricConfig
from fabric.errors import InputError
from fabric.render.exports._cabling import link_mtu
from fabric.render.exports._names import file_name
from fabric.render.exports._yaml import Document, yaml_text

FRR_IMAGE = "frrouting/frr:v8.4.1"
"""The image of FRR 8.4 that the FRR project published; any image does that starts FRR from `/etc/frr`."""
FRR_FILES = ("frr.conf", "daemons")
_RESERVED = frozenset({"host", "mgmt-net", "macvlan", "dummy", "vxlan", "vxlan-stitch"})
"""Names that the end of a link may have for what is no node."""
_CAPABILITIES = ("NET_ADMIN", "NET_RAW", "SYS_ADMIN")
"""What zebra asks for when it starts (`zebra/main.c`) beyond what Docker grants."""
_FIRST_TABLE = 1001
"""Kernel routing table of a device's first VRF."""


def clab_tree(fabric: FabricConfig, image: str = FRR_IMAGE) -> Mapping[str, str]:
    """`FABRIC.clab.yml`, to be deployed beside the `frr/DEVICE/` files of `frr_tree` that its nodes mount.

    Raises InputError for a device's name that cannot stand in a path, or that containerlab reserves.
    """
    return {f"{file_name(fabric.name, 'fabric')}.clab.yml": yaml_text(clab_document(fabric, image), fabric.name)}


def clab_document(fabric: FabricConfig, image: str) -> Document:
    """The containerlab topology as plain values (https://containerlab.dev/manual/topo-def-file).

    `mgmt.skip-when-unused` came with containerlab 0.76: no bridge, no lines in `/etc/hosts`.
    """
    return {
        "name": fabric.name,
        "mgmt": {"skip-when-unused": True},
        "topology": {
            "defaults": _defaults(image),
            "nodes": {_node_name(device.name): _node(device) for device in fabric},
            "links": [_link(fabric, cable) for cable in fabric.cables],
        },
    }


def _defaults(image: str) -> Document:
    """What all nodes share. FRR needs three capabilities, not a container that may do all that the host's root may."""
    return {
        "kind": "linux",
        "image": image,
        "privileged": False,
        "cap-add": list(_CAPABILITIES),
        "sysctls": dict(_sysctls("sysctls.conf")),
    }


def _node_name(name: str) -> str:
    if name not in _RESERVED:
        return file_name(name, "containerlab node")
    reserved = ", ".join(sorted(_RESERVED))
    raise InputError(
        f"containerlab node: found the name {name!r}; allowed: any but {reserved}, which mean other things to "
        "containerlab. Rename it in the topology."
    )


def _node(device: DeviceConfig) -> Document:
    """A node without a management network, whose default route would win over the fabric's."""
    node: Document = {
        "network-mode": "none",
        "binds": [f"{frr_path(device.name, name)}:/etc/frr/{name}" for name in FRR_FILES],
        "labels": _labels(device),
    }
    if not device.forwarding:
        node["sysctls"] = dict(_sysctls("sysctls-host.conf"))
    if commands := list(_vrf_commands(device)):
        node["exec"] = commands
    return node


def frr_path(device: str, name: str) -> str:
    """Where `frr_tree` puts a file of a device."""
    return f"frr/{device}/{name}"


def _labels(device: DeviceConfig) -> dict[str, str]:
    place = device.place
    notions = {"role": place.role, "zone": place.zone, "rack": place.rack, "pod": place.pod}
    return {f"fabric-{notion}": value for notion, value in notions.items() if value}


def _vrf_commands(device: DeviceConfig) -> Iterator[str]:
    """What makes the VRFs: FRR adopts them, but leaves making them to others."""
    names = dict.fromkeys(interface.vrf for interface in device.interfaces if interface.vrf)
    for table, name in enumerate(names, start=_FIRST_TABLE):
        yield f"ip link add {shlex.quote(name)} type vrf table {table}"
        yield f"ip link set {shlex.quote(name)} up"
    for interface in device.interfaces:
        if interface.vrf:
            yield f"ip link set {shlex.quote(interface.name)} master {shlex.quote(interface.vrf)}"


def _link(fabric: FabricConfig, cable: Cable) -> Document:
    return {"endpoints": [str(cable.a), str(cable.b)], "mtu": link_mtu(fabric, cable)}


@lru_cache(maxsize=2)
def _sysctls(file: str) -> tuple[tuple[str, str], ...]:
    """The settings of a file of `lab/`, but for those that a kernel may lack: Docker would refuse to start."""
    lines = (resources.directory("lab") / file).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line.strip() and line[0] not in "#;-")
    return tuple((key.strip(), value.strip()) for key, _, value in pairs)
