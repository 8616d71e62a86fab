"""Ways into the containers of a lab: the view that shows all of them, and the programs of ours that run there."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from fabric.errors import LabError
from fabric.lab._enter import run_captured

_VIEW = (sys.executable, "-P", "-m", "fabric.lab._containers._view")
_HAND = (sys.executable, "-P", "-m", "fabric.lab._containers._hand")


def enter_argv(pids: Mapping[str, int], argv: Sequence[str]) -> tuple[str, ...]:
    """The command that runs `argv` in the host's network, all containers in view."""
    return (*_VIEW, json.dumps(dict(pids)), *argv)


def ask(pids: Mapping[str, int], request: Mapping[str, Any]) -> Any:
    """What the hand in the view replies. Raises `LabError` with its words."""
    done = run_captured(enter_argv(pids, _HAND), json.dumps({**request, "containers": dict(pids)}) + "\n", None)
    if done.exit_code:
        raise LabError(f"The containers cannot be reached: {(done.stderr or done.stdout).strip()}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise LabError(answer["error"])
    return answer["reply"]
