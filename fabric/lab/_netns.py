"""Network namespaces: go into one, make a socket there, and come home. A socket stays where it was made."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fabric.errors import LabError

CLONE_NEWNET = 0x40000000
RUN_NETNS = Path("/run/netns")
"""Where iproute2 and the lab keep the file of each named namespace (ip-netns(8))."""

_HOME = Path("/proc/thread-self/ns/net")
_libc = ctypes.CDLL(None, use_errno=True)
T = TypeVar("T")


def named(devices: Iterable[str]) -> dict[str, Path]:
    """The namespace file of each device, where iproute2 keeps it."""
    return {device: RUN_NETNS / device for device in devices}


@contextmanager
def inside(path: Path) -> Iterator[None]:
    """The calling thread is in the namespace of `path` for the length of the block."""
    with _home():
        _enter(path)
        yield


def in_each(namespaces: Mapping[str, Path], make: Callable[[str], T]) -> dict[str, T]:
    """What `make(device)` returns when called inside each device's namespace.

    Raises `LabError` for a namespace that cannot be entered.
    """
    made: dict[str, T] = {}
    with _home():
        for device, path in namespaces.items():
            _enter(path)
            made[device] = make(device)
    return made


@contextmanager
def _home() -> Iterator[None]:
    home = os.open(_HOME, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        _setns(home, _HOME)
        os.close(home)


def _enter(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LabError(
            f"{path}: found no network namespace ({error.strerror}); allowed is the file of a running device's "
            "namespace. Start the lab, or name the file of the device."
        ) from error
    try:
        _setns(handle, path)
    finally:
        os.close(handle)


def _setns(handle: int, path: Path) -> None:
    # os.setns comes with Python 3.12 only.
    if _libc.setns(handle, CLONE_NEWNET) == 0:
        return
    error = ctypes.get_errno()
    raise LabError(
        f"{path}: the kernel refused to enter this network namespace ({os.strerror(error)}); that needs "
        "CAP_SYS_ADMIN in the namespace's user namespace. Run as root, or inside the lab's sandbox."
    )
