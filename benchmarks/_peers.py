"""The other tools, each in a virtual environment of its own under the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import fabric

MUNET = "munet==0.17.3"
NETLAB = "networklab==26.10"
PYAVD = "pyavd==6.4.0"
BGPY = "bgpy_pkg==13.0.13"


def install(requirement: str) -> Path:
    """The `bin` directory of a virtual environment that holds `requirement`, made by pip at the first call."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "fabric" / "peers" / requirement
    if not (home / "complete").exists():
        print(f"installing {requirement} into {home}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([str(home / "bin" / "pip"), "install", "--quiet", requirement], check=True)
        (home / "complete").touch()
    return home / "bin"


@cache
def ours() -> Path:
    """The `fabric` command of the environment that runs this, compiled as pip compiles what it installs.

    An editable install is compiled at its first run, and where `PYTHONDONTWRITEBYTECODE` is set at every one.
    """
    subprocess.run([sys.executable, "-m", "compileall", "-q", *fabric.__path__], check=True)
    return Path(sys.executable).parent / "fabric"
