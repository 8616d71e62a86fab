"""An engine whose labs are all ended after the test, and waiting for a condition."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fabric.lab import EmbeddedEngine
from tests.frr import require_frr

WaitUntil = Callable[[Callable[[], bool], str], None]


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """An environment with a state directory of the test's own."""
    return {**os.environ, "FABRIC_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def engine(environ: Mapping[str, str]) -> Iterator[EmbeddedEngine]:
    require_frr(environ)
    engine = EmbeddedEngine(environ)
    yield engine
    for name in engine.names():
        engine.down(name)


@pytest.fixture
def wait_until() -> WaitUntil:
    """Polls a condition until it holds; fails with its description after 60 s."""

    def wait(condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end, f"not within 60 s: {what}"
            time.sleep(0.05)

    return wait
