"""Netlink requests as bytes, and sending many of them at once."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import IPv4Interface, ip_address, ip_interface
from itertools import islice

from pyroute2.netlink import NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST
from pyroute2.netlink.rtnl import RTM_DELADDR, RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH
from pyroute2.netlink.rtnl.ifaddrmsg import IFA_F_NODAD, ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import IFF_UP, ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg

from fabric._values import dataclass
from fabric.errors import LabError
from fabric.lab._blueprint import End, Vrf, Wire
from fabric.lab._namespaces import inside

NUD_REACHABLE = 0x02
NTF_EXT_LEARNED = 0x10
_CREATE = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
_CHANGE = NLM_F_REQUEST | NLM_F_ACK
_ENSURE = _CHANGE | NLM_F_CREATE | NLM_F_REPLACE
_BATCH = 64  # so that the acknowledgements of a batch fit into the socket's receive buffer
_HEADER = struct.Struct("=IHHIIi")  # nlmsghdr, then the error number of an NLMSG_ERROR


@dataclass(frozen=True, slots=True)
class Request:
    """One netlink request, and in words what it is for."""

    purpose: str
    message: bytes
    settled_by: int = 0
    """The error number by which the kernel says that it is so already."""


def veth(wire: Wire, namespaces: Mapping[str, int]) -> Request:
    """The request for a veth pair whose ends are born in the namespaces (file descriptors by device)."""
    peer = {"index": wire.b.index, "attrs": _link_attributes(wire.b, namespaces)}
    kind = {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", {"attrs": [("VETH_INFO_PEER", peer)]})]}
    attributes = [*_link_attributes(wire.a, namespaces), ("IFLA_LINKINFO", kind)]
    purpose = f"cable {wire.a.device}:{wire.a.name} to {wire.b.device}:{wire.b.name}"
    return Request(purpose, _link_message(wire.a.index, attributes, create=True))


def _link_attributes(end: End, namespaces: Mapping[str, int]) -> list[tuple[str, object]]:
    return [
        ("IFLA_IFNAME", end.name),
        ("IFLA_NET_NS_FD", namespaces[end.device]),
        ("IFLA_ADDRESS", end.mac),
        ("IFLA_MTU", end.mtu),
    ]


def new_vrf(vrf: Vrf) -> Request:
    """The request for a VRF device that is up, in the current namespace."""
    data = {"attrs": [("IFLA_VRF_TABLE", vrf.table)]}
    kind = {"attrs": [("IFLA_INFO_KIND", "vrf"), ("IFLA_INFO_DATA", data)]}
    attributes = [("IFLA_IFNAME", vrf.name), ("IFLA_LINKINFO", kind)]
    return Request(f"VRF {vrf.name}", _link_message(vrf.index, attributes, create=True, up=True))


def new_bridge(index: int, name: str) -> Request:
    """The request for a bridge, in the current namespace."""
    attributes = [("IFLA_IFNAME", name), ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "bridge")]})]
    return Request(f"bridge {name}", _link_message(index, attributes, create=True))


def enslave(index: int, master: int) -> Request:
    """The request that puts an interface under a master, such as a VRF or a bridge."""
    return Request(f"interface {index} under interface {master}", _link_message(index, [("IFLA_MASTER", master)]))


def set_up(index: int) -> Request:
    """The request that sets an interface up."""
    return Request(f"interface {index} up", _link_message(index, [], up=True))


def set_down(index: int) -> Request:
    """The request that sets an interface down; its far end loses the carrier."""
    return Request(f"interface {index} down", _link_message(index, [], down=True))


def set_mtu(index: int, mtu: int) -> Request:
    """The request that gives an interface another MTU."""
    return Request(f"MTU {mtu} on interface {index}", _link_message(index, [("IFLA_MTU", mtu)]))


def _link_message(
    index: int, attributes: Sequence[tuple[str, object]], *, create: bool = False, up: bool = False, down: bool = False
) -> bytes:
    message = ifinfmsg()
    message["index"] = index
    message["flags"] = IFF_UP if up else 0
    message["change"] = IFF_UP if up or down else 0
    message["attrs"] = list(attributes)
    message["header"]["type"] = RTM_NEWLINK
    message["header"]["flags"] = _CREATE if create else _CHANGE
    message.encode()
    return bytes(message.data)


def new_address(index: int, address: str) -> Request:
    """The request for an address on an interface; an IPv6 one is usable at once (no duplicate detection)."""
    return _address_request(index, address, _CREATE)


def address_again(index: int, address: str) -> Request:
    """The request for an address that the interface may have already."""
    return _address_request(index, address, _ENSURE)


def _address_request(index: int, address: str, flags: int, kind: int = RTM_NEWADDR) -> Request:
    interface = ip_interface(address)
    message = ifaddrmsg()
    message["index"] = index
    message["family"] = socket.AF_INET if isinstance(interface, IPv4Interface) else socket.AF_INET6
    message["prefixlen"] = interface.network.prefixlen
    message["attrs"] = [("IFA_LOCAL", str(interface.ip)), ("IFA_ADDRESS", str(interface.ip))]
    if not isinstance(interface, IPv4Interface):
        message["flags"] = IFA_F_NODAD
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return Request(f"address {address} on interface {index}", bytes(message.data))


def learned(index: int, address: str, mac: str) -> Request:
    """The request that an interface knows its neighbor's hardware address, as if somebody else had learnt it for it.

    `NTF_EXT_LEARNED` keeps the entry out of the count that `net.ipv4.neigh.default.gc_thresh3` limits (1024, for all
    network namespaces of a machine together); else it is like any other, and goes when the carrier goes.
    """
    neighbor = ip_address(address)
    message = ndmsg()
    message["family"] = socket.AF_INET if neighbor.version == 4 else socket.AF_INET6
    message["ifindex"] = index
    message["state"] = NUD_REACHABLE
    message["flags"] = NTF_EXT_LEARNED
    message["attrs"] = [("NDA_DST", address), ("NDA_LLADDR", mac)]
    message["header"]["type"] = RTM_NEWNEIGH
    message["header"]["flags"] = _ENSURE
    message.encode()
    return Request(f"neighbor {address} on interface {index}", bytes(message.data))


def no_address(index: int, address: str) -> Request:
    """The request that takes an address from an interface, if it has it."""
    return replace(_address_request(index, address, _CHANGE, RTM_DELADDR), settled_by=errno.EADDRNOTAVAIL)


def no_link(index: int) -> Request:
    """The request that removes an interface of the current namespace, if it is there; of a veth pair, both ends go."""
    message = ifinfmsg()
    message["index"] = index
    message["header"]["type"] = RTM_DELLINK
    message["header"]["flags"] = _CHANGE
    message.encode()
    return Request(f"removing interface {index}", bytes(message.data), settled_by=errno.ENODEV)


def send(requests: Iterable[Request], where: str) -> None:
    """Nothing; carries out all requests in the current network namespace. Raises `LabError` at the first refused."""
    with _kernel() as kernel:
        _send(kernel, requests, where)


def send_in_each(requests: Mapping[str, Iterable[Request]]) -> None:
    """Nothing; carries out the requests of each device in its namespace, all of them right after each other.

    Raises `LabError` at the first refused.
    """
    with ExitStack() as stack:
        kernels = {}
        for device in requests:
            with inside(device):
                kernels[device] = stack.enter_context(_kernel())
        for device, of_device in requests.items():
            _send(kernels[device], of_device, device)


def _kernel() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def _send(kernel: socket.socket, requests: Iterable[Request], where: str) -> None:
    remaining = iter(requests)
    while batch := list(islice(remaining, _BATCH)):
        kernel.send(b"".join(_numbered(request.message, number) for number, request in enumerate(batch)))
        _await_answers(kernel, batch, where)


def _numbered(message: bytes, number: int) -> bytes:
    """The message with its sequence number, by which the kernel's answer is known."""
    return message[:8] + struct.pack("=I", number) + message[12:]


def _await_answers(kernel: socket.socket, batch: Sequence[Request], where: str) -> None:
    answered = 0
    while answered < len(batch):
        answer, offset = kernel.recv(1 << 16), 0
        while offset < len(answer):
            length, _, _, number, _, error = _HEADER.unpack_from(answer, offset)
            if error and -error != batch[number].settled_by:
                raise LabError(_refused(batch[number].purpose, where, -error))
            offset += (length + 3) & ~3
            answered += 1


def _refused(purpose: str, where: str, number: int) -> str:
    message = f"{where}: the kernel refused {purpose}: {os.strerror(number)}."
    if purpose.startswith("VRF"):
        message += " A VRF needs a kernel with CONFIG_NET_VRF; run the lab on one, or leave VRFs out of the design."
    return message
