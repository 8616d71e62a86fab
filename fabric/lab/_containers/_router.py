"""What the first program of a container, `lab/image/router`, says of its start."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fabric.errors import LabError
from fabric.lab._containers._inside import inside
from fabric.lab._daemons import Loaded
from fabric.lab._frr import FrrInstallation, refusals, remarks
from fabric.lab._state import ProcessId

_LOOK_AGAIN_S = 0.05
_SAID = "run/frr/loaded"
_LIBRARIES = Path("/usr/lib/frr")
VTYSH = Path("/usr/bin/vtysh")


def await_routers(containers: Mapping[str, ProcessId], deadline_s: float, heard: Callable[[int], None]) -> None:
    """Nothing; every router has loaded its configuration. Tells `heard` how many have, each time that it changes.

    Raises `LabError` when a container ends, or when not all are done after `deadline_s`.
    """
    end, waiting = time.monotonic() + deadline_s, dict(containers)
    while waiting:
        for device, process in list(waiting.items()):
            if not process.lives():
                raise LabError(f"{device}: its container ended while it started. `docker logs` shows why.")
            if Path(f"/proc/{process.pid}/root/{_SAID}.status").exists():
                del waiting[device]
                heard(len(containers) - len(waiting))
        if waiting and time.monotonic() > end:
            missing = ", ".join(waiting)
            raise LabError(f"Not ready within {deadline_s:g} s: {missing}. Give it more time with `--deadline`.")
        time.sleep(_LOOK_AGAIN_S if waiting else 0)


def loaded(device: str, frr_conf: str, pid: int) -> Loaded:
    """What came of the last loading of a device's configuration. Raises `LabError` when vtysh could not load any."""
    said, complained, status = (_text(pid, kind) for kind in ("out", "err", "status"))
    refused = refusals(frr_conf, said, complained)
    if status.strip() != "0" and not refused:
        words = " ".join((said + complained).split())
        raise LabError(f"{device}: vtysh could not load frr.conf (exit status {status.strip()}): {words}")
    return Loaded(device, refused, () if refused else remarks(said))


def _text(pid: int, kind: str) -> str:
    try:
        return Path(f"/proc/{pid}/root/{_SAID}.{kind}").read_text(errors="replace")
    except OSError:
        return ""


def installation(pid: int) -> FrrInstallation:
    """The FRR of a container's image."""
    version = re.search(r"version (\S+)", inside(pid, (str(_LIBRARIES / "zebra"), "-v")).stdout)
    has_mgmtd = Path(f"/proc/{pid}/root{_LIBRARIES}/mgmtd").exists()
    return FrrInstallation(_LIBRARIES, VTYSH, version[1] if version else "unknown", has_mgmtd)


def restart(device: str, daemon: str, frr_conf: str, pid: int) -> Loaded:
    """What came of loading its configuration into a daemon that was ended, if it ran, and started anew."""
    done = inside(pid, ("/usr/local/bin/router", "restart", daemon))
    if done.exit_code:
        words = " ".join((done.stdout + done.stderr).split())
        raise LabError(f"{device}: {daemon} could not be started anew: {words}")
    return loaded(device, frr_conf, pid)
