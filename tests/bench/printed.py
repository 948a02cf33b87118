"""Print the results of the benchmarks: Markdown tables for the README, and the machine."""

import os
import platform
from collections.abc import Sequence

from volopt.bench.process import Target


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, floats with 4 digits."""
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print(flush=True)


def targets(rows: Sequence[Target]) -> None:
    """Print which targets are met."""
    table(["figure", "here", "target", "met"], [target.cells for target in rows])


def machine() -> None:
    """Print the machine and its load, without large imports."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, load at the start {load:.1f}\n")
