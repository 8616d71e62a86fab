"""FRR's own judgement on a configuration: its parser, and what its daemons keep of what they are told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fabric.errors import MachineError
from fabric.lab import find_frr

DAEMONS = Path("/usr/lib/frr")
_INSIDE = Path(__file__).with_name("frr_sandbox.py")

needs_frr = pytest.mark.skipif(
    shutil.which("vtysh") is None or not (DAEMONS / "zebra").exists(),
    reason="FRR is not installed (Debian: apt-get install frr)",
)


def require_frr(environ: Mapping[str, str] = os.environ) -> None:
    """Skips what asks for it where no lab can run; in CI that is a failure, as any skipped test is."""
    try:
        find_frr(environ)
    except MachineError as error:
        pytest.skip(str(error))


def parser_complaints(frr_conf: str) -> str:
    """What FRR's parser says against `frr_conf`: empty where every line is one of its commands.

    `vtysh -C` knows the grammar of all daemons, but not what names refer to. It leaves with 2 on a bad line.
    """
    with _directory() as directory:
        path = directory / "frr.conf"
        path.write_text(frr_conf)
        command = ["vtysh", "--config_dir", str(directory), "--dryrun", "--inputfile", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    return said or (f"vtysh left with {done.returncode} and said nothing" if done.returncode else "")


def assert_parses(frr_conf: str) -> None:
    """Fails, with FRR's words beside the line they are about, unless FRR's parser takes all of `frr_conf`."""
    complaints = parser_complaints(frr_conf)
    if complaints:
        numbered = "\n".join(f"{number:4} {line}" for number, line in enumerate(frr_conf.splitlines(), 1))
        pytest.fail(f"FRR's parser refuses the configuration:\n{complaints}\n\n{numbered}", pytrace=False)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What real daemons made of a configuration."""

    refused: tuple[str, ...]
    """FRR's words on every line that a daemon turned down."""
    running: str
    """`show running-config`."""
    neighbors: dict[str, dict[str, object]]
    """`show bgp neighbors json` (default VRF), by peer."""


def load(frr_conf: str, interfaces: Sequence[str] = ()) -> Loaded:
    """What zebra, staticd, bfdd and bgpd keep of `frr_conf`, in a sandbox that ends before this returns.

    The sandbox is one `unshare` process with its own user, mount, network, UTS and PID namespace: its end is the end
    of every daemon, and the host sees none of it. Needs no root.
    """
    with _directory() as directory:
        (directory / "frr.conf").write_text(frr_conf)
        (directory / "order.json").write_text(json.dumps({"interfaces": list(interfaces)}))
        namespaces = ["--user", "--map-root-user", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child"]
        command = ["unshare", *namespaces, "--mount-proc", sys.executable, str(_INSIDE), str(directory)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            pytest.fail(f"the FRR sandbox failed:\n{done.stdout}{done.stderr}", pytrace=False)
        report = json.loads((directory / "report.json").read_text())
    return Loaded(tuple(report["refused"]), report["running"], report["neighbors"])


def sandbox_problem() -> str:
    """Why this machine cannot open a sandbox; empty where it can."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory with the (empty) files that vtysh wants, short enough for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="frr-", dir="/tmp") as name:
        directory = Path(name)
        (directory / "vtysh.conf").touch()
        yield directory
