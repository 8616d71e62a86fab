"""Which TCP connections carry what a leader says to its followers, and by which ports their packets leave devices.

A follower dials, and the leader writes into an answer that it never ends (`/raft/stream/…` of etcd's rafthttp): one
connection for log entries, one for the rest, heartbeats among it. Others to the same port are for probing, and silent.
The wires are listened to: what `ip route get` answers for a packet that is forwarded is not how the kernel hashes it.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

from fabric._values import dataclass
from fabric.config import Address, Port
from fabric.lab._bpf import Instruction, attach
from fabric.lab._netns import in_each
from fabric.lab._quorum._model import Leadership, Member, PeerStream

PEER_PORT = 2380
_HEARTBEATS = 2.5
_SLACK_S = 0.25
_ALL_PROTOCOLS = 0x0003
_LONGEST = 256
_FROM_PEER_PORT: tuple[Instruction, ...] = (
    (0x30, 0, 0, 0),  # the first octet: version, and length of the header
    (0x54, 0, 0, 0xF0),
    (0x15, 0, 5, 0x40),
    (0x30, 0, 0, 9),  # IPv4: protocol
    (0x15, 0, 7, socket.IPPROTO_TCP),
    (0xB1, 0, 0, 0),
    (0x48, 0, 0, 0),  # source port, behind the header
    (0x15, 5, 4, PEER_PORT),
    (0x30, 0, 0, 6),  # IPv6: next header
    (0x15, 0, 2, socket.IPPROTO_TCP),
    (0x28, 0, 0, 40),
    (0x15, 1, 0, PEER_PORT),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, _LONGEST),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment."""

    source: Address
    source_port: int
    destination: Address
    destination_port: int
    payload_bytes: int


def segment_in(packet: bytes) -> Segment | None:
    """The TCP segment in an IP packet; `None` where there is none, or not its beginning."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        header, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
        protocol, ends = packet[9], (packet[12:16], packet[16:20])
    elif version == 6 and len(packet) >= 40:
        header, total = 40, 40 + int.from_bytes(packet[4:6], "big")
        protocol, ends = packet[6], (packet[8:24], packet[24:40])
    else:
        return None
    if protocol != socket.IPPROTO_TCP or len(packet) < header + 20:
        return None
    near, far = struct.unpack_from("!HH", packet, header)
    payload = total - header - (packet[header + 12] >> 4) * 4
    return Segment(ip_address(ends[0]), near, ip_address(ends[1]), far, payload)


def streams_of(leader: Member, members: Sequence[Member], heard: Iterable[tuple[Port, Segment]]) -> list[PeerStream]:
    """The streams among the segments that left these ports: of all that the leader says to others, what goes on."""
    followers = {member.address: member.device for member in members if member != leader}
    left_by: Mapping[tuple[str, int], dict[Port, int]] = defaultdict(lambda: defaultdict(int))
    for port, segment in heard:
        speaks = segment.payload_bytes > 0 and (segment.source, segment.source_port) == (leader.address, PEER_PORT)
        if speaks and segment.destination in followers:
            left_by[followers[segment.destination], segment.destination_port][port] += 1
    return [
        PeerStream(follower, number, tuple(sorted(ports)))
        for (follower, number), ports in sorted(left_by.items())
        if sum(count for port, count in ports.items() if port.device == leader.device) > 1
    ]


def leadership(
    leader: Member, members: Sequence[Member], namespaces: Mapping[str, Path], heartbeat_ms: int
) -> Leadership:
    """The leader and its streams, as they are heard on the ports of all devices for some heartbeats."""
    heard = _hear(namespaces, _HEARTBEATS * heartbeat_ms / 1000 + _SLACK_S)
    return Leadership(leader.device, tuple(streams_of(leader, members, heard)))


def _hear(namespaces: Mapping[str, Path], for_s: float) -> Iterator[tuple[Port, Segment]]:
    with ExitStack() as stack:
        opened = {device: stack.enter_context(s) for device, s in in_each(namespaces, _listening).items()}
        device_of = {listening: device for device, listening in opened.items()}
        end = time.monotonic() + for_s
        while (left_s := end - time.monotonic()) > 0:
            for ready in select.select(list(device_of), [], [], left_s)[0]:
                packet, (interface, _, kind, *_) = ready.recvfrom(_LONGEST)
                segment = segment_in(packet)
                if segment is not None and kind == socket.PACKET_OUTGOING:
                    yield Port(device_of[ready], interface), segment


def _listening(_device: str) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, socket.htons(_ALL_PROTOCOLS))
    try:
        attach(opened, _FROM_PEER_PORT)
    except OSError:
        opened.close()
        raise
    return opened
