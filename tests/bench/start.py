"""Measure the time and memory of `volopt --help` beside `python -c "import click"`.

    python tests/bench/start.py [REPEATS]

Medians over repeats, run in turn. This process stays small, because the kernel counts its memory in theirs.
"""

import sys

import printed

from volopt.bench.process import REPEATS, Target, start_time


def main(repeats: int) -> None:
    printed.machine()
    start = start_time(repeats)
    printed.table(
        ["command", "wall ms", "peak memory MB", "wall / click's"],
        [
            ('python -c "import click"', 1000 * start.click_seconds, start.click_memory, 1.0),
            ("volopt --help", 1000 * start.help_seconds, start.help_memory, start.help_seconds / start.click_seconds),
        ],
    )
    target = Target("volopt --help: 1.5 · import click + 0.1 s", start.help_seconds, start.allowed, "s")
    printed.targets([target])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS)
