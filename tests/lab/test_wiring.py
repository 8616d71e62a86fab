"""Sysctl files, and netlink requests as the kernel takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric import resources
from fabric.lab._wiring import Sysctl, link_local, parse_sysctls


def test_the_syntax_is_that_of_sysctl_d() -> None:
    text = "# comment\n; too\n\nnet.ipv4.ip_forward = 1\n-net.ipv4.ping_group_range=0 0\n"
    assert parse_sysctls(text) == (
        Sysctl("net.ipv4.ip_forward", "1", optional=False),
        Sysctl("net.ipv4.ping_group_range", "0 0", optional=True),
    )
    assert parse_sysctls("a.b = 1")[0].path == Path("/proc/sys/a/b")


@pytest.mark.parametrize("name", ["sysctls.conf", "sysctls-host.conf"])
def test_the_files_that_ship_set_each_key_once_and_nothing_beyond_the_network(name: str) -> None:
    keys = [setting.key for setting in parse_sysctls((resources.directory("lab") / name).read_text())]
    assert keys
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("net.") for key in keys)


def test_link_local_addresses_are_those_of_rfc_4291() -> None:
    assert link_local("02:fa:00:00:00:68") == "fe80::fa:ff:fe00:68"
    assert link_local("34:56:78:9a:bc:de") == "fe80::3656:78ff:fe9a:bcde"
