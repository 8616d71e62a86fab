"""How long a fabric of real FRR routers takes from nothing to complete kernel forwarding tables.

The clock runs from the start of the tool's process to the moment at which the kernel of every leaf has every other
leaf's loopback with as many next hops as there are spines. Both tools run in a PID namespace that is ended afterwards:
munet enters the namespaces of the first process that it sees, and whatever a tool leaves behind ends with it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import _peers
from benchmarks._clos import Clos, munet_files, topology_yaml
from benchmarks._fibs import Lab, processor_seconds, seconds_to_full_fibs
from benchmarks._table import Contestant, Row, machine, race, table

LIMIT_S = 300.0
BARE = "`ip -batch` and daemons"
_CHECKOUT = Path(__file__).resolve().parent.parent
PATIENT_PGREP = """\
#!/bin/sh
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  {pgrep} "$@" && exit
  sleep 0.02
done
exit 1
"""
"""munet asks pgrep for the child of a process that it has just started, and gives up when there is none yet, which a
busy machine makes likely; this waits for the child."""
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")


def seconds(command: list[str], clos: Clos, directory: Path, *, of_processors: bool) -> float:
    """Seconds from the start of `command` to complete tables; everything that it started is ended afterwards.

    Either those that pass, or those that processors spend on it, which other work on the machine changes less.
    """
    name = str(directory)
    log_path = directory / "log"
    with log_path.open("wb") as log:
        started_s = time.monotonic()
        # What the tools keep between commands, or leave behind when they are killed, goes with the directory.
        places = {"TMPDIR": name, "XDG_STATE_HOME": name, "PATH": f"{name}:{os.environ['PATH']}"}
        process = subprocess.Popen(
            [*UNSHARE, *command],
            cwd=directory,
            env={**os.environ, **places},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    lab = Lab(process, started_s)
    try:
        elapsed_s = seconds_to_full_fibs(lab, clos, LIMIT_S)
        return processor_seconds(lab) if of_processors else elapsed_s
    except (ChildProcessError, TimeoutError) as error:
        last_words = log_path.read_text(errors="replace").splitlines()[-5:]
        raise ChildProcessError("\n".join([str(error), *last_words])) from error
    finally:
        _end(process)


def _end(unshare: subprocess.Popen[bytes]) -> None:
    """Return once the lab is gone: the kernel reports its first process dead only after all others in there."""
    if unshare.poll() is not None:
        return
    for child in Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    unshare.wait()


def munet(clos: Clos, *, of_processors: bool = False) -> float:
    """One run of munet from PyPI, which is given interfaces, addresses and FRR configurations."""
    program = str(_peers.install(_peers.MUNET) / "munet")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        # FRR's daemons give up root and must still find their configuration.
        directory.chmod(0o755)
        for file, text in munet_files(clos).items():
            (directory / file).write_text(text)
        pgrep = directory / "pgrep"
        pgrep.write_text(PATIENT_PGREP.format(pgrep=shutil.which("pgrep")))
        pgrep.chmod(0o755)
        command = [program, "-c", "munet.json", "-d", f"{name}/run"]
        return seconds(command, clos, directory, of_processors=of_processors)


def fabric(clos: Clos, *, of_processors: bool = False) -> float:
    """One run of `fabric lab up`, which plans and renders the fabric too."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "topology.yaml").write_text(topology_yaml(clos.spines, clos.leaves))
        up = ["sh", "-c", '"$0" lab up topology.yaml && exec sleep infinity', str(_peers.ours())]
        return seconds(up, clos, directory, of_processors=of_processors)


def bare(clos: Clos, *, of_processors: bool = False) -> float:
    """One run of the least that brings up such routers, as a yardstick: `ip -batch`, and daemons with a file each."""
    with tempfile.TemporaryDirectory() as name:
        script = [sys.executable, "-m", "benchmarks._bare", str(clos.spines), str(clos.leaves)]
        command = ["env", f"PYTHONPATH={_CHECKOUT}", *script]
        return seconds(command, clos, Path(name), of_processors=of_processors)


def what_munet_lacks() -> str | None:
    """A sentence about what keeps munet from running here, if anything does."""
    if os.geteuid() != 0:
        return "munet makes its namespaces as root: run this as root, or only `python -m benchmarks.plan_render`."
    if not shutil.which("pgrep"):
        return "munet needs pgrep: install the package procps."
    return None


def measure(
    runs: int, routers: Sequence[int] = (48, 100), munet_up_to: int = 48, *, of_processors: bool = False
) -> list[Row]:
    """The rows of this benchmark: fabrics of so many routers, four of them spines."""
    rows = list[Row]()
    for number in routers:
        clos = Clos(4, number - 4)
        tools = {"fabric lab up": fabric, BARE: bare, **({_peers.MUNET: munet} if number <= munet_up_to else {})}
        contestants = [Contestant(tool, partial(run, clos, of_processors=of_processors)) for tool, run in tools.items()]
        rows += race(f"{'processor time, ' if of_processors else ''}bring up {clos}", contestants, runs)
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--routers", type=int, nargs="+", default=[48, 100], help="sizes; 4 of the routers are spines")
    parser.add_argument("--munet-up-to", type=int, default=48, help="the largest size for munet; 0 leaves it out")
    parser.add_argument("--processor-time", action="store_true", help="the time that processors spend, not that passes")
    options = parser.parse_args()
    if lack := what_munet_lacks():
        sys.exit(lack)
    rows = measure(options.runs, options.routers, options.munet_up_to, of_processors=options.processor_time)
    print(f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
