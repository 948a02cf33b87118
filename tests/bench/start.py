"""How long does `volopt --help` take beside `python -c "import click"`, and how much memory?

    python tests/bench/start.py [REPEATS]

Medians over repeats, run in turn. This process is kept small: the kernel would count its memory into theirs.
"""

import sys

import printed

from volopt.bench.start import REPEATS, start
from volopt.bench.target import Target


def main(repeats: int) -> None:
    printed.machine()
    found = start(repeats)
    printed.table(
        ["command", "wall ms", "largest memory MB", "wall / click's"],
        [
            ('python -c "import click"', 1000 * found.click_seconds, found.click_memory, 1.0),
            ("volopt --help", 1000 * found.help_seconds, found.help_memory, found.help_seconds / found.click_seconds),
        ],
    )
    target = Target("volopt --help: 1.5 · import click + 0.1 s", found.help_seconds, found.allowed, "s")
    printed.targets([target])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS)
