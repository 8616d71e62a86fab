"""Classic BPF programs on sockets (socket(7), SO_ATTACH_FILTER): the kernel leaves out what nobody wants to read."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence

_SO_ATTACH_FILTER = 26

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand (linux/filter.h)."""


def attach(opened: socket.socket, program: Sequence[Instruction]) -> None:
    """Nothing; the socket gets only what the program lets through."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code)))
