"""The JSON of addresses, prefixes and namespaces. Each text is parsed once: a fabric repeats them by the thousand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from fabric.config import Address, Prefix

Json = Any
"""A value that `json` reads or writes; typed on this side of the codecs only."""


@lru_cache(maxsize=65536)
def read_address(text: str | None) -> Address | None:
    """The address that `text` writes; `None` stays `None`."""
    return None if text is None else ip_address(text)


@lru_cache(maxsize=65536)
def read_prefix(text: str) -> Prefix:
    """The prefix that `text` writes."""
    return ip_network(text)


@lru_cache(maxsize=65536)
def write_text(value: Address | Prefix | None) -> str | None:
    """An address or prefix as text; `None` stays `None`."""
    return None if value is None else str(value)


def write_namespaces(namespaces: Mapping[str, Path]) -> Json:
    """The namespace files as text, by device."""
    return {device: str(path) for device, path in namespaces.items()}


def read_namespaces(value: Json) -> dict[str, Path]:
    """The namespace file of each device."""
    return {str(device): Path(path) for device, path in value.items()}
