"""Where things are inside a lab's sandbox."""

from __future__ import annotations

from pathlib import Path

CONFIG_DIRECTORY = Path("/etc/frr")
LOG_DIRECTORY = Path("/var/log/frr")
RUN_DIRECTORY = Path("/run/frr")
NETNS_DIRECTORY = Path("/run/netns")
UTS_DIRECTORY = Path("/run/uts")
WORK_DIRECTORY = Path("/run/fabric")
"""The lab's own things."""


def netns_path(device: str) -> Path:
    """Where the network namespace of a device is; `ip netns exec` looks there too."""
    return NETNS_DIRECTORY / device


def uts_path(device: str) -> Path:
    """Where the UTS namespace of a device is, whose host name is the device's name."""
    return UTS_DIRECTORY / device


def pathspace(device: str) -> str:
    """The name of a device for FRR's `-N`, which allows no dots."""
    return device.replace(".", "_")


def log_file(device: str, daemon: str) -> Path:
    """Where a device's daemon logs."""
    return LOG_DIRECTORY / pathspace(device) / f"{daemon}.log"


def vty_socket(device: str, daemon: str) -> Path:
    """The socket that a daemon opens last: when it is there, the daemon takes commands."""
    return RUN_DIRECTORY / pathspace(device) / f"{daemon}.vty"
