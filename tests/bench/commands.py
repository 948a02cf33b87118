"""Measure the CPU time of each command that reads, beside `python -c "import optuna, pandas"`.

    python tests/bench/commands.py [REPEATS]

In an empty directory it runs `volopt run grid --quick`, then each command on its study: as a process of its own
(median over repeats), and twice in one process. What a command takes the second time, when all is imported, is its own
arithmetic. The goal: a command takes at most 1.5 times the import of Optuna and pandas, and its own arithmetic.
"""

import os
import sys
import tempfile
from statistics import median

import printed

from volopt.bench.process import Target, measure

IMPORTS = "import optuna, pandas"
RATIO = 1.5
STUDY = "grid-quick"
COMMANDS = (
    "studies",
    f"status {STUDY}",
    f"trials {STUDY}",
    f"trials {STUDY} 0",
    f"trials {STUDY} --json",
    f"best {STUDY}",
    f"compare {STUDY} best har",
    f"findings {STUDY}",
    f"plot {STUDY} importance --out importance.html",
    f"plot {STUDY} history --out history.html",
    f"export {STUDY} --out tables --force",
    f"report {STUDY} --out report.html",
    "check grid",
    "data check storage/sample_cn",
)
TWICE = """
import contextlib, io, sys, time
from volopt.cli.main import main
def call():
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
    return time.process_time() - start
call()
print(call())
"""


def main(repeats: int) -> None:
    printed.machine()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        quick = measure([sys.executable, "-m", "volopt", "run", "grid", "--quick"])
        print(f"volopt run grid --quick: {quick.seconds:.1f} s, {quick.cpu_seconds:.1f} CPU s\n")
        imports = median(measure([sys.executable, "-c", IMPORTS]).cpu_seconds for _ in range(repeats))
        rows, targets = [("python -c " + repr(IMPORTS), imports, 0.0, 1.0)], []
        for command in COMMANDS:
            words = command.split()
            total = median(measure([sys.executable, "-m", "volopt", *words]).cpu_seconds for _ in range(repeats))
            own = float(measure([sys.executable, "-c", TWICE, *words]).out)
            rows.append((f"volopt {command}", total, own, (total - own) / imports))
            targets.append(Target(f"volopt {command}", total, RATIO * imports + own, "CPU s"))
    printed.table(["command", "CPU s", "of these its arithmetic", "the rest / the import of Optuna and pandas"], rows)
    printed.targets(targets)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
