"""Tests that need what this machine's kernel lacks, run under a kernel that has it: `scripts/uml`, user-mode-linux.

    @pytest.mark.kernel("netem", "vrf")
    def test_…

Where the kernel has all of it, the test runs as any other. Where it lacks something, all such tests of the session run
in one boot of the other kernel, when the first of them is due, and each is reported as it went there. Their fixtures
are set up on both sides, so they should not do much.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
_TRIES = {
    "netem": "ip link add d0 type veth peer name d1 && tc qdisc add dev d0 root netem delay 1ms",
    "dummy": "ip link add d0 type dummy",
    "vrf": "ip link add d0 type vrf table 10",
}
"""What a kernel has, by the commands that show it in a network namespace of their own."""


def inside() -> bool:
    """True under the other kernel."""
    return "FABRIC_UML" in os.environ


@cache
def has(feature: str) -> bool:
    """True when this machine's kernel has the feature."""
    alone = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", _TRIES[feature])
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return not subprocess.run(alone, capture_output=True, check=False, env={**os.environ, "PATH": path}).returncode


def needs_other_kernel(item: pytest.Item) -> bool:
    """True for a test that this machine's kernel cannot run."""
    mark = item.get_closest_marker("kernel")
    return mark is not None and not inside() and not all(map(has, mark.args))


def run_there(item: pytest.Item) -> None:
    """Nothing; fails or skips as the test did under the other kernel."""
    outcome, words = _outcomes(item.session).get(item.nodeid, ("failed", "it was not run there"))
    if outcome == "skipped":
        pytest.skip(words)
    if outcome != "passed":
        pytest.fail(f"under user-mode-linux: {words}", pytrace=False)


_KEY = pytest.StashKey[dict[str, tuple[str, str]]]()


def _outcomes(session: pytest.Session) -> dict[str, tuple[str, str]]:
    """How each of the session's tests went under the other kernel, by its id; they run at the first call."""
    if _KEY not in session.stash:
        session.stash[_KEY] = _run_all([item.nodeid for item in session.items if needs_other_kernel(item)])
    return session.stash[_KEY]


def _run_all(ids: list[str]) -> dict[str, tuple[str, str]]:
    pytest_there = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *ids)
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = (str(CHECKOUT / "scripts/uml"), *pytest_there)
    done = subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(_PREFIX)]
    found = {i: (outcome, words) for i, outcome, words in (json.loads(line.removeprefix(_PREFIX)) for line in lines)}
    missing = f"the kernel, or pytest in it, gave no result:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return {test: found.get(test, ("failed", missing)) for test in ids}


_PREFIX = "fabric-uml-result "


_KEPT = pytest.StashKey[list[str]]()


def keep(item: pytest.Item, report: pytest.TestReport) -> None:
    """Nothing; how a test went, or which fixture of it failed, is told at the end of the run under the other kernel."""
    if inside() and (report.when == "call" or not report.passed):
        words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr or "")
        lines = item.config.stash.setdefault(_KEPT, [])
        lines.append(_PREFIX + json.dumps([report.nodeid, report.outcome, words]))


def told(config: pytest.Config) -> list[str]:
    """The lines that tell the run on the machine how the tests went here."""
    return config.stash.get(_KEPT, [])
