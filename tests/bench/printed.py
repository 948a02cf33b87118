"""How the benchmarks print: Markdown tables, ready for the README, and the machine they ran on."""

import os
import platform
from collections.abc import Sequence

from volopt.bench.target import Target


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; floats with 4 digits."""
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print(flush=True)


def targets(found: Sequence[Target]) -> None:
    """Print which targets are met."""
    table(["figure", "here", "target", "met"], [target.shown for target in found])


def machine() -> None:
    """Print where and when this runs; imports nothing that a small process would not want."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, load at the start {load:.1f}\n")
