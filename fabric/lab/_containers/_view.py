"""`python -m fabric.lab._containers._view PIDS PROGRAM…`: a program that sees containers as it would a sandbox.

PIDS is JSON, the first process of each device's container. In a mount namespace that ends with the program, `/run` is
new; in it, `netns/DEVICE` is the network namespace of each device and `frr/DEVICE` the directory of its FRR's sockets.
The host's own `/run` is untouched.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from fabric.lab._kernel import CLONE_NEWNS, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_REC, mount, unshare
from fabric.lab._places import NETNS_DIRECTORY, RUN_DIRECTORY, UTS_DIRECTORY, WORK_DIRECTORY, pathspace


def main(processes: Mapping[str, int], argv: list[str]) -> None:
    """Never returns: becomes the program, in the view."""
    unshare(CLONE_NEWNS)
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for directory in (NETNS_DIRECTORY, RUN_DIRECTORY, UTS_DIRECTORY, WORK_DIRECTORY):
        directory.mkdir()
    for device, pid in processes.items():
        inside = Path(f"/proc/{pid}")
        (NETNS_DIRECTORY / device).symlink_to(inside / "ns/net")
        (UTS_DIRECTORY / device).symlink_to(inside / "ns/uts")
        (RUN_DIRECTORY / pathspace(device)).symlink_to(inside / "root/run/frr")
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - an argument list, no shell
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
