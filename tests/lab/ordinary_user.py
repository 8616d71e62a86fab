"""Running Python as a user without any privilege, in tests that run as root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = 65534


def as_ordinary_user(program: str) -> subprocess.CompletedProcess[str]:
    """How the Python text ended, run as `nobody` with a home of its own, which is gone afterwards."""
    with TemporaryDirectory() as place:
        home = Path(place)
        os.chown(home, NOBODY, NOBODY)
        drop = f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
        script = "\n".join(["set -e", *_uncover(home), f'{drop} "$@"'])
        argv = ("unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", program)
        environ = {"HOME": place, "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
        return subprocess.run(argv, env=environ, cwd="/", capture_output=True, text=True, check=False)


def _uncover(home: Path) -> Iterator[str]:
    """Shell commands that let everybody reach the interpreter and the checkout, in a private mount namespace.

    Where they lie below a directory that only its owner may pass, such as `/root`, an empty one is put in its place,
    with the needed directory in it.
    """
    wanted = {Path(sys.base_prefix), Path(sys.prefix), CHECKOUT}
    outermost = sorted(path for path in wanted if not wanted & set(path.parents))
    closed = {path: gate for path in outermost if (gate := _closed_above(path))}
    for number, path in enumerate(closed):
        yield f"mkdir {home}/{number}; mount --bind {path} {home}/{number}"
    for gate in sorted(set(closed.values())):
        yield f"mount -t tmpfs -o mode=755 none {gate}"
    for number, path in enumerate(closed):
        yield f"mkdir -p {path}; mount --bind {home}/{number} {path}"


def _closed_above(path: Path) -> Path | None:
    """The outermost directory above that not everybody may pass."""
    return next((directory for directory in reversed(path.parents) if not directory.stat().st_mode & 0o001), None)
