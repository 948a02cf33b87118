"""Measure how time grows with the number of trials of a study.

    python tests/bench/scale.py [--most 100000] [--asks 5] [--out FIGURE.png]

The script writes studies of 100, 1,000, … trials into SQLite in bulk, with all that volopt stores. Then it opens a
study as a resumed run does, asks for trials and tells results (grid of 100,000 points, random, TPE), and asks a median
pruner. Plain Optuna with its cache, GridSampler and TPESampler does the same on the same file. The script also runs
`volopt status` and `volopt trials`. Seconds are CPU seconds of the process, medians over the asks, in a table and a
figure.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import optuna
from optuna.samplers import GridSampler, TPESampler

sys.path.append(str(Path(__file__).parents[1]))

from many_trials import drawn, fill, loss, wide
from volopt.definition import load
from volopt.optuna_internals import storage_of
from volopt.search.asking import asker
from volopt.search.phase_view import phase_pruner
from volopt.storage.database.connect import connect
from volopt.storage.database.trial_cache import transaction
from volopt.studies import study as studies
from volopt.studies.space import distributions

MAX_TRIALS_OPTUNA = 20_000  # with more trials plain Optuna is asked only once
COLORS = {"grid": "#1b6ca8", "random": "#2e8b57", "tpe": "#c44e52", "pruner": "#7a5195", "status": "#555555"}
COMMAND = """
import resource, sys
from volopt.cli.main import main
try:
    main()
finally:
    print(*resource.getrusage(resource.RUSAGE_SELF)[:3], file=sys.stderr)
