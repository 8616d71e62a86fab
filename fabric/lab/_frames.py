"""Captured frames as values."""

from __future__ import annotations

import base64
import json

from fabric._values import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """An Ethernet frame as it passed a port."""

    at_ns: int
    """Since 1970."""
    outgoing: bool
    content: bytes


def read_frame(line: str) -> Frame:
    """The frame of a line; raises `ValueError` for what is none."""
    at_ns, outgoing, content = json.loads(line)
    return Frame(int(at_ns), bool(outgoing), base64.b64decode(content))
