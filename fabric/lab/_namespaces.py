"""The two namespaces of a device, network and host name: made, kept as files, and entered."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from fabric.lab._kernel import CLONE_NEWNET, CLONE_NEWUTS, MS_BIND, detach, mount, setns, unshare
from fabric.lab._places import netns_path, uts_path

_OWN = {CLONE_NEWNET: Path("/proc/self/ns/net"), CLONE_NEWUTS: Path("/proc/self/ns/uts")}


def create(device: str) -> None:
    """Nothing; the device's namespaces exist, its host name is its name. To be called within `returning`.

    Raises `OSError`, leaving nothing of them, where the kernel gives none.
    """
    unshare(CLONE_NEWNET | CLONE_NEWUTS)
    socket.sethostname(device)
    try:
        for kind, handle in _handles(device).items():
            handle.touch()
            mount(_OWN[kind], handle, "", MS_BIND)
    except OSError:
        remove(device)
        raise


def remove(device: str) -> None:
    """Nothing; the device's namespaces, if it has any, end with their last process and all interfaces inside."""
    for handle in _handles(device).values():
        if handle.is_file():
            with suppress(OSError):  # a handle that nothing is mounted on
                detach(handle)
            handle.unlink()


def exists(device: str) -> bool:
    """True for a device that has namespaces."""
    return all(_is_mounted(handle) for handle in _handles(device).values())


def _is_mounted(handle: Path) -> bool:
    try:
        return handle.stat().st_dev != handle.parent.stat().st_dev
    except FileNotFoundError:
        return False


@contextmanager
def scratch() -> Iterator[None]:
    """Within the block, the current thread is in an empty network namespace, which ends with it."""
    with returning():
        unshare(CLONE_NEWNET)
        yield


@contextmanager
def returning() -> Iterator[None]:
    """After the block, the current thread is in the namespaces that it was in before."""
    home = {kind: _opened(path) for kind, path in _OWN.items()}
    try:
        yield
    finally:
        for kind, descriptor in home.items():
            setns(descriptor, kind)
            os.close(descriptor)


@contextmanager
def inside(device: str) -> Iterator[None]:
    """Within the block, the current thread is in the namespaces of a device."""
    with returning():
        for kind, path in _handles(device).items():
            descriptor = _opened(path)
            try:
                setns(descriptor, kind)
            finally:
                os.close(descriptor)
        yield


@contextmanager
def network_descriptors(paths: Mapping[str, Path]) -> Iterator[Mapping[str, int]]:
    """The open network namespaces of `paths`, by the same keys; closed after the block."""
    descriptors: dict[str, int] = {}
    try:
        for key, path in paths.items():
            descriptors[key] = _opened(path)
        yield descriptors
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)


def _handles(device: str) -> Mapping[int, Path]:
    return {CLONE_NEWNET: netns_path(device), CLONE_NEWUTS: uts_path(device)}


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