"""
Figures = dict[str, float]


def seconds(call: Callable[[], Any]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def filled(folder: Path, kind: str, count: int) -> tuple[Path, Any]:
    """Write a database with a study of ``count`` trials of a ``kind``, grid or random; return it and the definition."""
    path = folder / f"{kind}{count}.db"
    definition = load.read(wide(kind, trials=10**6), "bench")
    points = islice(definition.phases[0].points(definition), count) if kind == "grid" else drawn(definition, count)
    with closing(connect(f"sqlite:///{path}", write=True, create=True)) as storage:
        fill(storage, definition, points)
    return path, definition


def ours(path: Path, definition: Any, sampler: str, asks: int) -> Figures:
    """Return the seconds of volopt: opening, asking, telling, and asking the median pruner."""
    times: dict[str, list[float]] = {"ask": [], "tell": [], "prune": []}
    if sampler != "grid":
        phase = definition.phases[0].model_copy(update={"sampler": sampler})
        definition = definition.model_copy(update={"phases": (phase,)})
    phase = definition.phases[0]
    with closing(connect(f"sqlite:///{path}", write=True)) as storage:
        start = time.process_time()
        study, _ = studies.find(storage, definition.name)
        studies.repair(study)
        ledger = studies.ledger(study, definition)
        asking = asker(phase, definition, study, ledger, lambda params: 1.0)
        study.pruner = phase_pruner(phase.model_copy(update={"pruner": "median"}), 10, 100)
        opened = time.process_time() - start
        for _ in range(asks + 1):
            start = time.process_time()
            with transaction(storage_of(study)):
                (trial,) = asking.ask()
            asked = time.process_time()
            trial.report(1.0, 20)
            times["ask"].append(asked - start)
            times["prune"].append(seconds(trial.should_prune))
            times["tell"].append(seconds(partial(study.tell, trial, loss(trial.params))))
            ledger.finish(phase.name, trial.params, complete=True)
    return {"open": opened} | {name: median(values[1:]) for name, values in times.items()}  # the first is a warm-up


def plain(path: Path, definition: Any, sampler: str, asks: int) -> Figures:
    """Return the seconds of plain Optuna, with its own storage and samplers."""
    space = distributions(definition)
    study = optuna.load_study(study_name=definition.name, storage=f"sqlite:///{path}")
    grid = {key: list(values) for key, values in definition.phases[0].grid.items()}
    study.sampler = GridSampler(grid) if sampler == "grid" else TPESampler(seed=0)
    opened = seconds(lambda: study.get_trials(deepcopy=False))
    ask_times, tell_times = [], []
    for _ in range(asks):
        start = time.process_time()
        trial = study.ask(space)
        ask_times.append(time.process_time() - start)
        tell_times.append(seconds(partial(study.tell, trial, loss(trial.params))))
    return {"open": opened, "ask": median(ask_times), "tell": median(tell_times)}


def command(path: Path, *arguments: str) -> tuple[float, float]:
    """Return the CPU seconds and MB of a volopt command, imports included."""
    command = [sys.executable, "-c", COMMAND, *arguments, "--storage", f"sqlite:///{path}"]
    process = subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    user, system, memory = map(float, process.stderr.split()[-3:])
    return user + system, memory / 1000


def measure(folder: Path, count: int, asks: int) -> Figures:
    """Return all figures of studies of this many trials."""
    figures: Figures = {"trials": count}
    for kind in ("random", "grid"):
        path, definition = filled(folder, kind, min(count, 100_000 - asks - 2) if kind == "grid" else count)
        if kind == "random":
            for name, arguments in (("status", ("status", "wide")), ("trials", ("trials", "wide", "--json"))):
                figures[f"{name} s"], figures[f"{name} MB"] = command(path, *arguments)
        for sampler in ("grid",) if kind == "grid" else ("random", "tpe"):
            figures |= {f"{sampler} {name}": value for name, value in ours(path, definition, sampler, asks).items()}
            if sampler != "random":
                optuna_figures = plain_in_process(path, sampler, asks if count < MAX_TRIALS_OPTUNA else 1)
                figures |= {f"optuna {sampler} {name}": value for name, value in optuna_figures.items()}
        for file in folder.glob(f"{path.name}*"):
            file.unlink()
    return figures


def plain_in_process(path: Path, sampler: str, asks: int) -> Figures:
    """Return the figures of plain Optuna, taken in another process, as it needs gigabytes."""
    command = [sys.executable, __file__, "--plain", str(path), "--sampler", sampler, "--asks", str(asks)]
    figures: Figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return figures


ROWS = {  # label: figure, in the unit of the label
    "ask, grid (ms)": "grid ask", "ask, random (ms)": "random ask", "ask, TPE (ms)": "tpe ask",
    "ask, Optuna's GridSampler (ms)": "optuna grid ask", "ask, Optuna's TPE (ms)": "optuna tpe ask",
    "tell (ms)": "grid tell", "tell, Optuna's GridSampler (ms)": "optuna grid tell",
    "median pruner, a report (ms)": "random prune", "open a study (s)": "random open",
    "open, Optuna (s)": "optuna tpe open", "`status` (s)": "status s", "`status` (MB)": "status MB",
    "`trials --json` (s)": "trials s",
    "`trials --json` (MB)": "trials MB",
}  # fmt: skip


def table(columns: list[Figures]) -> str:
    """Return the figures as Markdown, with a column for each number of trials."""
    lines = ["| |" + "".join(f" {int(each['trials']):,} |" for each in columns), "|---|" + "---:|" * len(columns)]
    for label, name in ROWS.items():
        if name in columns[0]:
            factor = 1000 if "(ms)" in label else 1
            lines.append(f"| {label} |" + "".join(f" {each[name] * factor:.4g} |" for each in columns))
    return "\n".join(lines)


def draw(columns: list[Figures], path: Path) -> None:
    """Draw how time grows, on logarithmic axes: asking on the left, whole commands on the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    trials = [each["trials"] for each in columns]
    asks = {
        "grid": ("grid ask", "grid", "-o"), "random": ("random ask", "random", "-o"), "TPE": ("tpe ask", "tpe", "-o"),
        "Optuna's GridSampler": ("optuna grid ask", "grid", "--s"), "Optuna's TPE": ("optuna tpe ask", "tpe", "--s"),
        "median pruner": ("random prune", "pruner", ":^"),
    }  # fmt: skip
    commands = {
        "open a study": ("random open", "grid", "-o"), "open it, Optuna": ("optuna tpe open", "grid", "--s"),
        "volopt status": ("status s", "status", "-o"), "volopt trials --json": ("trials s", "tpe", "-o"),
    }  # fmt: skip
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for axis, lines, factor in ((left, asks, 1000), (right, commands, 1)):
        for label, (name, color, style) in lines.items():
            axis.loglog(trials, [each[name] * factor for each in columns], style, color=COLORS[color], label=label)
        axis.set_xlabel("trials in the study")
        axis.grid(alpha=0.3, which="major")
        axis.legend(fontsize=9)
    left.axhline(50, color="black", linewidth=0.8, alpha=0.5)
    left.annotate("50 ms", (trials[0], 50), xytext=(2, 3), textcoords="offset points", fontsize=9)
    left.set(ylabel="CPU ms", title="Asking for a trial")
    right.set(ylabel="CPU s", title="Reading a whole study")
    figure.savefig(path, dpi=120)


def main(most: int, asks: int, out: Path | None) -> None:
    """Measure, print, draw."""
    columns = []
    with tempfile.TemporaryDirectory(prefix="volopt-scale-") as name:
        for count in [number for number in (100, 1_000, 10_000, 100_000) if number <= most]:
            columns.append(measure(Path(name), count, asks))
            print(f"\n{table(columns)}", flush=True)
            if out:
                draw(columns, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=100_000, help="trials of the largest study")
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a file for the figure")
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sampler", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if arguments.plain:
        kind = "grid" if arguments.sampler == "grid" else "random"
        print(
            json.dumps(
                plain(arguments.plain, load.read(wide(kind, trials=10**6), "bench"), arguments.sampler, arguments.asks)
            )
        )
    else:
        main(arguments.most, arguments.asks, arguments.out)
