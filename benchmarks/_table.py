"""Repeated measurements and the table they are printed in."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """What one tool needed for one job; `failures` are runs that ended without an answer."""

    job: str
    tool: str
    seconds: tuple[float, ...]
    failures: int = 0

    @property
    def median_s(self) -> float:
        """The median run in seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Contestant:
    """A tool and how to do the job once; `once` returns seconds or raises `ChildProcessError`."""

    tool: str
    once: Callable[[], float]


def race(job: str, contestants: Sequence[Contestant], runs: int) -> list[Row]:
    """A row for each contestant, with `runs` answers unless it fails as often as that.

    They take turns, so that whatever else the machine does meets all of them.
    """
    rows = [Row(job, contestant.tool, ()) for contestant in contestants]
    while any(_goes_on(row, runs) for row in rows):
        for index, contestant in enumerate(contestants):
            if _goes_on(rows[index], runs):
                rows[index] = _once_more(rows[index], contestant)
    return rows


def _goes_on(row: Row, runs: int) -> bool:
    return len(row.seconds) < runs and row.failures < runs


def _once_more(row: Row, contestant: Contestant) -> Row:
    try:
        return replace(row, seconds=(*row.seconds, contestant.once()))
    except ChildProcessError as error:
        print(f"{row.tool}, {row.job}, failed: {error}", file=sys.stderr)
        return replace(row, failures=row.failures + 1)


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table; the last column compares medians with the first row of the same job."""
    lines = ["| job | tool | runs | median | worst | times ours |", "|---|---|---|---|---|---|"]
    first: dict[str, Row] = {}
    for row in rows:
        base = first.setdefault(row.job, row)
        runs = f"{len(row.seconds)}" + (f", {row.failures} failed" if row.failures else "")
        if not row.seconds:
            lines.append(f"| {row.job} | {row.tool} | {runs} | | | |")
            continue
        times = f"{row.median_s / base.median_s:.1f}" if base.seconds else ""
        lines.append(f"| {row.job} | {row.tool} | {runs} | {row.median_s:.2f} s | {max(row.seconds):.2f} s | {times} |")
    return "\n".join(lines)


def machine() -> str:
    """The machine, the versions and the date that the figures belong to, as a Markdown list."""
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _first_line("git", "describe", "--always", "--dirty"),
        "machine": f"{os.cpu_count()} x {_field('/proc/cpuinfo', 'model name')}, {_memory_gib()} GiB",
        "system": f"{_field('/etc/os-release', 'PRETTY_NAME', '=')}, Linux {platform.release()}",
        "Python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f} in the minute before this line, benchmark included",
        "FRR": _first_line("/usr/lib/frr/zebra", "--version"),
    }
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _field(path: str, name: str, separator: str = ":") -> str:
    lines = (line.split(separator, 1) for line in Path(path).read_text().splitlines() if separator in line)
    return next((value.strip().strip('"') for key, value in lines if key.strip() == name), "unknown")


def _first_line(*command: str) -> str:
    answer = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    return answer.partition("\n")[0] or "unknown"
