"""The words for a machine that refuses a sandbox."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

import pytest

from fabric.lab._sandbox import refusal


@pytest.mark.parametrize(
    ("sysctls", "number", "way_out"),
    [
        ({"user.max_user_namespaces": "0"}, errno.ENOSPC, "sysctl -w user.max_user_namespaces=10000"),
        ({"kernel.unprivileged_userns_clone": "0"}, errno.EPERM, "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            {"kernel.apparmor_restrict_unprivileged_userns": "1"},
            errno.EACCES,
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ({"user.max_user_namespaces": "99"}, errno.ENOSPC, "end other sandboxes first"),
        ({"user.max_user_namespaces": "99"}, errno.EPERM, "give it CAP_SYS_ADMIN"),
    ],
)
def test_a_refused_sandbox_names_what_to_change(sysctls: Mapping[str, str], number: int, way_out: str) -> None:
    text = refusal(OSError(number, os.strerror(number)), sysctls.get)
    assert way_out in text
    assert os.strerror(number) in text
