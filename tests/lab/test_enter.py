"""The command that leads into a lab."""

from __future__ import annotations

import pytest

from fabric.lab._enter import enter_argv, exit_code, inner_environment
from fabric.lab._state import ProcessId, SupervisorStatus

STATUS = SupervisorStatus("running", ProcessId(42, 1), False, "0.1.0")


def test_a_device_is_entered_by_its_own_namespaces() -> None:
    argv = enter_argv(STATUS, "leaf-1", ("ip", "link"))
    assert argv[-3:] == ("--", "ip", "link")
    assert "--target=42" in argv
    assert "--net=/proc/42/root/run/netns/leaf-1" in argv
    assert "--user" not in argv


def test_a_rootless_lab_is_entered_through_its_user_namespace() -> None:
    rootless = SupervisorStatus("running", ProcessId(42, 1), True, "0.1.0")
    argv = enter_argv(rootless, None, ("true",))
    assert {"--user", "--preserve-credentials", "--net"} < set(argv)


@pytest.mark.parametrize(("returncode", "code"), [(0, 0), (7, 7), (-15, 143)])
def test_exit_codes_are_those_of_a_shell(returncode: int, code: int) -> None:
    assert exit_code(returncode) == code


def test_system_programs_and_this_package_are_found_inside() -> None:
    inner = inner_environment({"PATH": "/mine", "PYTHONPATH": "/other", "KEEP": "1"})
    assert inner["PATH"].startswith("/mine:")
    assert "/usr/sbin" in inner["PATH"].split(":")
    assert inner["PYTHONPATH"].endswith(":/other")
    assert inner["KEEP"] == "1"
