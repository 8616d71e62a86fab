"""Runs the command as a user would, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOPOLOGIES = ROOT / "topologies"


def fabric(
    *arguments: str | Path, env: Mapping[str, str] | None = None, timeout_s: float = 120, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """How `fabric ARGUMENTS…` ended, with what it wrote."""
    return subprocess.run(
        [sys.executable, "-m", "fabric", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **(env or {})},
        input=stdin,
    )
