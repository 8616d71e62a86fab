"""The inside of the sandbox of `tests.frr.load`: starts the daemons, loads the configuration, writes `report.json`.

Runs as the first process of its own namespaces, so it may change users, mounts and links as it likes.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

LIBRARIES = Path("/usr/lib/frr")
DAEMONS = ("mgmtd", "zebra", "staticd", "bfdd", "bgpd")
"""In the order of FRR's own start script; mgmtd is there from FRR 9.1 on, and configures staticd and zebra."""


def main(directory: Path) -> None:
    order = json.loads((directory / "order.json").read_text())
    _prepare_files(directory)
    _prepare_name((directory / "frr.conf").read_text())
    _prepare_links(order["interfaces"])
    for daemon in filter(lambda name: (LIBRARIES / name).exists(), DAEMONS):
        _start(daemon, directory)
    loaded = _vtysh(directory, "--inputfile", str(directory / "frr.conf"))
    said = (loaded.stdout + loaded.stderr).splitlines()  # notices too, such as "reset all peers to take effect"
    running = _vtysh(directory, "-c", "show running-config").stdout.partition("Current configuration:\n")[2]
    neighbors = json.loads(_vtysh(directory, "-c", "show bgp neighbors json").stdout or "{}")
    report = {
        "refused": [line for line in said if line] if loaded.returncode else [],
        "running": running,
        "neighbors": neighbors if isinstance(neighbors, dict) else {},
    }
    (directory / "report.json").write_text(json.dumps(report))


def _prepare_files(directory: Path) -> None:
    """FRR wants run-time directories of its own, no configuration of the machine's, and its user in a group."""
    for path in ("/run", "/var/tmp", "/etc/frr"):
        _run("mount", "-t", "tmpfs", "tmpfs", path)
    Path("/run/frr").mkdir()  # for the control socket of bfdd up to FRR 9
    group = re.sub(r"^(frrvty:.*:)(.*)$", r"\1root", Path("/etc/group").read_text(), flags=re.MULTILINE)
    (directory / "group").write_text(group)
    _run("mount", "--bind", str(directory / "group"), "/etc/group")


def _prepare_name(frr_conf: str) -> None:
    """vtysh answers with the machine's name, which FRR does not set."""
    if named := re.search(r"^hostname (\S+)$", frr_conf, re.MULTILINE):
        socket.sethostname(named.group(1))


def _prepare_links(interfaces: list[str]) -> None:
    _run("ip", "link", "set", "lo", "up")
    for number, name in enumerate(interfaces):
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", f"far{number}")
        _run("ip", "link", "set", name, "up")


def _start(daemon: str, directory: Path) -> None:
    """`-d` returns once the daemon answers on its socket, so nothing needs to be awaited."""
    files = ["--vty_socket", str(directory), "-i", str(directory / f"{daemon}.pid")]
    extra = ["-p", "0"] if daemon == "bgpd" else []
    if daemon != "mgmtd":  # which is no client of zebra
        extra += ["-z", str(directory / "zserv.api")]
    command = [str(LIBRARIES / daemon), "-d", "-u", "root", "-g", "root", "-A", "127.0.0.1", *files, *extra]
    words = directory / f"{daemon}.words"
    with words.open("w") as out:  # not a pipe: daemons of FRR 10 keep it open, and nobody would see its end
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    if done.returncode:
        raise ChildProcessError(f"{daemon} left with {done.returncode}:\n{words.read_text()}")


def _vtysh(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["vtysh", "--vty_socket", str(directory), "--config_dir", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
