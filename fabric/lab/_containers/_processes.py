"""The daemons in containers, found among the host's processes and signalled as the embedded engine's are."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from fabric.lab._blueprint import DevicePlan
from fabric.lab._fault import DaemonName
from fabric.lab._state import DaemonStatus, process_id

_GRACE_MS = 10_000
_ORDER_MS = 5_000  # for a daemon to end in order
_GONE = "a signal or an exit that nobody saw"


class ContainerProcesses:
    """The daemons of some containers, given the first process of each."""

    def __init__(self, containers: Mapping[str, int]) -> None:
        self._containers = containers

    def pids(self) -> Mapping[DaemonName, int]:
        """The pid, as the host counts, of every live process in the containers by the name of its program."""
        devices = {space: device for device, pid in self._containers.items() if (space := _pid_namespace(pid))}
        found = {}
        for directory in Path("/proc").glob("[0-9]*"):
            device = devices.get(_pid_namespace(int(directory.name)) or 0)
            if device is not None and process_id(directory.name):
                with suppress(OSError):
                    found[DaemonName(device, (directory / "comm").read_text().strip())] = int(directory.name)
        return found

    def statuses(self, devices: Iterable[DevicePlan]) -> tuple[DaemonStatus, ...]:
        """Every daemon that the devices should run; pid 0 and an ending for one that does not."""
        pids = self.pids()
        names = [DaemonName(device.name, daemon.name) for device in devices for daemon in device.daemons]
        return tuple(
            DaemonStatus(name.device, name.daemon, pids.get(name, 0), None if name in pids else _GONE) for name in names
        )

    def kill(self, name: DaemonName) -> None:
        """Nothing; the daemon, if it ran, is dead."""
        self._end(name, signal.SIGKILL, _GRACE_MS)

    def stop(self, name: DaemonName) -> None:
        """Nothing; the daemon is dead, and has put its house in order before, if it was quick."""
        self._end(name, signal.SIGTERM, _ORDER_MS)
        self.kill(name)

    def _end(self, name: DaemonName, number: signal.Signals, patience_ms: int) -> None:
        pid = self.pids().get(name)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                signal.pidfd_send_signal(handle, number)
                gone = select.poll()
                gone.register(handle, select.POLLIN)
                gone.poll(patience_ms)
            finally:
                os.close(handle)

    def signal(self, name: DaemonName, number: signal.Signals) -> None:
        """Nothing; the daemon, if it runs, has got the signal."""
        if pid := self.pids().get(name):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def running(self, name: DaemonName) -> bool:
        """True while the daemon runs, stopped or not."""
        return name in self.pids()


def _pid_namespace(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/pid").stat().st_ino
    except OSError:
        return None
