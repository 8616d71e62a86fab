"""`make bench`: every benchmark, one table."""

from __future__ import annotations

import os
import sys

from benchmarks import bring_up, plan_render
from benchmarks._table import machine, table


def main() -> None:
    """Measure and print."""
    if os.geteuid() != 0:
        sys.exit(
            "munet needs root to make its namespaces: run this as root, or only `python -m benchmarks.plan_render`."
        )
    rows = plan_render.measure(runs=5) + bring_up.measure(runs=3, munet_at_100=False)
    print(f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
