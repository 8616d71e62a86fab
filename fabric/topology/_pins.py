"""Pinned addresses from a CSV file: one of our own columns, or NetBox's export of its IP addresses."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path as FilePath

from fabric._reading import read_at_most
from fabric._values import dataclass
from fabric.errors import InputError, Problem, TopologyError
from fabric.topology._model import Topology
from fabric.topology._read import Design
from fabric.topology._source import Path, near_miss

Address = IPv4Address | IPv6Address
_OURS = ("device", "network", "address")
_NETBOX_ADDRESS, _NETBOX_ROLE = "ip address", "role"
_NETBOX_DEVICE = ("parent", "device/vm", "device")
"""NetBox's heading of the device changed over its versions."""
_SHARED_ROLES = {"loopback", "anycast", "vip", "vrrp", "hsrp", "glbp", "carp"}
"""Addresses that are no single node's address in a network."""

MAX_PINS_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    device: str
    network: str
    address: str


@dataclass(frozen=True, slots=True)
class _Pin:
    where: str
    device: str
    network: str
    address: Address


def with_pins(design: Design, path: FilePath) -> Design:
    """The design with the pins of a CSV file beside its own; raises `TopologyError` with every wrong line.

    The file has the columns `device`, `network` and `address`, or is what NetBox exports from *IP Addresses*. Of
    NetBox's rows those count that are assigned to a node of the design and lie in one of its networks, for an IPAM
    knows more than one fabric; rows with a role such as `Loopback` or `Anycast` are shared or not of a network.
    """
    pins: list[_Pin] = []
    problems: list[Problem] = []
    taken = {(n, name, a.version): (a, "the topology") for n, name, a in _own(design.topology)}
    for row in _rows(path, design):
        found = _pin(row, str(path), design)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        key = (found.device, found.network, found.address.version)
        before, place = taken.setdefault(key, (found.address, found.where))
        if before != found.address:
            problems.append(_second(found, f"{before} ({place})"))
        elif place == found.where:
            pins.append(found)
    if problems:
        raise TopologyError(problems)
    return _merged(design, pins)


def _own(topology: Topology) -> Iterator[tuple[str, str, Address]]:
    for node, networks in topology.pins.items():
        for network, addresses in networks.items():
            yield from ((node, network, address) for address in addresses)


def _second(pin: _Pin, before: str) -> Problem:
    found = f"{pin.address} for {pin.device} in '{pin.network}', which is pinned to {before}"
    return Problem(pin.where, "address", found, "one address of a family in a network", "Remove one of the two.")


def _merged(design: Design, pins: Sequence[_Pin]) -> Design:
    merged = {node: dict(networks) for node, networks in design.topology.pins.items()}
    places: dict[Path, str] = {}
    for pin in pins:
        networks = merged.setdefault(pin.device, {})
        before = networks.get(pin.network, ())
        places["pins", pin.device, pin.network, len(before)] = pin.where
        networks[pin.network] = (*before, pin.address)
    topology = design.topology.model_copy(update={"pins": merged})
    return replace(design, topology=topology, source=replace(design.source, places=places))


def _rows(path: FilePath, design: Design) -> Iterator[_Row]:
    try:
        text = read_at_most(path, MAX_PINS_BYTES, "Name a CSV file with a line for each pin.", "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"{path}: cannot be read ({reason}). Name a CSV file with a line for each pin.") from error
    columns, rows = _cells(text, path)
    if set(_OURS) <= set(columns):
        return (_Row(n, r.get("device", ""), r.get("network", ""), r.get("address", "")) for n, r in rows)
    device = next((name for name in _NETBOX_DEVICE if name in columns), None)
    if _NETBOX_ADDRESS in columns and device is not None:
        return _netbox_rows(rows, device, design)
    found = f"the columns {', '.join(columns) or 'of an empty file'}"
    allowed = f"{', '.join(_OURS)}; or NetBox's 'IP Address' and 'Parent', with 'Role' where there is one"
    action = "Name the columns in the first line; in NetBox export all data, or a view with the column Parent."
    raise TopologyError([Problem(f"{path}:1", "", found, allowed, action)])


def _cells(text: str, path: FilePath) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The names of the columns in small letters, and the lines with their number and cells by column."""
    reader = csv.reader(text.splitlines(keepends=True))
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        rows = [(reader.line_num, dict(zip(columns, map(str.strip, cells), strict=False))) for cells in reader if cells]
    except csv.Error as error:
        problem = Problem(f"{path}:{reader.line_num}", "", f"no CSV ({error})", "CSV (RFC 4180)", "Correct the line.")
        raise TopologyError([problem]) from error
    return columns, rows


def _netbox_rows(rows: Sequence[tuple[int, Mapping[str, str]]], device: str, design: Design) -> Iterator[_Row]:
    for line, row in rows:
        text, name = row.get(_NETBOX_ADDRESS, "").partition("/")[0], row.get(device, "")
        node = design.fabric.by_name.get(name)
        if node is None or row.get(_NETBOX_ROLE, "").lower() in _SHARED_ROLES:
            continue
        network = _network_of(text, node.role, design.topology)
        if network is not None:
            yield _Row(line, name, network, text)


def _network_of(text: str, role: str, topology: Topology) -> str | None:
    """The network with addresses for a role that an address lies in; `None` for a link's, for instance."""
    address = _address(text)
    for name, network in topology.networks.items():
        prefix = network.ipv4 if isinstance(address, IPv4Address) else network.ipv6
        if address is not None and prefix is not None and address in prefix and role in network.roles:
            return name
    return None


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _pin(row: _Row, file: str, design: Design) -> _Pin | Problem:
    where, networks = f"{file}:{row.line}", design.topology.networks
    node, network, address = design.fabric.by_name.get(row.device), networks.get(row.network), _address(row.address)
    if node is None or node.tier != "node":
        names = [device.name for device in design.fabric.tier("node")]
        action = near_miss(row.device, names) or "Correct the name."
        return Problem(where, "device", f"'{row.device}'", "a node of the fabric", action)
    if network is None:
        action = near_miss(row.network, networks) or "Define it under networks."
        return Problem(where, "network", f"'{row.network}'", ", ".join(networks) or "none is defined", action)
    if node.role not in network.roles:
        found = f"{row.device}, a {node.role}, which has no address in '{row.network}'"
        return Problem(where, "device", found, f"nodes of its roles ({', '.join(network.roles)})", "Add the role.")
    if address is None:
        allowed = "an IPv4 or IPv6 address such as 172.18.0.10"
        return Problem(where, "address", f"'{row.address}'", allowed, "Correct the address.")
    return _Pin(where, row.device, row.network, address)
