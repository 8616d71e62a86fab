"""Plans one topology file with a ledger, in a process of its own: `python -m benchmarks._plan_once FILE LEDGER`.

Prints its peak memory in KiB and its processor time in seconds.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from fabric.plan import build, ledger_of, read_ledger, write_ledger
from fabric.topology import load


def main(file: Path, ledger: Path) -> None:
    """Reads the file and the ledger, plans, and writes the ledger."""
    gc.set_threshold(500_000)  # as the command does
    write_ledger(ledger, ledger_of(build(load(file), read_ledger(ledger))))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    # getrusage would count what the parent had when it forked
    print(status["VmHWM"].split()[0], time.process_time())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
