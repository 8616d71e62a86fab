"""Labs up and down, again and again, also with their supervisor killed at a random moment: is anything left?

    python -m benchmarks.soak                       50 rounds, and 20 with the supervisor killed
    python -m benchmarks.soak --rounds 3 --kills 3  a short one, as the tests run it

After each round the machine must be as before: no process of the lab, no interface, no mount, no named network
namespace, no file in the state directory. After a kill `fabric lab down` may be needed for the state directory alone;
everything else must be gone by itself. Exit code 1 and a list when something is left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks._clos import topology_yaml

_FABRIC = (sys.executable, "-m", "fabric")
_GRACE_S = 20.0
_LONGEST_UP_S = 4.0
"""A kill comes at a moment up to this long after the start, before, while or after the lab comes up."""


@dataclass(frozen=True)
class Machine:
    """What labs could leave on a machine. Processes are those that descend from this one, or have our marker."""

    interfaces: frozenset[str]
    mounts: frozenset[str]
    namespaces: frozenset[str]
    files: frozenset[str]
    processes: frozenset[str]

    def since(self, before: Machine) -> list[str]:
        """What is here now and was not before."""
        kinds = ("interfaces", "mounts", "namespaces", "files", "processes")
        return [f"{kind}: {name}" for kind in kinds for name in sorted(getattr(self, kind) - getattr(before, kind))]


def look(state: Path) -> Machine:
    """What is on the machine, as far as a lab with that state directory could have left it."""
    marker = f"FABRIC_STATE_DIR={state}".encode()
    return Machine(
        frozenset(entry.name for entry in Path("/sys/class/net").iterdir()),
        frozenset(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        frozenset(entry.name for entry in Path("/run/netns").glob("*")),
        frozenset(str(path.relative_to(state)) for path in state.rglob("*") if not path.is_dir()),
        frozenset(_marked(marker)),
    )


def _marked(marker: bytes) -> Iterator[str]:
    """The processes with the marker in their environment, which all of a lab inherits."""
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if directory.name != str(os.getpid()) and marker in (directory / "environ").read_bytes().split(b"\0"):
                yield f"{directory.name} {(directory / 'comm').read_text().strip()}"


def fabric(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """How `fabric ARGUMENTS…` ended."""
    environ = {**os.environ, "FABRIC_STATE_DIR": str(state)}
    return subprocess.run([*_FABRIC, *arguments], env=environ, capture_output=True, text=True, check=False)


def up_and_down(state: Path, topology: str) -> list[str]:
    """What a round leaves, or what went wrong in it."""
    before = look(state)
    for step in (("lab", "up", topology), ("lab", "down")):
        done = fabric(state, *step)
        if done.returncode:
            fabric(state, "lab", "down", "--all")
            return [f"`fabric {' '.join(step)}`: {done.stderr.strip()}"]
    return _left(state, before)


def killed(state: Path, topology: str, after_s: float) -> list[str]:
    """What is left when the supervisor is killed so long after the start of `up`, and then by `down`."""
    before = look(state)
    environ = {**os.environ, "FABRIC_STATE_DIR": str(state)}
    command = [*_FABRIC, "lab", "up", topology]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(after_s)
        for pid in _supervisors(state):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
    by_itself = [line for line in _left(state, before, with_files=False) if not _supervisors_live(state)]
    done = fabric(state, "lab", "down", "--all")
    failed = [f"`fabric lab down --all`: {done.stderr.strip()}"] if done.returncode else []
    return by_itself + failed + _left(state, before)


def _supervisors(state: Path) -> list[int]:
    found = []
    for status in state.glob("labs/*/status.json"):
        with suppress(ValueError, OSError):
            found.append(int(json.loads(status.read_text())["supervisor"][0]))
    return found


def _supervisors_live(state: Path) -> bool:
    """True when the kill came too early for the lab, which then came up and is still there."""
    return any(Path(f"/proc/{pid}").exists() for pid in _supervisors(state))


def _left(state: Path, before: Machine, *, with_files: bool = True) -> list[str]:
    """What is still left once the kernel had time to take it away."""
    end = time.monotonic() + _GRACE_S
    while True:
        left = [line for line in look(state).since(before) if with_files or not line.startswith("files:")]
        if not left or time.monotonic() > end or (not with_files and _supervisors_live(state)):
            return left
        time.sleep(0.05)


def soak(rounds: int, kills: int, seed: int) -> list[str]:
    """Everything that was left, with the round that left it."""
    moments = random.Random(seed)
    found = []
    with tempfile.TemporaryDirectory() as name:
        state, topology = Path(name, "state"), Path(name, "topology.yaml")
        topology.write_text(topology_yaml(1, 2))
        for number in range(1, rounds + 1):
            found += [f"round {number}: {left}" for left in up_and_down(state, str(topology))]
        for number in range(1, kills + 1):
            after_s = moments.uniform(0, _LONGEST_UP_S)
            found += [f"kill {number} after {after_s:.2f} s: {left}" for left in killed(state, str(topology), after_s)]
    return found


def main() -> None:
    """Soak, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    began = time.monotonic()
    found = soak(options.rounds, options.kills, options.seed)
    for line in found:
        print(line)
    elapsed_s = time.monotonic() - began
    print(
        f"{options.rounds} rounds and {options.kills} kills, seed {options.seed}, {elapsed_s:.0f} s: {len(found)} left"
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
