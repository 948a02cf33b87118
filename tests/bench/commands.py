"""Measure the CPU time of each command that reads, beside `python -c "import optuna, pandas"`.

    python tests/bench/commands.py [REPEATS]

In an empty directory it runs `volopt run grid --quick`, then each command on its study: as a process of its own
(median over repeats), and twice in one process. What a command takes the second time, when all is imported, is its own
arithmetic; the libraries that compute it are named. The goal: a command takes at most 1.5 times the import of Optuna,
pandas and these libraries, and its own arithmetic.
"""

import json
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
LIBRARIES = (  # that compute or draw
    "scipy.optimize", "scipy.stats", "statsmodels.regression.linear_model", "arch.bootstrap", "sklearn.ensemble",
    "plotly.graph_objects", "matplotlib.figure", "torch",
)  # fmt: skip
TWICE = f"""
import contextlib, io, json, sys, time
from volopt.cli.main import main
def call():
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
    return time.process_time() - start
call()
print(json.dumps([call(), [name for name in {LIBRARIES!r} if name in sys.modules]]))
"""


def cpu(arguments: list[str], repeats: int) -> float:
    """Return the CPU seconds of Python with these arguments, the median over repeats."""
    return median(measure([sys.executable, *arguments]).cpu_seconds for _ in range(repeats))


def main(repeats: int) -> None:
    printed.machine()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        quick = measure([sys.executable, "-m", "volopt", "run", "grid", "--quick"])
        print(f"volopt run grid --quick: {quick.seconds:.1f} s, {quick.cpu_seconds:.1f} CPU s\n")
        imports = cpu(["-c", IMPORTS], repeats)
        rows, targets = [(f"python -c '{IMPORTS}'", imports, 0.0, "", 1.0)], []
        for command in COMMANDS:
            own, libraries = json.loads(measure([sys.executable, "-c", TWICE, *command.split()]).out)
            total = cpu(["-m", "volopt", *command.split()], repeats)
            needed = cpu(["-c", ", ".join([IMPORTS, *libraries])], repeats) if libraries else imports
            names = ", ".join(dict.fromkeys(name.partition(".")[0] for name in libraries))
            rows.append((f"volopt {command}", total, own, names, (total - own) / needed))
            targets.append(Target(f"volopt {command}", total, RATIO * needed + own, "CPU s"))
    columns = ["command", "CPU s", "its arithmetic", "libraries for it", "the rest / the imports"]
    printed.table(columns, rows)
    printed.targets(targets)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
