"""A small fabric written by hand, so that the lab is tested without the rooms that design and render.

spine-1     spine-2        spine-1: /31 and /127 links; spine-2: unnumbered links (RFC 5549)
  |  \\     /  |
  |   \\   /   |            loopbacks 10.255.0.N/32 and fd00::N/128
leaf-1      leaf-2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface

from fabric.config import (
    BgpInstance,
    Cable,
    DeviceConfig,
    FabricConfig,
    Interface,
    Neighbor,
    NeighborFamily,
    Place,
    Port,
)
from fabric.lab import LabSpec

ASNS = {"spine-1": 64512, "spine-2": 64512, "leaf-1": 65001, "leaf-2": 65002}
_ASNS = {**ASNS, "leaf-3": 65003}
_LOOPBACKS = {name: (f"10.255.0.{number}", f"fd00::{number}") for number, name in enumerate(_ASNS, start=1)}
LOOPBACKS = {name: _LOOPBACKS[name] for name in ASNS}
FAMILIES = (NeighborFamily("ipv4"), NeighborFamily("ipv6"))


@dataclass(frozen=True, slots=True)
class Files:
    frr_conf: str
    daemons: str = ""


def lab_spec(name: str = "tiny", leaves: Sequence[int] = (1, 2)) -> LabSpec:
    """Two spines and leaves of these numbers, two unless told otherwise, dual stack."""
    names = ("spine-1", "spine-2", *(f"leaf-{leaf}" for leaf in leaves))
    devices = tuple(_device(name, leaves) for name in names)
    cables = tuple(
        Cable(Port(f"spine-{spine}", f"down{leaf}"), Port(f"leaf-{leaf}", f"up{spine}"))
        for spine in (1, 2)
        for leaf in leaves
    )
    files = {device.name: Files(_frr_conf(device)) for device in devices}
    return LabSpec(name, FabricConfig("tiny", devices, cables), files)


def with_conf(spec: LabSpec, device: str, extra: str) -> LabSpec:
    """The spec with lines added to the end of a device's `frr.conf`."""
    files: Mapping[str, Files] = {
        name: Files(written.frr_conf + (extra if name == device else "")) for name, written in spec.files.items()
    }
    return replace(spec, files=files)


def lonely_router(name: str, conf: str = "hostname r1\n") -> LabSpec:
    """One device with zebra alone, which is up in no time."""
    return replace(lonely_routers(name, 1), files={"r1": Files(conf)})


def lonely_routers(name: str, count: int) -> LabSpec:
    """Devices `r1` and so on with zebra alone, and no cable between them."""
    names = [f"r{number}" for number in range(1, count + 1)]
    devices = tuple(DeviceConfig(n, Place("leaf"), (Interface("lo"), Interface("eth0"))) for n in names)
    return LabSpec(name, FabricConfig(name, devices, ()), {n: Files(f"hostname {n}\n") for n in names})


def _device(name: str, leaves: Sequence[int]) -> DeviceConfig:
    v4, v6 = _LOOPBACKS[name]
    role, number = name.split("-")
    far_ends = (1, 2) if role == "leaf" else leaves
    loopback = Interface("lo", (ip_interface(f"{v4}/32"), ip_interface(f"{v6}/128")))
    ports = tuple(_port(role, int(number), far) for far in far_ends)
    neighbors = tuple(Neighbor(port.name, "external", FAMILIES) for port in ports)
    bgp = BgpInstance(_ASNS[name], v4, neighbors, ())
    return DeviceConfig(name, Place(role), (loopback, *ports), (bgp,))


def _port(role: str, number: int, far: int) -> Interface:
    """A port to spine or leaf number `far`; links of spine-1 carry addresses, those of spine-2 none."""
    spine, leaf = (number, far) if role == "spine" else (far, number)
    end = 0 if role == "spine" else 1
    addresses = (f"10.0.0.{2 * leaf + end}/31", f"fd01::{2 * leaf + end}/127") if spine == 1 else ()
    name = f"down{far}" if role == "spine" else f"up{far}"
    return Interface(name, tuple(map(ip_interface, addresses)), mtu=9000, router_advertisements=spine == 2)


def _frr_conf(device: DeviceConfig) -> str:
    v4, v6 = _LOOPBACKS[device.name]
    lines = ["frr defaults datacenter", f"hostname {device.name}", "no zebra nexthop kernel enable"]
    for port in device.interfaces:
        if port.router_advertisements:
            lines += [f"interface {port.name}", " no ipv6 nd suppress-ra", "exit"]
    lines += [f"router bgp {_ASNS[device.name]}", f" bgp router-id {v4}", " no bgp ebgp-requires-policy"]
    lines += [" bgp bestpath as-path multipath-relax", " coalesce-time 100"]
    names = [port.name for port in device.interfaces if port.name != "lo"]
    lines += [f" neighbor {name} interface remote-as external" for name in names]
    lines += [f" neighbor {name} timers connect 1" for name in names]
    for family, network in (("ipv4", f"{v4}/32"), ("ipv6", f"{v6}/128")):
        lines += [f" address-family {family} unicast", f"  network {network}"]
        lines += [f"  neighbor {name} activate" for name in names]
        lines += [" exit-address-family"]
    return "\n".join([*lines, "exit", ""])
