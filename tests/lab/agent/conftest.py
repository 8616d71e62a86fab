"""Network namespaces for tests: they live by an open file of this process, so none outlives it."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fabric.lab._netns import CLONE_NEWNET

_libc = ctypes.CDLL(None, use_errno=True)


class Lab:
    """Namespaces by name, and what is run inside them."""

    def __init__(self) -> None:
        self.paths: dict[str, Path] = {}
        self._files: list[int] = []

    def add(self, *names: str) -> None:
        """Make namespaces with `lo` up that forward and hash by 5-tuple."""
        for name in names:
            self._files.append(_new_namespace())
            self.paths[name] = Path(f"/proc/{os.getpid()}/fd/{self._files[-1]}")
            self.ip(name, "link set lo up")
            self.sysctl(
                name,
                "net.ipv4.ip_forward=1",
                "net.ipv6.conf.all.forwarding=1",
                "net.ipv4.fib_multipath_hash_policy=1",
                "net.ipv6.fib_multipath_hash_policy=1",
            )

    def run(self, name: str, *command: str, text: str = "") -> None:
        """Run a program in a namespace; its failure is the test's."""
        nsenter = ["nsenter", f"--net={self.paths[name]}", *command]
        done = subprocess.run(nsenter, input=text, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{name}: {command}: {done.stderr}"

    def ip(self, name: str, *lines: str) -> None:
        """Run `ip` commands in a namespace, in one process."""
        self.run(name, "ip", "-batch", "-", text="\n".join(lines) + "\n")

    def sysctl(self, name: str, *settings: str) -> None:
        """Set sysctls of a namespace."""
        self.run(name, "sysctl", "-q", "-w", *settings)

    def cable(self, a: str, a_interface: str, b: str, b_interface: str, number: int) -> None:
        """Join two namespaces; link `number` has 10.0.NUMBER.0/24 and fd00:NUMBER::/64, `a` is .1 and `b` is .2."""
        self.ip(a, f"link add {a_interface} type veth peer name {b_interface} netns {self.paths[b]}")
        for name, interface, host in ((a, a_interface, 1), (b, b_interface, 2)):
            # Without duplicate address detection the link is usable at once.
            self.sysctl(name, f"net.ipv6.conf.{interface}.accept_dad=0")
            self.ip(
                name,
                f"link set {interface} up",
                f"addr add 10.0.{number}.{host}/24 dev {interface}",
                f"addr add fd00:{number}::{host}/64 dev {interface} nodad",
            )

    def close(self) -> None:
        """Let the namespaces go."""
        for file in self._files:
            os.close(file)


def _new_namespace() -> int:
    """An open file of a new network namespace. A thread makes it, so that the others stay where they are."""
    made: list[int] = []

    def make() -> None:
        if _libc.unshare(CLONE_NEWNET) == 0:
            made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        else:
            made.append(-ctypes.get_errno())

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if made[0] == -errno.EPERM:
        pytest.skip("making a network namespace needs CAP_SYS_ADMIN")
    assert made[0] >= 0, os.strerror(-made[0])
    return made[0]


@pytest.fixture
def lab() -> Iterator[Lab]:
    """An empty lab."""
    lab = Lab()
    yield lab
    lab.close()


@pytest.fixture
def chain(lab: Lab) -> Lab:
    """`a`, `r` and `b`: two links between a and r, one between r and b, loopbacks on the ends, routes everywhere.

    a ==(1, 2)== r --(3)-- b       a: 192.0.2.1, 2001:db8::1      b: 192.0.2.2, 2001:db8::2
    """
    lab.add("a", "r", "b")
    lab.cable("a", "r1", "r", "a1", 1)
    lab.cable("a", "r2", "r", "a2", 2)
    lab.cable("r", "b1", "b", "r1", 3)
    lab.ip(
        "a",
        "addr add 192.0.2.1/32 dev lo",
        "addr add 2001:db8::1/128 dev lo nodad",
        "route add 192.0.2.2/32 proto bgp metric 20 nexthop via 10.0.1.2 nexthop via 10.0.2.2",
        "route add 2001:db8::2/128 proto bgp metric 20 nexthop via fd00:1::2 dev r1 nexthop via fd00:2::2 dev r2",
    )
    lab.ip(
        "r",
        "route add 192.0.2.1/32 proto bgp metric 20 nexthop via 10.0.1.1 nexthop via 10.0.2.1",
        "route add 2001:db8::1/128 proto bgp metric 20 nexthop via fd00:1::1 dev a1 nexthop via fd00:2::1 dev a2",
        "route add 192.0.2.2/32 via 10.0.3.2 proto bgp",
        "route add 2001:db8::2/128 via fd00:3::2 proto bgp",
    )
    lab.ip(
        "b",
        "addr add 192.0.2.2/32 dev lo",
        "addr add 2001:db8::2/128 dev lo nodad",
        "route add 192.0.2.1/32 via 10.0.3.1 proto bgp",
        "route add 2001:db8::1/128 via fd00:3::1 proto bgp",
    )
    return lab
