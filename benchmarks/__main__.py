"""`make bench`: every benchmark, one table."""

from __future__ import annotations

import sys

from benchmarks import bring_up, plan_render, plan_scale, simulate, translate
from benchmarks._table import machine, table


def main() -> None:
    """Measure and print."""
    if lack := bring_up.what_munet_lacks():
        sys.exit(lack)
    rows = plan_render.measure(runs=5) + plan_scale.measure(runs=1) + translate.measure(runs=3)
    rows += simulate.measure(runs=3)
    rows += bring_up.measure(runs=3)
    costs = plan_scale.cost_table(plan_scale.costs())
    predicted = simulate.cost_table(simulate.costs())
    print(f"{machine()}\n\n{table(rows)}\n\n{costs}\n\n{predicted}")


if __name__ == "__main__":
    main()
