"""What daemons say to a show command, asked on the sockets that vtysh uses, all devices at once."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from fabric.errors import LabError
from fabric.lab._places import vty_socket

_MARK = bytes(3)  # before the command's result at the end of an answer (`vtysh_client_receive` in FRR's vtysh.c)
_READ_BYTES = 1 << 16


def ask_daemons(devices: tuple[str, ...], daemon: str, command: str, timeout_s: float) -> Mapping[str, str]:
    """The answer of each device's daemon. Raises `LabError` for one that does not run, answer or know the command."""
    with ExitStack() as stack:
        asked = {d: stack.enter_context(_asked(vty_socket(d, daemon), command, timeout_s, d)) for d in devices}
        return {device: _answer(client, device, daemon, command) for device, client in asked.items()}


def _asked(path: Path, command: str, timeout_s: float, device: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout_s)
    try:
        client.connect(str(path))
        client.sendall(command.encode() + b"\0")
    except OSError as error:
        client.close()
        fault = f"{device}: {path.stem} takes no commands ({error})"
        raise LabError(f"{fault}. Does it run? See `fabric lab status`.") from error
    return client


def _answer(client: socket.socket, device: str, daemon: str, command: str) -> str:
    received = bytearray()
    while received[-4:-1] != _MARK:
        try:
            piece = client.recv(_READ_BYTES)
        except OSError as error:
            raise LabError(f"{device}: {daemon} does not answer `{command}` ({error}). Is it stopped?") from error
        if not piece:
            raise LabError(f"{device}: {daemon} ended while it answered `{command}`. See `fabric lab status`.")
        received += piece
    text = received[:-4].decode(errors="replace")
    if received[-1]:
        raise LabError(f"{device}: {daemon} refused `{command}`: {' '.join(text.split())}")
    return text
