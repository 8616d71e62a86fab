"""Frames of one port, with the kernel's time of each, as lines of JSON; `python -m fabric.lab._capture DEVICE PORT`.

It runs inside the lab until its input ends.
"""

from __future__ import annotations

import base64
import errno
import json
import select
import socket
import struct
import sys
from collections.abc import Iterator

from fabric.lab._frames import Frame
from fabric.lab._netns import RUN_NETNS, inside

_ALL_PROTOCOLS = 0x0003
_SO_TIMESTAMPNS = 35
_TIME = struct.Struct("=qq")
_BUFFER_BYTES = 16 << 20
_LONGEST = 65600
_SO_RCVBUFFORCE = 33


def _frames(device: str, port: str) -> Iterator[Frame]:
    with inside(RUN_NETNS / device):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    with opened:
        for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                opened.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
                break
            except PermissionError:  # without the privilege the kernel's own limit holds
                continue
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        opened.bind((port, _ALL_PROTOCOLS))
        _tell("listening")
        while True:
            ready, _, _ = select.select([opened, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            if frame := _frame(opened):
                yield frame


def _frame(opened: socket.socket) -> Frame | None:
    """The next frame; `None` where the port has gone down, of which the kernel tells once (packet(7): ENETDOWN).

    The socket stays bound, and hears the port again when it is back.
    """
    try:
        content, ancillary, _, address = opened.recvmsg(_LONGEST, 64)
    except OSError as error:
        if error.errno == errno.ENETDOWN:
            return None
        raise
    seconds, nanoseconds = _TIME.unpack(ancillary[0][2][: _TIME.size])
    return Frame(seconds * 1_000_000_000 + nanoseconds, address[2] == socket.PACKET_OUTGOING, content)


def _main(device: str, port: str) -> None:
    for frame in _frames(device, port):
        text = base64.b64encode(frame.content).decode()
        _tell([frame.at_ns, frame.outgoing, text])


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:3])
