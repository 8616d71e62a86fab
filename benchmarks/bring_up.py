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
from functools import partial
from pathlib import Path

from benchmarks import _peers
from benchmarks._clos import Clos, munet_files, topology_yaml
from benchmarks._fibs import Lab, seconds_to_full_fibs
from benchmarks._table import Contestant, Row, machine, race, table

LIMIT_S = 300.0
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


def seconds(command: list[str], clos: Clos, directory: Path) -> float:
    """Seconds from the start of `command` to complete tables; everything that it started is ended afterwards."""
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
    try:
        return seconds_to_full_fibs(Lab(process, started_s), clos, LIMIT_S)
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


def munet(clos: Clos) -> float:
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
        return seconds([program, "-c", "munet.json", "-d", f"{name}/run"], clos, directory)


def fabric(clos: Clos) -> float:
    """One run of `fabric lab up`, which plans and renders the fabric too."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "topology.yaml").write_text(topology_yaml(clos.spines, clos.leaves))
        up = ["sh", "-c", '"$0" lab up topology.yaml && exec sleep infinity', str(_peers.ours())]
        return seconds(up, clos, directory)


def what_munet_lacks() -> str | None:
    """A sentence about what keeps munet from running here, if anything does."""
    if os.geteuid() != 0:
        return "munet makes its namespaces as root: run this as root, or only `python -m benchmarks.plan_render`."
    if not shutil.which("pgrep"):
        return "munet needs pgrep: install the package procps."
    return None


def measure(runs: int, *, munet_at_100: bool) -> list[Row]:
    """The rows of this benchmark."""
    medium, large = Clos(4, 44), Clos(4, 96)
    rows = race(f"bring up {medium}", _contestants(medium, with_munet=True), runs)
    return rows + race(f"bring up {large}", _contestants(large, with_munet=munet_at_100), runs)


def _contestants(clos: Clos, *, with_munet: bool) -> list[Contestant]:
    ours = Contestant("fabric lab up", partial(fabric, clos))
    return [ours, Contestant(_peers.MUNET, partial(munet, clos))] if with_munet else [ours]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--munet-at-100", action="store_true", help="let munet bring up 100 routers too")
    options = parser.parse_args()
    if lack := what_munet_lacks():
        sys.exit(lack)
    rows = measure(options.runs, munet_at_100=options.munet_at_100)
    print(f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
