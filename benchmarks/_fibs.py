"""Watches the kernels' forwarding tables of a lab from outside, the same way for every lab."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from benchmarks._clos import Clos

Namespace = BinaryIO
"""The open file of a network namespace."""
INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Lab:
    """A running lab: the process that all of it descends from, and when that was started (`time.monotonic`)."""

    process: subprocess.Popen[bytes]
    started_s: float

    def await_condition(self, holds: Callable[[], bool], deadline_s: float) -> None:
        """Return as soon as `holds()`; raise `TimeoutError` at the deadline, `ChildProcessError` if the lab ends."""
        while not holds():
            if time.monotonic() > deadline_s:
                raise TimeoutError("the lab did not get there in time")
            try:
                self.process.wait(INTERVAL_S)
            except subprocess.TimeoutExpired:
                continue
            raise ChildProcessError(f"the lab ended by itself with exit code {self.process.returncode}")


def seconds_to_full_fibs(lab: Lab, clos: Clos, limit_s: float) -> float:
    """Seconds until the kernel of every leaf has every other leaf's loopback through every spine.

    Leaves are asked one after another, so that watching costs one short process every 0.1 s; when the last of them is
    complete, all are asked once more.
    """
    deadline_s = lab.started_s + limit_s
    with ExitStack() as stack:
        routers: dict[str, Namespace] = {}

        def all_run() -> bool:
            for name, file in _namespaces_with_zebra(lab.process.pid, routers).items():
                routers[name] = stack.enter_context(file)
            return len(routers) == clos.spines + clos.leaves

        lab.await_condition(all_run, deadline_s)
        leaves = [namespace for namespace in routers.values() if _links(namespace) == clos.spines]
        if len(leaves) != clos.leaves:
            raise ValueError(f"found {len(leaves)} routers with {clos.spines} links, expected {clos.leaves} leaves")
        for leaf in leaves:
            lab.await_condition(partial(_complete, leaf, clos), deadline_s)
        elapsed_s = time.monotonic() - lab.started_s
        if not all(_complete(leaf, clos) for leaf in leaves):
            raise ValueError("a forwarding table that was complete lost routes again")
    return elapsed_s


def processor_seconds(lab: Lab) -> float:
    """Processor time of all processes of the lab so far, those that have ended and were waited for included."""
    ticks = 0
    for pid in _descendants(lab.process.pid):
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(map(int, after_name[11:15]))  # utime, stime, cutime, cstime: proc_pid_stat(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def _namespaces_with_zebra(root: int, known: Container[str]) -> dict[str, Namespace]:
    """Name and open file of each network namespace, not known yet, in which a descendant of `root` is a zebra.

    The open file stays good when that process ends, as a daemon's first process does once it has forked.
    """
    found: dict[str, Namespace] = {}
    for pid in _descendants(root):
        try:
            program = Path(f"/proc/{pid}/comm").read_text().strip()
            path = Path(f"/proc/{pid}/ns/net")
            name = str(path.readlink())
            if program == "zebra" and name not in known and name not in found:
                found[name] = path.open("rb")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return found


def _descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    queue = [root]
    for pid in queue:
        yield pid
        queue += children.get(pid, [])


def _ip(namespace: Namespace, *arguments: str) -> list[dict[str, object]]:
    """What `ip -json` answers inside a network namespace."""
    number = namespace.fileno()
    command = ["nsenter", f"--net=/proc/self/fd/{number}", "ip", "-json", *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, pass_fds=[number])
    parsed: list[dict[str, object]] = json.loads(answer.stdout or b"[]")
    return parsed


def _links(namespace: Namespace) -> int:
    """How many links are up; for one that is not, `ip` writes an empty object."""
    return sum(link.get("ifname", "lo") != "lo" for link in _ip(namespace, "link", "show", "up"))


def _complete(leaf: Namespace, clos: Clos) -> bool:
    routes = _ip(leaf, "-4", "route", "show", "table", "main")
    hosts = [route for route in routes if "/" not in str(route["dst"]) and _width(route) == clos.spines]
    return len(hosts) >= clos.leaves - 1


def _width(route: dict[str, object]) -> int:
    next_hops = route.get("nexthops")
    return len(next_hops) if isinstance(next_hops, list) else 1
