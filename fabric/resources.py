"""Where the project's data are, beside the package in a checkout and inside it in a wheel, and what it may keep."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def directory(name: str) -> Path:
    """The data directory `name`: `frr_templates`, `topologies` or `lab`."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def cache_directory(name: str) -> Path | None:
    """A directory for what can be made again, or `None` where there is none that only this user can write to.

    It lies in `fabric` below `$XDG_CACHE_HOME` or `~/.cache` (XDG Base Directory Specification).
    """
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fabric"
        (base / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        return base / name if _is_private(base) and _is_private(base / name) else None
    except (OSError, RuntimeError):  # a read-only or missing home
        return None


def _is_private(directory: Path) -> bool:
    """True for a directory of this user's in which nobody else can place files."""
    found = directory.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & others
