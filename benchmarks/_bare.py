"""The least that brings up routers: `ip -batch` for namespaces and cables, then daemons with a file each. No lab tool.

    python -m benchmarks._bare SPINES LEAVES

It starts the daemons of a few routers at a time, each reading its own configuration, waits for nothing, checks nothing,
and then sleeps. Whoever started it in namespaces of its own ends it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._clos import Clos, Link, frr_lines

_FRR = "/usr/lib/frr"
_AT_ONCE = 8
_SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.fib_multipath_hash_policy=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
)


def main(clos: Clos) -> None:
    """Bring it up, and stay."""
    for directory in ("/run", "/var/tmp", "/etc/frr"):
        _run("mount", "-t", "tmpfs", "tmpfs", directory)
    for directory in ("/run/netns", "/run/frr", "/run/confs"):
        Path(directory).mkdir()
    _batch("", [f"netns add {router}" for router in clos.asns])
    _batch("", [_cable(link) for link in clos.links])
    for router in clos.asns:
        _batch(router, list(_addresses(clos, router)))
    starts = [_start(clos, router) for router in clos.asns]
    for position in range(0, len(starts), _AT_ONCE):
        running = [subprocess.Popen(["sh", "-c", start]) for start in starts[position : position + _AT_ONCE]]
        for process in running:
            process.wait()
    time.sleep(3600)


def _cable(link: Link) -> str:
    spine = f"name to-{link.leaf} netns {link.spine}"
    return f"link add {spine} type veth peer name to-{link.spine} netns {link.leaf}"


def _addresses(clos: Clos, router: str) -> Iterator[str]:
    yield "link set lo up"
    yield f"address add {clos.loopbacks[router]}/32 dev lo"
    for link in clos.links:
        if router in (link.spine, link.leaf):
            far, own = (link.leaf, link.spine_address) if router == link.spine else (link.spine, link.leaf_address)
            yield f"address add {own}/31 dev to-{far}"
            yield f"link set to-{far} up"


def _batch(router: str, lines: list[str]) -> None:
    within = ("-n", router) if router else ()
    subprocess.run(["ip", *within, "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)


def _start(clos: Clos, router: str) -> str:
    """The shell commands that start a router's daemons, each with the router's configuration."""
    conf = Path(f"/run/confs/{router}.conf")
    conf.write_text("\n".join(frr_lines(clos, router)) + "\n")
    for parent in ("/run/frr", "/etc/frr"):
        Path(parent, router).mkdir()
        shutil.chown(Path(parent, router), "frr", "frr")
    daemon = f"-N {router} -P 0 -d -f {conf}"
    within = f"ip netns exec {router} sh -c"
    settings = f"sysctl -qw {' '.join(_SYSCTLS)}"
    return f"{within} '{settings}; {_FRR}/zebra {daemon}; {_FRR}/bgpd {daemon}' >/dev/null 2>&1"


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Clos(int(sys.argv[1]), int(sys.argv[2])))
